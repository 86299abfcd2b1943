"""Predictions of configurations that the estimate has not seen, and their scores."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from framerail.studies.calibration.estimate import Problem, Row, fit, problem
from framerail.studies.calibration.features import PARAMETERS, manufacturer
from framerail.studies.calibration.hierarchy import Posterior, infer
from framerail.vehicle import Conditions, DriveCycle, SpecificationDefaults

CITY_SHARE = 0.55
"""Share of the city cycle in the combined energy (40 CFR 600.210)."""
CITY_WEIGHTS = np.array([CITY_SHARE, 1.0 - CITY_SHARE])
NORMAL_75, NORMAL_95 = 0.6744897501960817, 1.6448536269514722
"""75 % and 95 % quantiles of the normal distribution."""
GROUPS: Mapping[str, Callable[[Row], str]] = {
    "family": lambda row: f"{manufacturer(row['make'])}/{row['family']}",
    "make": lambda row: row["make"],
    "manufacturer": lambda row: manufacturer(row["make"]),
    "vehicle": lambda row: f"{row['make']}/{row['test_id'].rpartition('/')[0]}",
}
"""What is left out together; a vehicle is one test vehicle with all its configurations."""
_SEARCH: Mapping[str, tuple[tuple[int, int], ...]] = {"vehicle": ((1, 0),)}
"""Rounds of tails and scales without a group, where not `_ROUNDS`: one vehicle moves no scale."""
_ROUNDS = ((2, 5),)


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
        predicted, measured = (np.exp(x) @ CITY_WEIGHTS for x in (self.predicted, self.measured))
        return predicted / measured - 1.0

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
    mean_udds: float
    mean_hwfet: float


def score(held: HeldOut, role: str = "scored") -> Score:
    """Median absolute errors, the 90th percentile of combined, and the intervals' coverage."""
    chosen = np.array([row["role"] == role for row in held.rows])
    errors = np.abs(held.error[chosen])
    city, highway = np.median(errors, axis=0)
    combined = np.abs(held.combined_error[chosen])
    return Score(
        count=int(chosen.sum()),
        udds=float(city),
        hwfet=float(highway),
        combined=float(np.median(combined)),
        combined_90th=float(np.quantile(combined, 0.9)),
        coverage=float(held.covered[chosen].mean()),
        mean_udds=float(errors[:, 0].mean()),
        mean_hwfet=float(errors[:, 1].mean()),
    )


@dataclasses.dataclass(frozen=True)
class MakeResidual:
    """Signed median errors of one make's scored rows, as fractions, and median energies."""

    make: str
    count: int
    udds: float
    hwfet: float
    combined: float
    predicted: float
    """Combined, kWh/100 mi."""
    measured: float


def residuals_by_make(held: HeldOut, role: str = "scored") -> tuple[MakeResidual, ...]:
    """Residuals by make and cycle, makes in order of their names."""
    makes = np.array([row["make"] for row in held.rows])
    scored = np.array([row["role"] == role for row in held.rows])
    energy = [np.exp(x) @ CITY_WEIGHTS for x in (held.predicted, held.measured)]
    found = []
    for make in np.unique(makes[scored]):
        chosen = scored & (makes == make)
        city, highway = np.median(held.error[chosen], axis=0)
        combined = np.median(held.combined_error[chosen])
        pair = (float(np.median(side[chosen])) for side in energy)
        told = (float(city), float(highway), float(combined))
        found.append(MakeResidual(str(make), int(chosen.sum()), *told, *pair))
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class MakeSpread:
    """How far makes lie apart in combined energy, beyond what the row tells: logarithms."""

    between: float
    """Standard deviation of makes' own levels."""
    within: float
    """Standard deviation of a make's rows about its level."""
    floor: float
    """Median absolute error of a center without bias: 0.674 of both spreads together."""


def make_spread(held: HeldOut, role: str = "scored") -> MakeSpread:
    """Random effects of makes in the held-out errors, by the method of moments.

    The between variance is that of unbalanced one-way analysis of variance (Searle, Casella and
    McCulloch, Variance Components, 1992, section 3.6); negative estimates are zero.
    """
    scored = np.array([row["role"] == role for row in held.rows])
    error = np.log1p(held.combined_error[scored])
    makes = np.array([row["make"] for row in held.rows])[scored]
    names, place, counts = np.unique(makes, return_inverse=True, return_counts=True)
    level = np.bincount(place, error) / counts
    inside = float(((error - level[place]) ** 2).sum()) / (error.size - names.size)
    outside = float((counts * (level - error.mean()) ** 2).sum()) / (names.size - 1)
    size = (error.size - float((counts**2).sum()) / error.size) / (names.size - 1)
    between = max(outside - inside, 0.0) / size
    return MakeSpread(
        between=between**0.5,
        within=inside**0.5,
        floor=NORMAL_75 * (between + inside) ** 0.5,
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

    Scales, tails and effects are estimated again without the group (without a single vehicle the
    scales stay); only the point about which the other rows are linearized is that of all rows. A
    prediction is a simulation. Rows whose role is not in `trained` are predicted but never learned
    from.
    """
    about = problem(rows, defaults, cycles, conditions)
    learned = np.array([row["role"] in trained for row in rows])
    start = fit(about, learned)
    return {name: _without(about, learned, start, name) for name in groups}


def _without(about: Problem, learned: np.ndarray, start: Posterior, group: str) -> HeldOut:
    names = np.array([GROUPS[group](row) for row in about.rows])
    parameters = np.empty((len(names), len(PARAMETERS)))
    covariance = np.empty((len(names), 2, 2))
    for name in np.unique(names):
        out = names == name
        post = infer(start.data, learned & ~out, start, _SEARCH.get(group, _ROUNDS))
        parameters[out] = about.parameters(post)[out]
        for k in np.flatnonzero(out):
            slope = post.data.slope[k]
            spread = post.covariance(about.weights[k])
            covariance[k] = slope @ spread @ slope.T + post.noise
    return HeldOut(about.rows, about.bench.energies(parameters), about.measured, covariance)
