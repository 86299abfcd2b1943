"""Paths, and first passage on them without looking only at the dates.

Normals and uniforms are handed in, so that the caller owns the seed and the draw's quality.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Scalar


def antithetic(normals: Float[Array, "path date"]) -> Float[Array, "twice date"]:
    """The draws and, below them, their mirror images."""
    return jnp.concatenate([normals, -normals])


def geometric_paths(
    start: Scalar,
    drift: Scalar,
    volatility: Scalar,
    step: Scalar,
    normals: Float[Array, "path date"],
) -> Float[Array, "path date"]:
    """Geometric Brownian motion at the end of each step of `step` years; `drift` per year."""
    moves = (drift - 0.5 * volatility**2) * step + volatility * jnp.sqrt(step) * normals
    return start * jnp.exp(jnp.cumsum(moves, axis=1))


def bridge_survival(
    above: Float[Array, "path date"], start: Scalar, spread: Float[Array, "..."]
) -> Float[Array, " path"]:
    """Probability that each path stayed above zero between its dates as well as on them.

    `above` is the distance to the floor at the end of each step, `start` the distance at first,
    `spread` the standard deviation of a step. Between two dates the path is a Brownian bridge,
    which touches zero with probability `exp(-2 a b / spread^2)` (Karatzas and Shreve 1991, eq.
    4.3.40; Glasserman 2003, section 6.4).
    """
    before = jnp.concatenate([jnp.full((above.shape[0], 1), start), above[:, :-1]], axis=1)
    inside = (before > 0.0) & (above > 0.0)
    exponent = jnp.where(inside, -2.0 * before * above / spread**2, 0.0)
    return jnp.prod(jnp.where(inside, -jnp.expm1(exponent), 0.0), axis=1)
