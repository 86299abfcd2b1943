"""Choice probabilities of a mixed logit and what follows from them at given prices.

Arrays are over `buyer` (I) and `product` (J). An availability between zero and one is the part
of the year (or of the dealers) in which a product can be bought; it multiplies the product's
weight in every buyer's choice, and at zero the product takes exactly no sales.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.market.buyers import Buyers
from framerail.market.nests import Nests, WithinNest, nested_odds


class Choice(eqx.Module):
    """Choice probabilities of every buyer."""

    bought: Float[Array, "buyer product"]
    """Probability that the buyer takes the product."""
    shadow: Float[Array, "buyer product"]
    """The same per unit of availability: also defined for a product that is not on sale."""
    outside: Float[Array, " buyer"]
    """Probability of no product at all."""
    log_inclusive: Float[Array, " buyer"]
    """Log of the sum of exponentials, outside good included."""
    nest: WithinNest | None = None
    """Choice within nests; none in a model without nests."""


def choose(
    utility: Float[Array, "buyer product"],
    availability: Float[Array, " product"],
    nests: Nests | None = None,
) -> Choice:
    """Logit probabilities, nested ones where there are nests, safe for any finite utility.

    **Arguments:** `utility` relative to the outside good at zero; `availability` in [0, 1].
    """
    if nests is not None:
        odds = nested_odds(utility, availability, nests)
        return Choice(
            bought=odds.shadow * availability[None, :],
            shadow=odds.shadow,
            outside=odds.outside,
            log_inclusive=odds.log_inclusive,
            nest=odds.within,
        )
    top = jax.lax.stop_gradient(jnp.maximum(jnp.max(utility, axis=1), 0.0))
    odds = jnp.exp(utility - top[:, None])
    nothing = jnp.exp(-top)
    total = nothing + odds @ availability
    shadow = odds / total[:, None]
    return Choice(
        bought=shadow * availability[None, :],
        shadow=shadow,
        outside=nothing / total,
        log_inclusive=top + jnp.log(total),
    )


def utilities(
    buyers: Buyers,
    quality: Float[Array, " product"],
    traits: Float[Array, "product trait"],
    net_price: Float[Array, " product"],
) -> Float[Array, "buyer product"]:
    """Utility of every product to every buyer, at prices net of credits in dollars."""
    return (
        quality[None, :]
        + buyers.taste @ traits.T
        - buyers.sensitivity[:, None] * net_price[None, :]
    )


def market_shares(buyers: Buyers, choice: Choice) -> Float[Array, " product"]:
    """Part of all buyers who take each product."""
    return buyers.weight @ choice.bought


def price_derivatives(buyers: Buyers, choice: Choice) -> Float[Array, "product product"]:
    """ds_j / dp_l at [j, l], per dollar."""
    slope = buyers.weight * buyers.sensitivity
    tilted = choice.bought * slope[:, None]
    crossed = tilted.T @ choice.bought
    own = jnp.sum(tilted, axis=0)
    if choice.nest is not None:
        crossed += choice.nest.rivalry() * (tilted.T @ choice.nest.bought)
        own *= choice.nest.stretch()
    return crossed - jnp.diag(own)


def elasticities(
    buyers: Buyers, choice: Choice, price: Float[Array, " product"]
) -> Float[Array, "product product"]:
    """Percent change of sales j per percent change of price l, at [j, l]; zero without sales."""
    share = market_shares(buyers, choice)
    sold = share > 0
    safe = jnp.where(sold, share, 1.0)
    ratio = price_derivatives(buyers, choice) * price[None, :] / safe[:, None]
    return jnp.where(sold[:, None], ratio, 0.0)


def diversion(buyers: Buyers, choice: Choice) -> Float[Array, "product product_or_outside"]:
    """Where marginal sales go when a price rises: row j gives the part of j's lost sales that
    each product gains, the outside good last; zero at [j, j] and for a product without sales."""
    slopes = price_derivatives(buyers, choice)
    slope = buyers.weight * buyers.sensitivity
    to_outside = (choice.bought * slope[:, None]).T @ choice.outside
    lost = -jnp.diagonal(slopes)
    sold = lost > 0
    flows = jnp.concatenate([slopes - jnp.diag(jnp.diagonal(slopes)), to_outside[:, None]], axis=1)
    return jnp.where(sold[:, None], flows / jnp.where(sold, lost, 1.0)[:, None], 0.0)


def second_choices(
    buyers: Buyers,
    utility: Float[Array, "buyer product"],
    availability: Float[Array, " product"],
    removed: Float[Array, " product"],
    nests: Nests | None = None,
) -> Float[Array, "product product_or_outside"]:
    """Where the buyers of each removed product go when all of `removed` leave the market.

    **Arguments:** `removed` is one for the products taken off sale together, zero elsewhere.

    **Returns:** at [j, l] the part of product j's buyers (j removed) whose next choice is l, the
    outside good last; rows of products that stay, or sell nothing, are zero.
    """
    before = choose(utility, availability, nests)
    after = choose(utility, availability * (1 - removed), nests)
    options = jnp.concatenate([after.bought, after.outside[:, None]], axis=1)
    leaving = (buyers.weight[:, None] * before.bought * removed[None, :]).T
    mass = jnp.sum(leaving, axis=1)
    some = mass > 0
    return jnp.where(some[:, None], leaving @ options / jnp.where(some, mass, 1.0)[:, None], 0.0)


def consumer_surplus(buyers: Buyers, choice: Choice) -> Float[Array, ""]:
    """Mean surplus per buyer in dollars, against having the outside good only."""
    return jnp.sum(buyers.weight * choice.log_inclusive / buyers.sensitivity)
