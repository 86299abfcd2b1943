"""The whole study of one scenario: what a report is written from."""

import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor

from framerail.deal import Zone
from framerail.engine import Evaluation, Headline
from framerail.scenario import Scenario
from framerail.studies.books import ProgramBooks, partner_books
from framerail.studies.break_even import BreakEven, break_evens
from framerail.studies.comparison import site_comparison, zone
from framerail.studies.drivers import Driver, Linearized, linearize, prepare_linearization
from framerail.studies.monte_carlo import MonteCarlo, monte_carlo
from framerail.studies.programs import Programs, ProgramStore
from framerail.studies.rows import ChunkStore, Progress

COMPARISON_DRAWS = 256
"""Draws, at most, of each site in the comparison of sites."""
CANDIDATES = 12
"""Drivers for which the break-even value is sought."""


@dataclasses.dataclass(frozen=True)
class Study:
    """Everything computed about one scenario.

    `point` is the evaluation at the medians, `headline` its headline figures, `books` the partners'
    statements, measures of worth and full cost there, `draws` the Monte Carlo, `drivers`
    every uncertain input with its slopes, `sites` the paired comparison of sites, `zone` the zone
    of agreement (None without both clauses), `break_evens` the values at which the incumbent's gain
    is zero, `seconds` the wall time of every step.
    """

    scenario: Scenario
    point: Evaluation
    headline: Headline
    books: ProgramBooks
    draws: MonteCarlo
    drivers: list[Driver]
    sites: dict[str, MonteCarlo]
    zone: Zone | None
    break_evens: list[BreakEven]
    seconds: dict[str, float]


def study(
    scenario: Scenario,
    *,
    draws: int | None = None,
    seed: int | None = None,
    store: ChunkStore | None = None,
    programs: ProgramStore | None = None,
    progress: Progress | None = None,
) -> Study:
    """Evaluate, sample, compare and explain one scenario.

    **Arguments:** `draws` and `seed` default to the scenario's; `store` keeps Monte Carlo chunks
    for resumption, `programs` traced programs for the next process; `progress` is told of every
    step.
    """
    clock, kept = _Clock(), Programs(programs)
    prepare_linearization(scenario, kept)
    with ThreadPoolExecutor(max_workers=1) as aside:
        # The derivative's compilation is one long task: it runs beside the draws.
        medians = aside.submit(_at_medians, scenario, kept)
        samples = monte_carlo(
            scenario, draws=draws, seed=seed, progress=progress, store=store, programs=kept
        )
        clock.lap("draws")
        count = min(samples.draws, COMPARISON_DRAWS)
        sites = site_comparison(scenario, samples, count, progress, kept)
        clock.lap("sites")
        area = zone(scenario, progress, kept)
        clock.lap("zone")
        linear, books = medians.result()
        clock.lap("drivers")
        found = linear.drivers
        ranked = sorted(found, key=lambda d: -max(map(abs, d.swing("incumbent_gain"))))
        crossings = break_evens(scenario, ranked[:CANDIDATES], 0, progress, kept)
        clock.lap("break-even")
    return Study(
        scenario=scenario,
        point=linear.point,
        headline=linear.headline,
        books=books,
        draws=samples,
        drivers=found,
        sites=sites,
        zone=area,
        break_evens=crossings,
        seconds=clock.laps,
    )


def _at_medians(scenario: Scenario, programs: Programs) -> tuple[Linearized, ProgramBooks]:
    linear = linearize(scenario, programs)
    return linear, partner_books(scenario, linear.point, programs)


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now
