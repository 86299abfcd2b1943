"""A home currency: forward curve, path of the rate, and dollar figures translated by it."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.program.cash_flow import CashFlow
from framerail.program.discounting import discount_factors
from framerail.program.inputs import Currency, Finance
from framerail.program.statements import Statements
from framerail.quantities import Scalar

QuarterlyRate = Float[Array, "quarter"]


def forward_rate(currency: Currency, dates: Float[Array, "date"]) -> Float[Array, "date"]:
    """Units per dollar at which a forward contract would be struck (covered interest parity)."""
    return currency.rate * jnp.exp(_parity(currency) * (dates - currency.base))


def exchange_rate(currency: Currency, dates: Float[Array, "date"]) -> Float[Array, "date"]:
    """Units per dollar on the drawn path; at no shock the median.

    The forward curve, times a drift beyond it, times one draw of a random walk's level: the shock
    widens with the square root of time and keeps its sign, so one number draws a whole path.
    """
    later = jnp.maximum(dates - currency.base, 0.0)
    root = jnp.where(later > 0, jnp.sqrt(jnp.where(later > 0, later, 1.0)), 0.0)
    departure = jnp.log1p(currency.premium) * later + currency.volatility * currency.shock * root
    return forward_rate(currency, dates) * jnp.exp(departure)


def home_discount_rate(finance: Finance, currency: Currency) -> Scalar:
    """Required return in the home currency that parity makes of the one in dollars."""
    return jnp.expm1(jnp.log1p(finance.discount_rate) + _parity(currency))


def _parity(currency: Currency) -> Scalar:
    return jnp.log1p(currency.interest) - jnp.log1p(currency.dollar_interest)


class HomeValue(eqx.Module):
    """A dollar cash flow in a partner's home currency.

    Attributes:
        rate: units per dollar at mid-quarter.
        free_cash_flow: translated at that rate (units of the currency).
        npv: discounted at the home currency's required return (units).
        npv_hedged: the same had every dollar been sold forward: the dollar value at the rate of
            the valuation date (units). The difference is the value of the open position.
    """

    rate: QuarterlyRate
    free_cash_flow: QuarterlyRate
    npv: Scalar
    npv_hedged: Scalar


def home_value(
    finance: Finance,
    currency: Currency,
    cash: CashFlow,
    middle: Float[Array, "quarter"],
    valuation_date: Scalar,
) -> HomeValue:
    """Value of a cash flow to a partner that counts in another currency.

    Args:
        finance: the partner's required return in dollars.
        currency: its home currency.
        cash: its cash flow in dollars.
        middle: mid-quarter dates (decimal years).
        valuation_date: decimal year.
    """
    rate = exchange_rate(currency, middle)
    flow = cash.free_cash_flow * rate
    factor = discount_factors(home_discount_rate(finance, currency), middle, valuation_date)
    hedged = forward_rate(currency, valuation_date[None])[0] * cash.npv
    return HomeValue(rate, flow, jnp.sum(factor * flow), hedged)


class TranslatedStatements(eqx.Module):
    """Statements in the home currency (units): ASC 830, the current-rate method.

    Attributes:
        revenue: at the quarter's average rate.
        net_income: at the same rate.
        assets: at the closing rate.
        liabilities: at the closing rate.
        funding: at the rates of the quarters in which it was paid.
        retained_earnings: at the rates of the quarters in which they were earned.
        translation_adjustment: gain on net assets from the rate's moves, to date.
        residual: largest gap of assets against liabilities and equity.
    """

    revenue: QuarterlyRate
    net_income: QuarterlyRate
    assets: QuarterlyRate
    liabilities: QuarterlyRate
    funding: QuarterlyRate
    retained_earnings: QuarterlyRate
    translation_adjustment: QuarterlyRate
    residual: Scalar


def translated(
    books: Statements, average: QuarterlyRate, closing: QuarterlyRate
) -> TranslatedStatements:
    """Translate statements at average and closing rates (units per dollar, by quarter)."""
    income, balance = books.income, books.balance
    paid = jnp.diff(balance.funding, prepend=0.0)
    before = jnp.concatenate([closing[:1], closing[:-1]])
    opening = jnp.concatenate([jnp.zeros(1), balance.equity[:-1]])
    moved = opening * (closing - before) + (income.net_income + paid) * (closing - average)
    funding, earned = jnp.cumsum(paid * average), jnp.cumsum(income.net_income * average)
    adjustment = jnp.cumsum(moved)
    assets, liabilities = balance.assets * closing, balance.liabilities * closing
    gap = assets - liabilities - funding - earned - adjustment
    return TranslatedStatements(
        revenue=income.revenue * average,
        net_income=income.net_income * average,
        assets=assets,
        liabilities=liabilities,
        funding=funding,
        retained_earnings=earned,
        translation_adjustment=adjustment,
        residual=jnp.max(jnp.abs(gap)),
    )
