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
from framerail.scenario import Scenario
from framerail.studies.comparison import site_comparison
from framerail.studies.monte_carlo import MonteCarlo, realized_policy
from framerail.studies.rows import Progress
from framerail.studies.sampling import sample_leaves, sobol_points
from framerail.studies.structure_figures import (
    Chain,
    StructureFigures,
    drawn_terms,
    evaluate_structures,
)
from framerail.studies.structure_options import EXITS, Stopping, Waiting, stopping, waiting

OWN = "scenario's own"
"""Name of the term sheet that the scenario itself has."""
MOST = 4
"""Term sheets compared at once: each different set of clauses compiles anew."""
DRAWS = 256
"""Draws by default."""
INCUMBENT, START_UP = 0, 1


@dataclasses.dataclass(frozen=True)
class Structures:
    """Term sheets compared draw by draw.

    `figures` has every draw, `usable` marks those that count, the same for all structures;
    `waiting` and `stopping` are by structure (`stopping` one per `EXITS`), `sites` the scenario's
    own term sheet at every site.
    """

    scenario: Scenario
    figures: dict[str, StructureFigures]
    usable: np.ndarray
    waiting: dict[str, Waiting]
    stopping: dict[str, list[Stopping]]
    sites: dict[str, MonteCarlo]
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
    def accept(self) -> str | None:
        """What the incumbent should sign: its best structure, if that beats walking away."""
        best = self.best_for_incumbent
        return best if self.gain(best).mean() > 0.0 else None


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
    *,
    draws: int = DRAWS,
    seed: int | None = None,
    progress: Progress | None = None,
    chain: Chain = evaluate_structures,
    compare_sites: bool = True,
) -> Structures:
    """Compare the scenario's term sheet with those of variants on the same draws.

    **Arguments:** `variants` by name: the same scenario with other terms (nothing else of them is
    read); `draws`; `seed` defaults to the scenario's; `chain` evaluates rows under term sheets;
    `compare_sites` also evaluates the scenario's own terms at every other site.

    Raises:
        ValueError: with more than `MOST` term sheets, or fewer than 8 draws.
    """
    if len(variants) >= MOST or draws < 8:
        raise ValueError(f"at most {MOST} structures and at least 8 draws; take fewer, or more")
    seed = scenario.about.seed if seed is None else seed
    points = sobol_points(draws, len(scenario.uncertainty), seed)
    extra = _extra_points(scenario, variants, draws, seed)
    rows = sample_leaves(scenario, points)
    terms: dict[str, Terms] = {
        name: drawn_terms(one, scenario, points, extra)
        for name, one in {OWN: scenario, **variants}.items()
    }
    figures = chain(realized_policy(scenario), rows, terms, progress)
    own = MonteCarlo(rows, figures[OWN].headline, seed)
    usable = np.all([np.asarray(one.headline.fatal) == 0 for one in figures.values()], axis=0)
    kept = {name: usable_draws(one, usable) for name, one in figures.items()}
    quarters = np.asarray(scenario.start_of_quarter)
    as_of = decimal_year(scenario.about.as_of)
    return Structures(
        scenario=scenario,
        figures=figures,
        usable=usable,
        waiting={name: waiting(one, quarters, as_of) for name, one in kept.items()},
        stopping={
            name: [stopping(one, quarters[::4], *how) for how in EXITS]
            for name, one in kept.items()
        },
        sites=site_comparison(scenario, own, draws, progress) if compare_sites else {},
        seed=seed,
    )


def _extra_points(
    scenario: Scenario, variants: Mapping[str, Scenario], draws: int, seed: int
) -> np.ndarray:
    """Coordinates for terms that only variants leave open; the base's own stay those of a run."""
    known = {leaf.path for leaf in scenario.uncertainty}
    new = [{leaf.path for leaf in one.uncertainty} - known for one in variants.values()]
    dimension = max((len(paths) for paths in new), default=0)
    return sobol_points(draws, max(dimension, 1), seed + 1)
