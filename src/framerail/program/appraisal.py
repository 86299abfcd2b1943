"""What one partner's share is worth, by every measure, and where the value comes from."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from framerail.numerics.calendar import QuarterGrid
from framerail.program.break_even import BreakEven, break_even_volume_and_price
from framerail.program.cash_flow import CashFlow, Streams
from framerail.program.discounting import discount_factors, funding, mirr
from framerail.program.inputs import Commercial, Finance
from framerail.quantities import Scalar

ELEMENTS = (
    ("revenue", ("revenue",)),
    ("materials", ("materials",)),
    ("labor", ("labor",)),
    ("logistics", ("logistics",)),
    ("warranty", ("warranty", "warranty_reserve")),
    ("selling", ("selling",)),
    ("credits", ("emission_credit", "production_credit")),
    ("royalties", ("royalty_received", "royalty_paid")),
    ("plant", ("fixed_cost", "launch", "other_cost")),
    ("other products", ("other_income",)),
    ("license", ("license_received", "license_paid")),
    ("engineering", ("engineering",)),
    ("tooling", ("tooling",)),
    ("conversion", ("conversion",)),
    ("working capital", ("working_capital",)),
    ("tax", ("tax",)),
)
"""Steps of the waterfall in their order, each with the lines of the cash flow that it joins."""
CONTRIBUTION = 8
"""Steps that make up the contribution margin: those that go with the trucks."""


class ContributionWaterfall(eqx.Module):
    """Present value by element, from revenue to net present value.

    Attributes:
        names: the elements in order.
        amount: what each adds (dollars at the valuation date; negative takes).
        level: value after each step (dollars); the last is the net present value.
        per_truck: amount per truck, both discounted (dollars); zero without trucks.
        contribution: value after the steps that go with the trucks, before tax (dollars).
        residual: gap between the last level and the net present value (dollars).
    """

    names: tuple[str, ...] = eqx.field(static=True)
    amount: Float[Array, "element"]
    level: Float[Array, "element"]
    per_truck: Float[Array, "element"]
    contribution: Scalar
    residual: Scalar


def contribution_waterfall(
    cash: CashFlow, trucks: Float[Array, "quarter"]
) -> ContributionWaterfall:
    """Present value by element and per truck delivered.

    Args:
        cash: one partner's cash flow.
        trucks: its trucks delivered by quarter.
    """
    zero = jnp.zeros(())
    amount = jnp.stack(
        [sum((cash.npv_by_line[line] for line in lines), start=zero) for _, lines in ELEMENTS]
    )
    level = jnp.cumsum(amount)
    discounted = jnp.sum(cash.discount_factor * trucks)
    some = discounted > 0
    return ContributionWaterfall(
        names=tuple(name for name, _ in ELEMENTS),
        amount=amount,
        level=level,
        per_truck=jnp.where(some, amount / jnp.where(some, discounted, 1.0), 0.0),
        contribution=level[CONTRIBUTION - 1],
        residual=jnp.abs(level[-1] - cash.npv),
    )


class Appraisal(eqx.Module):
    """Every measure of one partner's share.

    Attributes:
        npv: net present value at the partner's own rate (dollars).
        npv_real: the same from flows in valuation-date prices at the real rate (dollars): equal
            to `npv` but for rounding.
        irr: internal rate of return per year; zero where the cash flow's outcome says none.
        mirr: modified rate of return per year, outlays and income both at the partner's rate.
        profitability: present value per dollar of discounted peak funding; zero without any.
        payback: years from the valuation date until cumulative cash is positive for good.
        discounted_payback: the same of discounted cash; to the calendar's end where it never is.
        pays_back_discounted: whether it is.
        peak_funding: deepest cumulative outlay (dollars).
        break_even_volume: multiple of the plan's volume at which the value is zero.
        break_even_trucks: the same in trucks over the program's life; no target where the
            outcome says that there is none.
        break_even_price: multiple of the plan's price at which the value is zero.
        break_even_revenue: the same in dollars of revenue per truck, mean over the life.
        waterfall: where the value comes from.
    """

    npv: Scalar
    npv_real: Scalar
    irr: Scalar
    mirr: Scalar
    profitability: Scalar
    payback: Scalar
    discounted_payback: Scalar
    pays_back_discounted: Bool[Array, ""]
    peak_funding: Scalar
    break_even_volume: BreakEven
    break_even_trucks: Scalar
    break_even_price: BreakEven
    break_even_revenue: Scalar
    waterfall: ContributionWaterfall


def appraisal(
    finance: Finance,
    commercial: Commercial,
    streams: Streams,
    cash: CashFlow,
    trucks: Float[Array, "quarter"],
    grid: QuarterGrid,
    *,
    valuation_date: Scalar,
    start_of_production: Scalar,
    inflation: Scalar,
) -> Appraisal:
    """Appraise one partner's share; for the point evaluation, as `statements` is.

    Args:
        finance: the partner's finance, as it was given to `cash_flow`.
        commercial: its selling costs (the share of the price among them).
        streams: the streams that were given to `cash_flow`.
        cash: what `cash_flow` made of them.
        trucks: trucks delivered by quarter.
        grid: the calendar.
        valuation_date: decimal year.
        start_of_production: decimal year.
        inflation: general inflation per year.
    """
    volume, price = break_even_volume_and_price(
        finance,
        streams,
        grid,
        valuation_date=valuation_date,
        start_of_production=start_of_production,
        selling_fraction=commercial.selling_fraction,
    )
    delivered = jnp.sum(trucks)
    each = jnp.sum(streams.revenue) / jnp.where(delivered > 0, delivered, 1.0)
    quarterly = jnp.expm1(jnp.log1p(finance.discount_rate) / 4)
    discounted = funding(cash.discount_factor * cash.free_cash_flow, grid)
    deep = discounted.peak > 0
    real_rate = (1.0 + finance.discount_rate) / (1.0 + inflation) - 1.0
    real_flow = cash.free_cash_flow * discount_factors(inflation, grid.middle, valuation_date)
    return Appraisal(
        npv=cash.npv,
        npv_real=jnp.sum(real_flow * discount_factors(real_rate, grid.middle, valuation_date)),
        irr=cash.irr,
        mirr=jnp.expm1(4.0 * jnp.log1p(mirr(cash.free_cash_flow, quarterly, quarterly))),
        profitability=jnp.where(deep, cash.npv / jnp.where(deep, discounted.peak, 1.0), 0.0),
        payback=cash.payback,
        discounted_payback=discounted.payback_date - valuation_date,
        pays_back_discounted=discounted.pays_back,
        peak_funding=cash.peak_funding,
        break_even_volume=volume,
        break_even_trucks=volume.scale * delivered,
        break_even_price=price,
        break_even_revenue=price.scale * each,
        waterfall=contribution_waterfall(cash, trucks),
    )
