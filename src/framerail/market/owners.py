"""The stock of owners: who drives what already, and what that does to the next choice.

Buyers who return come with a make, which they tend to buy again (state dependence), and with
what they have learned of electric trucks: at the wheel of one, or from the many on the road. The
stock moves on with every year's sales; buyers look at the year's market only.
"""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.market.buyers import Buyers
from framerail.market.choice import choose
from framerail.market.equilibrium import (
    EXACT,
    Accuracy,
    MarketEquilibrium,
    Offers,
    equilibrium,
    gross_utility,
)
from framerail.market.pricing import Ownership
from framerail.quantities import Declared, Duration, PositiveNumber


class Habits(Declared):
    """What ownership does to tastes."""

    loyalty: PositiveNumber
    """Utils that an owner adds to the make owned."""
    experience: PositiveNumber
    """Utils that an electric vehicle gains with those who own one."""
    familiarity: PositiveNumber
    """Utils that electric vehicles gain with everybody else when all others own one; in
    proportion for a part of them."""
    holding: Duration
    """Years between the new vehicles of one buyer."""


class Makes(eqx.Module):
    """Kinds of ownership: every make, its electric vehicles apart, and anything else last."""

    member: Float[Array, "product kind"]
    """One where the product makes its buyer an owner of the kind."""
    make: Float[Array, "kind make"]
    """One where the kind is of the make; all zero for the last kind."""
    electric: Float[Array, " kind"]
    """One for kinds of electric vehicles."""

    def of_product(self) -> Float[Array, "product make"]:
        """One where the product is of the make."""
        return self.member @ self.make


def makes_of(brands: tuple[str, ...], electric: Float[Array, " product"]) -> Makes:
    """Makes of a product table: its `brands`, and which products are electric."""
    kinds = sorted({(b, float(e) > 0) for b, e in zip(brands, electric, strict=True)})
    names = sorted(set(brands))
    own = [(b, float(e) > 0) for b, e in zip(brands, electric, strict=True)]
    return Makes(
        member=jnp.asarray([[*(float(mine == kind) for kind in kinds), 0.0] for mine in own]),
        make=jnp.asarray(
            [*([float(kind[0] == name) for name in names] for kind in kinds), [0.0] * len(names)]
        ),
        electric=jnp.asarray([*(float(kind[1]) for kind in kinds), 0.0]),
    )


class OwnersMarket(NamedTuple):
    """A market in which every buyer comes with what is owned."""

    buyers: Buyers
    offers: Offers


def owners_market(
    buyers: Buyers, offers: Offers, makes: Makes, habits: Habits, stock: Float[Array, " kind"]
) -> OwnersMarket:
    """Every buyer once as an owner of every kind, with tastes to match.

    **Arguments:** `stock` is the part of returning buyers that own each kind; it sums to one.
    Ownership is independent of the other tastes: loyalty stands in for what persists of them.

    **Returns:** `buyers` and `offers` with a trait for every make and one for electric drive.
    """
    kinds, size = stock.shape[0], buyers.weight.shape[0]
    electric = makes.member @ makes.electric
    known = habits.familiarity * (stock @ makes.electric)
    learned = makes.electric * habits.experience + (1 - makes.electric) * known
    habit = jnp.concatenate([habits.loyalty * makes.make, learned[:, None]], axis=1)
    taste = jnp.concatenate(
        [jnp.tile(buyers.taste, (kinds, 1)), jnp.repeat(habit, size, axis=0)], axis=1
    )
    traits = jnp.concatenate([offers.traits, makes.of_product(), electric[:, None]], axis=1)

    def again(values: Array | None) -> Array | None:
        if values is None:
            return None
        return jnp.concatenate([values] * kinds)

    population = Buyers(
        weight=(stock[:, None] * buyers.weight[None, :]).reshape(kinds * size),
        sensitivity=jnp.tile(buyers.sensitivity, kinds),
        taste=taste,
        demographics=again(buyers.demographics),
        fleet=again(buyers.fleet),
    )
    return OwnersMarket(population, dataclasses.replace(offers, traits=traits))


def next_stock(
    stock: Float[Array, " kind"], makes: Makes, habits: Habits, share: Float[Array, " product"]
) -> Float[Array, " kind"]:
    """Stock after a year in which one in `holding` buyers returned and chose at these shares."""
    bought = share @ makes.member
    bought = bought.at[-1].add(1 - jnp.sum(share))
    return stock + (bought - stock) / jnp.maximum(habits.holding, 1.0)


def loyalty_rates(
    market: MarketEquilibrium, split: OwnersMarket, makes: Makes
) -> Float[Array, " kind"]:
    """Part of the owners of each kind who buy its make again; zero for the last kind.

    **Arguments:** `split` from `owners_market`, `market` its equilibrium.
    """
    buyers, offers = split
    utility = gross_utility(buyers, offers) - buyers.sensitivity[:, None] * market.price[None, :]
    bought = choose(utility, offers.availability, offers.nests).bought @ makes.of_product()
    kinds = makes.electric.shape[0]
    of_kind = buyers.weight.reshape(kinds, -1)
    again = jnp.einsum("ki,kim->km", of_kind, bought.reshape(kinds, -1, bought.shape[1]))
    return jnp.sum(again * makes.make, axis=1) / jnp.maximum(jnp.sum(of_kind, axis=1), 1e-300)


class OwnersPath(eqx.Module):
    """Years of a market with memory: every leaf has a leading year axis."""

    market: MarketEquilibrium
    stock: Float[Array, "year kind"]
    """Part of returning buyers that own each kind, at the year's begin."""
    loyalty: Float[Array, "year kind"]
    """Part of each kind's owners that buy its make again."""
    outcome: Int[Array, " year"]


def owners_path(
    buyers: Buyers,
    offers: Offers,
    ownership: Ownership,
    makes: Makes,
    habits: Habits,
    stock: Float[Array, " kind"],
    accuracy: Accuracy = EXACT,
) -> OwnersPath:
    """The years' equilibria, one after the other, each with the owners that the last one left.

    **Arguments:** `offers` with a leading year axis on every leaf (a model-year path); `stock` at
    the begin of the first. Qualities must have been inverted with owners in the market
    (`owners_market` at the calibration year's stock), or loyalty would add to everyone's demand.
    """

    def year(now: Float[Array, " kind"], given: Offers) -> tuple[Array, Any]:
        split = owners_market(buyers.at_price_level(given.price_level), given, makes, habits, now)
        solved = equilibrium(split.buyers, split.offers, ownership, given.start_price, accuracy)
        rates = loyalty_rates(solved, split, makes)
        return next_stock(now, makes, habits, solved.share), (solved, now, rates)

    _, (market, stocks, rates) = jax.lax.scan(year, stock, offers)
    return OwnersPath(market, stocks, rates, market.outcome)
