"""One partner's cash flow by line: from streams to free cash flow, value and return."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.numerics.calendar import QuarterGrid
from framerail.numerics.outcome import Outcome, flag
from framerail.program.depreciation import (
    PLANT_EQUIPMENT_LIFE,
    SPECIAL_TOOLS_LIFE,
    placed_in_service,
    research_deduction,
    tax_depreciation,
)
from framerail.program.discounting import discount_factors, funding, irr
from framerail.program.inputs import Finance
from framerail.program.tax import IncomeTax, income_tax
from framerail.program.working_capital import WorkingCapital, change, working_capital
from framerail.quantities import Scalar

OUTCOMES = (
    Outcome(
        "no_rate_of_return",
        "No discount rate between -50% and 1000% makes the present value zero.",
        "Read the net present value instead: the flows never change from loss to gain.",
    ),
    Outcome(
        "several_rates_of_return",
        "More than one discount rate makes the present value zero.",
        "Read the net present value; the rate nearest to zero is shown.",
    ),
    Outcome(
        "no_payback",
        "The cumulative cash is still negative at the end of the calendar.",
        "Look at break-even volume and price: the program does not return its outlays.",
    ),
)
"""What a cash flow may have to say beside its figures."""


class Streams(eqx.Module):
    """One partner's streams by quarter, all magnitudes in nominal dollars (costs positive).

    Attributes:
        revenue: sales of trucks to dealers or customers.
        royalty_received: royalties per truck from the other partner.
        license_received: lump fees and payments from the other partner.
        emission_credit: greenhouse-gas credits sold or saved (taxed).
        production_credit: section 45X (a credit against tax or sold for cash; not taxed).
        other_income: any other operating income, such as fixed cost absorbed by a partner.
        materials: purchased parts and packs, on trucks built.
        labor: hourly labor, on trucks built.
        logistics: freight in and out.
        warranty: accrued at sale; paid with a lag and deductible when paid.
        selling: selling, general and administrative expense.
        royalty_paid: royalties per truck to the other partner.
        license_paid: lump fees and payments to the other partner (deducted when paid).
        fixed_cost: fixed cost of the plant that the program causes or is charged.
        engineering: research and development.
        launch: launch cost.
        tooling: special tools (3-year property).
        conversion: plant equipment, net of incentives (7-year property).
        other_cost: any other operating cost, such as contribution lost elsewhere.
        finished_goods: finished trucks in stock at cost, at the end of the quarter (a balance: its
            increase is taken out of the deductible cost; its cash was paid when it was built).
    """

    revenue: Float[Array, "quarter"]
    royalty_received: Float[Array, "quarter"]
    license_received: Float[Array, "quarter"]
    emission_credit: Float[Array, "quarter"]
    production_credit: Float[Array, "quarter"]
    other_income: Float[Array, "quarter"]
    materials: Float[Array, "quarter"]
    labor: Float[Array, "quarter"]
    logistics: Float[Array, "quarter"]
    warranty: Float[Array, "quarter"]
    selling: Float[Array, "quarter"]
    royalty_paid: Float[Array, "quarter"]
    license_paid: Float[Array, "quarter"]
    fixed_cost: Float[Array, "quarter"]
    engineering: Float[Array, "quarter"]
    launch: Float[Array, "quarter"]
    tooling: Float[Array, "quarter"]
    conversion: Float[Array, "quarter"]
    other_cost: Float[Array, "quarter"]
    finished_goods: Float[Array, "quarter"]


INFLOWS = (
    "revenue",
    "royalty_received",
    "license_received",
    "emission_credit",
    "production_credit",
    "other_income",
)
"""Streams that bring cash."""
OUTFLOWS = (
    "materials",
    "labor",
    "logistics",
    "warranty",
    "selling",
    "royalty_paid",
    "license_paid",
    "fixed_cost",
    "engineering",
    "launch",
    "tooling",
    "conversion",
    "other_cost",
)
"""Streams that take cash."""
VOLUME_LINES = (
    "revenue",
    "royalty_received",
    "emission_credit",
    "production_credit",
    "materials",
    "labor",
    "logistics",
    "warranty",
    "selling",
    "royalty_paid",
    "finished_goods",
)
"""Streams in proportion to the volume."""
PRICE_LINES = ("revenue",)
"""Streams in proportion to the price."""

_CAPITALIZED = ("engineering", "tooling", "conversion")
_UNTAXED = ("production_credit",)


def no_streams(grid: QuarterGrid) -> Streams:
    """Streams of nothing, to be filled with `dataclasses.replace`."""
    nothing = jnp.zeros(grid.quarters)
    return Streams(**{field.name: nothing for field in dataclasses.fields(Streams)})


def scaled(streams: Streams, names: tuple[str, ...], scale: Scalar) -> Streams:
    """The same streams with the named ones multiplied by `scale`."""
    return dataclasses.replace(streams, **{name: scale * getattr(streams, name) for name in names})


class CashFlow(eqx.Module):
    """One partner's cash by quarter and what it is worth.

    Attributes:
        lines: signed cash by line: every stream by its name, and "working_capital",
            "warranty_reserve" and "tax" (dollars; negative is paid).
        free_cash_flow: their sum (dollars).
        cumulative: running sum of the free cash flow (dollars).
        depreciation: tax deduction of tooling and equipment (dollars).
        taxable_income: before losses carried forward (dollars).
        income_tax: tax and losses by year.
        working_capital: balances at quarter end (dollars).
        discount_factor: value at the valuation date of a dollar at mid-quarter.
        npv: sum of discounted free cash flow (dollars at the valuation date).
        npv_by_line: the same, by line.
        irr: internal rate of return per year (0.12 is 12%); zero where there is none.
        payback: years from the valuation date until cumulative cash is positive for good; to the
            end of the calendar where it never is.
        peak_funding: deepest cumulative outlay (dollars).
        peak_date: end of the quarter in which it is reached (decimal year).
        identity_residual: largest gap among the identities (dollars): lines' values against the
            present value, cumulative against total, deductions against outlays, losses' balance.
        outcome: bits of `OUTCOMES`.
    """

    lines: dict[str, Float[Array, "quarter"]]
    free_cash_flow: Float[Array, "quarter"]
    cumulative: Float[Array, "quarter"]
    depreciation: Float[Array, "quarter"]
    taxable_income: Float[Array, "quarter"]
    income_tax: IncomeTax
    working_capital: WorkingCapital
    discount_factor: Float[Array, "quarter"]
    npv: Scalar
    npv_by_line: dict[str, Scalar]
    irr: Scalar
    payback: Scalar
    peak_funding: Scalar
    peak_date: Scalar
    identity_residual: Scalar
    outcome: Int[Array, ""]


class _Ledger(eqx.Module):
    lines: dict[str, Float[Array, "quarter"]]
    depreciation: Float[Array, "quarter"]
    taxable_income: Float[Array, "quarter"]
    income_tax: IncomeTax
    working_capital: WorkingCapital
    recovery_gap: Scalar


def _ledger(
    finance: Finance, streams: Streams, start_of_production: Scalar, grid: QuarterGrid
) -> _Ledger:
    lines = {name: getattr(streams, name) for name in INFLOWS}
    lines |= {name: -getattr(streams, name) for name in OUTFLOWS}
    balances = working_capital(
        finance, streams.revenue, streams.materials + streams.logistics, streams.warranty
    )
    lines["working_capital"] = -change(balances.trade)
    lines["warranty_reserve"] = change(balances.warranty_reserve)

    bonus = finance.bonus_depreciation
    tools = placed_in_service(streams.tooling, start_of_production, grid)
    equipment = placed_in_service(streams.conversion, start_of_production, grid)
    depreciation = tax_depreciation(tools, SPECIAL_TOOLS_LIFE, bonus) + tax_depreciation(
        equipment, PLANT_EQUIPMENT_LIFE, bonus
    )
    research = research_deduction(streams.engineering, finance.engineering_capitalized)
    # Working capital is no income; warranty is deductible when paid, finished stock when sold.
    operating = sum(
        (lines[name] for name in (*INFLOWS, *OUTFLOWS) if name not in (*_CAPITALIZED, *_UNTAXED)),
        start=lines["warranty_reserve"] + change(streams.finished_goods),
    )
    taxable = operating - depreciation - research
    tax = income_tax(finance, taxable, grid.year_start)
    lines["tax"] = -tax.tax
    outlay = jnp.sum(streams.tooling + streams.conversion + streams.engineering)
    gap = jnp.abs(jnp.sum(depreciation + research) - outlay)
    return _Ledger(lines, depreciation, taxable, tax, balances, gap)


def _total(flows: dict[str, Float[Array, "quarter"]]) -> Float[Array, "quarter"]:
    return jnp.sum(jnp.stack([flows[name] for name in sorted(flows)]), axis=0)


def cash_flow(
    finance: Finance,
    streams: Streams,
    grid: QuarterGrid,
    *,
    valuation_date: Scalar,
    start_of_production: Scalar,
) -> CashFlow:
    """Turn one partner's streams into cash, tax and value.

    Discounting is at mid-quarter from the valuation date, after tax, without debt. There is no
    terminal value: the calendar runs past the end of production, and what is left of
    depreciation is written off in its last quarter. Nothing is left out as sunk: quarters before
    the valuation date are compounded forward, so let streams begin at that date.

    Args:
        finance: the partner's rates and days.
        streams: its share of the program.
        grid: the calendar (whole years).
        valuation_date: decimal year to which cash is discounted.
        start_of_production: decimal year in which tooling and equipment are placed in service.
    """
    ledger = _ledger(finance, streams, start_of_production, grid)
    free = _total(ledger.lines)
    cumulative = jnp.cumsum(free)
    factor = discount_factors(finance.discount_rate, grid.middle, valuation_date)
    value = jnp.sum(factor * free)
    by_line = {name: jnp.sum(factor * flow) for name, flow in ledger.lines.items()}
    rate = irr(free, periods_per_year=4.0)
    depth = funding(free, grid)
    gaps = jnp.stack(
        [
            jnp.abs(sum(by_line.values(), start=jnp.asarray(0.0)) - value),
            jnp.abs(
                sum((jnp.sum(flow) for flow in ledger.lines.values()), start=jnp.asarray(0.0))
                - cumulative[-1]
            ),
            ledger.recovery_gap,
            ledger.income_tax.residual,
        ]
    )
    return CashFlow(
        lines=ledger.lines,
        free_cash_flow=free,
        cumulative=cumulative,
        depreciation=ledger.depreciation,
        taxable_income=ledger.taxable_income,
        income_tax=ledger.income_tax,
        working_capital=ledger.working_capital,
        discount_factor=factor,
        npv=value,
        npv_by_line=by_line,
        irr=jnp.expm1(4.0 * jnp.log1p(rate.value)),
        payback=depth.payback_date - valuation_date,
        peak_funding=depth.peak,
        peak_date=depth.peak_date,
        identity_residual=jnp.max(gaps),
        outcome=flag(~rate.exists, 0) | flag(rate.several, 1) | flag(~depth.pays_back, 2),
    )


def present_value(
    finance: Finance,
    streams: Streams,
    grid: QuarterGrid,
    *,
    valuation_date: Scalar,
    start_of_production: Scalar,
) -> Scalar:
    """Net present value alone: `cash_flow(...).npv` without the rate of return (dollars)."""
    ledger = _ledger(finance, streams, start_of_production, grid)
    factor = discount_factors(finance.discount_rate, grid.middle, valuation_date)
    return jnp.sum(factor * _total(ledger.lines))
