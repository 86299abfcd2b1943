"""Closed forms: what the simulations are checked against, and quick answers where they apply.

Rates are continuously compounded per year, times are years, volatilities per square root of a
year, values any one currency.
"""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from framerail.quantities import Scalar

Kind = Literal["call", "put"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_STEPS = 60
"""Newton steps, each at most one unit of the logarithm; a dozen suffice near the root."""


def bivariate_normal(a: Scalar, b: Scalar, correlation: Scalar) -> Scalar:
    """Probability that two standard normals lie below `a` and `b`.

    Plackett's (1954) integral over the arcsine of the correlation, by Gauss-Legendre.
    """
    edge = jnp.arcsin(correlation)
    angle = 0.5 * edge * (_NODES + 1.0)
    exponent = -(a * a + b * b - 2.0 * a * b * jnp.sin(angle)) / (2.0 * jnp.cos(angle) ** 2)
    return ndtr(a) * ndtr(b) + 0.5 * edge * jnp.sum(_WEIGHTS * jnp.exp(exponent)) / (2.0 * jnp.pi)


def european(
    kind: Kind,
    spot: Float[Array, "..."],
    strike: Scalar,
    rate: Scalar,
    carry: Scalar,
    volatility: Scalar,
    time: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Black-Scholes-Merton value with cost of carry `carry` (rate less payout).

    At no time to run it is the payoff.
    """
    sign = 1.0 if kind == "call" else -1.0
    spread = volatility * jnp.sqrt(jnp.maximum(time, 1e-14))
    upper = (jnp.log(spot / strike) + carry * time) / spread + 0.5 * spread
    grown, paid = spot * jnp.exp((carry - rate) * time), strike * jnp.exp(-rate * time)
    return sign * (grown * ndtr(sign * upper) - paid * ndtr(sign * (upper - spread)))


class MertonFirm(eqx.Module):
    """A firm seen through its equity.

    Attributes:
        assets: value of its assets.
        volatility: their volatility.
        default: probability that they fall short of the debt at its maturity, risk-neutral.
    """

    assets: Scalar
    volatility: Scalar
    default: Scalar


def merton(
    equity: Scalar, equity_volatility: Scalar, rate: Scalar, time: Scalar, debt: Scalar
) -> MertonFirm:
    """Asset value and volatility from equity value and volatility (Merton 1974; Hull, ch. 24)."""

    def misfit(x: Float[Array, "two"]) -> Float[Array, "two"]:
        assets, volatility = jnp.exp(x[0]), jnp.exp(x[1])
        spread = volatility * jnp.sqrt(time)
        upper = (jnp.log(assets / debt) + rate * time) / spread + 0.5 * spread
        value = assets * ndtr(upper) - debt * jnp.exp(-rate * time) * ndtr(upper - spread)
        return jnp.stack(
            [value / equity - 1.0, ndtr(upper) * volatility * assets / equity - equity_volatility]
        )

    def newton(_: Array, x: Float[Array, "two"]) -> Float[Array, "two"]:
        f, j = misfit(x), jax.jacfwd(misfit)(x)
        determinant = j[0, 0] * j[1, 1] - j[0, 1] * j[1, 0]
        step = jnp.stack([j[1, 1] * f[0] - j[0, 1] * f[1], j[0, 0] * f[1] - j[1, 0] * f[0]])
        return x - jnp.clip(step / determinant, -1.0, 1.0)

    firm = equity + debt * jnp.exp(-rate * time)
    guess = jnp.log(jnp.stack([firm, equity_volatility * equity / firm]))
    x = jax.lax.fori_loop(0, _STEPS, newton, guess)
    assets, volatility = jnp.exp(x[0]), jnp.exp(x[1])
    spread = volatility * jnp.sqrt(time)
    below = (jnp.log(assets / debt) + rate * time) / spread - 0.5 * spread
    return MertonFirm(assets, volatility, ndtr(-below))


class WaitingRule(eqx.Module):
    """When to invest irreversibly, and what the right to is worth.

    Attributes:
        exponent: the positive root of the fundamental quadratic.
        trigger: project value at which to invest.
        value: value of the right at the present project value.
    """

    exponent: Scalar
    trigger: Scalar
    value: Scalar


def right_to_invest(
    value: Scalar, cost: Scalar, rate: Scalar, payout: Scalar, volatility: Scalar
) -> WaitingRule:
    """Perpetual right to pay `cost` for a project (McDonald and Siegel 1986; Dixit and Pindyck
    1994, ch. 5). `payout` is the project's shortfall of growth below its required return."""
    square = volatility**2
    lean = 0.5 - (rate - payout) / square
    exponent = lean + jnp.sqrt(lean**2 + 2.0 * rate / square)
    trigger = exponent / (exponent - 1.0) * cost
    waiting = (trigger - cost) * (value / trigger) ** exponent
    return WaitingRule(exponent, trigger, jnp.where(value < trigger, waiting, value - cost))


def exchange_option(
    received: Scalar,
    given: Scalar,
    received_payout: Scalar,
    given_payout: Scalar,
    received_volatility: Scalar,
    given_volatility: Scalar,
    correlation: Scalar,
    time: Scalar,
) -> Scalar:
    """Right to swap one asset for another (Margrabe 1978)."""
    joint = jnp.sqrt(
        received_volatility**2
        + given_volatility**2
        - 2.0 * correlation * received_volatility * given_volatility
    )
    spread = joint * jnp.sqrt(time)
    upper = (jnp.log(received / given) + (given_payout - received_payout) * time) / spread
    upper = upper + 0.5 * spread
    mine, theirs = (
        received * jnp.exp(-received_payout * time),
        given * jnp.exp(-given_payout * time),
    )
    return mine * ndtr(upper) - theirs * ndtr(upper - spread)


def compound_option(
    outer: Kind,
    inner: Kind,
    spot: Scalar,
    inner_strike: Scalar,
    outer_strike: Scalar,
    outer_time: Scalar,
    inner_time: Scalar,
    rate: Scalar,
    carry: Scalar,
    volatility: Scalar,
) -> Scalar:
    """Option on an option (Geske 1979; Haug 2007, section 4.2): a funding tranche that buys the
    right to the next one. `outer_time` before `inner_time`, both from now."""
    left = inner_time - outer_time
    sign_in = 1.0 if inner == "call" else -1.0
    sign_out = 1.0 if outer == "call" else -1.0

    def excess(log_spot: Scalar) -> Scalar:
        worth = european(inner, jnp.exp(log_spot), inner_strike, rate, carry, volatility, left)
        return jnp.log(jnp.maximum(worth, 1e-300) / outer_strike)

    def newton(_: Array, x: Scalar) -> Scalar:
        step = excess(x) / jax.grad(excess)(x)
        return x - jnp.clip(jnp.nan_to_num(step), -0.5, 0.5)

    critical = jnp.exp(jax.lax.fori_loop(0, _STEPS, newton, jnp.log(inner_strike)))
    near, far = volatility * jnp.sqrt(outer_time), volatility * jnp.sqrt(inner_time)
    y = (jnp.log(spot / critical) + carry * outer_time) / near + 0.5 * near
    z = (jnp.log(spot / inner_strike) + carry * inner_time) / far + 0.5 * far
    together = sign_out * jnp.sqrt(outer_time / inner_time)
    both = sign_out * sign_in  # side of the critical value on which the outer option is used
    grown = spot * jnp.exp((carry - rate) * inner_time)
    paid = inner_strike * jnp.exp(-rate * inner_time)
    asset = grown * bivariate_normal(sign_in * z, both * y, together)
    strike = paid * bivariate_normal(sign_in * (z - far), both * (y - near), together)
    fee = outer_strike * jnp.exp(-rate * outer_time) * ndtr(both * (y - near))
    return sign_out * (sign_in * (asset - strike) - fee)
