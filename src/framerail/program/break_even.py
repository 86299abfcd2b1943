"""Break-even: the multiple of volume or price at which a partner's value is zero."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from framerail.numerics.calendar import QuarterGrid
from framerail.numerics.outcome import Outcome, flag
from framerail.program.cash_flow import VOLUME_LINES, Streams, no_streams, present_value, scaled
from framerail.program.inputs import Finance
from framerail.quantities import Scalar

BREAK_EVEN_OUTCOMES = (
    Outcome(
        "never_breaks_even",
        "No multiple up to twenty brings the value to zero.",
        "Each truck loses money before fixed outlays: lower the unit cost or raise the price.",
    ),
    Outcome(
        "always_above",
        "The value is positive even with none of the scaled lines.",
        "Break-even has no meaning here: payments from the partner cover every outlay.",
    ),
)
"""What a break-even may have to say beside its multiple."""

_HIGHEST = 20.0
_BISECTIONS = 48


class BreakEven(eqx.Module):
    """A break-even multiple.

    Attributes:
        scale: multiple of the scaled lines at which the value is zero (1 is the plan); 20 where
            there is none and 0 where the value is always positive.
        outcome: bits of `BREAK_EVEN_OUTCOMES`.
    """

    scale: Scalar
    outcome: Int[Array, ""]


def break_even(
    finance: Finance,
    streams: Streams,
    grid: QuarterGrid,
    *,
    valuation_date: Scalar,
    start_of_production: Scalar,
    lines: tuple[str, ...] = VOLUME_LINES,
) -> BreakEven:
    """Multiple of the named lines at which the after-tax present value is zero.

    With `VOLUME_LINES` it gives the discounted break-even volume (times the plan's volume), with
    `PRICE_LINES` the break-even price at an unchanged selling expense. Unit costs are held:
    learning and capacity are not resolved again. Bisection between 0 and 20; the derivative is
    implicit.
    """
    slope = scaled(streams, lines, jnp.asarray(2.0))
    slope = jax.tree.map(jnp.subtract, slope, streams)
    return _crossing(finance, streams, slope, grid, valuation_date, start_of_production)


def break_even_volume_and_price(
    finance: Finance,
    streams: Streams,
    grid: QuarterGrid,
    *,
    valuation_date: Scalar,
    start_of_production: Scalar,
    selling_fraction: Scalar,
) -> tuple[BreakEven, BreakEven]:
    """Multiples of the plan's volume, and of its price, at which the present value is zero.

    The volume is that of `break_even`. For the price, volume and unit costs are held and the part
    of the selling expense that is a share of revenue (`selling_fraction`) goes with the price.
    """
    nothing = no_streams(grid)
    volume = dataclasses.replace(nothing, **{name: getattr(streams, name) for name in VOLUME_LINES})
    price = dataclasses.replace(
        nothing, revenue=streams.revenue, selling=selling_fraction * streams.revenue
    )

    def along(slope: Streams) -> BreakEven:
        return _crossing(finance, streams, slope, grid, valuation_date, start_of_production)

    found = jax.vmap(along)(jax.tree.map(lambda *pair: jnp.stack(pair), volume, price))
    first, second = (jax.tree.map(lambda leaf, k=k: leaf[k], found) for k in range(2))
    return first, second


def _crossing(
    finance: Finance,
    streams: Streams,
    slope: Streams,
    grid: QuarterGrid,
    valuation_date: Scalar,
    start_of_production: Scalar,
) -> BreakEven:
    """Where the value of `streams + (scale - 1) slope` is zero."""

    def value(
        scale: Scalar, flows: tuple[Streams, Streams], partner: Finance, start: Scalar
    ) -> Scalar:
        return present_value(
            partner,
            jax.tree.map(lambda plan, more: plan + (scale - 1.0) * more, *flows),
            grid,
            valuation_date=valuation_date,
            start_of_production=start,
        )

    arguments = ((streams, slope), finance, start_of_production)
    fixed = jax.lax.stop_gradient(arguments)
    bottom, top = jnp.asarray(0.0), jnp.asarray(_HIGHEST)
    at_bottom, at_top = value(bottom, *fixed), value(top, *fixed)

    def halve(turn: Int[Array, ""], bracket: tuple[Scalar, Scalar]) -> tuple[Scalar, Scalar]:
        del turn
        middle = (bracket[0] + bracket[1]) / 2
        above = value(middle, *fixed) > 0
        return jnp.where(above, bracket[0], middle), jnp.where(above, middle, bracket[1])

    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, (bottom, top))
    root = jax.lax.stop_gradient((low + high) / 2)
    steep = jax.grad(value)(root, *fixed)
    found = (at_bottom < 0) & (at_top > 0) & (steep > 0)
    polished = root - value(root, *arguments) / jnp.where(found, steep, 1.0)
    missing = jnp.where(at_bottom >= 0, bottom, top)
    return BreakEven(
        jnp.where(found, polished, missing),
        flag(~found & (at_bottom < 0), 0) | flag(at_bottom >= 0, 1),
    )
