"""The estimate: effects of classes and makers on component parameters, with their uncertainty."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from framerail.studies.calibration.features import (
    PARAMETERS,
    TERMS,
    effects,
    machine_type,
    manufacturer,
)
from framerail.studies.calibration.hierarchy import Linearized, Posterior, infer
from framerail.studies.calibration.simulation import CYCLES, Bench
from framerail.vehicle import (
    OFFSETS,
    Conditions,
    DriveCycle,
    SpecificationDefaults,
    specification,
)

Row = Mapping[str, str]
ASSUMED_ROAD_LOAD_SD = (0.096, 0.07)
"""Scatter of rolling resistance and drag area where A, B, C were not measured: assumed, from the
range of the rules (rolling 0.0075-0.0105 uniform; drag area known to 7 %)."""

ROUNDS, STEP = 5, 0.6
"""Gauss-Newton rounds and their step: the full step overshoots where regeneration saturates."""


@dataclasses.dataclass(frozen=True)
class ComponentEstimate:
    """What the measured configurations say about components, ready for any row.

    `effects` has one vector over `PARAMETERS` for every (term, level); `spread` the covariance of
    a new family's parameters by (manufacturer, machine), ("", machine) for unknown makers and
    ("", "") for all else; `noise` the covariance of the log energies of one test.
    """

    effects: Mapping[tuple[str, str], np.ndarray]
    spread: Mapping[tuple[str, str], np.ndarray]
    noise: np.ndarray

    def offsets(self, row: Row) -> np.ndarray:
        """Most likely offsets of a row's components, over `OFFSETS`."""
        nothing = np.zeros(len(PARAMETERS))
        parts = [weight * self.effects.get(key, nothing) for key, weight in effects(row).items()]
        return np.concatenate([np.sum(parts, axis=0), np.zeros(len(OFFSETS) - len(PARAMETERS))])

    def offset_covariance(self, row: Row) -> np.ndarray:
        """Covariance of those offsets, road load included where A, B, C are blank."""
        maker, machine = manufacturer(str(row.get("make") or "")), machine_type(row)
        keys = ((maker, machine), ("", machine), ("", ""))
        found = np.zeros((len(OFFSETS), len(OFFSETS)))
        known = next(self.spread[key] for key in keys if key in self.spread)
        found[: len(PARAMETERS), : len(PARAMETERS)] = known
        if not str(row.get("A_lbf") or "").strip():
            for name, sd in zip(("rolling", "drag"), ASSUMED_ROAD_LOAD_SD, strict=True):
                found[OFFSETS.index(name), OFFSETS.index(name)] += sd**2
        return found


@dataclasses.dataclass(frozen=True)
class Problem:
    """The table as the inference sees it."""

    rows: Sequence[Row]
    bench: Bench
    levels: Sequence[tuple[str, str]]
    weights: np.ndarray
    """(row, level)."""
    measured: np.ndarray
    """Log kWh/100 mi, (row, cycle)."""

    def linearized(self, parameters: np.ndarray) -> Linearized:
        """Linearized about the rows' parameters."""
        value, slope = self.bench.linearized(parameters)
        target = self.measured - value + np.einsum("icp,ip->ic", slope, parameters)
        term = np.array([TERMS.index(name) for name, _ in self.levels])
        return Linearized(self.weights, term, slope, target)

    def parameters(self, post: Posterior) -> np.ndarray:
        """Every row's most likely parameters, (row, parameter)."""
        return self.weights @ post.effects()


def problem(
    rows: Sequence[Row],
    defaults: SpecificationDefaults,
    cycles: Mapping[str, DriveCycle],
    conditions: Conditions,
) -> Problem:
    """The measured rows set up for inference.

    Args:
        rows: columns of `vehicle.columns`, `machine`, `inverter`, `volts`, `model_year`,
            `family`, `measured_at` (wall or battery) and `udds_` and `hwfet_kwh_per_100mi`.
        defaults: the rules' numbers that offsets are counted from.
        cycles: udds and hwfet.
        conditions: of the tests.
    """
    named = [{"chemistry": "", **row, "name": row.get("model", "")} for row in rows]
    weights = [effects(row) for row in rows]
    levels = sorted({key for found in weights for key in found}, key=_order)
    bench = Bench(
        specification=specification(named),
        at_wall=jnp.asarray([float(row["measured_at"] == "wall") for row in rows]),
        defaults=defaults,
        cycles={name: cycles[name] for name in CYCLES},
        conditions=conditions,
    )
    measured = [[float(row[f"{cycle}_kwh_per_100mi"]) for cycle in CYCLES] for row in rows]
    return Problem(
        rows=rows,
        bench=bench,
        levels=levels,
        weights=np.array([[found.get(key, 0.0) for key in levels] for found in weights]),
        measured=np.log(np.array(measured)),
    )


def _order(key: tuple[str, str]) -> tuple[int, str]:
    return TERMS.index(key[0]), key[1]


def fit(about: Problem, mask: np.ndarray) -> Posterior:
    """Scales, tails and effects from the rows in `mask`: Gauss-Newton with short steps.

    The scales are found about zero offsets and once more on the way.
    """
    parameters = np.zeros((len(about.rows), len(PARAMETERS)))
    post = infer(about.linearized(parameters), mask)
    for round_ in range(ROUNDS):
        parameters = parameters + STEP * (about.parameters(post) - parameters)
        search = ((1, 8),) if round_ == ROUNDS - 2 else ()
        post = infer(about.linearized(parameters), mask, post, search)
    return post


def estimate(
    rows: Sequence[Row],
    defaults: SpecificationDefaults,
    cycles: Mapping[str, DriveCycle],
    conditions: Conditions,
) -> ComponentEstimate:
    """Component parameters by class and maker from all `rows` (see `problem`)."""
    about = problem(rows, defaults, cycles, conditions)
    post = fit(about, np.ones(len(rows), dtype=bool))
    return summarized(about, post)


def summarized(about: Problem, post: Posterior) -> ComponentEstimate:
    """The part of a posterior that serves new rows: no family's own effect, but its scatter."""
    found = post.effects()
    kept = {key: found[k] for k, key in enumerate(about.levels) if key[0] != "family"}
    groups = [(manufacturer(row["make"]), machine_type(row)) for row in about.rows]
    machines = sorted({machine for _, machine in groups})
    unknown = [("", machine) for machine in [*machines, ""]]
    spread = {key: _spread(about, post, groups, key) for key in [*sorted(set(groups)), *unknown]}
    return ComponentEstimate(kept, spread, post.noise)


def _spread(
    about: Problem, post: Posterior, groups: list[tuple[str, str]], key: tuple[str, str]
) -> np.ndarray:
    """Covariance of a new family of the group, at the mean covariates of its rows."""
    maker, machine = key
    chosen = [
        k for k, group in enumerate(groups) if maker in ("", group[0]) and machine in ("", group[1])
    ]
    weights = about.weights[chosen].mean(axis=0)
    terms = np.array([name for name, _ in about.levels])
    free = {"family"} if maker else {"family", "manufacturer", "drive_system"}
    if not machine:
        free |= {"machine"}
    weights = np.where(np.isin(terms, list(free)), 0.0, weights)
    scale = {name: np.exp(2.0 * post.scales[TERMS.index(name)]) for name in free}
    fresh = sum(scale.values()) * np.diag(post.parameter_variance)
    return post.covariance(weights) + fresh
