"""Forecast of a falling price by its own history: a random walk with drift and memory.

Source: J. D. Farmer and F. Lafond, "How predictable is technological progress?", Research Policy
45 (2016) 647-665 (arXiv:1502.05274): log cost is an integrated moving average with drift; the
memory, estimated there on 53 technologies, is 0.63.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class TrendForecast(eqx.Module):
    """Forecast of the logarithm of a price."""

    center: Float[Array, "horizon"]
    """Expected logarithm of the price."""
    scale: Float[Array, "horizon"]
    """Scale of the error, Student's t with (observed changes - 1) degrees of freedom."""
    drift: Float[Array, ""]
    """Mean yearly change of the logarithm."""
    volatility: Float[Array, ""]
    """Standard deviation of the yearly change."""


def trend_forecast(
    log_price: Float[Array, "year"], horizon: Float[Array, "horizon"], memory: float
) -> TrendForecast:
    """Forecast from consecutive years' logarithms of a real price.

    error variance = volatility^2 / (1 + q^2)
                     * (-2 q + (1 + 2 (m - 1) q / m + q^2) (h + h^2 / m)),
    with memory q, m observed changes and horizon h in years; q = 0 is the plain random walk.
    Holds for `horizon` >= 1.

    **Arguments:** `log_price` of at least three consecutive years, `horizon` in years after the
    last, `memory` q between 0 and 1.
    """
    changes = jnp.diff(log_price)
    count = changes.shape[0]
    drift = jnp.mean(changes)
    volatility = jnp.std(changes, ddof=1)
    parameter_error = horizon + horizon**2 / count
    carried = 1.0 + 2.0 * (count - 1) / count * memory + memory**2
    growth = (-2.0 * memory + carried * parameter_error) / (1.0 + memory**2)
    return TrendForecast(
        center=log_price[-1] + drift * horizon,
        scale=volatility * jnp.sqrt(growth),
        drift=drift,
        volatility=volatility,
    )
