"""First steps of a market of many buyers: among some of them, corrected by all.

Dear products are bought by the few buyers who mind prices least, and their prices decide where
unmixed steps lead (docs/decisions/0063-steps-among-some-buyers.md). Those buyers are kept, and of
the others one in eight. The steps among them ask for markups multiplied by what all buyers asked
for over what the some did, both at the last prices seen by all.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from framerail.market.buyers import Buyers
from framerail.market.markup_sums import Asked, markup_sums
from framerail.market.price_steps import (
    HURRY,
    LARGEST_GAIN,
    PricedMarket,
    answer,
    answer_slope,
    approach,
    hurry,
    single,
)
from framerail.numerics.fixed_point import HeldSlope

MANY = 1_000
"""Buyers from which steps begin among some of them."""
_EVERY = 8
"""One buyer in so many is kept, and one in so many for minding prices least."""
_TURNS = 10
"""Looks at all buyers at most, before the steps begin again among all of them."""
_WITHIN = 0.03
"""Residual at which steps among some buyers end, of the one that all buyers had."""
_FARTHEST = 50.0
"""A step is taken where it is shorter than so many residuals."""
_RATIO = 2.0
"""A correction multiplies or divides markups by this at most."""


def many_buyers(market: PricedMarket) -> bool:
    """Whether steps begin among some buyers; with nests a step is not stretched, and they do
    not."""
    return market.utility.nests is None and market.buyers.weight.shape[0] >= MANY


def some_buyers(market: PricedMarket) -> PricedMarket:
    """The same market among the buyers who mind prices least and an even sample of the others."""
    buyers = market.buyers
    count = buyers.weight.shape[0]
    _, least = jax.lax.top_k(-buyers.sensitivity, count // _EVERY)
    even = jnp.arange(_EVERY // 2, count, _EVERY)
    chosen = jnp.concatenate([least, even])
    # Who is among the first stands for nobody else.
    counted = jnp.zeros(count, dtype=bool).at[least].set(True)
    others = jnp.where(counted[even], 0.0, buyers.weight[even])
    kept = buyers.weight[least]
    left = jnp.sum(buyers.weight) - jnp.sum(kept)
    weight = jnp.concatenate([kept, others * left / jnp.maximum(jnp.sum(others), 1e-30)])
    return market._replace(
        buyers=Buyers(weight, buyers.sensitivity[chosen], buyers.taste[chosen]),
        utility=market.utility._replace(gross=market.utility.gross[chosen]),
    )


class _Turn(NamedTuple):
    price: Float[Array, " product"]
    size: Float[Array, ""]
    turns: Int[Array, ""]


def steps_among_some(
    price: Float[Array, " product"], market: PricedMarket, enough: float
) -> tuple[Float[Array, " product"], Float[Array, ""], Int[Array, ""]]:
    """Prices at which the residual of all buyers is `enough`, or where that failed; the residual,
    and how often all buyers were asked."""
    price, market = jax.lax.stop_gradient((price, market))
    some, cost = some_buyers(market), market.offers.marginal_cost
    ask_all, ask_some = markup_sums(market, sloped=False), markup_sums(some, sloped=False)
    ask_with_slope = markup_sums(some, sloped=True)

    def unfinished(state: _Turn) -> Bool[Array, ""]:
        return (state.size > enough) & (state.turns < _TURNS)

    def turn(state: _Turn) -> _Turn:
        asked, _ = ask_all(state.price)
        ratio = asked / ask_some(state.price)[0]
        ratio = jnp.clip(jnp.nan_to_num(ratio, nan=1.0), 1 / _RATIO, _RATIO)
        gap = jnp.where(market.strategic > 0, asked - (state.price - cost), 0.0)
        size = jnp.max(jnp.abs(gap))

        def corrected(price: Float[Array, " product"]) -> Asked:
            markup, slope = ask_with_slope(price)
            return ratio * markup, ratio * slope

        until = jnp.maximum(enough, _WITHIN * size)
        limit = jnp.where(size > enough, HURRY, 0)
        near = approach(state.price, some, until, limit, corrected)
        return _Turn(near.price, size, state.turns + 1)

    far = jnp.asarray(jnp.inf, dtype=price.dtype)
    end = jax.lax.while_loop(unfinished, turn, _Turn(price, far, jnp.zeros((), jnp.int32)))
    return end.price, end.size, end.turns


def hurry_among_some(
    start: Float[Array, " product"], market: PricedMarket, enough: float
) -> tuple[Float[Array, " product"], HeldSlope, Int[Array, ""]]:
    """`price_steps.hurry` for many buyers; beside the prices the map's slope there, held.

    Where the steps among some buyers do not settle, those of all begin at `start`.
    """
    start, market = jax.lax.stop_gradient((start, market))
    quick = single(market)
    price, size, asked = steps_among_some(single(start), quick, enough)
    near = jnp.where(market.strategic > 0, price.astype(start.dtype), start)

    def among_all() -> tuple[Float[Array, " product"], Int[Array, ""]]:
        again, _, steps = hurry(start, market, enough)
        return again, steps

    near, more = jax.lax.cond(size <= enough, lambda: (near, jnp.zeros((), jnp.int32)), among_all)
    near, held = _one_more(near, quick)
    return near, held, asked + more


def _one_more(
    price: Float[Array, " product"], quick: PricedMarket
) -> tuple[Float[Array, " product"], HeldSlope]:
    """A step with the map's slope in single precision, and that slope, in which no product's own
    counts for more than in other steps."""
    price, quick = jax.lax.stop_gradient((price, quick))
    at = single(price)
    slope = jnp.nan_to_num(answer_slope(at, quick)).astype(price.dtype)
    own = jnp.diagonal(slope)
    gain = 1 / (1 - jnp.clip(own, -2.0, 1 - 1 / LARGEST_GAIN))
    held = HeldSlope(gain=gain, coupling=gain[:, None] * (slope - jnp.diag(own)))
    gap = jnp.where(quick.strategic > 0, answer(at, quick) - at, 0.0)
    step = held.stretch(jnp.nan_to_num(gap).astype(price.dtype))
    sound = jnp.max(jnp.abs(step)) < _FARTHEST * jnp.max(jnp.abs(gap))
    return price + jnp.where(sound, step, 0.0), held
