"""The two partners: the start-up's business and debts, the incumbent's treasury and claims on it.

Amounts are nominal US dollars (the incumbent reports in yen), dates decimal years. What a
partner earns in the shared program is not here: the engine passes it to the settlement.
"""

from typing import Annotated, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import (
    QuarterGrid,
    at_once,
    fraction_after,
    fraction_before,
    growth_index,
    spread,
)
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


class BusinessPlan(eqx.Module):
    """The start-up's cash by quarter without shocks, deal or shared program, in dollars."""

    deliveries: Float[Array, "quarter"]
    """Cars delivered."""
    stock: Float[Array, "quarter"]
    """Unsold cars at the quarter's end."""
    operating: Float[Array, "quarter"]
    """Sales less production, overhead and capital spending."""
    suppliers: Float[Array, "quarter"]
    """Old payables paid back, as a positive amount."""
    interest: Float[Array, "quarter"]
    """Coupons, as a positive amount."""
    repayment: Float[Array, "quarter"]
    """Debt repaid in cash, as a positive amount."""
    payables: Float[Array, "quarter"]
    """Old payables still owed at the quarter's end."""
    debt: Float[Array, "rank quarter"]
    """Face still owed at the quarter's end, by rank in the order of `RANKS`."""

    @property
    def debt_service(self) -> Float[Array, "quarter"]:
        """Coupons and cash repayments, as a positive amount."""
        return self.interest + self.repayment

    @property
    def net(self) -> Float[Array, "quarter"]:
        """Change of cash in each quarter."""
        return self.operating - self.suppliers - self.debt_service


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


def debt_owed(debt: Debt, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """Face still owed in each quarter."""
    return debt.face * fraction_before(debt.maturity, grid)


def _debts_of(debts: dict[str, Debt], rank: Rank, grid: QuarterGrid) -> Float[Array, "quarter"]:
    owed = [debt_owed(debts[key], grid) for key in sorted(debts) if debts[key].rank == rank]
    return sum(owed, start=jnp.zeros(grid.quarters))


def _later_cuts(
    cuts: dict[str, StaffCut], pay: Float[Array, "quarter"], grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """What cuts save in each quarter, severance counted; `pay` per year before them."""
    left, change = pay, jnp.zeros(grid.quarters)
    for key in sorted(cuts):
        cut = cuts[key]
        saved = left * cut.share * fraction_after(cut.date, grid)
        due = at_once(jnp.ones(()), cut.date, grid) * left * cut.share * cut.severance
        left, change = left - saved, change + 0.25 * saved - due
    return change


def business_plan(start_up: StartUp, grid: QuarterGrid) -> BusinessPlan:
    """Quarterly cash of the start-up's present business, without shocks.

    Cars come from stock first as far as its release allows, so that a stock built up earlier
    gives cash without production (the reverse of what drained the company when it was built).
    """
    business = start_up.business
    first = grid.start_of_quarter[0]
    later = jnp.maximum(grid.middle - first - 0.5, 0.0)  # the first year is flat
    deliveries = (
        0.25 * business.goal * business.attainment * jnp.exp(jnp.log1p(business.growth) * later)
    )
    release = spread(
        business.stock * business.stock_released, first, first + business.release_period, grid
    )
    from_stock = jnp.minimum(release, deliveries)
    price = business.price * growth_index(business.price_change, first + 0.5, grid)
    cost = business.production_cost * growth_index(
        business.production_cost_change, first + 0.5, grid
    )
    saved = business.staff_share * business.staff_cut + business.program_cut
    overhead = business.overhead * growth_index(business.overhead_change, first + 0.5, grid)
    fixed = overhead * (1.0 - saved) + business.capital_spending
    operating = price * deliveries - cost * (deliveries - from_stock) - 0.25 * fixed
    pay = overhead * business.staff_share * (1.0 - business.staff_cut)
    operating = operating + _later_cuts(business.cuts or {}, pay, grid)
    unwound = business.payables * business.payables_unwound
    suppliers = spread(unwound, first, first + business.unwind_period, grid)
    debts = start_up.debts
    interest = [0.25 * debts[key].coupon * debt_owed(debts[key], grid) for key in sorted(debts)]
    repayment = [
        at_once(debts[key].face * debts[key].paid_in_cash, debts[key].maturity, grid)
        * (1.0 - fraction_after(debts[key].maturity, grid)[0])
        for key in sorted(debts)
    ]
    return BusinessPlan(
        deliveries=deliveries,
        stock=business.stock - jnp.cumsum(from_stock),
        operating=operating,
        suppliers=suppliers,
        interest=sum(interest, start=jnp.zeros(grid.quarters)),
        repayment=sum(repayment, start=jnp.zeros(grid.quarters)),
        payables=business.payables - jnp.cumsum(suppliers),
        debt=jnp.stack([_debts_of(debts, rank, grid) for rank in RANKS]),
    )


def put_on_delisting(start_up: StartUp, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """Debt that falls due at once if the shares lose their listing in each quarter (dollars)."""
    debts = start_up.debts
    due = [debts[key].put_on_delisting * debt_owed(debts[key], grid) for key in sorted(debts)]
    return sum(due, start=jnp.zeros(grid.quarters))


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
