"""A Brownian motion that ends at its first touch of zero, and its density on a fixed grid.

Karatzas and Shreve 1991, sec. 2.8 and 3.5. The unit of length is the standard deviation of one
step. With a drift, the transition is that without one times a factor of the start and a factor of
the end (Girsanov), so that a step is one product with a constant matrix, whatever the drift:

    p(x, y; d) = exp(-d x) p(x, y; 0) exp(d y - d^2 / 2)
"""

import jax.numpy as jnp
import numpy as np
from jax.lax import erfc
from jaxtyping import Array, Float

from framerail.quantities import Scalar

TOP = 40.0
"""Length beyond which more of it makes no difference: what goes beyond counts as the top."""
STEEPEST = 24.0
"""Largest drift of a step, either way, that the factors can hold in double precision."""
_COUNT = 72
_POINTS, _PIECES = np.polynomial.legendre.leggauss(_COUNT)
NODES = TOP * (_POINTS + 1.0) / 2.0
"""Gauss-Legendre: dense where the density has its edge, and never wider than one unit apart."""
WEIGHTS = TOP * _PIECES / 2.0
_APART = NODES[None, :] - NODES[:, None]
_KERNEL = (
    np.exp(-0.5 * np.square(_APART))
    * -np.expm1(-2.0 * NODES[:, None] * NODES[None, :])
    * (WEIGHTS / np.sqrt(2.0 * np.pi))[None, :]
)
_FAR = 600.0
"""Exponent beyond which a tail is taken from its asymptotic series."""


def normal_below(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Standard normal distribution function."""
    return 0.5 * erfc(-np.sqrt(0.5) * x)


def normal_density(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Standard normal density."""
    return jnp.exp(-0.5 * jnp.square(x)) / np.sqrt(2.0 * np.pi)


def stays_above(
    distance: Float[Array, "..."], drift: Float[Array, "..."], spread: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Probability of not touching zero over a period; zero at a start on it.

    Inverse Gaussian distribution (Karatzas and Shreve 1991, eq. 3.5.12).

    Args:
        distance: start above zero.
        drift: mean change over the period.
        spread: standard deviation of the change over the period.
    """
    start, move = jnp.maximum(distance, 0.0) / spread, drift / spread
    exponent, gap = -2.0 * move * start, start - move
    far = exponent > _FAR  # then the gap is above 34, and exp(exponent) would overflow
    tail = jnp.where(far, gap, 1.0)
    series = normal_density(start + move) * (1.0 - 1.0 / jnp.square(tail)) / tail
    image = jnp.where(far, series, jnp.exp(jnp.minimum(exponent, _FAR)) * normal_below(-gap))
    return jnp.clip(normal_below(start + move) - image, 0.0, 1.0)


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


def density_from(start: Scalar, drift: Scalar, steps: Scalar) -> Float[Array, "node"]:
    """Mass at the nodes after a number of steps from a known start."""
    spread, nodes = jnp.sqrt(steps), jnp.asarray(NODES)
    density = normal_density((nodes - start - drift) / spread) / spread
    beyond = normal_below((start + drift - TOP) / spread)
    mass = (density * WEIGHTS).at[-1].add(beyond)
    return mass * -jnp.expm1(-2.0 * start * nodes / steps)


def tilts(
    drift: Float[Array, "step"],
) -> tuple[Float[Array, "step node"], Float[Array, "step node"], Float[Array, "step node"]]:
    """For `step`: factors of the start and of the end, and the chance to leave at the top."""
    move = jnp.clip(drift, -STEEPEST, STEEPEST)[:, None]
    away = (NODES - TOP / 2.0)[None, :]  # about the middle, which keeps the factors in range
    beyond = normal_below(move + (NODES - TOP)[None, :])
    return jnp.exp(-move * away), jnp.exp(move * away - 0.5 * jnp.square(move)), beyond


def step(
    mass: Float[Array, "state node"],
    start: Float[Array, "node"],
    end: Float[Array, "node"],
    beyond: Float[Array, "node"],
) -> Float[Array, "state node"]:
    """One step with the factors of its drift; what is missing afterwards has touched zero."""
    moved = ((mass * start[None, :]) @ _KERNEL) * end[None, :]
    return moved.at[:, -1].add(mass @ beyond)


def jump(amount: Scalar, spread: Scalar) -> Float[Array, "node node"]:
    """Transition of a normal jump that ends nothing: what misses the grid stays on it."""
    apart, nodes = jnp.asarray(_APART), jnp.asarray(NODES)
    ends = normal_density((apart - amount) / spread) * (WEIGHTS / spread)[None, :]
    ends = ends.at[:, -1].add(normal_below((nodes + amount - TOP) / spread))
    return ends / jnp.sum(ends, axis=1, keepdims=True)
