"""Forecast of a falling price: by its own history in time, or by the industry's experience.

In time: a random walk with drift and memory. Source: J. D.
Farmer and F. Lafond, "How predictable is technological progress?", Research Policy
45 (2016) 647-665 (arXiv:1502.05274): log cost is an integrated moving average with drift; the
memory, estimated there on 53 technologies, is 0.63. By experience: Wright's law in first
differences, with a memory of 0.19 (Lafond et al. 2018).
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


class ExperienceForecast(eqx.Module):
    """Forecast of the logarithm of a price by Wright's law in first differences."""

    center: Float[Array, "horizon"]
    """Expected logarithm of the price."""
    scale: Float[Array, "horizon"]
    """Scale of the error, Student's t with (observed changes - 1) degrees of freedom."""
    exponent: Float[Array, ""]
    """Elasticity of the price to experience, as a positive number."""
    exponent_error: Float[Array, ""]
    """Its standard error."""
    volatility: Float[Array, ""]
    """Standard deviation of a yearly change around the law."""


def experience_forecast(
    log_price: Float[Array, "year"],
    log_experience: Float[Array, "year"],
    log_later: Float[Array, "horizon"],
    memory: float,
) -> ExperienceForecast:
    """Forecast from consecutive years' logarithms of a real price and of cumulative output.

    Each year's change of the log price is -exponent times the change of the log experience, plus a
    shock with memory q: u_t = v_t + q v_(t-1). The exponent is the regression through the origin;
    the error variance counts its error and the shocks to come, with their memory, exactly:
    the error at horizon h is X_h sum(x_t u_t) / sum(x_t^2) + u_1 + ... + u_h, X_h being the
    growth of log experience from the last year.

    Source: F. Lafond et al., "How well do experience curves predict technological progress?",
    Technological Forecasting and Social Change 128 (2018) 104-117 (arXiv:1703.05979).

    **Arguments:** `log_price` and `log_experience` of at least three consecutive years,
    `log_later` the logarithm of experience of the years that follow without a gap, `memory` q
    between 0 and 1.
    """
    growth, change = jnp.diff(log_experience), jnp.diff(log_price)
    count, ahead = change.shape[0], log_later.shape[0]
    squares = jnp.sum(growth**2)
    exponent = -jnp.sum(growth * change) / squares
    shocks = change + exponent * growth
    volatility = jnp.sqrt(jnp.sum(shocks**2) / (count - 1))
    further = log_later - log_experience[-1]
    # Weights of all shocks u (past, then future) in each horizon's error, then of the v beneath.
    past = -further[:, None] * growth[None, :] / squares
    future = jnp.tril(jnp.ones((ahead, ahead)))
    of_u = jnp.concatenate([past, future], axis=1)
    zero = jnp.zeros((ahead, 1))
    of_v = jnp.concatenate([zero, of_u], axis=1) + memory * jnp.concatenate([of_u, zero], axis=1)
    spread = jnp.sqrt(jnp.sum(of_v**2, axis=1) / (1.0 + memory**2))
    return ExperienceForecast(
        center=log_price[-1] - exponent * further,
        scale=volatility * spread,
        exponent=exponent,
        exponent_error=volatility / jnp.sqrt(squares),
        volatility=volatility,
    )
