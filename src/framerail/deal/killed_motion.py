"""A Brownian motion that ends at its first touch of zero, and its density on a fixed grid.

Karatzas and Shreve 1991, sec. 2.8 and 3.5. The unit of length is the standard deviation of one
quarter. With a drift, the transition is that without one times a factor of the start and a factor
of the end (Girsanov), so that a step of given length t is one product with a constant matrix:

    p(x, y; d) = exp(-d x / t) p(x, y; 0) exp(d y / t - d^2 / 2t)
"""

import jax.numpy as jnp
import numpy as np
from jax.lax import erfc
from jaxtyping import Array, Float, Int

from framerail.quantities import Scalar

TOP = 36.0
"""Length beyond which more of it makes no difference: what goes beyond counts as the top."""
STEEPEST = 24.0
"""Largest drift of a quarter, either way, that the factors can hold in double precision."""
LENGTHS = np.array([1.0, 1.0 / 3.0])
"""Steps there are: a quarter and a month (quarters)."""
_COUNT = 96
_POINTS, _PIECES = np.polynomial.legendre.leggauss(_COUNT)
NODES = TOP * (_POINTS + 1.0) / 2.0
"""Gauss-Legendre: dense where the density has its edge, never wider than 0.6 apart for a month."""
WEIGHTS = TOP * _PIECES / 2.0
_APART = NODES[None, :] - NODES[:, None]
_KERNELS = np.stack(
    [
        np.exp(-np.square(_APART) / (2.0 * length))
        * -np.expm1(-2.0 * NODES[:, None] * NODES[None, :] / length)
        * (WEIGHTS / np.sqrt(2.0 * np.pi * length))[None, :]
        for length in LENGTHS
    ]
)
_FAR = 600.0
"""Exponent beyond which a tail is taken from its asymptotic series."""


def normal_below(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Standard normal distribution function. Long to compile: call it once for many arrays."""
    return 0.5 * erfc(-np.sqrt(0.5) * x)


def normal_density(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Standard normal density."""
    return jnp.exp(-0.5 * jnp.square(x)) / np.sqrt(2.0 * np.pi)


def lasting(
    start: Float[Array, "..."],
    move: Float[Array, "..."],
    rises: Float[Array, "..."],
    falls: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Probability of not touching zero over a period of unit spread.

    Inverse Gaussian distribution (Karatzas and Shreve 1991, eq. 3.5.12), given the normal
    distribution function at `start + move` (`rises`) and at `move - start` (`falls`).
    """
    exponent = -2.0 * move * start
    far = exponent > _FAR  # then start - move is above 34, and exp(exponent) would overflow
    gap = jnp.where(far, start - move, 1.0)
    series = normal_density(start + move) * (1.0 - 1.0 / jnp.square(gap)) / gap
    image = jnp.where(far, series, jnp.exp(jnp.minimum(exponent, _FAR)) * falls)
    return jnp.clip(rises - image, 0.0, 1.0)


def stays_above(
    distance: Float[Array, "..."], drift: Float[Array, "..."], spread: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Probability of not touching zero over a period; zero at a start on it.

    Args:
        distance: start above zero.
        drift: mean change over the period.
        spread: standard deviation of the change over the period.
    """
    start, move = jnp.maximum(distance, 0.0) / spread, drift / spread
    rises, falls = normal_below(jnp.stack([start + move, move - start]))
    return lasting(start, move, rises, falls)


def first_passage_probability(
    distance: Float[Array, "..."],
    drift: Float[Array, "..."],
    volatility: Float[Array, "..."],
    time: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Probability that a Brownian motion touches a floor `distance` below its start by `time`.

    For cash: dollars, dollars per unit of time. For a Black-Cox (1976) firm:
    `distance = ln(V/K)`, `drift = r - q - sigma^2/2`.
    """
    return 1.0 - stays_above(distance, drift * time, volatility * jnp.sqrt(time))


def density_from(
    start: Scalar, drift: Scalar, time: Scalar, beyond: Scalar
) -> Float[Array, "node"]:
    """Mass at the nodes some quarters after a known start; `beyond` lies above the top then."""
    spread, nodes = jnp.sqrt(time), jnp.asarray(NODES)
    density = normal_density((nodes - start - drift) / spread) / spread
    mass = (density * WEIGHTS).at[-1].add(beyond)
    return mass * -jnp.expm1(-2.0 * start * nodes / time)


def step(
    mass: Float[Array, "state node"],
    kind: Int[Array, ""],
    drift: Scalar,
    beyond: Float[Array, "node"],
) -> Float[Array, "state node"]:
    """One step; what is missing afterwards has touched zero.

    Args:
        mass: at the nodes.
        kind: index of the step's length in `LENGTHS`.
        drift: mean change over the step, at most `STEEPEST` per quarter.
        beyond: probability of leaving at the top.
    """
    length = jnp.asarray(LENGTHS)[kind]
    steep = drift / length
    tilt = steep * (NODES - TOP / 2.0)  # about the middle, which keeps the factors in range
    start, end = jnp.exp(-tilt), jnp.exp(tilt - 0.5 * jnp.square(steep) * length)
    moved = ((mass * start[None, :]) @ jnp.asarray(_KERNELS)[kind]) * end[None, :]
    return moved.at[:, -1].add(mass @ beyond)


def jump(amount: Scalar, spread: Scalar) -> Float[Array, "node node"]:
    """Transition of a normal jump that ends nothing: what misses the grid stays on it."""
    apart, nodes = jnp.asarray(_APART), jnp.asarray(NODES)
    ends = normal_density((apart - amount) / spread) * (WEIGHTS / spread)[None, :]
    # Near the top nothing depends on how exactly, and the logistic function is short to compile.
    over = 1.0 / (1.0 + jnp.exp(jnp.clip(-1.7 * (nodes + amount - TOP) / spread, -80.0, 80.0)))
    ends = ends.at[:, -1].add(over)
    return ends / jnp.sum(ends, axis=1, keepdims=True)
