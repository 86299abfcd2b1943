"""Contribution margin and full cost of a truck over a program's life."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Scalar


class FullCost(eqx.Module):
    """Life means per truck sold, dollars.

    Contribution says whether one truck more is worth building, full cost whether the program is.
    """

    price: Float[Array, "truck"]
    """What the seller gets per truck."""
    variable: Float[Array, "truck"]
    """Variable cost per truck, after the production credit."""
    contribution: Float[Array, "truck"]
    """Price less variable cost."""
    fixed: Float[Array, "kind"]
    """Fixed cost per truck by kind, the same for every truck: what they share has no better key."""
    full: Float[Array, "truck"]
    """Variable and fixed cost per truck."""
    margin: Float[Array, "truck"]
    """Price less full cost."""
    residual: Scalar
    """Full cost times trucks, less all that was spent (dollars); zero where trucks are sold."""


def full_cost(
    price: Float[Array, "year truck"],
    variable: Float[Array, "year truck"],
    sold: Float[Array, "year truck"],
    fixed: Float[Array, "kind year"],
) -> FullCost:
    """Allocate a program's fixed cost over the trucks of its life (units of production).

    Undiscounted, as an income statement does; a year without trucks still has its fixed cost. A
    truck that is never sold shows zeros.

    **Arguments:**

    - `price`: what the seller gets per truck.
    - `variable`: variable cost per truck, after the production credit.
    - `sold`: trucks.
    - `fixed`: fixed cost by kind (plant, launch, engineering, tooling, overhead, ...), dollars.
    """
    units = jnp.sum(sold, axis=0)

    def life_mean(values: Float[Array, "year truck"]) -> Float[Array, "truck"]:
        total = jnp.sum(values * sold, axis=0)
        return jnp.where(units > 0, total / jnp.where(units > 0, units, 1.0), 0.0)

    everything = jnp.sum(units)
    spent = jnp.sum(fixed, axis=1)
    some = everything > 0
    each = jnp.where(some, spent / jnp.where(some, everything, 1.0), 0.0)
    mean_price, mean_variable = life_mean(price), life_mean(variable)
    full = jnp.where(units > 0, mean_variable + jnp.sum(each), 0.0)
    allocated = jnp.sum(full * units)
    outlay = jnp.sum(variable * sold) + jnp.sum(spent)
    return FullCost(
        price=mean_price,
        variable=mean_variable,
        contribution=mean_price - mean_variable,
        fixed=each,
        full=full,
        margin=mean_price - full,
        residual=jnp.where(some, allocated - outlay, 0.0),
    )
