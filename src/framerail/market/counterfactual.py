"""What-if questions of one market, each in one call.

Every verb takes a `Market` and answers with a `Comparison` of the equilibrium before and after;
prices of both are solved, the second from the first (continuation selects the equilibrium near
today's). The verbs that begin with `with_` only rewrite the market: combine them, then `compare`.
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.market.buyers import Buyers
from framerail.market.choice import choose
from framerail.market.concentration import concentration
from framerail.market.equilibrium import (
    EXACT,
    MarketEquilibrium,
    Offers,
    equilibrium,
    gross_utility,
)
from framerail.market.nests import joined_nests
from framerail.market.pricing import Ownership, markups
from framerail.quantities import Scalar

Column = Float[Array, " product"] | Scalar | float
"""A number for all products, or one for each."""


class Market(eqx.Module):
    """All that a price equilibrium depends on."""

    buyers: Buyers
    offers: Offers
    """`start_price` is the first guess, and the price itself where `fixed_price` is one."""
    ownership: Ownership


class Comparison(eqx.Module):
    """A market before and after a change."""

    before: MarketEquilibrium
    after: MarketEquilibrium
    price_change: Float[Array, " product"]
    """$."""
    quantity_change: Float[Array, " product"]
    """Trucks."""
    profit_change: Float[Array, " firm"]
    """$ a year, variable profit; by the firms of the market after the change."""
    consumer_surplus_change: Float[Array, ""]
    """$ per buyer."""
    concentration_before: Float[Array, ""]
    """Herfindahl-Hirschman index of units, 0 to 10,000."""
    concentration_after: Float[Array, ""]
    """The same after the change."""


@eqx.filter_jit  # a question is asked alone: without it, every call would compile anew
def solve(market: Market) -> MarketEquilibrium:
    """Equilibrium from the offers' own start prices."""
    offers = market.offers
    return equilibrium(market.buyers, offers, market.ownership, offers.start_price, EXACT)


def compare(before: Market, after: Market) -> Comparison:
    """Solve two markets over the same products, the second from the prices of the first.

    Products of which only one market knows must be in both, with an availability of zero in the
    market that lacks them.

    Raises:
        ValueError: when the markets differ in their numbers of products.
    """
    if before.offers.quality.shape != after.offers.quality.shape:
        raise ValueError(
            f"the markets have {before.offers.quality.shape[0]} and "
            f"{after.offers.quality.shape[0]} products; keep a product that only one of them has "
            "in both, with an availability of zero"
        )
    return _compare(before, after)


@eqx.filter_jit
def _compare(before: Market, after: Market) -> Comparison:
    first = solve(before)
    start = jnp.where(after.offers.fixed_price > 0, after.offers.start_price, first.price)
    second = equilibrium(after.buyers, after.offers, after.ownership, start, EXACT)
    # A merged firm's profit before is the sum of its parts': by the firms after the change.
    profit = (first.quantity * first.markup) @ after.ownership.cash
    return Comparison(
        before=first,
        after=second,
        price_change=second.price - first.price,
        quantity_change=second.quantity - first.quantity,
        profit_change=second.variable_profit - profit,
        consumer_surplus_change=second.consumer_surplus - first.consumer_surplus,
        concentration_before=concentration(first.quantity, before.ownership),
        concentration_after=concentration(second.quantity, after.ownership),
    )


def _offering(market: Market, **columns: Float[Array, "..."]) -> Market:
    keys = tuple(columns)
    offers = eqx.tree_at(
        lambda tree: [getattr(tree, key) for key in keys],
        market.offers,
        [columns[key] for key in keys],
    )
    return Market(market.buyers, offers, market.ownership)


def recover_costs(market: Market) -> Market:
    """The market with the marginal costs at which its `start_price`s are optimal."""
    offers = market.offers
    buyers = market.buyers.with_fleet_share(offers.fleet_share)
    utility = gross_utility(buyers, offers)
    utility -= buyers.sensitivity[:, None] * offers.start_price[None, :]
    choice = choose(utility, offers.availability, offers.nests)
    cost = offers.start_price - markups(buyers, market.ownership, choice)
    return _offering(market, marginal_cost=cost)


def with_products(market: Market, newcomers: Offers, ownership: Ownership) -> Market:
    """The market with the newcomers' rows appended, on sale as their `availability` says.

    **Arguments:**

    - `newcomers`: one row per new product; their market size and price level are not read.
    - `ownership`: their rows, over the firms that the market has already. In a market with nests
      the newcomers' `nests.member` has their rows over the market's nests, all zero for a product
      that stands alone.

    Raises:
        ValueError: when the newcomers are owned by firms, or placed in nests, that the market does
            not know.
    """
    firms, theirs = market.ownership.cash.shape[1], ownership.cash.shape[1]
    if firms != theirs:
        raise ValueError(
            f"the newcomers are owned among {theirs} firms, the market has {firms}: give a column "
            "for every firm of the market, and add new firms to it with `with_firms`"
        )

    def joined(old: Array, new: Array) -> Array:
        return old if old.ndim == 0 else jnp.concatenate([old, new])

    nests = joined_nests(market.offers.nests, newcomers.nests)

    def bare(offers: Offers) -> Offers:
        return dataclasses.replace(offers, fleet_share=None, nests=None)

    offers = jax.tree_util.tree_map(joined, bare(market.offers), bare(newcomers))
    return Market(
        market.buyers,
        dataclasses.replace(offers, fleet_share=market.offers.fleet_share, nests=nests),
        jax.tree_util.tree_map(joined, market.ownership, ownership),
    )


def with_firms(market: Market, count: int) -> Market:
    """The market with `count` more firms that own nothing yet, last in order."""

    def wider(matrix: Array) -> Array:
        return jnp.concatenate([matrix, jnp.zeros((matrix.shape[0], count))], axis=1)

    return Market(
        market.buyers, market.offers, jax.tree_util.tree_map(wider, market.ownership)
    )  # fmt: skip


def entry(market: Market, newcomers: Offers, ownership: Ownership) -> Comparison:
    """New products come on sale; see `with_products`. They are last in the results, and off
    sale before: their price there is what their firm would ask for the first truck."""
    after = with_products(market, newcomers, ownership)
    old = market.offers.quality.shape[0]
    there = after.offers.availability.at[old:].set(0.0)
    return compare(_offering(after, availability=there), after)


def withdraw(market: Market, removed: Float[Array, " product"]) -> Comparison:
    """Products leave the market: `removed` is one for those, or the part of the year lost."""
    offers = market.offers
    return compare(market, _offering(market, availability=offers.availability * (1 - removed)))


def with_merger(market: Market, acquirer: int, target: int) -> Market:
    """The market in which firm `acquirer` prices and earns what firm `target` did."""

    def merged(matrix: Float[Array, "product firm"]) -> Float[Array, "product firm"]:
        both = matrix[:, acquirer] + matrix[:, target]
        return matrix.at[:, target].set(0.0).at[:, acquirer].set(both)

    owners = market.ownership
    return Market(
        market.buyers, market.offers, Ownership(merged(owners.control), merged(owners.cash))
    )  # fmt: skip


def merger(market: Market, acquirer: int, target: int, *, saving: Column = 0.0) -> Comparison:
    """Firm `acquirer` takes over firm `target` (columns of the ownership).

    **Arguments:** `saving` is the part of marginal cost that the merged firm saves on its
    products, as a fraction (a number, or one per product).
    """
    after = with_merger(market, acquirer, target)
    owners = market.ownership.control
    theirs = owners[:, acquirer] + owners[:, target]
    cost = market.offers.marginal_cost * (1 - theirs * saving)
    return compare(market, _offering(after, marginal_cost=cost))


def reprice(market: Market, price: Float[Array, " product"], held: Column) -> Comparison:
    """Some prices are set from outside; the others answer.

    **Arguments:** `price`, $; `held` is one for the products that stay at it (all of them: what
    the change sells before anyone answers), zero for those that answer.
    """
    held = jnp.broadcast_to(jnp.asarray(held, dtype=jnp.float64), price.shape)
    start = jnp.where(held > 0, price, market.offers.start_price)
    fixed = jnp.where(held > 0, 1.0, market.offers.fixed_price)
    return compare(market, _offering(market, start_price=start, fixed_price=fixed))


def change_attributes(
    market: Market,
    *,
    quality: Column = 0.0,
    traits: Float[Array, "product trait"] | None = None,
) -> Comparison:
    """Products get better or other: `quality` is added, in utils (willingness to pay times the
    price sensitivity); `traits` replaces the columns that buyers differ about."""
    offers = market.offers
    return compare(
        market,
        _offering(
            market,
            quality=offers.quality + quality,
            traits=offers.traits if traits is None else traits,
        ),
    )


def change_costs(market: Market, *, amount: Column = 0.0, factor: Column = 1.0) -> Comparison:
    """Marginal cost becomes `factor` times itself plus `amount` ($), for all or by product."""
    cost = market.offers.marginal_cost * factor + amount
    return compare(market, _offering(market, marginal_cost=cost))


def change_credits(market: Market, credit: Column) -> Comparison:
    """Purchase credits become `credit` ($, of all or by product); a negative one is a unit tax
    that buyers pay."""
    return compare(market, _offering(market, credit=market.offers.credit * 0.0 + credit))


def repeal_credits(market: Market) -> Comparison:
    """No purchase credit any more."""
    return change_credits(market, 0.0)


def with_sales_tax(market: Market, rate: Column) -> Market:
    """The market under a tax on the price, in which prices are what buyers pay.

    A firm that gets `p / (1 + rate)` of a buyer's price p earns `(p - (1 + rate) cost) /
    (1 + rate)`: a higher cost and a smaller part in the product's profit. Credits stay untaxed.

    **Arguments:** `rate` is a fraction, of all products or by product.
    """
    gross = 1 + jnp.broadcast_to(
        jnp.asarray(rate, dtype=jnp.float64), market.offers.quality.shape
    )  # fmt: skip
    taxed = _offering(market, marginal_cost=market.offers.marginal_cost * gross)
    cash = market.ownership.cash / gross[:, None]
    return Market(taxed.buyers, taxed.offers, Ownership(market.ownership.control, cash))


@eqx.filter_jit
def pass_through(market: Market) -> Float[Array, "product product"]:
    """dp_j / dc_l at [j, l] in equilibrium: what a dollar of cost does to prices."""

    def price(cost: Float[Array, " product"]) -> Float[Array, " product"]:
        return solve(_offering(market, marginal_cost=cost)).price

    return jax.jacobian(price)(market.offers.marginal_cost)
