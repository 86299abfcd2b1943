"""Yen per dollar by quarter."""

from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, growth_index
from framerail.program.inputs import Currency


def yen_path(currency: Currency, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """Expected exchange rate at mid-quarter (yen per dollar)."""
    return currency.rate * growth_index(currency.drift, currency.base, grid)
