"""How a new launch climbs: a hierarchical fit on the launches that have been measured.

Every launch follows the plant's curve (`plant.logistic_output`): a share of the announced capacity
that is reached in the end, the time to half of it and a time constant. Across launches their
logarithms are normal with unknown mean and spread, so that a launch with few quarters borrows from
the others and the next launch has a distribution (partial pooling).

Method: expectation-maximization with a Laplace approximation of every launch's posterior
(empirical Bayes); each spread has a weak prior worth `PRIOR_LAUNCHES` launches; the distribution
of the next launch is Student's t, which carries the small number of launches. The square root of a
quarter's share of capacity has a constant error (it steadies the variance of a count).

Two targets from one model: `built` fits what was built, whatever held it back; `supply` takes
periods limited by demand as lower bounds of what the plant could do. The engine needs `supply`,
because its market stage owns demand and its deal stage the maker's failure.
"""

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import norm, t

from framerail.scenario_file import read_table

PARAMETERS = ("realized_over_announced", "time_to_half", "time_constant")
"""What a launch is described by; the first is a share, the others are years."""

PRIOR_LAUNCHES = 2.0
"""Launches that the prior of each spread is worth."""
PRIOR_SPREAD = np.array([0.5, 0.5, 0.5])
"""Prior standard deviation of the logarithms: a factor of 1.65 either way."""
START = np.log([0.6, 0.8, 0.3])
"""Where the search begins."""
HORIZON = 2.5
"""Years after the start of production that count as launch."""

Target = Literal["built", "supply"]


@dataclasses.dataclass(frozen=True)
class Ramp:
    """One launch: periods in years after the start of production, and what was built in them."""

    name: str
    capacity: float
    first_quarter: float
    """Begin of the first whole quarter."""
    begin: np.ndarray
    end: np.ndarray
    built: np.ndarray
    limited_by: np.ndarray
    """`supply`, `demand` or `failure` (of the maker)."""

    @property
    def share(self) -> np.ndarray:
        """Built over announced capacity, by period."""
        return self.built / (self.capacity * (self.end - self.begin))

    def quarter(self, number: int) -> float:
        """Share of capacity built in the `number`-th whole quarter after the start; nan if none."""
        begin = self.first_quarter + (number - 1) / 4
        here = np.isclose(self.begin, begin, atol=0.01)
        return float(self.share[here][0]) if here.any() else float("nan")


@dataclasses.dataclass(frozen=True)
class Population:
    """The launches together: mean and spread of the logarithms, and the error of a period."""

    center: np.ndarray
    spread: np.ndarray
    error: float
    """Error of the square root of a quarter's share."""
    launches: tuple[str, ...]
    each: np.ndarray
    """Fitted logarithms by launch and parameter."""

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the next launch's distribution."""
        return len(self.launches) - 1 + PRIOR_LAUNCHES

    @property
    def scale(self) -> np.ndarray:
        """Scale of the next launch's logarithms: spread, and what the mean leaves open."""
        return self.spread * np.sqrt(1.0 + 1.0 / len(self.launches))

    def lognormals(self) -> dict[str, tuple[float, float]]:
        """Median and one-sigma factor by parameter, with the same 80% interval as the t."""
        width = t.ppf(0.9, self.freedom) / norm.ppf(0.9)
        factors = np.exp(self.scale * width)
        return {
            name: (float(np.exp(center)), float(factor))
            for name, center, factor in zip(PARAMETERS, self.center, factors, strict=True)
        }


def read_ramps(as_of: str = "9999-12-31") -> list[Ramp]:
    """The measured launches with an announced capacity, from figures public at `as_of`."""
    table = read_table("plant/ramps.csv")
    table = table.query("as_of <= @as_of and announced_capacity.notna()")
    return [_ramp(str(name), rows) for name, rows in table.groupby("launch", sort=True)]


def _ramp(name: str, rows: pd.DataFrame) -> Ramp:
    start = float(rows["start_of_production"].iloc[0])
    return Ramp(
        name=name,
        capacity=float(rows["announced_capacity"].iloc[0]),
        first_quarter=float(np.ceil(4 * start - 1e-6) / 4 - start),
        begin=rows["quarter_start"].to_numpy(float) - start,
        end=rows["quarter_end"].to_numpy(float) - start,
        built=rows["built"].to_numpy(float),
        limited_by=rows["limited_by"].to_numpy(str),
    )


def curve(point: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Mean share of announced capacity between two times, from a launch's logarithms.

    The plant stage's curve in numpy; `point` has the parameters on its last axis.
    """
    level, half, constant = np.moveaxis(np.exp(point), -1, 0)[..., None]
    first, last = np.maximum(begin, 0.0), np.maximum(end, 0.0)
    climbed = np.logaddexp(0.0, (last - half) / constant) - np.logaddexp(
        0.0, (first - half) / constant
    )
    return level * constant * climbed / (end - begin)


def fit_population(ramps: list[Ramp], target: Target, rounds: int = 60) -> Population:
    """Fit the launches together.

    Args:
        ramps: at least two launches.
        target: `built` or `supply` (see the module).
        rounds: most rounds of expectation-maximization; it ends when no figure moves by 0.1%.
    """
    count = len(ramps)
    data = [_Data(ramp, target) for ramp in ramps]
    center, spread, error = START.copy(), PRIOR_SPREAD.copy(), 0.1
    each = np.tile(START, (count, 1))
    prior = PRIOR_LAUNCHES * PRIOR_SPREAD**2
    for _ in range(rounds):
        before = np.array([*center, *spread, error])
        fits = [_fit_launch(*pair, center, spread, error) for pair in zip(data, each, strict=True)]
        each = np.array([point for point, _ in fits])
        variance = np.array([np.diag(covariance) for _, covariance in fits])
        center = each.mean(axis=0)
        total = ((each - center) ** 2 + variance).sum(axis=0)
        spread = np.sqrt((total + prior) / (count - 1 + PRIOR_LAUNCHES))
        error = _pooled_error(data, fits)
        if np.max(np.abs(np.array([*center, *spread, error]) - before)) < 1e-3:
            break
    return Population(center, spread, error, tuple(ramp.name for ramp in ramps), each)


class _Data:
    """The periods of a launch that enter a fit."""

    def __init__(self, ramp: Ramp, target: Target) -> None:
        inside = (ramp.limited_by != "failure") & (ramp.begin < HORIZON)
        self.begin, self.end = ramp.begin[inside], ramp.end[inside]
        self.root = np.sqrt(ramp.share[inside])
        self.bound = (ramp.limited_by[inside] == "demand") & (target == "supply")
        self.weight = np.sqrt((self.end - self.begin) / 0.25)  # a short period is less certain

    def gap(self, point: np.ndarray) -> np.ndarray:
        """Measured less expected root of the share, scaled to a quarter."""
        return (self.root - np.sqrt(curve(point, self.begin, self.end))) * self.weight


def _fit_launch(
    data: _Data, start: np.ndarray, center: np.ndarray, spread: np.ndarray, error: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mode and covariance of one launch's logarithms, given the population."""

    def loss(point: np.ndarray) -> float:
        gap = data.gap(point) / error
        seen = 0.5 * gap[~data.bound] ** 2
        least = -norm.logcdf(-gap[data.bound])
        prior = 0.5 * ((point - center) / spread) ** 2
        return float(seen.sum() + least.sum() + prior.sum())

    point = minimize(loss, start, method="BFGS", options={"gtol": 1e-4}).x
    return point, np.linalg.inv(_hessian(loss, point))


def _hessian(loss: Callable[[np.ndarray], float], point: np.ndarray) -> np.ndarray:
    """Second derivatives by central differences, kept positive definite."""
    step, size = 1e-3, point.size
    steps = step * np.eye(size)
    table = np.empty((size, size))
    for i in range(size):
        for j in range(i, size):
            corners = [
                a * b * loss(point + a * steps[i] + b * steps[j])
                for a in (1.0, -1.0)
                for b in (1.0, -1.0)
            ]
            table[i, j] = table[j, i] = sum(corners) / (4 * step**2)
    values, vectors = np.linalg.eigh(table)
    return (vectors * np.maximum(values, 1e-2)) @ vectors.T


def _pooled_error(data: list[_Data], fits: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Error of a quarter: squared gaps of the modes and what the fits leave open."""
    total, count = 0.0, 0
    for one, (point, covariance) in zip(data, fits, strict=True):
        steps, exact = 1e-4 * np.eye(point.size), ~one.bound
        slope = np.stack([(one.gap(point + s) - one.gap(point - s))[exact] / 2e-4 for s in steps])
        total += float((one.gap(point)[exact] ** 2).sum() + np.sum(slope * (covariance @ slope)))
        count += int(exact.sum())
    return float(np.sqrt(total / count))


def launch_inputs(as_of: str) -> dict[str, tuple[str, tuple[float, ...]]]:
    """The plant's launch inputs as distributions, from what was public at `as_of`.

    The times are lognormal. The share of the installed rate is at most one, so a forecast above
    one counts as one: a rising triangle with the same median (its cumulative probability is the
    square of the share when it begins at zero), which keeps the heavy low tail.
    """
    fitted = fit_population(read_ramps(as_of), "supply").lognormals()
    median = min(fitted["realized_over_announced"][0], 1.0)
    half = np.sqrt(0.5)
    low = float(max((median - half) / (1.0 - half), 0.0))
    return {
        "realized_over_announced": ("triangular", (low, 1.0, 1.0)),
        "time_to_half": ("lognormal", fitted["time_to_half"]),
        "time_constant": ("lognormal", fitted["time_constant"]),
    }
