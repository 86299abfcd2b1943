"""Fixed assets in the books: special tools and plant equipment, straight line over production."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, fraction_between
from framerail.quantities import Scalar


class BookAssets(eqx.Module):
    """Tooling and equipment at cost, and what is left of it.

    Attributes:
        cost: outlays to date, at the end of the quarter (dollars).
        depreciation: charge of the quarter (dollars).
        net: cost less all charges to date, construction in progress included (dollars).
    """

    cost: Float[Array, "quarter"]
    depreciation: Float[Array, "quarter"]
    net: Float[Array, "quarter"]


def book_assets(
    outlays: Float[Array, "quarter"],
    start_of_production: Scalar,
    end_of_production: Scalar,
    grid: QuarterGrid,
) -> BookAssets:
    """Depreciate what is left evenly over what remains of production.

    Every quarter charges the share of the remaining production time that lies in it, so that a
    facelift's tools are spread over the rest of the life. Nothing is charged before the start of
    production (construction in progress); what is spent after its end is charged at once.

    Args:
        outlays: tooling and equipment by quarter (dollars).
        start_of_production: decimal year.
        end_of_production: decimal year; no later than the end of the grid counts.
        grid: the calendar.
    """
    produced = fraction_between(start_of_production, end_of_production, grid)
    remaining = jnp.cumsum(produced[::-1])[::-1]
    share = jnp.where(remaining > 0, produced / jnp.where(remaining > 0, remaining, 1.0), 1.0)

    def step(net: Scalar, quarter: tuple[Scalar, Scalar]) -> tuple[Scalar, tuple[Scalar, Scalar]]:
        outlay, share = quarter
        charge = share * (net + outlay)
        net = net + outlay - charge
        return net, (charge, net)

    _, (charge, net) = jax.lax.scan(step, jnp.zeros(()), (outlays, share))
    return BookAssets(jnp.cumsum(outlays), charge, net)
