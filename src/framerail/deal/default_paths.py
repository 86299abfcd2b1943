"""The same failure as in `survival`, drawn path by path: one draw costs a few microseconds.

`survive` carries the whole density of cash and is exact and smooth; a path has one time of failure
and no slope. Use it where ten thousand draws of a deal are wanted and a mean is all that counts.
Steps, known life and what befalls at a step's end are those of the march (`cash_march`).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from framerail.deal.cash_march import BLUR, MONTHLY, Course, Layout, Step, march_steps, until_known
from framerail.deal.killed_motion import first_passage_probability, normal_below
from framerail.deal.partners import Covenant
from framerail.deal.survival import MarketAccess, course_of
from framerail.numerics.calendar import QuarterGrid
from framerail.quantities import Scalar

_HALVINGS = 40
_LEAST = 1e-9
"""Shortest time, in quarters, that a path takes to anything."""


class PathDraws(eqx.Module):
    """Random numbers of one path, by step (`path_steps` says how many).

    Attributes:
        known: uniform, cash on the date on which the company is known to live.
        cash: standard normal, the surprise in cash.
        touch: uniform, whether the floor is touched between the ends.
        delisting: uniform, whether the listing is lost.
        able: standard normal, what can be scraped together for a put or a covenant.
        waiver: uniform, whether lenders let a breach pass.
        raising: uniform, whether money is raised.
        size: standard normal, how much.
    """

    known: Float[Array, "..."]
    cash: Float[Array, "... step"]
    touch: Float[Array, "... step"]
    delisting: Float[Array, "... step"]
    able: Float[Array, "... step"]
    waiver: Float[Array, "... step"]
    raising: Float[Array, "... step"]
    size: Float[Array, "... step"]


class _State(eqx.Module):
    above: Float[Array, ""]
    alive: Bool[Array, ""]
    listed: Bool[Array, ""]


def path_steps(quarters: int, monthly: int = MONTHLY) -> int:
    """Steps of a calendar: months in `monthly` quarters after the first, quarters else."""
    return Layout(quarters, monthly).quarter.size


def default_time_of_path(
    cash: Scalar,
    minimum_cash: Scalar,
    drift: Float[Array, "quarter"],
    put: Float[Array, "quarter"],
    cash_shock: Scalar,
    access: MarketAccess,
    grid: QuarterGrid,
    draws: PathDraws,
    investor_horizon: Scalar,
    alive_on: Scalar | None = None,
    monthly: int = MONTHLY,
    covenant: Covenant | None = None,
) -> Scalar:
    """Time of failure in quarters (the step's middle), or the number of quarters if it lives.

    Arguments as in `survive`; between the ends of a step cash is a Brownian bridge.
    """
    course = course_of(
        cash, minimum_cash, drift, put, cash_shock, access, grid, investor_horizon, alive_on,
        covenant,
    )  # fmt: skip
    layout = Layout(grid.quarters, monthly)
    steps = march_steps(course, layout)
    rate, passed, time = until_known(course)
    # A step before the company is known to live takes no time; the quarter in which it is known
    # is one step, of what is left of it.
    before = jnp.append(False, course.exposed[:-1] > 0.0)[layout.quarter]
    rest = time - passed
    length = jnp.where(steps.begins, rest, jnp.where(before, layout.length, 0.0))
    move = jnp.where(steps.begins, rate * rest, jnp.where(before, steps.drift, 0.0))

    def step(
        state: _State, now: tuple[Step, PathDraws, Array, Array]
    ) -> tuple[_State, Bool[Array, ""]]:
        meets, luck, lasts, change = now
        runs = lasts > 0.0
        some = jnp.maximum(lasts, _LEAST)
        ends = state.above + change + jnp.sqrt(jnp.maximum(lasts, 0.0)) * luck.cash
        inside = (state.above > 0.0) & (ends > 0.0)
        crossing = jnp.exp(jnp.where(inside, -2.0 * state.above * ends / some, 0.0))
        alive = state.alive & ((inside & (luck.touch >= crossing)) | ~runs)
        able = ends + BLUR * luck.able
        struck = state.listed & (luck.delisting < meets.delisting)
        alive = alive & ~(struck & (meets.put > 0.0) & (able < meets.put))
        if meets.enforced is not None and course.covenant is not None:
            alive = alive & ~((luck.waiver < meets.enforced) & (able < course.covenant))
        listed = state.listed & ~struck
        fails = first_passage_probability(  # with the money, within the investors' horizon
            jnp.maximum(ends + course.amount, 0.0), meets.later / meets.later_time,
            jnp.ones(()), meets.later_time,
        )  # fmt: skip
        raised = listed & (luck.raising < meets.raises * (1.0 - fails))
        size = course.amount + jnp.maximum(course.spread, BLUR) * luck.size
        got = jnp.where(ends + size < 0.0, course.amount, size)
        return _State(jnp.where(raised, ends + got, ends), alive, listed), alive

    start = _State(
        _cash_when_known(course, rate, passed, draws.known), jnp.ones((), bool), jnp.ones((), bool)
    )
    by_step = eqx.tree_at(lambda each: each.known, draws, draws.cash)
    _, alive = jax.lax.scan(step, start, (steps, by_step, length, move))
    fails_in = jnp.argmin(alive)
    middle = jnp.asarray(layout.end)[fails_in] - 0.5 * length[fails_in]
    return jnp.where(alive[-1], float(grid.quarters), middle)


def _cash_when_known(course: Course, rate: Scalar, passed: Scalar, chance: Scalar) -> Scalar:
    """Cash above the floor on the day on which the company is known to live, given that it does:
    a killed motion from the reported cash, its distribution inverted by halving."""
    time = jnp.maximum(passed, _LEAST)
    root, begin = jnp.sqrt(time), jnp.maximum(course.begin, 0.0)
    image = jnp.exp(jnp.minimum(-2.0 * rate * begin, 600.0))

    def below(cash: Scalar) -> Scalar:
        straight = normal_below((cash - begin - rate * time) / root)
        straight = straight - normal_below((-begin - rate * time) / root)
        # Upper tails, which keep their digits.
        mirrored = normal_below((rate * time - begin) / root)
        mirrored = mirrored - normal_below((rate * time - begin - cash) / root)
        return straight - image * mirrored

    top = begin + jnp.maximum(rate, 0.0) * time + 10.0 * root
    whole = below(top)

    def halve(_: Int[Array, ""], sides: tuple[Scalar, Scalar]) -> tuple[Scalar, Scalar]:
        low, high = sides
        middle = 0.5 * (low + high)
        over = below(middle) > chance * whole
        return jnp.where(over, low, middle), jnp.where(over, middle, high)

    low, high = jax.lax.fori_loop(0, _HALVINGS, halve, (jnp.zeros_like(top), top))
    return jnp.where(passed > _LEAST, 0.5 * (low + high), course.begin)
