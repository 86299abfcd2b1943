"""What the incumbent's freedom is worth under a term sheet: to wait three weeks, to stop later.

Both are optimal stopping on the engine's draws (`framerail.deal.options.abandon`). The rule is
fitted on one half of the draws and valued on the other, and then the halves change places.
"""

import dataclasses
from collections.abc import Iterable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from framerail.deal.options import Flexibility, abandon, follow
from framerail.studies.structure_figures import FAILURES, StructureFigures

WAIT = 21.0 / 365.25
"""Three weeks (years)."""
EXITS = ((0.0, False), (100e6, False), (0.0, True))
"""Freedoms to stop: cost in dollars of its day (none, or assumed claims of suppliers and of the
plant), and whether only after the start-up's failure."""
_NEVER = -1e15
"""Payoff on a date without a choice."""
_MANY = 200
"""Paths of one half from which the regression has squares and products."""


@dataclasses.dataclass(frozen=True)
class Waiting:
    """Signing in three weeks or walking away then, against signing now; dollars.

    `now` is the expected gain of signing now; `blind`, `books` and `oracle` that of choosing in
    three weeks having learned nothing, the start-up's state, everything. `error` is the standard
    error of what the right to leave adds to signing then, `leaves` the chance of using it, `fails`
    that the start-up is gone.
    """

    now: float
    blind: float
    books: float
    oracle: float
    error: float
    leaves: float
    fails: float

    @property
    def worth(self) -> float:
        """What waiting with the start-up's books adds to signing now."""
        return self.books - self.now

    @property
    def option(self) -> float:
        """The same against the better of signing now and of walking away at once."""
        return self.books - max(self.now, 0.0)


@dataclasses.dataclass(frozen=True)
class Stopping:
    """Freedom to stop the program in a later year; dollars at the calendar's start.

    `committed` is the incumbent's gain without it, `free` with it, `worth` the difference with its
    standard `error`, `by_year` the chance of stopping at the start of each calendar year (also
    where nothing is left to stop). `after_failure`: only once the start-up has failed.
    """

    exit_cost: float
    after_failure: bool
    committed: float
    free: float
    worth: float
    error: float
    by_year: np.ndarray


def _both_ways(
    state: np.ndarray,
    cash: np.ndarray,
    salvage: np.ndarray,
    degree: int,
    allowed: np.ndarray | None = None,
) -> list[Flexibility]:
    """Fitted on each half of the paths and valued on the other."""
    half = cash.shape[0] // 2
    orders = (np.arange(2 * half), np.roll(np.arange(2 * half), half))
    one = jnp.ones(cash.shape[1])
    found = []
    for order in orders:
        known, flow, left = (jnp.asarray(each[order]) for each in (state, cash, salvage))
        choice = None if allowed is None else jnp.asarray(allowed[order])
        made = abandon(known, flow, left, one, degree=degree, allowed=choice)
        mine = None if choice is None else choice[:half]
        fitted = follow(made.policy, known[:half], left[:half], flow[:half], one, counted=mine)
        pays = float(fitted.sample.mean()) > float(flow[:half].sum(axis=1).mean())
        found.append(made if pays else _unused(made))
    return found


def _unused(made: Flexibility) -> Flexibility:
    """A rule that loses on the very paths that it was fitted on is not followed on others."""
    nothing = jnp.zeros(())
    return eqx.tree_at(
        lambda f: (f.value, f.worth, f.standard_error, f.chance),
        made,
        (made.without, nothing, nothing, jnp.zeros_like(made.chance)),
    )


def _mean(values: Iterable[Array]) -> float:
    return float(np.mean([float(value) for value in values]))


def _error(found: list[Flexibility]) -> float:
    return float(np.sqrt(sum(float(each.standard_error) ** 2 for each in found))) / len(found)


def degree_of(paths: int) -> int:
    """Degree of the regression that so many paths, half of them fitted on, can carry."""
    return 2 if paths // 2 >= _MANY else 1


def waiting(figures: StructureFigures, quarters: np.ndarray, as_of: float) -> Waiting:
    """Value of three weeks for the incumbent, from usable draws (leading axis of `figures`).

    The draw is the true state of the world and its gain is what signing brings in it. For three
    weeks the start-up lives without the deal, at its hazard of the quarter; one that fails cannot
    be signed with. The books say how near it is to failing: its chance of failing without the deal
    by the end of the coming year, and the quarters that its cash lasts.
    """
    head = figures.headline
    gain = np.asarray(head.gain)[:, 0]
    place = int(np.searchsorted(quarters, as_of + WAIT, side="right")) - 1
    failed = np.asarray(head.default_without)
    before = failed[:, place - 1] if place else np.zeros_like(gain)
    hazard = (failed[:, place] - before) / np.maximum(1.0 - before, 1e-9)
    # The first quarter's hazard falls on what is left of it when the wait begins.
    exposed = min(0.25, quarters[place] + 0.25 - as_of)
    gone = 1.0 - (1.0 - np.clip(hazard, 0.0, 1.0)) ** (WAIT / exposed)
    discount = np.asarray(figures.incumbent_discount)
    carried = (discount[:, place + 1] / discount[:, place]) ** (WAIT / 0.25)
    later = carried * (1.0 - gone) * gain
    count = 2 * (gain.size // 2)
    seen = np.stack([failed[:, min(place + 4, failed.shape[1] - 1)], head.runway_without], axis=1)
    state = np.repeat(seen[:count, None, :], 2, axis=1)
    cash = np.stack([np.zeros(count), later[:count]], axis=1)
    salvage = np.stack([np.zeros(count), np.full(count, _NEVER)], axis=1)
    found = _both_ways(state, cash, salvage, degree_of(2 * count))
    return Waiting(
        now=float(gain.mean()),
        blind=max(float(later.mean()), 0.0),
        books=_mean(each.value for each in found),
        oracle=float(np.maximum(later, 0.0).mean()),
        error=_error(found),
        leaves=_mean(each.chance[0] for each in found),
        fails=float(gone.mean()),
    )


def path_states(figures: StructureFigures, years: np.ndarray) -> np.ndarray:
    """What the incumbent knows at the start of each year: its cash from the deal so far and of
    the last year, and whether the start-up has failed; shape (path, year, 3)."""
    cash = paths_of(figures)
    last = np.concatenate([np.zeros((cash.shape[0], 1)), cash[:, :-1]], axis=1)
    failed = np.asarray(figures.failure_date).reshape(-1, 1) < years[None, :]
    return np.stack([np.cumsum(last, axis=1), last, failed.astype(float)], axis=2)


def paths_of(figures: StructureFigures) -> np.ndarray:
    """The incumbent's cash by path and year; a draw's dates of failure lie side by side."""
    cash = np.asarray(figures.incumbent_cash)
    return cash.reshape(-1, cash.shape[2])


def rules(
    figures: StructureFigures,
    years: np.ndarray,
    exit_cost: float = 0.0,
    *,
    after_failure: bool = False,
) -> list[Flexibility]:
    """The freedom to stop, fitted on each half of the draws and valued on the other."""
    draws = 2 * (np.asarray(figures.paid).size // 2)
    cash = paths_of(figures)[: draws * FAILURES]
    state = path_states(figures, years)[: draws * FAILURES]
    discount = np.asarray(figures.incumbent_discount)[:draws, ::4].repeat(FAILURES, axis=0)
    salvage = -exit_cost * discount
    salvage[:, 0] = _NEVER  # at the start the choice is not to sign
    allowed = None
    if after_failure:
        # A rule fitted on paths without a choice would judge the few that have one by the many.
        allowed = state[:, :, 2] > 0.0
        salvage = np.where(allowed, salvage, _NEVER)
    return _both_ways(state, cash, salvage, degree_of(cash.shape[0]), allowed)


def stopping(
    figures: StructureFigures, years: np.ndarray, exit_cost: float, after_failure: bool = False
) -> Stopping:
    """Value of the freedom to stop at the start of any year after the first.

    Cash from then on is lost, `exit_cost` is paid. Each draw counts with several dates of failure.
    """
    found = rules(figures, years, exit_cost, after_failure=after_failure)
    return Stopping(
        exit_cost=exit_cost,
        after_failure=after_failure,
        committed=_mean(each.without for each in found),
        free=_mean(each.value for each in found),
        worth=_mean(each.worth for each in found),
        # Paths of one draw share everything but the failure: they count as one.
        error=_error(found) * FAILURES**0.5,
        by_year=np.mean([np.asarray(each.chance) for each in found], axis=0),
    )
