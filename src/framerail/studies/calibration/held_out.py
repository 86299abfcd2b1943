"""Predictions of configurations that the estimate has not seen, and their scores."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from framerail.studies.calibration.estimate import Problem, Row, fit, problem
from framerail.studies.calibration.features import manufacturer
from framerail.studies.calibration.hierarchy import Posterior, infer
from framerail.vehicle import Conditions, DriveCycle, SpecificationDefaults

CITY_SHARE = 0.55
"""Share of the city cycle in the combined energy (40 CFR 600.210)."""
NORMAL_95 = 1.6448536269514722
"""95 % quantile of the normal distribution."""
GROUPS: Mapping[str, Callable[[Row], str]] = {
    "family": lambda row: f"{manufacturer(row['make'])}/{row['family']}",
    "make": lambda row: row["make"],
    "manufacturer": lambda row: manufacturer(row["make"]),
}
"""What is left out together."""


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """Log energies of every row, predicted without its group; arrays (row, cycle)."""

    rows: Sequence[Row]
    predicted: np.ndarray
    measured: np.ndarray
    covariance: np.ndarray
    """Of the difference, (row, cycle, cycle)."""

    @property
    def error(self) -> np.ndarray:
        """Predicted over measured energy less one."""
        return np.expm1(self.predicted - self.measured)

    @property
    def combined_error(self) -> np.ndarray:
        """The same for the 55/45 mean, (row,)."""
        weights = np.array([CITY_SHARE, 1.0 - CITY_SHARE])
        return (np.exp(self.predicted) @ weights) / (np.exp(self.measured) @ weights) - 1.0

    @property
    def covered(self) -> np.ndarray:
        """Whether the 90 % interval holds the measurement, (row, cycle)."""
        sd = np.sqrt(np.einsum("icc->ic", self.covariance))
        return np.abs(self.predicted - self.measured) <= NORMAL_95 * sd


@dataclasses.dataclass(frozen=True)
class Score:
    """Figures of the bars, as fractions."""

    count: int
    udds: float
    hwfet: float
    combined: float
    combined_90th: float
    coverage: float


def score(held: HeldOut, role: str = "scored") -> Score:
    """Median absolute errors, the 90th percentile of combined, and the intervals' coverage."""
    chosen = np.array([row["role"] == role for row in held.rows])
    city, highway = np.median(np.abs(held.error[chosen]), axis=0)
    combined = np.abs(held.combined_error[chosen])
    return Score(
        count=int(chosen.sum()),
        udds=float(city),
        hwfet=float(highway),
        combined=float(np.median(combined)),
        combined_90th=float(np.quantile(combined, 0.9)),
        coverage=float(held.covered[chosen].mean()),
    )


def held_out(
    rows: Sequence[Row],
    defaults: SpecificationDefaults,
    cycles: Mapping[str, DriveCycle],
    conditions: Conditions,
    groups: Sequence[str] = ("family", "make"),
    trained: Sequence[str] = ("scored", "battery"),
) -> dict[str, HeldOut]:
    """For each kind of group, every row predicted from the rows of other groups alone.

    Scales, tails and effects are estimated again without the group; only the point about which
    the other rows are linearized is that of all rows. A prediction is a simulation. Rows whose
    role is not in `trained` are predicted but never learned from.
    """
    about = problem(rows, defaults, cycles, conditions)
    learned = np.array([row["role"] in trained for row in rows])
    start = fit(about, learned)
    return {name: _without(about, learned, start, GROUPS[name]) for name in groups}


def _without(
    about: Problem, learned: np.ndarray, start: Posterior, group: Callable[[Row], str]
) -> HeldOut:
    names = np.array([group(row) for row in about.rows])
    predicted, covariance = np.empty_like(about.measured), np.empty((len(names), 2, 2))
    for name in np.unique(names):
        out = names == name
        post = infer(start.data, learned & ~out, start, ((2, 5),))
        parameters = about.parameters(post)
        predicted[out] = about.bench.energies(parameters)[out]
        for k in np.flatnonzero(out):
            slope = post.data.slope[k]
            spread = post.covariance(about.weights[k])
            covariance[k] = slope @ spread @ slope.T + post.noise
    return HeldOut(about.rows, predicted, about.measured, covariance)
