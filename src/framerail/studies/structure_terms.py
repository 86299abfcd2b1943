"""A term sheet term by term: the zone of agreement in any two, and what one step of each does.

Every sheet is settled on the same draws. Markets see only the royalty and the fee for building:
sheets that agree in these share solved markets, so that most terms cost a settlement alone.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from framerail.deal import Terms, Zone, efficient_frontier, value_moved, zone_from_gains
from framerail.scenario import Scenario, leaf_paths
from framerail.scenario_file import leaf_schema
from framerail.studies.monte_carlo import realized_policy
from framerail.studies.programs import Programs, ProgramStore
from framerail.studies.rows import Progress
from framerail.studies.sampling import sample_leaves, sobol_points
from framerail.studies.structure_chain import Chain, SolvedRows, fees_of, study_paths
from framerail.studies.structure_figures import drawn_terms, extra_points

TERMS = "deal.terms."
"""Where the term sheet lies in a scenario."""
STEPS: Mapping[str, float] = {
    "dollar": 10e6,
    "dollar/truck": 100.0,
    "truck/year": 1_000.0,
    "year": 0.25,
    "dimensionless": 0.05,
}
"""One step of a term by its unit, in that unit; a tenth of the value for any other."""
_SMALL = 1e4
"""Dollars below which a change is called none."""


@dataclasses.dataclass(frozen=True)
class Sheets:
    """Term sheets on given draws: `terms` as drawn (leaves of shape (draw,)) and variations of it.

    `rows` are the study's rows; `markets` keeps what was solved, by the fees seen by it.
    """

    chain: Chain
    rows: np.ndarray
    terms: Terms
    markets: dict[bytes, SolvedRows] = dataclasses.field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """Terms with a number, by path below `deal.terms`."""
        return tuple(leaf_paths(self.terms))

    def drawn(self, path: str) -> np.ndarray:
        """A term's value in every draw."""
        return np.asarray(jax.tree.leaves(self.terms)[self.paths.index(path)])

    def gains(
        self, changes: Mapping[str, np.ndarray | float], step: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Every party's gain over no deal with some terms set, shape (draw, party), and which
        draws are usable."""
        leaves, structure = jax.tree.flatten(self.terms)
        for path, value in changes.items():
            place = self.paths.index(path)
            leaves[place] = np.broadcast_to(value, np.shape(leaves[place])).astype(float)
        sheet = jax.tree.unflatten(structure, leaves)
        key = fees_of(sheet)
        if key not in self.markets:
            self.markets[key] = self.chain.solve(self.rows, sheet, "Markets")
        head = self.chain.settle(self.markets[key], sheet, step).headline
        return np.asarray(head.gain), np.asarray(head.fatal) == 0


def drawn_sheets(
    scenario: Scenario,
    draws: int,
    seed: int,
    programs: ProgramStore | None = None,
    progress: Progress | None = None,
) -> Sheets:
    """The scenario's own term sheet on the draws of `framerail run`."""
    points = sobol_points(draws, len(scenario.uncertainty), seed)
    extra = extra_points(scenario, [], draws, seed)
    chain = Chain(
        realized_policy(scenario), study_paths(scenario), Programs(programs), progress
    )  # fmt: skip
    terms = drawn_terms(scenario, scenario, points, extra)
    return Sheets(chain, sample_leaves(scenario, points), terms)


@dataclasses.dataclass(frozen=True)
class Axis:
    """One term of a zone: its path below `deal.terms`, and the values looked at."""

    path: str
    values: np.ndarray

    @property
    def place(self) -> str:
        """Its path in the scenario."""
        return TERMS + self.path


@dataclasses.dataclass(frozen=True)
class TermZone:
    """Zone of agreement in two terms.

    `zone` has mean gains over the usable draws, its `upfront` the values of `first` and its
    `royalty` those of `second`; `error` the standard errors of both gains by pair, shape
    (first, second, two); `efficient` marks pairs that no other pair beats for one side without
    costing the other.
    """

    scenario: Scenario
    first: Axis
    second: Axis
    zone: Zone
    error: np.ndarray
    efficient: np.ndarray
    draws: int
    usable: int
    seed: int

    @property
    def joint(self) -> np.ndarray:
        """Both partners' mean gain together, shape (first, second), dollars."""
        return np.asarray(self.zone.incumbent_gain) + np.asarray(self.zone.start_up_gain)


def term_zone(sheets: Sheets, first: Axis, second: Axis, seed: int) -> TermZone:
    """Gains over the grid of two terms, every other input as drawn.

    Raises:
        ValueError: where no draw is usable under every pair.
    """
    found, usable = [], np.ones(sheets.rows.shape[0], bool)
    for one in first.values:
        for other in second.values:
            gain, sound = sheets.gains({first.path: one, second.path: other}, "Pairs of terms")
            found.append(gain[:, :2])
            usable &= sound
    if not usable.any():
        raise ValueError("no draw could be evaluated under every pair; narrow the ranges")
    shape = (first.values.size, second.values.size, -1, 2)
    gains = np.stack(found).reshape(shape)[:, :, usable]
    mean = gains.mean(axis=2)
    scenario = sheets.chain.scenario
    return TermZone(
        scenario=scenario,
        first=first,
        second=second,
        zone=zone_from_gains(
            jnp.asarray(first.values),
            jnp.asarray(second.values),
            jnp.asarray(mean[..., 0]),
            jnp.asarray(mean[..., 1]),
            scenario.deal.bargain.incumbent_power,
        ),
        error=gains.std(axis=2) / np.sqrt(usable.sum()),
        efficient=np.asarray(efficient_frontier(jnp.asarray(mean.reshape(-1, 2)))).reshape(
            mean.shape[:2]
        ),
        draws=usable.size,
        usable=int(usable.sum()),
        seed=seed,
    )


@dataclasses.dataclass(frozen=True)
class Lever:
    """What one step of one term does to the mean gains (dollars).

    `value` is the term's mean, `step` in its unit; `up` and `down` are the changes of incumbent,
    start-up and everybody else together after a step up and down; `error` the standard errors of
    the incumbent's, the start-up's and their joint change after the step up. `frontier` names the
    steps that no other single step, nor the sheet as it is, beats for one partner without costing
    the other.
    """

    path: str
    value: float
    step: float
    up: np.ndarray
    down: np.ndarray
    error: np.ndarray
    frontier: tuple[str, ...]

    @property
    def joint(self) -> float:
        """Both partners' change after the step up."""
        return float(self.up[0] + self.up[1])

    @property
    def moved(self) -> float:
        """Value that the step takes from one partner and gives to the other."""
        return float(value_moved(jnp.asarray(self.up[None, :2]))[0][0])

    @property
    def kind(self) -> str:
        """What the step up mostly does between the partners: moves, creates or destroys value."""
        if np.abs(self.up[:2]).max() < _SMALL:
            return "nothing"
        if abs(self.joint) <= self.moved:
            return "moves"
        return "creates" if self.joint > 0.0 else "destroys"


def levers(sheets: Sheets, earliest: float) -> list[Lever]:
    """Every term of the sheet, one step up and one down, largest joint change first.

    **Arguments:** `earliest` is the first date (decimal year) that a term may move to.
    """
    base, usable = sheets.gains({}, "Term by term")
    moves: dict[tuple[str, str], np.ndarray] = {}
    steps = {path: _step(sheets, path) for path in sheets.paths}
    for path, step in steps.items():
        low, high, _ = declared(path)
        if is_date(path):
            low = max(low, earliest)
        for name, sign in (("up", 1.0), ("down", -1.0)):
            value = np.clip(sheets.drawn(path) + sign * step, low, high)
            gain, sound = sheets.gains({path: value}, "Term by term")
            moves[path, name] = gain - base
            usable = usable & sound
    if not usable.any():
        return []
    changes = {key: _three(change[usable]) for key, change in moves.items()}
    means = np.stack([np.zeros(2), *(each.mean(axis=0)[:2] for each in changes.values())])
    best = np.asarray(efficient_frontier(jnp.asarray(means)))[1:]
    stays = means[1:].any(axis=1)  # a step that changes nothing is the sheet as it is
    efficient = dict(zip(changes, best & stays, strict=True))
    found = [
        Lever(
            path=path,
            value=float(sheets.drawn(path).mean()),
            step=step,
            up=changes[path, "up"].mean(axis=0),
            down=changes[path, "down"].mean(axis=0),
            error=_errors(changes[path, "up"]),
            frontier=tuple(name for name in ("up", "down") if efficient[path, name]),
        )
        for path, step in steps.items()
    ]
    return sorted(found, key=lambda one: -max(abs(one.joint), float(np.abs(one.up[:2]).max())))


def _three(change: np.ndarray) -> np.ndarray:
    """Changes of incumbent, start-up and all others together."""
    return np.column_stack([change[:, :2], change[:, 2:].sum(axis=1)])


def _errors(change: np.ndarray) -> np.ndarray:
    """Standard errors of both partners' changes and of their sum."""
    pair = np.column_stack([change[:, :2], change[:, :2].sum(axis=1)])
    return pair.std(axis=0) / np.sqrt(pair.shape[0])


def declared(path: str) -> tuple[float, float, str]:
    """Least and largest value that a term's declaration allows, and its unit."""
    schema = leaf_schema(TERMS + path)
    found: Sequence[Mapping[str, float]] = schema.get("anyOf", [{}])
    limits = found[0] if found else {}
    unit = str(schema.get("x-unit", "dimensionless"))
    return limits.get("minimum", -np.inf), limits.get("maximum", np.inf), unit


def is_date(path: str) -> bool:
    """Whether a term is a date in decimal years."""
    return declared(path)[0] > 1_000.0


def _step(sheets: Sheets, path: str) -> float:
    if is_date(path):
        return STEPS["year"]
    return STEPS.get(declared(path)[2], 0.1 * float(np.abs(sheets.drawn(path)).mean()))


__all__ = [
    "STEPS",
    "TERMS",
    "Axis",
    "Lever",
    "Sheets",
    "TermZone",
    "declared",
    "drawn_sheets",
    "is_date",
    "levers",
    "term_zone",
]
