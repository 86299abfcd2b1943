"""A linear Gaussian hierarchy of component parameters, its scales by marginal likelihood.

Logarithmic energies of row i on the two cycles are linear in the row's parameters, those are sums
of effects u_l with prior N(0, s_term^2 tau_l Lambda), and a test repeats with covariance R:

    r_i = J_i sum_l x_il u_l + noise.

The scales s, Lambda and R are the maximum of the marginal likelihood times a weak prior about the
values below (Rasmussen and Williams, Gaussian Processes for Machine Learning, chapter 5). The
multipliers tau make the effects of makers and families Student-t with two degrees of freedom, so
that one odd maker does not widen all others (re-weighting as in West, 1984).
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import minimize

from framerail.studies.calibration.features import PARAMETERS, TERMS

PRIOR_SD = np.array([0.25, 0.3, 0.5, 0.3, 0.2, 0.05])
"""Standard deviation of a whole effect in each parameter, before the data speak: assumed from the
spread of published components (loss under load 25 %, at no load 30 %, capture 0.77-0.90, load
150-260 W, charge loss 8.5-13 %, tested against filed constant road load 5 %)."""
TERM_SCALE = {
    "all": 1.0,
    "silicon_carbide": 0.6,
    "high_voltage": 0.4,
    "model_year": 0.3,
    "specific_power": 0.3,
    "all_wheel": 0.3,
    "test_weight": 0.3,
    "machine": 0.5,
    "manufacturer": 0.7,
    "drive_system": 0.5,
    "family": 0.5,
}
"""Prior median of each term's share of `PRIOR_SD`: assumed."""
NOISE_PRIOR = (0.025, 0.020, 0.5)
"""Prior median of a test's scatter on UDDS and HWFET and their correlation (repeated tests of the
same configuration: 1.1 % median spread)."""
ROBUST = ("manufacturer", "drive_system", "family")
"""Terms with heavy tails."""
DEGREES_OF_FREEDOM = 2.0
_TERM_SPREAD, _PARAMETER_SPREAD, _NOISE_SPREAD = 0.7, 0.25, 0.5
_T, _P = len(TERMS), len(PARAMETERS)


@dataclasses.dataclass(frozen=True)
class Linearized:
    """Rows ready for inference: weights, slopes and what the mean must explain."""

    weights: np.ndarray
    """Weight of each level in each row, (row, level)."""
    term: np.ndarray
    """Index in `TERMS` of each level."""
    slope: np.ndarray
    """d log energy / d parameter, (row, cycle, parameter)."""
    target: np.ndarray
    """Log measured less log predicted at zero offset (to first order), (row, cycle)."""


@dataclasses.dataclass(frozen=True)
class Posterior:
    """Scales and effects after the data of the rows in `mask`."""

    data: Linearized
    mask: np.ndarray
    scales: np.ndarray
    """Logarithms of term, parameter and noise scales; inverse hyperbolic tangent of correlation."""
    tail: np.ndarray
    """Variance multiplier of each level."""
    precision: np.ndarray
    """Inverse covariance of the rows' targets, (row*cycle, row*cycle); zero outside `mask`."""

    @property
    def parameter_variance(self) -> np.ndarray:
        """Diagonal of Lambda."""
        return PRIOR_SD**2 * np.exp(2.0 * self.scales[_T : _T + _P])

    @property
    def level_variance(self) -> np.ndarray:
        """Scale squared of each level, tails included."""
        return np.exp(2.0 * self.scales[self.data.term]) * self.tail

    @property
    def noise(self) -> np.ndarray:
        """Covariance of one test's logarithmic energies."""
        return np.asarray(_noise(jnp.asarray(self.scales)))

    def effects(self) -> np.ndarray:
        """Mean effect of each level, (level, parameter)."""
        pull = (self.precision @ self.data.target.ravel()).reshape(-1, 2)
        pulled = np.einsum("ia,iap->ip", pull, self.data.slope)
        spread = self.level_variance[:, None] * self.parameter_variance[None]
        return spread * (self.data.weights.T @ pulled)

    def covariance(self, weights: np.ndarray) -> np.ndarray:
        """Covariance of the parameters of a row with these level weights."""
        level, variance = self.level_variance, self.parameter_variance
        near = (self.data.weights * level) @ weights
        cross = (near[:, None, None] * self.data.slope * variance).reshape(-1, _P)
        prior = np.diag(variance * float(level @ weights**2))
        return prior - cross.T @ self.precision @ cross


def _noise(scales: Float[Array, "scale"]) -> Float[Array, "2 2"]:
    city, highway = jnp.exp(scales[_T + _P]), jnp.exp(scales[_T + _P + 1])
    joint = jnp.tanh(scales[_T + _P + 2]) * city * highway
    return jnp.stack([jnp.stack([city**2, joint]), jnp.stack([joint, highway**2])])


def _covariance(
    scales: Float[Array, "scale"],
    tail: Float[Array, "level"],
    weights: Float[Array, "row level"],
    term: Array,
    slope: Float[Array, "row 2 parameter"],
) -> Float[Array, "entry entry"]:
    level = jnp.exp(2.0 * scales[term]) * tail
    near = (weights * level[None, :]) @ weights.T
    variance = jnp.asarray(PRIOR_SD) ** 2 * jnp.exp(2.0 * scales[_T : _T + _P])
    flat = slope.reshape(-1, _P)
    shared = (flat * variance[None, :]) @ flat.T
    rows = jnp.eye(weights.shape[0])
    return shared * jnp.kron(near, jnp.ones((2, 2))) + jnp.kron(rows, _noise(scales))


_START = np.concatenate(
    [
        np.log([TERM_SCALE[name] for name in TERMS]),
        np.zeros(_P),
        np.log(NOISE_PRIOR[:2]),
        np.arctanh(NOISE_PRIOR[2:]),
    ]
)
_SPREAD = np.concatenate(
    [np.full(_T, _TERM_SPREAD), np.full(_P, _PARAMETER_SPREAD), np.full(3, _NOISE_SPREAD)]
)


@jax.jit
def _cost(
    scales: Float[Array, "scale"],
    tail: Float[Array, "level"],
    mask: Float[Array, "entry"],
    data: tuple,
) -> Float[Array, ""]:
    """Negative logarithm of marginal likelihood times prior; rows outside the mask drop out."""
    weights, term, slope, target = data
    full = _covariance(scales, tail, weights, term, slope)
    kept = full * mask[:, None] * mask[None, :] + jnp.diag(1.0 - mask)
    root = jnp.linalg.cholesky(kept)
    white = jax.scipy.linalg.solve_triangular(root, target.ravel() * mask, lower=True)
    departure = (scales - jnp.asarray(_START)) / jnp.asarray(_SPREAD)
    return 0.5 * white @ white + jnp.log(jnp.diag(root)).sum() + 0.5 * departure @ departure


_COST_AND_SLOPE = jax.jit(jax.value_and_grad(_cost))
_FULL = jax.jit(_covariance)


def _arrays(data: Linearized) -> tuple:
    return tuple(jnp.asarray(x) for x in (data.weights, data.term, data.slope, data.target))


def _best_scales(
    data: Linearized, mask: np.ndarray, tail: np.ndarray, start: np.ndarray, steps: int
) -> np.ndarray:
    arrays, kept = _arrays(data), jnp.asarray(np.repeat(mask, 2).astype(float))

    def cost(scales: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _COST_AND_SLOPE(jnp.asarray(scales), jnp.asarray(tail), kept, arrays)
        return float(value), np.asarray(slope, dtype=float)

    return minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": steps}).x


def _posterior(
    data: Linearized, mask: np.ndarray, scales: np.ndarray, tail: np.ndarray
) -> Posterior:
    arrays = _arrays(data)
    full = np.asarray(_FULL(jnp.asarray(scales), jnp.asarray(tail), *arrays[:3]))
    kept = np.flatnonzero(np.repeat(mask, 2))
    precision = np.zeros_like(full)
    precision[np.ix_(kept, kept)] = np.linalg.inv(full[np.ix_(kept, kept)])
    return Posterior(data, mask, scales, tail, precision)


def _new_tail(post: Posterior) -> np.ndarray:
    """Variance multipliers by how far each level's effect lies from zero."""
    data, tail = post.data, np.ones_like(post.tail)
    effect, variance = post.effects(), post.parameter_variance
    for level in np.flatnonzero(np.isin(data.term, [TERMS.index(name) for name in ROBUST])):
        rows = np.flatnonzero((data.weights[:, level] != 0.0) & post.mask)
        if rows.size == 0:
            continue
        entries = np.repeat(2 * rows, 2) + np.tile([0, 1], rows.size)
        pull = data.slope[rows].reshape(-1, _P)
        seen = np.einsum("ep,ef,fp->p", pull, post.precision[np.ix_(entries, entries)], pull)
        own = post.level_variance[level] * variance
        distance = float((effect[level] ** 2 / own).sum() * post.tail[level])
        known = float((own * seen).sum())
        tail[level] = (DEGREES_OF_FREEDOM + distance) / (DEGREES_OF_FREEDOM + known)
    return tail


def infer(
    data: Linearized,
    mask: np.ndarray,
    start: Posterior | None = None,
    rounds: tuple[tuple[int, int], ...] = ((0, 15), (2, 6), (2, 6)),
) -> Posterior:
    """Scales, tails and effects from the rows in `mask`.

    Args:
        data: the linearized rows.
        mask: rows to learn from.
        start: a posterior whose scales and tails warm the search up.
        rounds: updates of the tails and steps of the scales' search, in turn.
    """
    scales = _START if start is None else start.scales
    tail = np.ones(data.term.size) if start is None else start.tail
    for updates, steps in rounds:
        for _ in range(updates):
            tail = _new_tail(_posterior(data, mask, scales, tail))
        scales = _best_scales(data, mask, tail, scales, steps) if steps else scales
    return _posterior(data, mask, scales, tail)
