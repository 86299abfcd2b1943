"""Geske's compound option by ways that share nothing with the model's own.

The model integrates Plackett's formula for the bivariate normal. Here the value is integrated
over the stock, and Geske's formula is taken with Owen's T function (SciPy) and, where QuantLib is
installed, with its Genz-West bivariate normal. The published values carry the error of Drezner's
(1978) five-point formula, which is 2.7e-7 on a probability and 1.33e-4 on the value.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from scipy import integrate, optimize, special, stats

CASE: Mapping[str, float] = {"S": 500.0, "X1": 520.0, "X2": 50.0, "t1": 0.25, "t2": 0.5,
                             "r": 0.08, "b": 0.05, "sig": 0.35}  # fmt: skip
"""The published example: stock, strikes inside and outside, both expiries, rate, carry,
volatility."""

Bivariate = Callable[[float, float, float], float]
"""Probability that two standard normals with a correlation lie below two levels."""


def _call(stock: float, time: float) -> float:
    """The inner call."""
    g = CASE
    spread = g["sig"] * math.sqrt(time)
    upper = (math.log(stock / g["X1"]) + (g["b"] + g["sig"] ** 2 / 2) * time) / spread
    worth = stock * math.exp((g["b"] - g["r"]) * time) * stats.norm.cdf(upper)
    return float(worth - g["X1"] * math.exp(-g["r"] * time) * stats.norm.cdf(upper - spread))


def by_quadrature(outer: str) -> float:
    """An option on a call: the outer payoff integrated over the stock, split at its kink."""
    g = CASE
    sign = 1.0 if outer == "call" else -1.0
    carry, width = g["b"] - g["sig"] ** 2 / 2, g["sig"] * math.sqrt(g["t1"])

    def gain(x: float) -> float:
        stock = g["S"] * math.exp(carry * g["t1"] + width * x)
        return _call(stock, g["t2"] - g["t1"]) - g["X2"]

    kink: Any = optimize.brentq(gain, -6.0, 6.0, xtol=1e-14)
    edges = (kink, 12.0) if outer == "call" else (-12.0, kink)
    total = integrate.quad(
        lambda x: sign * gain(x) * stats.norm.pdf(x), *edges, epsabs=1e-12
    )  # fmt: skip
    return math.exp(-g["r"] * g["t1"]) * float(total[0])


def by_formula(outer: str, below: Bivariate) -> float:
    """Geske's (1979) closed form with a bivariate normal of one's own."""
    g = CASE
    first, whole, half = g["t1"], g["t2"], g["b"] + g["sig"] ** 2 / 2
    edge: Any = optimize.brentq(
        lambda s: _call(s, whole - first) - g["X2"], 1.0, 5_000.0, xtol=1e-12
    )
    y = (math.log(g["S"] / edge) + half * first) / (g["sig"] * math.sqrt(first))
    z = (math.log(g["S"] / g["X1"]) + half * whole) / (g["sig"] * math.sqrt(whole))
    y_less, z_less = y - g["sig"] * math.sqrt(first), z - g["sig"] * math.sqrt(whole)
    together, sign = math.sqrt(first / whole), 1.0 if outer == "call" else -1.0
    stock = g["S"] * math.exp((g["b"] - g["r"]) * whole) * below(z, sign * y, sign * together)
    inner = g["X1"] * math.exp(-g["r"] * whole) * below(z_less, sign * y_less, sign * together)
    strike = g["X2"] * math.exp(-g["r"] * first) * float(stats.norm.cdf(sign * y_less))
    return sign * (stock - inner - strike)


def owen(a: float, b: float, correlation: float) -> float:
    """Bivariate normal by Owen's (1956) T function; both levels other than zero."""
    root = math.sqrt(1.0 - correlation**2)
    one = special.owens_t(a, (b / a - correlation) / root)
    other = special.owens_t(b, (a / b - correlation) / root)
    apart = 0.5 if a * b < 0.0 else 0.0
    return float(0.5 * (stats.norm.cdf(a) + stats.norm.cdf(b)) - one - other - apart)


def west(quantlib: Any) -> Bivariate:
    """QuantLib's bivariate normal after Genz (2004) and West (2005)."""

    def below(a: float, b: float, correlation: float) -> float:
        return float(quantlib.BivariateCumulativeNormalDistributionWe04DP(correlation)(a, b))

    return below


__all__ = ["CASE", "by_formula", "by_quadrature", "owen", "west"]
