"""The markup map and each product's own slope of it, in products of matrices alone.

What `pricing.zeta` and `pricing.own_curvature` give, without nests and without arrays of buyers by
products beside the odds. Products run along rows: sums over buyers are then products with a
transposed right-hand matrix, which a processor does in half the time of a transposed left-hand
one. For steps, where derivatives are not asked for.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

Asked = tuple[Float[Array, " product"], Float[Array, " product"]]


def markup_sums(market: Any, *, sloped: bool) -> Callable[[Float[Array, " product"]], Asked]:
    """A function of prices that gives the markups asked for, and d zeta_j / d p_j; zero unless
    `sloped`, which takes half as long again.

    `market` is a `price_steps.PricedMarket` without nests.
    """
    buyers, ownership, offers = market.buyers, market.ownership, market.offers
    availability, cost = offers.availability, offers.marginal_cost
    per_dollar = buyers.sensitivity
    # `utility.gross` by product, built so: turning it costs more.
    gross = offers.quality[:, None] + offers.traits @ buyers.taste.T
    gross += offers.credit[:, None] * per_dollar[None, :]
    cash, control = ownership.cash.T, ownership.control / ownership.own()[:, None]
    firms = cash.shape[0]

    def asked(price: Float[Array, " product"]) -> Asked:
        utility = gross - price[:, None] * per_dollar[None, :]
        top = jnp.maximum(jnp.max(utility, axis=0), 0.0)
        odds = jnp.exp(utility - top[None, :])
        markup = price - cost
        earning = jnp.concatenate([availability[None, :], (availability * markup)[None, :] * cash])
        sums = earning @ odds
        total = jnp.exp(-top) + sums[0]
        # Of one buyer, by firm: w_i S_ij is `once` times the odds, and so on.
        profit = sums[1:] / total[None, :]
        once = buyers.weight / total
        twice, thrice = once * per_dollar, once * per_dollar**2
        rows = [once[None, :], twice[None, :], twice[None, :] * profit]
        if sloped:
            rows += [thrice[None, :], thrice[None, :] * profit]
        by_product = (jnp.concatenate(rows) @ odds.T).T
        share, slope = by_product[:, 0], jnp.maximum(by_product[:, 1], 1e-300)
        cross = jnp.sum(by_product[:, 2 : 2 + firms] * control, axis=1)
        zeta = (share + cross) / slope
        if not sloped:
            return zeta, jnp.zeros_like(zeta)
        steep = by_product[:, 2 + firms]
        earned = jnp.sum(by_product[:, 3 + firms :] * control, axis=1)
        squares = jnp.concatenate([twice[None, :], thrice[None, :], thrice[None, :] * profit])
        by_product = ((squares / total[None, :]) @ (odds**2).T).T * availability[:, None]
        steeper = by_product[:, 1]
        own = jnp.sum(by_product[:, 2:] * control, axis=1)
        change = 2 * by_product[:, 0] + 2 * own - earned - steeper * markup - slope
        return zeta, (change - zeta * (steeper - steep)) / slope

    return asked
