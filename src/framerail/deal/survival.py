"""Does the weaker partner live? Its cash as a Brownian motion about a plan, killed at a floor.

Within a quarter cash moves with the plan's drift and a constant volatility, and the company fails
at the first touch of its minimum cash. The density of cash given survival is carried forward
exactly in time (killed-Brownian kernel: method of images, Karatzas and Shreve 1991, sec. 2.8) on
Gauss-Legendre nodes in units of a quarter's shock, so that no touch between dates is missed.

At a quarter's end the company passes through a state machine. Listed shares may lose their
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
import numpy as np
from jax.scipy.special import log_ndtr, ndtr
from jaxtyping import Array, Bool, Float

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

_NODE_COUNT = 96
_CAP = 60.0
"""Cash, in quarterly shocks above the floor, beyond which more of it makes no difference."""
# Gauss-Legendre: dense where the density has its edge, and never wider than one shock apart.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(_NODE_COUNT)
_NODES, _WEIGHTS = _CAP * (_NODES + 1.0) / 2.0, _CAP * _WEIGHTS / 2.0
_BLUR = 0.6
"""Least spread of a raise, and of the put that just cannot be paid, in quarterly shocks."""


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
        residual: probability lost or made by the quadrature over the whole calendar.
        capped: whether the start cash lies above the range that is followed.
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


def first_passage_probability(
    distance: Float[Array, "..."],
    drift: Float[Array, "..."],
    volatility: Float[Array, "..."],
    time: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Probability that a Brownian motion touches a floor `distance` below its start by `time`.

    Inverse Gaussian distribution (Karatzas and Shreve 1991, eq. 3.5.12). For cash: dollars,
    dollars per unit of time. For a Black-Cox (1976) firm: `distance = ln(V/K)`,
    `drift = r - q - sigma^2/2`.
    """
    return 1.0 - _survive(distance, drift * time, volatility * jnp.sqrt(time))


def _survive(
    distance: Float[Array, "..."], drift: Float[Array, "..."], spread: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Probability of staying above the floor over a period; zero on it."""
    image = -2.0 * drift * distance / spread**2 + log_ndtr((drift - distance) / spread)
    return jnp.clip(ndtr((drift + distance) / spread) - jnp.exp(image), 0.0, 1.0)


def _normal_density(x: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.exp(-0.5 * jnp.square(x)) / jnp.sqrt(2 * jnp.pi)


def _to_top(
    points: Float[Array, " point"], shift: Scalar, spread: Scalar
) -> Float[Array, " point"]:
    """Probability of leaving the grid at its top."""
    return ndtr((points + shift - _CAP) / spread)


def _move(
    points: Float[Array, " point"], mass: Float[Array, "state point"], drift: Scalar
) -> tuple[Float[Array, "state node"], Float[Array, ""]]:
    """One quarter of killed Brownian motion: new mass at the nodes, and the mass that failed.

    Cash beyond the grid's top counts as the top.
    """
    start, end = points[:, None], jnp.asarray(_NODES)[None, :]
    density = _normal_density(end - start - drift) * -jnp.expm1(-2.0 * start * end)
    moved = (mass @ density) * _WEIGHTS[None, :]
    moved = moved.at[:, -1].add(mass @ _to_top(points, drift, jnp.ones(())))
    return moved, jnp.sum(mass @ (1.0 - _survive(points, drift, jnp.ones(()))))


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


class _Jumps(eqx.Module):
    """What happens at a quarter's end, in units of a quarter's shock."""

    raised: Float[Array, "node node"]
    """Transition of a company that raises money."""
    raise_probability: Scalar
    amount: Scalar


class _Events(eqx.Module):
    """One quarter: drift, debt put on delisting, chance of delisting, the investors' outlook."""

    drift: Float[Array, "..."]
    put: Float[Array, "..."]
    delisting: Float[Array, "..."]
    later_drift: Float[Array, "..."]
    later_time: Float[Array, "..."]


def _jumps(access: MarketAccess, shock: Scalar) -> _Jumps:
    nodes = jnp.asarray(_NODES)
    amount = access.raise_amount / shock
    # The nodes would not see a narrower one.
    spread = jnp.maximum(amount * access.raise_spread, _BLUR)
    ends = _normal_density((nodes[None, :] - nodes[:, None] - amount) / spread) / spread
    raised = ends * _WEIGHTS[None, :]
    top = _to_top(nodes, amount, spread)
    # What the sums miss (a raise below the floor, their own error) stays in business.
    raised = raised.at[:, -1].add(top)
    raised = raised / jnp.sum(raised, axis=1, keepdims=True)
    return _Jumps(
        raised=raised,
        raise_probability=-jnp.expm1(-QUARTER * access.raises),
        amount=amount,
    )


def _settle_quarter_end(
    mass: Float[Array, "state node"], now: _Events, jumps: _Jumps
) -> tuple[Float[Array, "state node"], Float[Array, ""], Float[Array, ""]]:
    """Delisting with what falls due on it, then raises; the mass left, failed, and new money."""
    listed, unlisted = mass
    unable = jnp.where(now.put > 0.0, ndtr((now.put - _NODES) / _BLUR), 0.0)
    struck = now.delisting * listed
    listed, unlisted = listed - struck, unlisted + struck * (1.0 - unable)
    lasts = _survive(jnp.asarray(_NODES) + jumps.amount, now.later_drift, jnp.sqrt(now.later_time))
    raising = jumps.raise_probability * lasts * listed
    listed = listed - raising + raising @ jumps.raised
    return jnp.stack([listed, unlisted]), jnp.sum(struck * unable), jnp.sum(raising) * jumps.amount


def outlook(
    drift: Float[Array, "quarter"], horizon: Scalar
) -> tuple[Float[Array, "quarter"], Float[Array, "quarter"]]:
    """Planned change of cash over the investors' horizon after each quarter, and its length in
    quarters as far as the calendar goes."""
    index = jnp.arange(drift.shape[0], dtype=drift.dtype)
    ahead = index[None, :] - index[:, None] - 1.0
    weight = jnp.where(ahead >= 0.0, jnp.clip(horizon / QUARTER - ahead, 0.0, 1.0), 0.0)
    return weight @ drift, jnp.maximum(jnp.sum(weight, axis=1), 1e-3)


def survive(
    cash: Scalar,
    minimum_cash: Scalar,
    drift: Float[Array, "quarter"],
    put: Float[Array, "quarter"],
    cash_shock: Scalar,
    access: MarketAccess,
    grid: QuarterGrid,
    investor_horizon: Scalar | None = None,
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
    """
    access = effective_access(access)
    start = (cash - minimum_cash) / cash_shock
    begin = jnp.clip(start, 0.0, _CAP)[None]
    exposed = fraction_after(access.delisting_from, grid)
    horizon = jnp.zeros(()) if investor_horizon is None else investor_horizon
    later_drift, later_time = outlook(drift / cash_shock, horizon)
    events = _Events(
        drift=drift / cash_shock,
        put=put / cash_shock,
        delisting=-jnp.expm1(-QUARTER * access.delisting * exposed),
        later_drift=later_drift,
        later_time=later_time,
    )
    jumps = _jumps(access, cash_shock)
    nodes = jnp.asarray(_NODES)

    def quarter(
        points: Float[Array, " point"], mass: Float[Array, "state point"], now: _Events
    ) -> tuple[Float[Array, "state node"], Float[Array, "figure"]]:
        moved, failed = _move(points, mass, now.drift)
        left, cut_off, raised = _settle_quarter_end(moved, now, jumps)
        figures = [failed + cut_off, raised, jnp.sum(left[0]), jnp.sum(left), jnp.sum(left @ nodes)]
        return left, jnp.stack(figures)

    @jax.checkpoint
    def step(
        mass: Float[Array, "state node"], now: _Events
    ) -> tuple[Float[Array, "state node"], Float[Array, "figure"]]:
        return quarter(nodes, mass, now)

    whole = jnp.asarray([[1.0], [0.0]])
    mass, first = quarter(begin, whole, jax.tree.map(lambda each: each[0], events))
    _, rest = jax.lax.scan(step, mass, jax.tree.map(lambda each: each[1:], events))
    default, raised, listed, alive, cash_alive = jnp.concatenate([first[None], rest]).T
    cumulative = jnp.clip(jnp.cumsum(default), 0.0, 1.0)
    before = jnp.clip(1.0 - cumulative + default, 0.0, 1.0)
    planned = cash + jnp.cumsum(drift)
    return Survival(
        default=default,
        cumulative=cumulative,
        hazard=_ratio(default, before),
        planned_cash=planned,
        expected_cash=minimum_cash + cash_shock * _ratio(cash_alive, alive),
        new_money=cash_shock * _ratio(raised, before),
        listed=listed,
        runway=_runway(jnp.append(cash, planned[:-1]), planned, minimum_cash),
        residual=jnp.abs(1.0 - cumulative[-1] - alive[-1]),
        capped=start > _CAP,
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


def default_quarter(cumulative: Float[Array, "quarter"], chance: Scalar) -> Scalar:
    """Time of failure of one realization, in quarters from the calendar's start.

    The inverse of the cumulative default probability, linear within a quarter: 2.5 is the middle
    of the third quarter; the number of quarters means that the company outlives the calendar.
    """
    before = jnp.concatenate([jnp.zeros(1), cumulative[:-1]])
    step = cumulative - before
    some = step > 0.0
    within = jnp.clip((chance - before) / jnp.where(some, step, 1.0), 0.0, 1.0)
    return jnp.sum(jnp.where(some, within, jnp.where(chance >= cumulative, 1.0, 0.0)))
