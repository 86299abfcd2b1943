"""What would have to be true: the value of one input at which a partner's gain is zero."""

import dataclasses

import numpy as np

from framerail.distributions import Distribution
from framerail.scenario import Scenario
from framerail.studies.drivers import Driver
from framerail.studies.programs import Programs
from framerail.studies.rows import Progress, evaluate_rows
from framerail.studies.sampling import columns, medians

POINTS = 16
"""Values tried per input between its extreme percentiles."""


@dataclasses.dataclass(frozen=True)
class BreakEven:
    """The input's value at which the target is zero, all else at the medians.

    `value` is None where the target keeps its sign over the input's range (0.5% to 99.5%);
    `probability` is the input's chance to lie on the better side.
    """

    path: str
    unit: str
    median: float
    value: float | None
    probability: float
    low: float
    high: float


def break_evens(
    scenario: Scenario,
    candidates: list[Driver],
    partner: int = 0,
    progress: Progress | None = None,
    programs: Programs | None = None,
) -> list[BreakEven]:
    """For every candidate, the value at which the partner's gain crosses zero.

    The gain is evaluated through the whole chain at `POINTS` values per input and interpolated
    linearly between them.
    """
    paths, middle = columns(scenario), medians(scenario)
    distributions = {leaf.path: leaf.distribution for leaf in scenario.uncertainty}
    ranges = [distributions[d.path].quantile(np.asarray([0.005, 0.995])) for d in candidates]
    grids = [np.linspace(float(low), float(high), POINTS) for low, high in ranges]
    rows = np.repeat(middle[None], POINTS * len(candidates), axis=0)
    for k, (driver, grid) in enumerate(zip(candidates, grids, strict=True)):
        rows[k * POINTS : (k + 1) * POINTS, paths.index(driver.path)] = grid
    found = evaluate_rows(scenario, rows, step="Break-even", progress=progress, programs=programs)
    gains = np.asarray(found.gain)[:, partner].reshape(len(candidates), POINTS)
    return [
        _crossing(driver, grid, gain, distributions[driver.path])
        for driver, grid, gain in zip(candidates, grids, gains, strict=True)
    ]


def _crossing(
    driver: Driver, grid: np.ndarray, gain: np.ndarray, distribution: Distribution
) -> BreakEven:
    change = np.flatnonzero(np.signbit(gain[1:]) != np.signbit(gain[:-1]))
    rising = gain[-1] > gain[0]
    value = None
    probability = float(gain.mean() > 0)
    if change.size:
        left = change[np.argmin(np.abs(grid[change] - driver.middle))]
        ends, gains = grid[left : left + 2], gain[left : left + 2]
        value = float(ends[0] - gains[0] * (ends[1] - ends[0]) / (gains[1] - gains[0]))
        below = float(distribution.probability_below(value))
        probability = 1.0 - below if rising else below
    return BreakEven(
        driver.path, driver.unit, driver.middle, value, probability, float(grid[0]), float(grid[-1])
    )
