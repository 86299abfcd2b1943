"""The two circles of the economics, solved by name.

*Price and volume*: every model year's Bertrand-Nash equilibrium (`market.equilibrium`).
*Volume and cost*: trucks built -> learning and purchasing scale -> unit cost -> price -> orders
-> what the plant can build of them. The second circle encloses the first; its unknown is the
output of every truck in every model year, and its derivative is implicit.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.cost import UnitCost
from framerail.engine.marginal_cost import marginal_costs
from framerail.engine.setting import Setting
from framerail.market import (
    MarketEquilibrium,
    Offers,
    Response,
    capped_credit,
    offers_in_year,
    respond,
    settled,
)
from framerail.numerics.calendar import fraction_between
from framerail.numerics.fixed_point import mix_by_parts
from framerail.plant import Production, build_orders, produce

SCALE = 1e4
"""Trucks a year, or dollars of markup, to which `TOLERANCE` refers."""
TRIM_WIDTH = 5_000.0
"""Dollars below a price cap at which three in four of a nameplate's trims are under it."""
TOLERANCE = 1e-9
"""Change of output and markups around both circles, relative to `SCALE`, that counts as none."""


class World(eqx.Module):
    """Who is on the market: one row of presence for the trucks, and its solved path."""

    presence: Float[Array, " truck"]
    market: MarketEquilibrium
    """Equilibria by model year: every leaf has a leading year axis."""
    cost: UnitCost
    """By model year and truck: leading axes (year, truck)."""
    orders: Float[Array, "quarter truck"]
    production: Production
    output: Float[Array, "year truck"]
    """Trucks built by model year."""
    circle_residual: Float[Array, ""]
    """Largest relative gap between the output assumed for cost and the output built."""
    outcome: Int[Array, ""]
    """One where the volume-cost circle did not close."""
    turns: Int[Array, ""]
    """Turns around both circles that it took."""


def year_offers(setting: Setting, presence: Float[Array, " truck"]) -> Offers:
    """What firms offer in every model year: every leaf has a leading year axis.

    The trucks' costs are zero and their credits those at the scenario's prices: `_at_cost` puts in
    the costs of a volume, and the credits at the prices asked.
    """
    scenario, table = setting.scenario, setting.table
    products = len(table.names)
    entry = jnp.ones(products).at[setting.place].set(presence)
    years = scenario.model_year - scenario.market.calibration_year
    level = (1 + scenario.program.inflation) ** years
    credit = buyer_credits(setting, table.price[None, :] * level[:, None])

    def one(year: Array, level: Array, credit: Array) -> Offers:
        return offers_in_year(
            scenario.market,
            table,
            setting.calibration,
            year,
            price_level=level,
            entrant_cost=jnp.zeros(products),
            credit=credit,
            entry=entry,
        )

    return jax.vmap(one)(scenario.model_year, level, credit)


def buyer_credits(
    setting: Setting, list_price: Float[Array, "year product"]
) -> Float[Array, "year product"]:
    """Credits for a mean buyer of every product, purchase and lease, at these list prices.

    Final assembly in North America is a condition of 30D; the lessor's 45W asks for none.
    """
    policy, table = setting.yearly, setting.table
    purchase = policy.consumer[:, None] * (table.electric * table.north_america)[None, :]
    lease = policy.lease[:, None] * table.electric[None, :]
    cap = policy.price_cap[:, None] * jnp.ones_like(list_price)
    capped = capped_credit(
        purchase.ravel(), list_price.ravel(), cap.ravel(), jnp.asarray(TRIM_WIDTH)
    )
    part = setting.policy.lease_share
    bought = (1 - part) * capped.reshape(list_price.shape)
    return bought + part * lease + policy.state[:, None] * table.electric[None, :]


def market_path(
    setting: Setting, offers: Offers, price: Float[Array, "year product"]
) -> MarketEquilibrium:
    """The market of every model year at the prices that the circles ended in."""

    def one(year: tuple[Offers, Array]) -> MarketEquilibrium:
        offered, price = year
        buyers = setting.buyers.at_price_level(offered.price_level)
        return settled(buyers, offered, setting.ownership, price, 10 * TOLERANCE * SCALE)

    return jax.vmap(one)((offers, price))


def quarterly_orders(
    setting: Setting, quantity: Float[Array, "year truck"]
) -> Float[Array, "quarter truck"]:
    """A model year's orders over the quarters of the year in which the trucks are on sale."""
    on_sale = fraction_between(setting.start_of_production, setting.end_of_production, setting.grid)
    inside = setting.in_year * on_sale[None, :]
    whole = jnp.sum(inside, axis=1, keepdims=True)
    share = inside / jnp.where(whole > 0, whole, 1.0)
    return share.T @ quantity


def build(setting: Setting, orders: Float[Array, "quarter truck"]) -> Production:
    """What the plant makes of the orders."""
    plant = setting.scenario.plant
    return produce(
        setting.site,
        plant.launch,
        plant.orders,
        orders,
        setting.start_of_production,
        setting.end_of_production,
        setting.grid,
    )


class _Path(NamedTuple):
    """The unknowns of both circles."""

    output: Float[Array, "year truck"]
    markup: Float[Array, "year product"]


class _Given(NamedTuple):
    setting: Setting
    offers: Offers


def _at_cost(
    setting: Setting,
    offers: Offers,
    marginal: Float[Array, "year truck"],
    markup: Float[Array, "year product"],
) -> Offers:
    """Offers with the trucks' marginal cost replaced, and their credits at the price asked."""
    cost = offers.marginal_cost.at[:, setting.place].set(marginal)
    credit = setting.scenario.market.credit_take_up * buyer_credits(setting, cost + markup)
    credit = offers.credit.at[:, setting.place].set(credit[:, setting.place])
    return eqx.tree_at(lambda o: (o.marginal_cost, o.credit), offers, (cost, credit))


def _turn(path: _Path, given: _Given) -> _Path:
    """Once around both circles: one turn of the markup map at the cost of the assumed output."""
    setting = given.setting
    found = marginal_costs(setting, path.output)
    offers = _at_cost(setting, given.offers, found.marginal, path.markup)

    def one(year: tuple[Offers, Array]) -> Response:
        offered, markup = year
        buyers = setting.buyers.at_price_level(offered.price_level)
        return respond(buyers, offered, setting.ownership, markup)

    response = jax.vmap(one)((offers, path.markup))
    orders = quarterly_orders(setting, response.quantity[:, setting.place])
    trucks = build_orders(setting.line, setting.scenario.plant.orders, orders)
    output = setting.in_year @ trucks.output
    return _Path(output, response.markup)


class Solved(NamedTuple):
    """Volumes and costs at which both circles close, for one set of trucks."""

    offers: Offers
    """At the costs found; leading year axis."""
    cost: UnitCost
    output: Float[Array, "year truck"]
    price: Float[Array, "year product"]
    turns: Int[Array, ""]


def volume_cost_circle(
    setting: Setting, presence: Float[Array, " truck"], guess: Float[Array, "year truck"]
) -> Solved:
    """Close both circles for one set of trucks on the market.

    Output and markups move together until neither changes.
    """
    offers = year_offers(setting, presence)
    path, turns = mix_by_parts(
        _turn,
        _Path(guess, offers.start_price - offers.marginal_cost),
        _Given(setting, offers),
        tolerance=TOLERANCE,
        scale=SCALE,
    )
    found = marginal_costs(setting, path.output)
    offers = _at_cost(setting, offers, found.marginal, path.markup)
    price = offers.marginal_cost + path.markup
    return Solved(offers, found.cost, path.output, price, turns)


def solve_worlds(
    setting: Setting, presence: Float[Array, "world truck"], guess: Float[Array, "year truck"]
) -> tuple[World, MarketEquilibrium]:
    """Every world with its circles closed (leading world axis), and the market without trucks.

    The market without trucks is one more world, solved beside the others.
    """
    nobody = jnp.zeros_like(presence[:1])
    everywhere = jnp.concatenate([presence, nobody])
    solved = jax.vmap(lambda here: volume_cost_circle(setting, here, guess))(everywhere)
    market = jax.vmap(lambda at: market_path(setting, *at))((solved.offers, solved.price))
    rows = jax.tree_util.tree_map(lambda leaf: leaf[:-1], (everywhere, solved, market))
    finished = jax.vmap(lambda *world: _finish(setting, *world))(*rows)
    return finished, jax.tree_util.tree_map(lambda leaf: leaf[-1], market)


def _finish(
    setting: Setting, presence: Float[Array, " truck"], solved: Solved, market: MarketEquilibrium
) -> World:
    """What is ordered and built at the equilibrium, and how well the circles close there."""
    orders = quarterly_orders(setting, market.quantity[:, setting.place])
    production = build(setting, orders)
    built = setting.in_year @ production.trucks.output
    gap = jnp.max(jnp.abs(built - solved.output)) / jnp.maximum(jnp.max(jnp.abs(built)), 1.0)
    return World(
        presence=presence,
        market=market,
        cost=solved.cost,
        orders=orders,
        production=production,
        output=built,
        circle_residual=gap,
        outcome=jnp.where(gap > 1e-4, jnp.int32(1), jnp.int32(0)),
        turns=solved.turns,
    )
