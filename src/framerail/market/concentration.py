"""Concentration, and what a merger presses prices to do before anyone has solved for them."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.market.buyers import Buyers
from framerail.market.choice import Choice, diversion
from framerail.market.pricing import Ownership, markups


def concentration(quantity: Float[Array, " product"], ownership: Ownership) -> Float[Array, ""]:
    """Herfindahl-Hirschman index of units by controlling firm, 0 to 10,000.

    Zero for a market that sells nothing.
    """
    of_firm = quantity @ ownership.control
    total = jnp.sum(of_firm)
    return 1e4 * jnp.sum(of_firm**2) / jnp.where(total > 0, total, 1.0) ** 2


class PricingPressure(eqx.Module):
    """First-order effect of a change of ownership on each product, over `product`."""

    upward: Float[Array, " product"]
    """Upward pricing pressure, $: value of the sales that a higher price would hand to products
    that the pricer has come to care for, less the saving of cost."""
    gross_index: Float[Array, " product"]
    """GUPPI: that value without the saving, as a fraction of the price."""
    compensating_saving: Float[Array, " product"]
    """Part of marginal cost that must be saved for prices to stay (Werden, 1996)."""


def pricing_pressure(
    buyers: Buyers,
    choice: Choice,
    price: Float[Array, " product"],
    marginal_cost: Float[Array, " product"],
    before: Ownership,
    after: Ownership,
    saving: Float[Array, " product"],
) -> PricingPressure:
    """Upward pricing pressure of Farrell and Shapiro (2010) at today's prices, for any pair of
    ownerships, partial ones included.

    **Arguments:**

    - `choice`: at `price` ($).
    - `before`, `after`: ownership today and as changed.
    - `saving`: part of `marginal_cost` that the change saves, a fraction by product.

    Compensating savings are the exact ones: costs that make today's prices optimal afterwards.
    """
    margin = price - marginal_cost
    flows = diversion(buyers, choice)[:, :-1]
    gained = after.matrix() / after.own()[:, None] - before.matrix() / before.own()[:, None]
    value = (gained * flows) @ margin
    needed = markups(buyers, after, choice)
    return PricingPressure(
        upward=value - saving * marginal_cost,
        gross_index=value / price,
        compensating_saving=1 - (price - needed) / marginal_cost,
    )
