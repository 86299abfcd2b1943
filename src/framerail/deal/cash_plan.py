"""The start-up's planned cash: cars built, sold and kept in stock, staff, suppliers and debts.

No shocks, deal or shared program here: `survival` adds the first, the settlement the others.
Production and sales are two plans. What is built and not sold lies in stock and has been paid
for; selling it later gives cash without production.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.deal.partners import RANKS, CarBusiness, Debt, Rank, StaffCut, StartUp
from framerail.numerics.calendar import (
    QuarterGrid,
    at_once,
    fraction_after,
    fraction_before,
    growth_index,
    spread,
)
from framerail.quantities import Scalar

_SHORTEST = 1.0 / 365.0  # years: production or stock that comes down "at once" takes a day


class BusinessPlan(eqx.Module):
    """The start-up's cash by quarter without shocks, deal or shared program, in dollars."""

    deliveries: Float[Array, "quarter"]
    """Cars delivered."""
    built: Float[Array, "quarter"]
    """Cars built."""
    stock: Float[Array, "quarter"]
    """Unsold cars at the quarter's end."""
    inventory: Float[Array, "quarter"]
    """Cash that goes into stock: production cost of what is built and not delivered; negative
    where stock is sold down. Within `operating`."""
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


def _sales(
    business: CarBusiness, grid: QuarterGrid
) -> tuple[Float[Array, "quarter"], Float[Array, "quarter"]]:
    """Cars delivered in each quarter and their price, cuts of the price counted in both."""
    first = grid.start_of_quarter[0]
    later = jnp.maximum(grid.middle - first - 0.5, 0.0)  # the first year is flat
    sold = 0.25 * business.goal * business.attainment * jnp.exp(jnp.log1p(business.growth) * later)
    price = business.price * growth_index(business.price_change, first + 0.5, grid)
    cuts = business.price_cuts or {}
    for key in sorted(cuts):
        asked = 1.0 - cuts[key].share * fraction_after(cuts[key].date, grid)
        some = jnp.maximum(asked, 1e-3)  # given away, it sells no more than at a thousandth
        price, sold = price * asked, sold * jnp.exp(-cuts[key].elasticity * jnp.log(some))
    return sold, price


def unplanned_stock(
    excess: Scalar, adjustment: Scalar, release: Scalar, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Stock at each quarter's end from production that runs on.

    Production lies `excess` (cars per year) above what is wanted and comes to it exponentially
    over `adjustment`, while a share `1 / release` a year of this stock is sold:
    `s' = excess exp(-t / adjustment) - s / release`. Negative where too little is built.
    """
    time = grid.end - grid.start_of_quarter[0]
    rates = [1.0 / jnp.maximum(each, _SHORTEST) for each in (adjustment, release)]
    slow, gap = jnp.minimum(*rates), jnp.maximum(jnp.abs(rates[0] - rates[1]), 1e-9)
    return excess * jnp.exp(-slow * time) * -jnp.expm1(-gap * time) / gap


def _built(
    business: CarBusiness, sold: Float[Array, "quarter"], grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Cars built in each quarter: what keeps stock on its plan, and never less than none.

    The stock of the start is released over its period, what production adds unplanned over the
    same. Where sales are too few for that, nothing is built until stock is back on plan.
    """
    first = grid.start_of_quarter[0]
    release = spread(
        business.stock * business.stock_released, first, first + business.release_period, grid
    )
    wanted = business.stock - jnp.cumsum(release)
    plan = business.production
    if plan is not None:
        excess = plan.rate - 4.0 * (sold[0] - release[0])
        extra = unplanned_stock(excess, plan.adjustment, business.release_period, grid)
        wanted = jnp.maximum(wanted + extra, 0.0)
    needed = wanted - business.stock + jnp.cumsum(sold)
    total = jax.lax.cummax(jnp.maximum(needed, 0.0))
    return jnp.diff(total, prepend=0.0)


def business_plan(start_up: StartUp, grid: QuarterGrid) -> BusinessPlan:
    """Quarterly cash of the start-up's present business, without shocks."""
    business = start_up.business
    first = grid.start_of_quarter[0]
    sold, price = _sales(business, grid)
    built = _built(business, sold, grid)
    markdown = 0.0 if business.production is None else business.production.markdown
    revenue = price * (sold - markdown * jnp.maximum(sold - built, 0.0))
    cost = business.production_cost * growth_index(
        business.production_cost_change, first + 0.5, grid
    )
    saved = business.staff_share * business.staff_cut + business.program_cut
    overhead = business.overhead * growth_index(business.overhead_change, first + 0.5, grid)
    fixed = overhead * (1.0 - saved) + business.capital_spending
    pay = overhead * business.staff_share * (1.0 - business.staff_cut)
    cut = _later_cuts(business.cuts or {}, pay, grid)
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
        deliveries=sold,
        built=built,
        stock=business.stock + jnp.cumsum(built - sold),
        inventory=cost * (built - sold),
        operating=revenue - cost * built - 0.25 * fixed + cut,
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
