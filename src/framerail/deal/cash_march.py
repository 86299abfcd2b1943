"""The density of a company's cash, carried forward step by step through what may befall it.

Cash is counted above its floor in units of a quarter's shock. Steps are months through the first
two years, in which a company near distress lives or dies, and quarters afterwards; the quarter in
which exposure begins is one step. Within a step no touch of the floor is missed, whatever its
length; what a month adds is when a listing may go and money may come.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from framerail.deal.killed_motion import (
    LENGTHS,
    NODES,
    STEEPEST,
    TOP,
    density_from,
    jump,
    lasting,
    normal_below,
    step,
)
from framerail.numerics.calendar import QUARTER
from framerail.quantities import Scalar

MONTHLY = 8
"""Quarters after the first that go in months, if nothing else is said."""
BLUR = 0.6
"""Least spread of a raise, and of the put that just cannot be paid, in quarterly shocks."""
_LEAST = 1e-12
"""Shortest time, in quarters, and smallest probability that something is divided by."""
_SUMS = np.stack([np.ones_like(NODES), NODES], axis=1)


class Course(eqx.Module):
    """What a company meets, by quarter; amounts in quarterly shocks, rates per year."""

    begin: Scalar
    """Cash above the floor at the calendar's start."""
    drift: Float[Array, "quarter"]
    """Planned change."""
    put: Float[Array, "quarter"]
    """Debt that falls due if the shares lose their listing."""
    exposed: Float[Array, "quarter"]
    """Share of the quarter after the date on which the company is known to live."""
    watched: Float[Array, "quarter"]
    """Share of it in which the exchange may act."""
    delisting: Scalar
    """Rate of losing the listing."""
    raises: Scalar
    """Rate of raising money."""
    amount: Scalar
    """Mean of a raise."""
    spread: Scalar
    """Standard deviation of a raise."""
    horizon: Scalar
    """Time that new money has to last (years)."""
    covenant: Scalar | None = None
    """Cash above the floor that lenders want to see at a quarter's end; none if they do not."""
    enforced: Float[Array, "quarter"] | None = None
    """Chance that they let a breach pass no longer, by quarter."""


class March(eqx.Module):
    """What is left at each quarter's end.

    Attributes:
        living: probability of being in business.
        listed: probability of being so with a listing.
        cash: mean cash of those in business times their probability (quarterly shocks).
        raising: probability of raising money in the quarter.
        residual: probability that the quadrature misses at first, against the closed form.
    """

    living: Float[Array, "quarter"]
    listed: Float[Array, "quarter"]
    cash: Float[Array, "quarter"]
    raising: Float[Array, "quarter"]
    residual: Scalar


class Step(eqx.Module):
    """One step, or all of them before the march."""

    kind: Int[Array, "..."]
    """Index of its length in `LENGTHS`."""
    begins: Bool[Array, "..."]
    """Whether the density begins with it."""
    drift: Float[Array, "..."]
    put: Float[Array, "..."]
    delisting: Float[Array, "..."]
    """Chance that a listed company loses its listing."""
    raises: Float[Array, "..."]
    """Chance of an offer of money."""
    later: Float[Array, "..."]
    """Planned change over the investors' horizon."""
    later_time: Float[Array, "..."]
    """That horizon as far as the calendar goes (quarters)."""
    enforced: Float[Array, "..."] | None
    """Chance that lenders act on a breach of the covenant."""


class _Chances(eqx.Module):
    """What may befall a company in one step, by its cash."""

    beyond: Float[Array, "node"]
    """Leaves at the grid's top."""
    unable: Float[Array, "node"]
    """Cannot pay what a delisting makes due."""
    raising: Float[Array, "node"]
    """Raises money if it is listed: an offer comes, and the money would last."""


class Layout:
    """Which step belongs to which quarter: `quarter`, `kind` (index in `LENGTHS`), `length` and
    `end` (quarters) of every step, `last` step of every quarter."""

    def __init__(self, quarters: int, monthly: int) -> None:
        months = np.where((np.arange(quarters) > 0) & (np.arange(quarters) <= monthly), 3, 1)
        self.quarter = np.repeat(np.arange(quarters), months)
        self.kind = np.where(months == 3, 1, 0)[self.quarter]
        self.length = LENGTHS[self.kind]
        self.end = np.cumsum(self.length)
        self.last = np.cumsum(months) - 1
        self.is_last = np.isin(np.arange(self.quarter.size), self.last)


def march(course: Course, monthly: int = MONTHLY) -> March:
    """Carry the density through the calendar, so many quarters after the first in months."""
    layout = Layout(course.drift.shape[0], monthly)
    first, residual = _density_when_known(course)
    # The nodes would not see a narrower one.
    raised = jump(course.amount, jnp.maximum(course.spread, BLUR))

    @jax.checkpoint  # what befalls by cash is cheaper to find again than to keep
    def one(
        mass: Float[Array, "state node"], now: Step
    ) -> tuple[Float[Array, "state node"], tuple[Float[Array, "state sum"], Scalar]]:
        chance = _chances(now, course.amount)
        moved = jnp.where(now.begins, first, step(mass, now.kind, now.drift, chance.beyond))
        if now.enforced is not None:
            moved = moved * (1.0 - now.enforced * _short_of(course.covenant))[None, :]
        struck = now.delisting * moved[0]
        unlisted = moved[1] + struck * (1.0 - chance.unable)
        raising = chance.raising * (moved[0] - struck)
        left = jnp.stack([moved[0] - struck - raising + raising @ raised, unlisted])
        return left, (left @ _SUMS, jnp.sum(raising))

    _, (sums, raising) = jax.lax.scan(one, jnp.zeros_like(first), march_steps(course, layout))
    sums = sums[layout.last]
    members = layout.quarter[None, :] == np.arange(course.drift.shape[0])[:, None]
    return March(
        living=jnp.sum(sums[:, :, 0], axis=1),
        listed=sums[:, 0, 0],
        cash=jnp.sum(sums[:, :, 1], axis=1),
        raising=members.astype(float) @ raising,
        residual=residual,
    )


def until_known(course: Course) -> tuple[Scalar, Scalar, Scalar]:
    """How the first exposed quarter is reached: planned change per quarter, quarters until the
    company is known to live, and until that quarter's end."""
    counted = jnp.append(True, course.exposed[:-1] <= 0.0)
    time = jnp.sum(counted, dtype=float)
    return course.drift @ counted / time, jnp.sum(1.0 - course.exposed), time


def _density_when_known(course: Course) -> tuple[Float[Array, "state node"], Scalar]:
    """Density at the end of the first exposed quarter of a company that lived until it was
    exposed, and the probability that the quadrature misses.

    Cash is known at the calendar's start only: what came between is a killed motion that is known
    not to have been killed, at the mean drift of the quarters counted.
    """
    rate, passed, time = until_known(course)
    times = jnp.stack([jnp.maximum(passed, _LEAST), time])
    begin, root = jnp.clip(course.begin, 0.0, TOP), jnp.sqrt(times)
    start, move = begin / root, rate * root
    below = normal_below(jnp.stack([start + move, move - start, start + move - TOP / root]))
    lived, lives = lasting(start, move, below[0], below[1])
    mass = density_from(begin, rate * time, time, below[2, 1])
    given = jnp.maximum(lived, _LEAST)
    return jnp.stack([mass / given, jnp.zeros_like(mass)]), jnp.abs(jnp.sum(mass) - lives) / given


def outlook(
    drift: Float[Array, "quarter"], horizon: Scalar, ends: Float[np.ndarray, "step"]
) -> tuple[Float[Array, "step"], Float[Array, "step"]]:
    """Planned change over the investors' horizon (years) after each of `ends` (quarters), and its
    length in quarters as far as the calendar goes."""
    since = ends[:, None] - np.arange(drift.shape[0])[None, :]
    ahead = jnp.clip(since + horizon / QUARTER, 0.0, 1.0) - np.clip(since, 0.0, 1.0)
    return ahead @ drift, jnp.maximum(jnp.sum(ahead, axis=1), 1e-3)


def march_steps(course: Course, layout: Layout) -> Step:
    """All steps, with a leading step axis."""
    before = jnp.append(False, course.exposed[:-1] > 0.0)[layout.quarter]
    begins = ~before & layout.is_last & (course.exposed[layout.quarter] > 0.0)
    after = jnp.stack([course.exposed, jnp.minimum(course.exposed, course.watched)])
    within = jnp.where(before, layout.length, begins.astype(float))  # a quarter begins as a whole
    exposure, watched = after[:, layout.quarter] * within[None, :]
    later, later_time = outlook(course.drift, course.horizon, layout.end)
    return Step(
        kind=jnp.asarray(layout.kind),
        begins=begins,
        drift=jnp.clip(course.drift, -STEEPEST, STEEPEST)[layout.quarter] * layout.length,
        put=course.put[layout.quarter],
        delisting=-jnp.expm1(-QUARTER * course.delisting * watched),
        raises=-jnp.expm1(-QUARTER * course.raises * exposure),
        later=later,
        later_time=later_time,
        enforced=None
        if course.enforced is None
        else course.enforced[layout.quarter] * (layout.is_last & (before | begins)),
    )


def _short_of(cash: Scalar | None) -> Float[Array, "node"]:
    """Chance of having less than a sum, its edge blurred for the nodes; none asks for nothing."""
    level = -TOP if cash is None else cash
    return normal_below((level - jnp.asarray(NODES)) / BLUR)


def _chances(now: Step, amount: Scalar) -> _Chances:
    """By the normal distribution function: four in one call, their arguments linear in cash."""
    nodes = jnp.asarray(NODES)
    narrow = 1.0 / jnp.sqrt(now.later_time)
    root = 1.0 / jnp.sqrt(jnp.asarray(LENGTHS)[now.kind])
    up, down = (now.later + amount) * narrow, (now.later - amount) * narrow
    level = jnp.stack([up, down, (now.drift - TOP) * root, now.put / BLUR])
    slope = jnp.stack([narrow, -narrow, root, jnp.full_like(root, -1.0 / BLUR)])
    rises, falls, beyond, short = normal_below(level[:, None] + slope[:, None] * nodes[None, :])
    lasts = lasting((nodes + amount) * narrow, now.later * narrow, rises, falls)
    return _Chances(beyond, jnp.where(now.put > 0.0, short, 0.0), now.raises * lasts)
