"""Which structure: the same partners, program and draws under several term sheets.

Answers what a board asks before it signs: who gains, how often the start-up fails, what a failure
costs, where the check goes, which structure makes most and which to accept, and what freedom to
wait or to stop is worth.
"""

import dataclasses
import datetime
from collections.abc import Mapping

import jax
import numpy as np

from framerail.deal import Terms
from framerail.scenario import Scenario, leaf_paths
from framerail.studies.comparison import at_site, rows_at_site
from framerail.studies.monte_carlo import MonteCarlo, realized_policy
from framerail.studies.outside_options import Alternatives, Drawn, OutsideOptions, outside_options
from framerail.studies.programs import Programs, ProgramStore
from framerail.studies.rows import CHUNK, Progress
from framerail.studies.sampling import columns, sample_leaves, sobol_points
from framerail.studies.structure_chain import Chain, SolvedRows, fees_of, settle_all, study_paths
from framerail.studies.structure_figures import StructureFigures, drawn_terms, extra_points
from framerail.studies.structure_freedoms import Freedom, freedoms
from framerail.studies.structure_options import EXITS, Stopping, Waiting, stopping, waiting
from framerail.studies.structure_terms import Lever, Sheets, levers
from framerail.studies.tranche_schedule import Bargain, search

OWN = "scenario's own"
"""Name of the term sheet that the scenario itself has."""
MOST = 4
"""Term sheets compared at once: each different set of clauses compiles anew."""
DRAWS = 256
"""Draws by default."""
SEARCHED = 2 * CHUNK
"""Draws, at most, on which tranche schedules are searched."""
INCUMBENT, START_UP = 0, 1


@dataclasses.dataclass(frozen=True)
class Structures:
    """Term sheets compared draw by draw.

    `figures` has every draw, `usable` marks those that count, the same for all structures;
    `waiting` and `stopping` are by structure (`stopping` one per `EXITS`), `sites` the scenario's
    own term sheet at every site, `outside` what each side has without the deal, `bargain` the
    search over tranche schedules against it (both None where no alternatives were given),
    `levers` the scenario's own terms one by one, and `flexibility` what each freedom is worth to
    the incumbent under them (both empty then).
    """

    scenario: Scenario
    figures: dict[str, StructureFigures]
    usable: np.ndarray
    waiting: dict[str, Waiting]
    stopping: dict[str, list[Stopping]]
    sites: dict[str, MonteCarlo]
    outside: OutsideOptions | None
    bargain: Bargain | None
    levers: list[Lever]
    flexibility: list[Freedom]
    seed: int

    @property
    def names(self) -> list[str]:
        """Structures in order, the scenario's own first."""
        return list(self.figures)

    def of(self, name: str) -> StructureFigures:
        """Figures of the usable draws."""
        return usable_draws(self.figures[name], self.usable)

    def gain(self, name: str, party: int = INCUMBENT) -> np.ndarray:
        """A party's gain over the usable draws, in the order of `deal.PARTIES` (dollars)."""
        return np.asarray(self.figures[name].headline.gain)[self.usable, party]

    def joint(self, name: str) -> np.ndarray:
        """The two partners' gain together over the usable draws (dollars)."""
        return self.gain(name) + self.gain(name, START_UP)

    @property
    def best_joint(self) -> str:
        """The structure with the largest expected joint gain."""
        return max(self.names, key=lambda name: self.joint(name).mean())

    @property
    def best_for_incumbent(self) -> str:
        """The structure with the incumbent's largest expected gain, acceptable or not."""
        return max(self.names, key=lambda name: self.gain(name).mean())

    @property
    def reservation(self) -> float:
        """What the incumbent expects without the deal, over doing nothing (dollars)."""
        return float(self.outside.disagreement[INCUMBENT]) if self.outside else 0.0

    @property
    def accept(self) -> str | None:
        """What the incumbent should sign: its best structure, if that beats its best option
        outside the deal."""
        best = self.best_for_incumbent
        return best if self.gain(best).mean() > self.reservation else None


def usable_draws(figures: StructureFigures, usable: np.ndarray) -> StructureFigures:
    """The draws that are marked."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[usable], figures)


def decimal_year(iso_date: str) -> float:
    """A date such as 2024-03-01 as a decimal year."""
    day = datetime.date.fromisoformat(iso_date)
    start = datetime.date(day.year, 1, 1)
    return day.year + (day - start).days / (datetime.date(day.year + 1, 1, 1) - start).days


def structures(
    scenario: Scenario,
    variants: Mapping[str, Scenario],
    alternatives: Alternatives | None = None,
    *,
    draws: int = DRAWS,
    seed: int | None = None,
    programs: ProgramStore | None = None,
    progress: Progress | None = None,
    chain: Chain | None = None,
    compare_sites: bool = True,
) -> Structures:
    """Compare the scenario's term sheet with those of variants on the same draws.

    **Arguments:** `variants` by name: the same scenario with other terms (nothing else of them is
    read); `alternatives`, what each side could do without the deal; `draws`; `seed` defaults to
    the scenario's; `programs` keeps traced programs for the next process; `chain` evaluates rows
    under term sheets; `compare_sites` also evaluates the scenario's own terms at every other site.

    Raises:
        ValueError: with more than `MOST` term sheets, fewer than 8 draws, or alternatives with
            other tables than the scenario's.
    """
    if len(variants) >= MOST or draws < 8:
        raise ValueError(f"at most {MOST} structures and at least 8 draws; take fewer, or more")
    seed = scenario.about.seed if seed is None else seed
    points = sobol_points(draws, len(scenario.uncertainty), seed)
    others = list(variants.values()) + (alternatives.all if alternatives else [])
    extra = extra_points(scenario, others, draws, seed)
    paths = study_paths(scenario, alternatives.varied(scenario) if alternatives else ())
    rows = _rows(scenario, paths, points)
    if chain is None:
        chain = Chain(realized_policy(scenario), paths, Programs(programs), progress)
    terms: dict[str, Terms] = {
        name: drawn_terms(one, scenario, points, extra)
        for name, one in {OWN: scenario, **variants}.items()
    }
    figures, solved = settle_all(chain, rows, terms)
    usable = np.all([np.asarray(one.headline.fatal) == 0 for one in figures.values()], axis=0)
    as_of = decimal_year(scenario.about.as_of)
    outside, bargained, steps = None, None, []
    if alternatives is not None:
        drawn = Drawn(points, extra, rows, figures[OWN], as_of)
        outside = outside_options(chain, alternatives, drawn)
        bargained = _bargain(chain, solved, terms[OWN], outside)
        steps = levers(_first_sheets(chain, rows, terms[OWN], solved), as_of)
        usable &= outside.usable
        outside = dataclasses.replace(outside, usable=usable)
    kept = {name: usable_draws(one, usable) for name, one in figures.items()}
    quarters = np.asarray(scenario.start_of_quarter)
    own = MonteCarlo(rows[:, : len(columns(scenario))], figures[OWN].headline, seed)
    sites = _sites(chain, own, terms[OWN], points) if compare_sites else {}
    return Structures(
        scenario=scenario,
        figures=figures,
        usable=usable,
        waiting={name: waiting(one, quarters, as_of) for name, one in kept.items()},
        stopping={
            name: [stopping(one, quarters[::4], *how) for how in EXITS]
            for name, one in kept.items()
        },
        sites=sites,
        outside=outside,
        bargain=bargained,
        levers=steps,
        flexibility=freedoms(kept, outside, sites, quarters) if outside else [],
        seed=seed,
    )


def _rows(scenario: Scenario, paths: tuple[str, ...], points: np.ndarray) -> np.ndarray:
    """The study's rows: a run's columns, then the values of those that only options vary."""
    own = sample_leaves(scenario, points)
    values = dict(zip(leaf_paths(scenario), jax.tree.leaves(scenario), strict=True))
    more = [np.full(own.shape[0], float(values[path])) for path in paths[own.shape[1] :]]
    return np.column_stack([own, *more])


def _bargain(chain: Chain, solved: SolvedRows, terms: Terms, outside: OutsideOptions) -> Bargain:
    """Tranche schedules on the first draws, against what each side has outside."""
    count = min(solved.rows, SEARCHED)
    some = SolvedRows(solved.chunks[: -(-count // CHUNK)], count)
    power = float(chain.scenario.deal.bargain.incumbent_power)
    first = jax.tree.map(lambda leaf: leaf[:count], terms)
    return search(chain, some, first, outside.disagreement, power)


def _first_sheets(chain: Chain, rows: np.ndarray, terms: Terms, solved: SolvedRows) -> Sheets:
    """The first draws' term sheet, its markets solved already."""
    count = min(solved.rows, CHUNK)
    first = jax.tree.map(lambda leaf: np.asarray(leaf)[:count], terms)
    return Sheets(
        chain, rows[:count], first, {fees_of(first): SolvedRows(solved.chunks[:1], count)}
    )


def _sites(
    chain: Chain, own: MonteCarlo, terms: Terms, points: np.ndarray
) -> dict[str, MonteCarlo]:
    """The scenario's own terms at every site, on the draws of the chosen one."""
    scenario = chain.scenario
    found = {scenario.plant.chosen: own}
    count = own.inputs.shape[1]
    later = _rows(scenario, chain.paths, points)[:, count:]
    for name in sorted(set(scenario.plant.sites) - {scenario.plant.chosen}):
        rows = rows_at_site(scenario, name, own.inputs, points)
        step, there = f"Site: {name}", at_site(scenario, name)
        solved = chain.solve(np.column_stack([rows, later]), terms, step, there)
        figures = chain.settle(solved, terms, step)
        found[name] = MonteCarlo(rows, figures.headline, own.seed)
    return found


__all__ = ["OWN", "Structures", "decimal_year", "structures", "usable_draws"]
