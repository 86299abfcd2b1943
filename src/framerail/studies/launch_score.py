"""Launches forecast from the other launches, beside what was built (leave one out)."""

import dataclasses

import numpy as np

from framerail.scenario_file import read_table
from framerail.studies.launch_ramps import Population, Ramp, curve, fit_population

CEILING = 1.25
"""No quarter builds more than this share of capacity: overtime on a full line."""
WINDOW = 2.25
"""Years after the start of production in which failures are counted: eight whole quarters."""
SEED = 20240301


@dataclasses.dataclass(frozen=True)
class Forecast:
    """One quarter of a launch, forecast from the other launches; shares of announced capacity."""

    launch: str
    quarter: int
    """Whole quarters after the start of production."""
    low: float
    median: float
    high: float
    actual: float

    @property
    def covered(self) -> bool:
        """Whether the 80% interval holds what happened."""
        return self.low <= self.actual <= self.high


def failure_rate(leave_out: str) -> float:
    """Failures of the maker per year of launch, of the makers of the same kind.

    Jeffreys' estimate (failures + 1/2) / years at risk, within `WINDOW` of the start and without
    the launch itself: none seen does not mean that none can happen.
    """
    table = read_table("plant/launch_outcomes.csv").set_index("launch")
    others = table[table["maker"] == table.loc[leave_out, "maker"]].drop(leave_out)
    lasted = np.asarray(others["failed"], float) - np.asarray(others["start_of_production"], float)
    lasted = np.where(np.isnan(lasted), np.inf, lasted)
    return float((np.sum(lasted < WINDOW) + 0.5) / np.sum(np.minimum(lasted, WINDOW)))


def forecast(
    population: Population, ramp: Ramp, quarter: int, failure: float, draws: int = 20_000
) -> Forecast:
    """80% interval of what a launch builds in a quarter, beside what it built.

    Args:
        population: fitted on `built` without this launch.
        ramp: the launch; only its calendar is used, and what it built as `actual`.
        quarter: whole quarter after the start of production, from 1.
        failure: failures of the maker per year; after a failure nothing is built.
        draws: draws of launch, error and failure (fixed seed).
    """
    source = np.random.default_rng(SEED + quarter)
    begin = np.array([ramp.first_quarter + (quarter - 1) / 4])
    noise = source.standard_t(population.freedom, size=(draws, 3))
    points = population.center + population.scale * noise
    level = np.sqrt(curve(points, begin, begin + 0.25)[:, 0])
    root = np.maximum(level + population.error * source.standard_normal(draws), 0.0)
    lives = source.uniform(size=draws) < np.exp(-failure * (begin[0] + 0.125))
    share = np.where(lives, np.minimum(root**2, CEILING), 0.0)
    low, median, high = np.quantile(share, [0.1, 0.5, 0.9])
    actual = ramp.quarter(quarter)
    return Forecast(ramp.name, quarter, float(low), float(median), float(high), actual)


def leave_one_out(
    ramps: list[Ramp], quarters: tuple[int, ...] = (4, 8), failures: bool = True
) -> list[Forecast]:
    """Forecast the quarters of every launch from all other launches."""
    found = []
    for ramp in ramps:
        population = fit_population([one for one in ramps if one is not ramp], "built")
        rate = failure_rate(ramp.name) if failures else 0.0
        found += [forecast(population, ramp, quarter, rate) for quarter in quarters]
    return found
