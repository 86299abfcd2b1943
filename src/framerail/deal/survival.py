"""Does the weaker partner live? Its cash as a Brownian motion about a plan, killed at a floor.

Within a quarter cash moves with the plan's drift and a constant volatility, and the company fails
at the first touch of its minimum cash. The density of cash given survival is carried forward
exactly in time (killed-Brownian kernel: method of images, Karatzas and Shreve 1991, sec. 2.8) on
Gauss-Legendre nodes in units of a quarter's shock. At a quarter's end two more things may happen:
the shares lose their listing and noteholders put their notes (a company that cannot pay them
fails, one that can refinances them), and the company raises money. All is smooth in the inputs.
"""

from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import log_ndtr, ndtr
from jaxtyping import Array, Bool, Float

from framerail.numerics.calendar import QUARTER, QuarterGrid, fraction_after
from framerail.quantities import Declared, Fraction, PositiveDollar, Quantity, Scalar, Year

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


class SurvivalInputs(Declared):
    """What moves the start-up's cash besides its plan."""

    cash_shock: CashShock
    """Standard deviation of a quarter's cash flow about the plan."""
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
        runway: quarters until planned cash falls to the minimum; the calendar's length if never.
        residual: probability lost or made by the quadrature over the whole calendar.
        capped: whether the start cash lies above the range that is followed.
    """

    default: Float[Array, "quarter"]
    cumulative: Float[Array, "quarter"]
    hazard: Float[Array, "quarter"]
    planned_cash: Float[Array, "quarter"]
    expected_cash: Float[Array, "quarter"]
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
    points: Float[Array, " point"], mass: Float[Array, " point"], drift: Scalar
) -> tuple[Float[Array, "node"], Float[Array, ""]]:
    """One quarter of killed Brownian motion: new mass at the nodes, and the mass that failed.

    Cash beyond the grid's top counts as the top.
    """
    start, end = points[:, None], jnp.asarray(_NODES)[None, :]
    density = _normal_density(end - start - drift) * -jnp.expm1(-2.0 * start * end)
    moved = (mass @ density) * _WEIGHTS
    moved = moved.at[-1].add(mass @ _to_top(points, drift, jnp.ones(())))
    return moved, mass @ (1.0 - _survive(points, drift, jnp.ones(())))


def expected_raise(access: MarketAccess) -> Scalar:
    """Mean of new money per quarter of life (dollars)."""
    return -jnp.expm1(-QUARTER * access.raises) * access.raise_amount


class _Jumps(eqx.Module):
    """What happens at a quarter's end, in units of a quarter's shock."""

    raised: Float[Array, "node node"]
    """Transition of a company that raises money."""
    raise_probability: Scalar


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
    )


def _settle_quarter_end(
    mass: Float[Array, "node"], put: Scalar, delisting: Scalar, jumps: _Jumps
) -> tuple[Float[Array, "node"], Float[Array, ""]]:
    """Delisting, then raises; returns the mass that is left and what failed."""
    unable = jnp.where(put > 0.0, ndtr((put - _NODES) / _BLUR), 0.0)
    failing = delisting * unable
    left = mass * (1.0 - failing)
    raised = left @ jumps.raised
    chance = jumps.raise_probability
    return (1.0 - chance) * left + chance * raised, mass @ failing


def survive(
    cash: Scalar,
    minimum_cash: Scalar,
    drift: Float[Array, "quarter"],
    put: Float[Array, "quarter"],
    cash_shock: Scalar,
    access: MarketAccess,
    grid: QuarterGrid,
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
    """
    start = (cash - minimum_cash) / cash_shock
    begin = jnp.clip(start, 0.0, _CAP)[None]
    exposed = fraction_after(access.delisting_from, grid)
    delisting = -jnp.expm1(-QUARTER * access.delisting * exposed)
    events = (drift / cash_shock, put / cash_shock, delisting)
    jumps = _jumps(access, cash_shock)
    nodes = jnp.asarray(_NODES)

    def quarter(
        points: Float[Array, " point"],
        mass: Float[Array, " point"],
        now: tuple[Scalar, Scalar, Scalar],
    ) -> tuple[Float[Array, "node"], tuple[Scalar, Scalar, Scalar]]:
        moved, failed = _move(points, mass, now[0])
        left, cut_off = _settle_quarter_end(moved, now[1], now[2], jumps)
        return left, (failed + cut_off, jnp.sum(left), left @ nodes)

    @jax.checkpoint
    def step(
        mass: Float[Array, "node"], now: tuple[Scalar, Scalar, Scalar]
    ) -> tuple[Float[Array, "node"], tuple[Scalar, Scalar, Scalar]]:
        return quarter(nodes, mass, now)

    mass, first = quarter(begin, jnp.ones(1), jax.tree.map(lambda each: each[0], events))
    _, rest = jax.lax.scan(step, mass, jax.tree.map(lambda each: each[1:], events))
    default, alive, cash_alive = (
        jnp.concatenate([one[None], more]) for one, more in zip(first, rest, strict=True)
    )
    cumulative = jnp.clip(jnp.cumsum(default), 0.0, 1.0)
    before = jnp.clip(1.0 - cumulative + default, 0.0, 1.0)
    planned = cash + jnp.cumsum(drift)
    return Survival(
        default=default,
        cumulative=cumulative,
        hazard=_ratio(default, before),
        planned_cash=planned,
        expected_cash=minimum_cash + cash_shock * _ratio(cash_alive, alive),
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
