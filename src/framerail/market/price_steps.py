"""Steps of prices towards an equilibrium, before they are mixed.

Which equilibrium counts is for plain steps of the markup map to say
(docs/decisions/0017-which-equilibrium.md); stretching them by their own curvature is only quicker
(docs/decisions/0050-steps-stretched-by-curvature.md).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from framerail.market.buyers import Buyers
from framerail.market.markup_sums import Asked
from framerail.market.nests import Nests
from framerail.market.pricing import (
    Ownership,
    Pieces,
    Utility,
    own_curvature,
    pieces,
    zeta,
    zeta_jacobian,
)

_APPROACH = 500
"""Unmixed steps at most."""
SETTLED = 1e-2
"""Raw residual at which unmixed steps of a second try end, in dollars."""
HURRY = 60
"""Unmixed steps in single precision at most."""
LARGEST_GAIN = 20.0
"""Stretch of an unmixed step at most."""
_STEEP, _CREEP = 0.8, 0.2
"""Where d zeta_j / d p_j exceeds the first, a step changes the markup by the second at most."""
_FACTOR = 4.0
"""A stretched step leads to a markup within this factor of the one asked for."""


class Offers(eqx.Module):
    """What firms offer in one market, arrays over `product` (J)."""

    quality: Float[Array, " product"]
    """Mean utility before price, utils."""
    traits: Float[Array, "product trait"]
    """Traits that buyers differ about."""
    marginal_cost: Float[Array, " product"]
    """$ per truck."""
    credit: Float[Array, " product"]
    """$ by which the buyer's price is below the seller's."""
    availability: Float[Array, " product"]
    """Part of the year on sale, in [0, 1]; zero takes a product off the market."""
    fixed_price: Float[Array, " product"]
    """One where the price stays at `start_price`."""
    start_price: Float[Array, " product"]
    """$; first guess, and the price itself where fixed."""
    market_size: Float[Array, ""]
    """Buyers."""
    price_level: Float[Array, ""]
    """Prices relative to the calibration year."""
    nests: Nests | None = None
    """Products alike beyond their traits; none for a mixed logit without nests."""
    fleet_share: Float[Array, ""] | None = None
    """Part of the buyers that are fleets this year; none keeps the population's own."""


class PricedMarket(NamedTuple):
    """A market as the markup map sees it."""

    buyers: Buyers
    offers: Offers
    ownership: Ownership
    utility: Utility
    strategic: Float[Array, " product"]


def pieces_at(price: Float[Array, " product"], market: PricedMarket) -> Pieces:
    """Choice and its sums at the prices."""
    markup = price - market.offers.marginal_cost
    return pieces(market.buyers, market.utility, market.ownership, price, markup)


def answer(price: Float[Array, " product"], market: Any) -> Float[Array, " product"]:
    """Cost plus the markup asked for, or the fixed price."""
    asked = market.offers.marginal_cost + zeta(pieces_at(price, market))
    return jnp.where(market.strategic > 0, asked, market.offers.start_price)


def answer_slope(price: Float[Array, " product"], market: Any) -> Float[Array, "product product"]:
    """d answer_j / d p_l at [j, l]."""
    slope = _zeta_slope(price, market)
    return jnp.where(market.strategic[:, None] > 0, slope, 0.0)


def _zeta_slope(price: Float[Array, " product"], market: Any) -> Float[Array, "product product"]:
    if market.utility.nests is not None:  # no closed form is kept for nests
        return jax.jacfwd(lambda p: zeta(pieces_at(p, market)))(price)
    return zeta_jacobian(
        market.buyers,
        market.ownership,
        pieces_at(price, market),
        price - market.offers.marginal_cost,
    )


def hurry(
    start: Float[Array, " product"], market: PricedMarket, enough: float
) -> tuple[Float[Array, " product"], Float[Array, " product"], Int[Array, ""]]:
    """`approach` in single precision, which takes half the time, then in double: the prices, the
    last stretch, and how many evaluations."""
    near = approach(single(start), single(market), enough, HURRY)
    price = jnp.where(market.strategic > 0, near.price.astype(start.dtype), start)
    last = approach(price, market, enough, _APPROACH)
    return last.price, last.gain, near.steps + last.steps


def single(tree: Any) -> Any:
    """The same arrays in single precision."""
    return jax.tree_util.tree_map(lambda leaf: leaf.astype(jnp.float32), tree)


class Approach(NamedTuple):
    """Where unmixed steps have led."""

    price: Float[Array, " product"]
    gain: Float[Array, " product"]
    """Stretch of the last step."""
    size: Float[Array, ""]
    """Raw residual before the last step, $."""
    steps: Int[Array, ""]


def approach(
    price: Float[Array, " product"],
    market: PricedMarket,
    enough: float | Float[Array, ""],
    limit: int | Int[Array, ""],
    look: Callable[[Float[Array, " product"]], Asked] | None = None,
) -> Approach:
    """Steps stretched by own curvature until the residual is `enough`, at most `limit`; `look`
    gives the markups asked for and their own slopes where the market's are not meant.

    A dear product that few rich buyers take asks for nearly the markup it has, whatever that is:
    d zeta_j / d p_j is near one and plain steps creep. Dividing by one less that slope is Newton's
    step in each price alone, and from a minimum of profit (slope above one) it leads away as the
    plain one does. Which equilibrium counts is for the plain steps to say (decision 0017), so
    steep products go in short steps on the same way.
    """
    price, market = jax.lax.stop_gradient((price, market))
    cost = market.offers.marginal_cost
    see = partial(_asked, market) if look is None else look

    def unfinished(state: Approach) -> Bool[Array, ""]:
        return (state.size > enough) & (state.steps < limit)

    def advance(state: Approach) -> Approach:
        markup = state.price - cost
        asked, slope = see(state.price)
        asked = jnp.where(jnp.isfinite(asked), asked, markup)
        gain = 1 / (1 - jnp.clip(jnp.nan_to_num(slope), -2.0, 1 - 1 / LARGEST_GAIN))
        gap = jnp.where(market.strategic > 0, asked - markup, 0.0)
        # A slope holds only nearby: where it is steep, a long step would jump to another
        # equilibrium; and no markup may end far from the one asked for.
        longest = jnp.where(slope < _STEEP, jnp.inf, jnp.maximum(jnp.abs(gap), _CREEP * markup))
        stretched = markup + jnp.clip(gain * gap, -longest, longest)
        stretched = jnp.clip(stretched, asked / _FACTOR, asked * _FACTOR)
        return Approach(
            price=jnp.where(market.strategic > 0, cost + stretched, state.price),
            gain=gain,
            size=jnp.max(jnp.abs(gap)),
            steps=state.steps + 1,
        )

    far = jnp.asarray(jnp.inf, dtype=price.dtype)
    begin = Approach(price, jnp.ones_like(price), far, jnp.zeros((), jnp.int32))
    return jax.lax.while_loop(unfinished, advance, begin)


def _asked(market: PricedMarket, price: Float[Array, " product"]) -> Asked:
    """Markups asked for, and how each rises with its own price; zero with nests, where that has
    no closed form and steps are plain."""
    parts = pieces_at(price, market)
    if market.utility.nests is not None:
        return zeta(parts), jnp.zeros_like(price)
    return zeta(parts), own_curvature(market.buyers, parts, price - market.offers.marginal_cost)


def plain_steps(
    price: Float[Array, " product"], market: PricedMarket, enough: float, limit: int
) -> tuple[Float[Array, " product"], Int[Array, ""]]:
    """Unmixed steps, not stretched, until the residual is `enough`; and how many."""

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        _, size, count = state
        return (size > enough) & (count < limit)

    def advance(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        price, _, count = state
        asked = answer(price, market)
        return asked, jnp.max(jnp.abs(asked - price)), count + 1

    begin = (price, jnp.asarray(jnp.inf), jnp.zeros((), dtype=jnp.int32))
    price, _, count = jax.lax.while_loop(unfinished, advance, begin)
    return price, count


def at_a_minimum(price: Float[Array, " product"], market: PricedMarket) -> Bool[Array, " product"]:
    """Products on sale whose price, alone, is no local maximum of their firm's profit."""
    if market.utility.nests is not None:
        curved = jnp.diagonal(_zeta_slope(price, market))
    else:
        markup = price - market.offers.marginal_cost
        curved = own_curvature(market.buyers, pieces_at(price, market), markup)
    return (market.offers.availability * market.strategic > 0) & ~(curved < 1)
