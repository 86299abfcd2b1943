"""The two partners: the start-up's business and debts, the incumbent's treasury and claims on it.

Amounts are nominal US dollars (the incumbent reports in yen), dates decimal years. What a
partner earns in the shared program is not here: the engine passes it to the settlement.
"""

from typing import Annotated, Literal

import equinox as eqx
import jax.numpy as jnp

from framerail.quantities import (
    Declared,
    Dollar,
    Duration,
    Fraction,
    PositiveDollar,
    Quantity,
    Rate,
    Scalar,
    Units,
    Year,
    YenPerDollar,
)

Yen = Annotated[Scalar, Quantity("yen", -1e15, 1e15)]
DollarPerYear = Annotated[Scalar, Quantity("dollar/year", 0.0, 1e12)]
DollarPerTruck = Annotated[Scalar, Quantity("dollar/truck", 0.0, 1e6)]
Elasticity = Annotated[Scalar, Quantity("dimensionless", 0.0, 20.0)]
UnitsPerYear = Annotated[Scalar, Quantity("truck/year", 0.0, 1e8)]

Rank = Literal["secured", "unsecured"]
RANKS: tuple[Rank, ...] = ("secured", "unsecured")
"""Ranks of claims on an estate, the first paid first; trade creditors are unsecured."""


class Debt(Declared):
    """One borrowing of the start-up."""

    face: PositiveDollar
    """Face amount outstanding at the start of the calendar."""
    coupon: Rate
    """Cash interest per year on the face."""
    maturity: Year
    """Date on which the face falls due."""
    paid_in_cash: Fraction
    """Share of the face that is repaid in cash at maturity; the rest converts or is rolled over."""
    rank: Rank = eqx.field(static=True)
    """Rank in an insolvency."""
    put_on_delisting: Fraction
    """Share of the face that falls due when the shares lose their listing."""


class StaffCut(Declared):
    """A later cut of staff, as an action to save cash."""

    share: Fraction
    """Share of the pay then left that is saved."""
    date: Year
    """When it takes effect."""
    severance: Duration
    """Severance, in years of the pay saved."""


class Exposure(Declared):
    """What a failure of the start-up leaves with the incumbent beyond unpaid claims."""

    warranty_per_truck: DollarPerTruck
    """Cost of warranty and recall, orphaned, for each truck that it has sold by then."""
    supplier_claims: PositiveDollar
    """Claims of suppliers to the shared line that were the start-up's."""


class PriceCut(Declared):
    """A cut of the price, as an action to sell the stock."""

    share: Fraction
    """Share of the price then asked that is given up."""
    date: Year
    """When it takes effect."""
    elasticity: Elasticity
    """Growth of deliveries in percent for each percent of price."""


class ProductionPlan(Declared):
    """What is built whatever sells: stock grows until production has come down to sales."""

    rate: UnitsPerYear
    """Cars built per year as the calendar starts."""
    adjustment: Duration
    """Mean time in which production comes to what sells, less what stock provides."""
    markdown: Fraction
    """Share of the price given up on cars that leave the stock."""


class CarBusiness(Declared):
    """What the start-up sells today, apart from the shared program."""

    goal: UnitsPerYear
    """Deliveries that the company aims at in its first year."""
    attainment: Fraction
    """Share of the goal that it is able to deliver."""
    growth: Rate
    """Growth of deliveries per year after the first year."""
    price: DollarPerTruck
    """Net revenue per car delivered in the first year, after dealer margin and incentives."""
    price_change: Rate
    """Change of that revenue per year."""
    production_cost: DollarPerTruck
    """Cash cost of one more car built in the first year, contract maker and parts together."""
    production_cost_change: Rate
    """Change of that cost per year."""
    stock: Units
    """Unsold finished cars at the start of the calendar."""
    stock_released: Fraction
    """Share of that stock which can be sold down; the rest stays in the pipeline."""
    release_period: Duration
    """Time over which the stock is sold down."""
    overhead: DollarPerYear
    """Selling, administration and engineering expense per year before any cut."""
    overhead_change: Rate
    """Change of overhead per year, cuts below apart."""
    staff_share: Fraction
    """Share of overhead that is pay."""
    staff_cut: Fraction
    """Share of the staff that leaves at the start of the calendar."""
    program_cut: Fraction
    """Share of overhead saved by stopping work on later models."""
    capital_spending: DollarPerYear
    """Capital spending per year outside the shared program."""
    payables: PositiveDollar
    """Owed to suppliers and accrued at the start of the calendar."""
    payables_unwound: Fraction
    """Share of payables that suppliers get back on top of paying as they deliver."""
    unwind_period: Duration
    """Time over which they get it back."""
    cuts: dict[str, StaffCut] | None = None
    """Later cuts of staff, by name."""
    price_cuts: dict[str, PriceCut] | None = None
    """Later cuts of the price, by name."""
    production: ProductionPlan | None = None
    """What is built at first; left out, what sells less what stock provides."""


class Covenant(Declared):
    """A promise to lenders to keep a minimum of cash, looked at on the last day of a quarter."""

    cash: PositiveDollar
    """Cash that the company has to show."""
    since: Year
    """Date from which it is looked at; until then it is waived."""
    waiver: Fraction
    """Probability that lenders waive a breach; otherwise all debt falls due and it files."""


class Franchise(Declared):
    """What the start-up's shareholders hold beyond the shared program, if it lives."""

    date: Year
    """Date at which it is valued; the business's own cash flows count until then."""
    equity_value: PositiveDollar
    """Equity value at that date of everything but the shared program, debts served."""


class Estate(Declared):
    """What creditors find when the start-up fails."""

    stock_recovery: Fraction
    """Proceeds of unsold cars as a share of their selling price."""
    platform_value: PositiveDollar
    """Proceeds of designs, tools and brand."""
    administration: Fraction
    """Share of all proceeds that the proceedings cost."""
    delay: Duration
    """Time from filing to distribution."""


class StartUp(Declared):
    """The weaker partner: a maker with one business, debts and a limited purse."""

    name: str = eqx.field(static=True)
    """Name as shown in reports."""
    cash: PositiveDollar
    """Unrestricted cash at the start of the calendar."""
    minimum_cash: PositiveDollar
    """Cash below which it cannot trade: it files for protection."""
    business: CarBusiness
    """Its present business."""
    debts: dict[str, Debt]
    """Its borrowings by name."""
    franchise: Franchise
    """Its value beyond the shared program."""
    estate: Estate
    """What is left in a failure."""
    tax_rate: Fraction
    """Tax on income from the deal, after use of its losses."""
    covenant: Covenant | None = None
    """Its liquidity covenant; none if there is none or lenders have given it up."""


class Claim(Declared):
    """A competing call on the incumbent's cash."""

    amount: PositiveDollar
    """Most that may be called."""
    probability: Fraction
    """Probability that it is called."""


class Incumbent(Declared):
    """The stronger partner's automotive treasury, as it reports it, in yen."""

    name: str = eqx.field(static=True)
    """Name as shown in reports."""
    net_cash: Yen
    """Automotive cash less automotive debt."""
    free_cash_flow: Yen
    """Automotive free cash flow of the last full year."""
    minimum_net_cash: Yen
    """Net cash that the treasury wants to keep."""
    research_and_development: Yen
    """Research and development expense of the last full year."""
    capital_spending: Yen
    """Capital spending of the last full year."""
    yen_per_dollar: YenPerDollar
    """Exchange rate at which the deal's dollars are bought."""
    claims: dict[str, Claim]
    """Other calls on the same cash, by name."""
    tax_rate: Fraction
    """Tax relief on payments under the deal."""
    exposure: Exposure | None = None
    """What a failure of the start-up leaves with it."""


class Partners(Declared):
    """Both sides of the table."""

    start_up: StartUp
    """The side that brings the platform and may fail."""
    incumbent: Incumbent
    """The side that brings plant, volume and cash."""


class Headroom(eqx.Module):
    """A cheque against the incumbent's treasury."""

    net_cash: Dollar
    """Net automotive cash (dollars)."""
    expected_claims: PositiveDollar
    """Expected competing calls (dollars)."""
    available: Dollar
    """Net cash above the treasury's minimum and the expected calls (dollars)."""
    share_of_net_cash: Scalar
    """The cheque over net cash."""
    share_of_research: Scalar
    """The cheque over a year's research and development."""
    share_of_capital_spending: Scalar
    """The cheque over a year's capital spending."""


def headroom(incumbent: Incumbent, cheque: Scalar) -> Headroom:
    """What a cheque of `cheque` dollars is to the incumbent's treasury."""
    rate = incumbent.yen_per_dollar
    net_cash = incumbent.net_cash / rate
    claims = [
        incumbent.claims[key].amount * incumbent.claims[key].probability
        for key in sorted(incumbent.claims)
    ]
    expected = sum(claims, start=jnp.zeros(()))
    return Headroom(
        net_cash=net_cash,
        expected_claims=expected,
        available=net_cash - incumbent.minimum_net_cash / rate - expected,
        share_of_net_cash=_ratio(cheque, net_cash),
        share_of_research=_ratio(cheque, incumbent.research_and_development / rate),
        share_of_capital_spending=_ratio(cheque, incumbent.capital_spending / rate),
    )


def _ratio(part: Scalar, whole: Scalar) -> Scalar:
    """`part / whole`, zero where the whole is not positive."""
    return jnp.where(whole > 0, part / jnp.where(whole > 0, whole, 1.0), 0.0)
