"""Tax depreciation: MACRS by class life, research amortization, and when property is in service.

Percentages follow IRS Publication 946, Table A-1 (half-year convention): 200% declining balance
for lives to 10 years and 150% for 15 and 20 years, changing to straight line when that gives
more. Special tools of vehicle makers are 3-year property and their plant equipment 7-year
property (asset classes 37.12 and 37.11 of Rev. Proc. 87-56).
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, at_once, fraction_after
from framerail.quantities import Scalar

SPECIAL_TOOLS_LIFE = 3
"""Recovery period of tooling (years)."""
PLANT_EQUIPMENT_LIFE = 7
"""Recovery period of the converted line (years)."""
RESEARCH_LIFE = 5
"""Years over which section 174 spreads domestic research spending, from 2022 on."""


def macrs_rates(life: int) -> np.ndarray:
    """Share of the cost deducted in each tax year, half-year convention (`life + 1` values).

    Raises:
        ValueError: for a life that is not a general recovery period (3, 5, 7, 10, 15, 20).
    """
    if life not in (3, 5, 7, 10, 15, 20):
        raise ValueError(f"{life} is no MACRS recovery period; expected 3, 5, 7, 10, 15 or 20")
    declining = (2.0 if life <= 10 else 1.5) / life
    left, rates = 1.0, []
    for year in range(life + 1):
        share = 0.5 if year in (0, life) else 1.0
        remaining = life - max(year - 0.5, 0.0)
        rate = left * max(declining * share, min(share / max(remaining, 0.5), 1.0))
        rates.append(min(rate, left))
        left -= rates[-1]
    return np.asarray(rates)


def straight_line_rates(life: int) -> np.ndarray:
    """Share of the cost deducted in each tax year, straight line with a half first year."""
    rates = np.full(life + 1, 1.0 / life)
    rates[[0, -1]] /= 2
    return rates


def recovery_matrix(rates: np.ndarray, quarters: int) -> np.ndarray:
    """Deduction in quarter i per dollar placed in service in quarter j.

    A year's share is taken evenly over four quarters, the first year beginning with the quarter
    of service. What is left at the end of the grid is written off in its last quarter, so every
    column sums to one.
    """
    kernel = np.repeat(rates / 4, 4)[:quarters]
    kernel = np.pad(kernel, (0, quarters - kernel.shape[0]))
    lag = np.arange(quarters)[:, None] - np.arange(quarters)[None, :]
    matrix = np.where(lag >= 0, kernel[np.maximum(lag, 0)], 0.0)
    matrix[-1] += 1.0 - matrix.sum(axis=0)
    return matrix


def placed_in_service(
    spent: Float[Array, "quarter"], start_of_production: Scalar, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Investment by the quarter in which it begins to be used.

    What is spent before the start of production waits for it; the sum is kept.
    """
    after = fraction_after(start_of_production, grid)
    waiting = jnp.sum(spent * (1.0 - after))
    return at_once(waiting, start_of_production, grid) + spent * after


def tax_depreciation(
    placed: Float[Array, "quarter"], life: int, bonus: Scalar
) -> Float[Array, "quarter"]:
    """Deduction by quarter: `bonus` of the cost at once and MACRS on the rest (dollars)."""
    matrix = jnp.asarray(recovery_matrix(macrs_rates(life), placed.shape[0]))
    return bonus * placed + (1.0 - bonus) * (matrix @ placed)


def research_deduction(
    spent: Float[Array, "quarter"], capitalized: Scalar
) -> Float[Array, "quarter"]:
    """Deduction of engineering: `capitalized` of it over five years, the rest at once (dollars)."""
    matrix = jnp.asarray(recovery_matrix(straight_line_rates(RESEARCH_LIFE), spent.shape[0]))
    return (1.0 - capitalized) * spent + capitalized * (matrix @ spent)
