"""The quarterly calendar: dates as decimal years, flows by quarter, differentiable in the dates.

A date inside a quarter counts by the fraction of the quarter before or after it, so that every
total is continuous in the date, and its derivative is right almost everywhere.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.quantities import Scalar

QUARTER = 0.25
"""Length of a quarter (years)."""

_SHORTEST = 1.0 / 365.0  # years: an amount due "at once" is spread over one day


class QuarterGrid(eqx.Module):
    """Consecutive calendar quarters; whole years, beginning on a 1 January.

    Attributes:
        start_of_quarter: first instant of each quarter (decimal year), spaced by 0.25.
    """

    start_of_quarter: Float[Array, "quarter"]

    @property
    def end(self) -> Float[Array, "quarter"]:
        """Last instant of each quarter (decimal year)."""
        return self.start_of_quarter + QUARTER

    @property
    def middle(self) -> Float[Array, "quarter"]:
        """Middle of each quarter (decimal year)."""
        return self.start_of_quarter + QUARTER / 2

    @property
    def year_index(self) -> Int[Array, "quarter"]:
        """Calendar year of each quarter, counted from the grid's first year."""
        year = jnp.floor(self.start_of_quarter + 1e-6)
        return (year - year[0]).astype(jnp.int32)

    @property
    def quarters(self) -> int:
        """Number of quarters."""
        return self.start_of_quarter.shape[0]

    @property
    def year_start(self) -> Float[Array, "year"]:
        """First instant of each calendar year (decimal year)."""
        return self.start_of_quarter[::4]


def quarter_grid(first_year: float, years: int) -> QuarterGrid:
    """The grid of `4 * years` quarters that begins on 1 January of `first_year`."""
    return QuarterGrid(first_year + QUARTER * jnp.arange(4 * years, dtype=jnp.float64))


def fraction_after(date: Scalar, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """Share of each quarter that lies after `date` (0 to 1)."""
    return jnp.clip((grid.end - date) / QUARTER, 0.0, 1.0)


def fraction_before(date: Scalar, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """Share of each quarter that lies before `date` (0 to 1)."""
    return 1.0 - fraction_after(date, grid)


def fraction_between(start: Scalar, end: Scalar, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """Share of each quarter between two dates; zero when the end is not after the start."""
    return jnp.maximum(fraction_after(start, grid) - fraction_after(end, grid), 0.0)


def at_once(amount: Scalar, date: Scalar, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """An amount that falls due on one date, continuous in the date.

    It is shared between the quarter of the date and the next one in the ratio in which the date
    divides its quarter: due at the start of a quarter it lies wholly in that quarter. The sum is
    `amount`, also for a date outside the grid (then it lies in the first or the last quarter).
    """
    after = fraction_after(date, grid).at[-1].set(1.0)
    return amount * jnp.diff(after, prepend=0.0)


def spread(
    amount: Scalar, start: Scalar, end: Scalar, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Spread an amount evenly between two dates.

    The sum is `amount` exactly: what falls before the grid is put into its first quarter and what
    falls after it into its last. An end that is not at least a day after the start counts as one
    day after it.
    """
    width = jnp.maximum(end - start, _SHORTEST)
    edges = jnp.append(grid.start_of_quarter, grid.end[-1])
    done = jnp.clip((edges - start) / width, 0.0, 1.0)
    done = done.at[0].set(0.0).at[-1].set(1.0)
    return amount * jnp.diff(done)


def annual_flow_to_quarterly(
    annual: Float[Array, "year"], grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """A flow per calendar year, a quarter of it in each quarter (no season).

    `annual[0]` belongs to the grid's first year; quarters past the last given year get nothing.
    """
    index = grid.year_index
    inside = index < annual.shape[0]
    return jnp.where(inside, annual[jnp.minimum(index, annual.shape[0] - 1)] / 4, 0.0)


def annual_level_to_quarterly(
    annual: Float[Array, "year"], grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """A level (price, rate) per calendar year, held through the year and after the last one."""
    return annual[jnp.minimum(grid.year_index, annual.shape[0] - 1)]


def quarterly_flow_to_annual(flow: Float[Array, "quarter"]) -> Float[Array, "year"]:
    """Sum of each calendar year's four quarters (the grid holds whole years)."""
    return flow.reshape(-1, 4).sum(axis=1)


def quarterly_level_to_annual(level: Float[Array, "quarter"]) -> Float[Array, "year"]:
    """Mean of each calendar year's four quarters."""
    return level.reshape(-1, 4).mean(axis=1)


def growth_index(rate: Scalar, base: Scalar, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """Index that is 1 at the date `base` and grows by `rate` per year, at mid-quarter."""
    return jnp.exp(jnp.log1p(rate) * (grid.middle - base))
