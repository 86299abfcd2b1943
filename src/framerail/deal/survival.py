"""Does the weaker partner live? Its cash as a Brownian motion about a plan, killed at a floor.

Within a quarter cash moves with the plan's drift and a constant volatility, and the company fails
at the first touch of its minimum cash. The density of cash given survival is carried forward
exactly in time (`cash_march`), so that no touch between dates is missed.

At a step's end the company passes through a state machine. Listed shares may lose their
listing; noteholders then put their notes, other debt defaults across, and a company that cannot
pay what falls due files, while one that can goes on without a listing. A listed company may raise
money; nobody buys shares of one without a listing. Investors fund the living: a raise comes with
its rate times the probability that, with the money and without any later raise, the company lasts
their horizon on its plan. All is smooth in the inputs.
"""

import dataclasses
from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from framerail.deal.cash_march import MONTHLY, Course, march
from framerail.deal.killed_motion import STEEPEST, TOP
from framerail.deal.partners import Covenant
from framerail.numerics.calendar import QUARTER, QuarterGrid, fraction_after
from framerail.quantities import (
    Declared,
    Duration,
    Fraction,
    PositiveDollar,
    Quantity,
    Scalar,
    Year,
)

PerYear = Annotated[Scalar, Quantity("1/year", 0.0, 50.0)]
CashShock = Annotated[Scalar, Quantity("dollar", 1e5, 1e11)]


class FinancingDrivers(Declared):
    """What stands behind access to capital: listing price, liens, the market, a sponsor."""

    market_value: PositiveDollar
    """Market value of the shares."""
    placement: Fraction
    """Most that one raise brings, as a share of market value."""
    window: Fraction
    """Share of the time in which the market takes such paper."""
    secured_share: Fraction
    """Share of the investors who ask for collateral."""
    lien_space: Fraction
    """Share of them that free assets can still satisfy."""
    sponsor_raises: PerYear
    """Rate of a sponsor's cheques, which need neither window nor collateral."""
    sponsor_amount: PositiveDollar
    """Size of a sponsor's cheque."""


class MarketAccess(Declared):
    """Access to capital markets, in one state of the talks."""

    raises: PerYear
    """Rate at which the company manages to raise money (times per year)."""
    raise_amount: PositiveDollar
    """Mean net proceeds of a raise."""
    raise_spread: Fraction
    """Standard deviation of the proceeds over their mean."""
    delisting: PerYear
    """Rate at which the shares lose their listing (per year)."""
    delisting_from: Year
    """Date from which the exchange may act."""
    drivers: FinancingDrivers | None = None
    """What cuts rate and size of raises down; none leaves them as they are."""


class SurvivalInputs(Declared):
    """What moves the start-up's cash besides its plan."""

    cash_shock: CashShock
    """Standard deviation of a quarter's cash flow about the plan."""
    alive_on: Year
    """Date on which the company is known to be in business and listed."""
    investor_horizon: Duration
    """Time that new money has to last, on plan and without another raise, to be given."""
    without_deal: MarketAccess
    """Access to capital when the talks fail."""
    with_deal: MarketAccess
    """Access to capital once the deal is signed."""
    chance: Fraction
    """Point in the unit interval that picks the realized quarter of failure in a Monte Carlo."""


class Survival(eqx.Module):
    """Default risk by quarter.

    Attributes:
        default: probability of failing in each quarter.
        cumulative: probability of having failed by each quarter's end.
        hazard: probability of failing in each quarter given survival to its start.
        planned_cash: cash at the quarter's end on plan, without shocks, raises or failure.
        expected_cash: mean cash at the quarter's end given survival (dollars).
        new_money: expected raise in each quarter given survival to its start (dollars).
        listed: probability of living with a listing at each quarter's end.
        runway: quarters until planned cash falls to the minimum; the calendar's length if never.
        residual: probability that the quadrature misses at first, against the closed form, or
            makes later.
        capped: whether the start cash or a quarter's change lies above the range that is followed.
    """

    default: Float[Array, "quarter"]
    cumulative: Float[Array, "quarter"]
    hazard: Float[Array, "quarter"]
    planned_cash: Float[Array, "quarter"]
    expected_cash: Float[Array, "quarter"]
    new_money: Float[Array, "quarter"]
    listed: Float[Array, "quarter"]
    runway: Float[Array, ""]
    residual: Float[Array, ""]
    capped: Bool[Array, ""]


def effective_access(access: MarketAccess) -> MarketAccess:
    """Rate and mean size of raises once listing price, liens, window and sponsor are counted."""
    drivers = access.drivers
    if drivers is None:
        return access
    collateral = 1.0 - drivers.secured_share * (1.0 - drivers.lien_space)
    market = access.raises * drivers.window * collateral
    size = jnp.minimum(access.raise_amount, drivers.placement * drivers.market_value)
    rate = market + drivers.sponsor_raises
    some = jnp.where(rate > 0.0, rate, 1.0)
    amount = (market * size + drivers.sponsor_raises * drivers.sponsor_amount) / some
    return dataclasses.replace(access, raises=rate, raise_amount=amount, drivers=None)


def expected_raise(access: MarketAccess) -> Scalar:
    """Mean of new money per quarter of a company that every investor believes in (dollars)."""
    able = effective_access(access)
    return -jnp.expm1(-QUARTER * able.raises) * able.raise_amount


def course_of(
    cash: Scalar,
    minimum_cash: Scalar,
    drift: Float[Array, "quarter"],
    put: Float[Array, "quarter"],
    cash_shock: Scalar,
    access: MarketAccess,
    grid: QuarterGrid,
    investor_horizon: Scalar | None = None,
    alive_on: Scalar | None = None,
    covenant: Covenant | None = None,
) -> Course:
    """What the company meets, counted in shocks; arguments as in `survive`."""
    access = effective_access(access)
    exposed = fraction_after(grid.start_of_quarter[0] if alive_on is None else alive_on, grid)
    amount = access.raise_amount / cash_shock
    course = Course(
        begin=(cash - minimum_cash) / cash_shock,
        drift=drift / cash_shock,
        put=put / cash_shock,
        exposed=exposed,
        watched=fraction_after(access.delisting_from, grid),
        delisting=access.delisting,
        raises=access.raises,
        amount=amount,
        spread=amount * access.raise_spread,
        horizon=jnp.zeros(()) if investor_horizon is None else investor_horizon,
    )
    if covenant is not None:
        course = dataclasses.replace(
            course,
            covenant=(covenant.cash - minimum_cash) / cash_shock,
            enforced=(1.0 - covenant.waiver) * fraction_after(covenant.since, grid),
        )
    return course


def survive(
    cash: Scalar,
    minimum_cash: Scalar,
    drift: Float[Array, "quarter"],
    put: Float[Array, "quarter"],
    cash_shock: Scalar,
    access: MarketAccess,
    grid: QuarterGrid,
    investor_horizon: Scalar | None = None,
    alive_on: Scalar | None = None,
    monthly: int = MONTHLY,
    covenant: Covenant | None = None,
) -> Survival:
    """Default risk of a company by quarter.

    Args:
        cash: at the start of the calendar (dollars).
        minimum_cash: floor at which it fails (dollars).
        drift: planned change of cash in each quarter (dollars).
        put: debt that falls due if the shares lose their listing in each quarter (dollars).
        cash_shock: standard deviation of a quarter's cash about the plan (dollars).
        access: rates and sizes of raises, rate of delisting.
        grid: the calendar.
        investor_horizon: time that new money has to last (years); left out, investors do not ask.
        alive_on: date on which it is known to be in business and listed, so that nothing befalls
            it before; left out, the calendar's start.
        monthly: quarters after the first in which what befalls it does so month by month.
        covenant: cash that lenders want to see at a quarter's end.
    """
    course = course_of(
        cash,
        minimum_cash,
        drift,
        put,
        cash_shock,
        access,
        grid,
        investor_horizon,
        alive_on,
        covenant,
    )
    exposed = course.exposed
    found = march(course, monthly)
    living = jnp.where(exposed > 0.0, found.living, 1.0)
    alive = jax.lax.cummin(jnp.minimum(living, 1.0))
    before = jnp.append(1.0, alive[:-1])
    planned = cash + jnp.cumsum(drift)
    expected = minimum_cash + cash_shock * _ratio(found.cash, found.living)
    return Survival(
        default=before - alive,
        cumulative=1.0 - alive,
        hazard=_ratio(before - alive, before),
        planned_cash=planned,
        expected_cash=jnp.where(exposed > 0.0, expected, planned),
        new_money=cash_shock * course.amount * _ratio(found.raising, before),
        listed=jnp.where(exposed > 0.0, found.listed, 1.0),
        runway=_runway(jnp.append(cash, planned[:-1]), planned, minimum_cash),
        residual=found.residual + jnp.max(living - alive),
        capped=(course.begin > TOP) | jnp.any(jnp.abs(course.drift) > STEEPEST),
    )


def _ratio(
    part: Float[Array, "quarter"], whole: Float[Array, "quarter"]
) -> Float[Array, "quarter"]:
    """`part / whole`, zero where next to nothing is left."""
    some = whole > 1e-9
    return jnp.where(some, part / jnp.where(some, whole, 1.0), 0.0)


def _runway(
    opening: Float[Array, "quarter"], closing: Float[Array, "quarter"], floor: Scalar
) -> Scalar:
    """Quarters, with a fraction, until the plan first falls to the floor."""
    burn = jnp.where(opening > closing, opening - closing, 1.0)
    inside = jnp.clip((opening - floor) / burn, 0.0, 1.0)
    lasted = jnp.where(closing > floor, 1.0, inside)
    earlier = jnp.concatenate([jnp.ones(1), jnp.cumprod(closing > floor)[:-1].astype(float)])
    return jnp.sum(lasted * earlier)


def default_quarter(
    cumulative: Float[Array, "quarter"],
    chance: Scalar,
    exposed: Float[Array, "quarter"] | None = None,
) -> Scalar:
    """Time of failure of one realization, in quarters from the calendar's start.

    The inverse of the cumulative default probability, linear within a quarter: 2.5 is the middle
    of the third quarter; the number of quarters means that the company outlives the calendar.

    Args:
        cumulative: probability of having failed by each quarter's end.
        chance: point of the unit interval.
        exposed: last share of each quarter in which it could fail; left out, all of it.
    """
    before = jnp.concatenate([jnp.zeros(1), cumulative[:-1]])
    step = cumulative - before
    some = step > 0.0
    within = jnp.clip((chance - before) / jnp.where(some, step, 1.0), 0.0, 1.0)
    if exposed is not None:
        within = jnp.where(chance > before, 1.0 - exposed * (1.0 - within), 0.0)
    return jnp.sum(jnp.where(some, within, jnp.where(chance >= cumulative, 1.0, 0.0)))
