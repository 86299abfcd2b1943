"""The launch curve: a logistic climb of the production rate, integrated over each quarter."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import QUARTER, QuarterGrid
from framerail.plant.site import Launch
from framerail.quantities import Scalar

_SHORTEST = 1.0 / 365.0  # years; a steeper climb is a step


def logistic_rate(time: Float[Array, "..."], half: Scalar, constant: Scalar) -> Float[Array, "..."]:
    """Share of the mature rate at `time` years after start of production; zero before it."""
    rate = jax.nn.sigmoid((time - half) / jnp.maximum(constant, _SHORTEST))
    return jnp.where(time < 0, 0.0, rate)


def logistic_output(
    start: Float[Array, "..."], end: Float[Array, "..."], half: Scalar, constant: Scalar
) -> Float[Array, "..."]:
    """Integral of `logistic_rate` between two times after start of production (years).

    Closed form by the softplus function; times before the start count as the start.
    """
    tau = jnp.maximum(constant, _SHORTEST)
    first, last = jnp.maximum(start, 0.0), jnp.maximum(end, 0.0)
    return tau * (jax.nn.softplus((last - half) / tau) - jax.nn.softplus((first - half) / tau))


def launch_fraction(
    launch: Launch,
    start_of_production: Scalar,
    end_of_production: Scalar,
    grid: QuarterGrid,
) -> Float[Array, "quarter"]:
    """Mean share of the mature rate in each quarter (0 to 1), before any shortfall.

    Continuous in both dates: a quarter holds the integral of the climb over the part of it
    between start and end of production.
    """
    end = jnp.maximum(end_of_production, start_of_production)
    first = jnp.minimum(grid.start_of_quarter, end) - start_of_production
    last = jnp.minimum(grid.end, end) - start_of_production
    return logistic_output(first, last, launch.time_to_half, launch.time_constant) / QUARTER
