"""What each freedom is worth to the incumbent, from the draws of a comparison of structures.

To wait and to stop are in `structure_options`, with rules fitted by least squares. Here are the
others: to expand (such a rule as well), to stage, to choose the plant and to buy the designs out
of the estate. What is learned before a plant or a bid is chosen is not modeled: these two are
worth at most what knowing the draw brings, and at least nothing.
"""

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from framerail.deal.options import Flexibility, exercise_map, expand
from framerail.studies.monte_carlo import MonteCarlo
from framerail.studies.outside_options import OutsideOptions
from framerail.studies.structure_figures import FAILURES, StructureFigures
from framerail.studies.structure_options import degree_of, path_states, paths_of, rules

MORE, MORE_COST = 0.25, 100e6
"""Expansion that is looked at: a share of later cash, and its cost in dollars of its day; both
assumed."""
SPREAD = (10, 50, 90)
"""Percentiles of last year's cash at which the exercise map is read."""
_ESTATE = "buy the estate"


@dataclasses.dataclass(frozen=True)
class Freedom:
    """One freedom: its worth to the incumbent (dollars at the calendar's start) with a standard
    error; `bound` marks a worth that supposes the draw known before the choice."""

    name: str
    worth: float
    error: float
    bound: bool


@dataclasses.dataclass(frozen=True)
class MapRow:
    """Whether to stop at the start of a year, by what is known then: last year's cash (dollars)
    and whether the start-up has failed."""

    year: int
    failed: bool
    percentile: int
    last_cash: float
    stop: bool


def freedoms(
    kept: Mapping[str, StructureFigures],
    outside: OutsideOptions,
    sites: Mapping[str, MonteCarlo],
    quarters: np.ndarray,
) -> list[Freedom]:
    """Expand, stage, choose the plant, buy later; `kept` has the usable draws by structure, the
    scenario's own first."""
    found = [_expanding(next(iter(kept.values())), quarters[::4])]
    if {"milestones", "all upfront"} <= kept.keys():
        gains = [
            np.asarray(kept[name].headline.gain)[:, 0] for name in ("milestones", "all upfront")
        ]
        found.append(_mean("stage: milestones, not all upfront", gains[0] - gains[1]))
    if len(sites) > 1:
        valid = np.all([one.valid for one in sites.values()], axis=0)
        gain = np.stack([np.asarray(one.outputs.gain)[valid, 0] for one in sites.values()])
        ahead = gain.max(axis=0) - gain[int(np.argmax(gain.mean(axis=1)))]
        found.append(_mean("switch plant, before it is built", ahead, bound=True))
    if _ESTATE in outside.incumbent:
        bought = np.maximum(outside.incumbent[_ESTATE][outside.usable], 0.0)
        found.append(_mean("buy the designs out of the estate", bought, bound=True))
    return found


def _mean(name: str, values: np.ndarray, *, bound: bool = False) -> Freedom:
    error = float(values.std() / np.sqrt(max(values.size, 1)))
    return Freedom(name, float(values.mean()), error, bound)


def _expanding(figures: StructureFigures, years: np.ndarray) -> Freedom:
    """More of the program from some year on: its later cash grows by a share, for a cost."""
    draws = 2 * (np.asarray(figures.paid).size // 2)
    cash = paths_of(figures)[: draws * FAILURES]
    state = path_states(figures, years)[: draws * FAILURES]
    discount = np.asarray(figures.incumbent_discount)[:draws, ::4].repeat(FAILURES, axis=0)
    addition = _expected(state, MORE * np.cumsum(cash[:, ::-1], axis=1)[:, ::-1])
    half, one = cash.shape[0] // 2, jnp.ones(cash.shape[1])
    found: list[Flexibility] = []
    for order in (np.arange(2 * half), np.roll(np.arange(2 * half), half)):
        known, more, cost = (
            jnp.asarray(each[order]) for each in (state, addition, MORE_COST * discount)
        )
        found.append(expand(known, more, cost, one, degree=degree_of(cash.shape[0])))
    error = np.sqrt(sum(float(each.standard_error) ** 2 for each in found)) / len(found)
    worth = float(np.mean([float(each.worth) for each in found]))
    # Paths of one draw share everything but the failure: they count as one.
    return Freedom("expand by a quarter", worth, float(error) * FAILURES**0.5, bound=False)


def _expected(state: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Mean of what is still to come given the state of each date: who decides does not know the
    path. Linear, fitted on each half of the paths for the other."""
    half, found = value.shape[0] // 2, np.zeros_like(value)
    sides = (slice(0, half), slice(half, 2 * half))
    for fitted, used in (sides, sides[::-1]):
        for date in range(value.shape[1]):
            scale = np.maximum(np.abs(state[fitted, date]).max(axis=0), 1e-12)
            known, asked = (
                np.column_stack([np.ones(half), state[each, date] / scale])
                for each in (fitted, used)
            )
            rule = np.linalg.lstsq(known, value[fitted, date], rcond=1e-9)[0]
            found[used, date] = asked @ rule
    return found


def stop_map(figures: StructureFigures, years: np.ndarray) -> list[MapRow]:
    """When to stop for nothing, by the rule fitted on the first half of the draws."""
    state = path_states(figures, years)
    policy = rules(figures, years)[0].policy
    rows = []
    for place, year in enumerate(years[1:], start=1):
        for failed in (False, True):
            here = state[(state[:, place, 2] > 0.0) == failed, place]
            if not here.size:
                continue
            last = np.percentile(here[:, 1], SPREAD)
            known = np.stack([np.full(3, np.median(here[:, 0])), last, np.full(3, failed)], axis=1)
            stops = exercise_map(
                policy, jnp.asarray(known), lambda s: jnp.zeros(s.shape[0]), jnp.ones(years.size)
            )
            rows += [
                MapRow(int(year), failed, at, float(money), bool(stop))
                for at, money, stop in zip(SPREAD, last, np.asarray(stops)[place], strict=True)
            ]
    return rows


__all__ = ["MORE", "MORE_COST", "Freedom", "MapRow", "freedoms", "stop_map"]
