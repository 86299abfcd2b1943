"""Rivian's gross loss per truck by quarter from volume, fixed cost and learning.

Gross profit = revenue - variable cost - fixed cost - change of the inventory reserve.

* Variable cost falls with cumulative output by Wright's law at the exponent of EPA OMEGA (0.245).
* Fixed cost is a constant per quarter: $26,500 of the loss per truck was not variable cost in the
  first quarter of 2024 (depreciation 15,500, stock compensation 1,700, one-offs 9,300; earnings
  call), times 13,588 trucks. Stock carries the fixed cost per truck of a full line only; what a
  ramping line does not absorb is a cost of the quarter (ASC 330, abnormally low production).
* Stock, material and purchase commitments are held at net realizable value: the reserve is the loss
  per truck times finished stock and the material held, which is a number of quarters of output.

Two figures are estimated, on the four quarters of 2022 and the reserve at their end: the variable
cost of the 10,000th truck and the material held. 2023 and 2024 are scored. Price (revenue per
truck delivered) and volumes are given.
"""

import dataclasses

import numpy as np
from scipy.optimize import least_squares

from framerail.scenario_file import read_table

FIXED = 26_500.0 * 13_588.0
"""Fixed cost of the plant per quarter, dollars (see the module)."""
EXPONENT = 0.245
"""Elasticity of variable cost to cumulative output (EPA OMEGA)."""
FULL_QUARTER = 150_000.0 / 4
"""Trucks of a quarter at the announced capacity, over which stock carries fixed cost."""
TRAINING = (2022.0, 2023.0)
"""Begin and end of the quarters on which the estimate rests."""


@dataclasses.dataclass(frozen=True)
class Ramp:
    """The maker's quarters: trucks and dollars."""

    begin: np.ndarray
    produced: np.ndarray
    delivered: np.ndarray
    revenue: np.ndarray
    gross_profit: np.ndarray
    reserve: np.ndarray
    """Balance at the end of the quarter, nan where not read."""


@dataclasses.dataclass(frozen=True)
class GrossLoss:
    """Gross profit and its parts by quarter, dollars per truck delivered; costs are negative."""

    begin: np.ndarray
    price: np.ndarray
    variable: np.ndarray
    fixed_absorbed: np.ndarray
    fixed_unabsorbed: np.ndarray
    write_down: np.ndarray
    actual: np.ndarray
    variable_cost_at_10_000: float
    quarters_of_material: float

    @property
    def predicted(self) -> np.ndarray:
        """Sum of the parts."""
        return (
            self.price
            + self.variable
            + self.fixed_absorbed
            + self.fixed_unabsorbed
            + self.write_down
        )

    @property
    def error(self) -> np.ndarray:
        """Relative error of the gross profit per truck."""
        return np.abs(self.predicted - self.actual) / np.abs(self.actual)

    def median_error(self, first: float, end: float) -> float:
        """Median relative error of the quarters that begin in [first, end)."""
        inside = (self.begin >= first) & (self.begin < end)
        return float(np.median(self.error[inside]))


def read_ramp() -> Ramp:
    """The measured quarters, the last of 2021 first (it opens the reserve)."""
    table = read_table("plant/rivian_gross.csv")
    column = {name: np.asarray(table[name], float) for name in table.columns[:6]}
    return Ramp(
        begin=column["quarter_start"],
        produced=column["produced"],
        delivered=column["delivered"],
        revenue=1e6 * column["revenue"],
        gross_profit=1e6 * column["gross_profit"],
        reserve=1e6 * column["reserve"],
    )


def gross_profit(
    ramp: Ramp,
    variable_cost: float,
    material: float,
    fixed: float = FIXED,
    exponent: float = EXPONENT,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Parts of gross profit by quarter (dollars), and the reserve at the end of each quarter.

    Args:
        ramp: volumes and revenue.
        variable_cost: of the 10,000th truck, dollars.
        material: material and commitments held, quarters of output.
        fixed: fixed cost per quarter, dollars.
        exponent: elasticity of variable cost to cumulative output.
    """
    middle = np.cumsum(ramp.produced) - ramp.produced / 2
    variable = variable_cost * (middle / 10_000.0) ** -exponent
    stock = np.maximum(np.cumsum(ramp.produced - ramp.delivered), 0.0)
    carried = variable + fixed / FULL_QUARTER
    loss = np.maximum(carried - ramp.revenue / ramp.delivered, 0.0)
    reserve = loss * (stock + material * ramp.produced)
    parts = {
        "price": ramp.revenue,
        "variable": -variable * ramp.delivered,
        "fixed_absorbed": -fixed / FULL_QUARTER * ramp.delivered,
        "fixed_unabsorbed": -fixed * (1.0 - ramp.produced / FULL_QUARTER),
        "write_down": -np.diff(reserve, prepend=ramp.reserve[0]),
    }
    return parts, reserve


def backtest(fixed: float = FIXED, exponent: float = EXPONENT) -> GrossLoss:
    """Estimate on 2022, predict to the end of 2024."""
    ramp = read_ramp()
    training = (ramp.begin >= TRAINING[0]) & (ramp.begin < TRAINING[1])
    read = training & ~np.isnan(ramp.reserve)

    def gaps(logs: np.ndarray) -> np.ndarray:
        parts, reserve = gross_profit(ramp, np.exp(logs[0]), np.exp(logs[1]), fixed, exponent)
        total = np.sum(list(parts.values()), axis=0)
        missed = np.append((total - ramp.gross_profit)[training], (reserve - ramp.reserve)[read])
        return missed / 1e8

    estimate = np.exp(least_squares(gaps, np.log([1.3e5, 0.6])).x)
    parts, _ = gross_profit(ramp, float(estimate[0]), float(estimate[1]), fixed, exponent)
    later = ramp.begin >= TRAINING[0]
    per_truck = {name: (part / ramp.delivered)[later] for name, part in parts.items()}
    return GrossLoss(
        begin=ramp.begin[later],
        actual=(ramp.gross_profit / ramp.delivered)[later],
        variable_cost_at_10_000=float(estimate[0]),
        quarters_of_material=float(estimate[1]),
        **per_truck,
    )
