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

from framerail.cost import CostCircumstances, UnitCost, VehicleContents, price_level, unit_cost
from framerail.market import (
    NEAR,
    Buyers,
    Calibration,
    MarketEquilibrium,
    Offers,
    Ownership,
    ProductTable,
    Response,
    capped_credit,
    equilibrium,
    offers_in_year,
    respond,
)
from framerail.numerics.calendar import QuarterGrid, fraction_between
from framerail.numerics.fixed_point import mix_by_parts
from framerail.plant import Production, Site, produce
from framerail.program import PolicyPath
from framerail.scenario import Scenario

SCALE = 1e4
"""Trucks a year, or dollars of markup, to which `TOLERANCE` refers."""
TOLERANCE = 1e-6
"""Change of output and markups around both circles, relative to `SCALE`, that counts as none."""


class Setting(eqx.Module):
    """What both circles take as given: one draw of everything before volume is known."""

    scenario: Scenario
    grid: QuarterGrid
    site: Site
    table: ProductTable
    buyers: Buyers
    ownership: Ownership
    calibration: Calibration
    contents: VehicleContents
    policy: PolicyPath
    place: Int[Array, " truck"]
    """Place of each truck among the products."""
    own: Float[Array, "truck partner"]
    """One where the partner sells the truck; start-up first."""
    keep: Float[Array, " partner"]
    """Part of the customer's price that reaches the seller after dealer and selling expense."""
    selling_per_truck: Float[Array, " partner"]
    """Selling expense per truck, dollars."""
    royalty: Float[Array, ""]
    """License fee per truck of the incumbent at the start of production, dollars."""
    royalty_growth: Float[Array, ""]
    """Growth of that fee per year."""
    build_markup: Float[Array, ""]
    """Builder's margin on the cost of the start-up's trucks."""
    start_of_production: Float[Array, ""]
    end_of_production: Float[Array, ""]


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


def years_of(values: Float[Array, " quarter"], setting: Setting) -> Float[Array, " year"]:
    """Mean over each model year of a quarterly level."""
    inside = _membership(setting)
    return inside @ values / jnp.sum(inside, axis=1)


def _membership(setting: Setting) -> Float[Array, "year quarter"]:
    start = setting.scenario.model_year[:, None]
    quarter = setting.grid.start_of_quarter[None, :]
    return ((quarter >= start - 1e-6) & (quarter < start + 1 - 1e-6)).astype(jnp.float64)


def unit_costs(setting: Setting, output: Float[Array, "year truck"]) -> UnitCost:
    """Unit cost by model year and truck at mid-year cumulative volumes."""
    costs, years = setting.scenario.cost, setting.scenario.model_year
    brand = output @ setting.own  # (year, partner)
    before = jnp.cumsum(brand, axis=0) - brand / 2
    levels = price_level(setting.scenario.program.inflation, years)
    credit = years_of(setting.policy.cell_credit + setting.policy.module_credit, setting)
    haul = costs.haul_distance[setting.scenario.plant.chosen]

    def one(
        contents: VehicleContents, mine: Array, year: Array, row: tuple[Array, ...]
    ) -> UnitCost:
        before_row, brand_row, level, credit_row = row
        circumstances = CostCircumstances(
            model_year=year,
            platform_cumulative=jnp.sum(before_row),
            top_hat_cumulative=mine @ before_row,
            platform_annual=jnp.sum(brand_row),
            top_hat_annual=mine @ brand_row,
            labor_hours=setting.site.labor_hours,
            wage=setting.site.wage * level,
            electricity_price=setting.site.electricity_price * level,
            gas_price=setting.site.gas_price * level,
            inbound_distance=setting.site.inbound_distance,
            pack_distance=setting.site.pack_distance,
            haul_distance=haul,
            price_level=level,
            credit_per_kwh=credit_row,
        )
        return unit_cost(costs.deck, contents, circumstances)

    over_trucks = jax.vmap(one, in_axes=(0, 0, None, None))
    over_years = jax.vmap(over_trucks, in_axes=(None, None, 0, 0))
    return over_years(setting.contents, setting.own, years, (before, brand, levels, credit))


def seller_cost(setting: Setting, cost: UnitCost) -> Float[Array, "year truck"]:
    """Marginal cost in the customer's price: what the seller must get back per truck.

    Dealer margin and selling expense are shares of the price, so that maximizing
    keep * price - cost is the same as maximizing price - cost / keep.
    """
    relief = years_of(setting.policy.emission_credit, setting)
    age = jnp.maximum(setting.scenario.model_year - setting.start_of_production, 0.0)
    fee = setting.royalty * (1 + setting.royalty_growth) ** age
    of_start_up, of_incumbent = setting.own[:, 0][None, :], setting.own[:, 1][None, :]
    deal = fee[:, None] * of_incumbent + setting.build_markup * build_cost(cost) * of_start_up
    keep = setting.own @ setting.keep
    selling = (setting.own @ setting.selling_per_truck)[None, :]
    duty = years_of(setting.policy.parts_duty, setting)[:, None] * cost.material
    return (cost.net_variable + duty - relief[:, None] + selling + deal) / keep[None, :]


def build_cost(cost: UnitCost) -> Float[Array, "year truck"]:
    """What a contract builder passes on: manufacturing cost less the credit that reaches it."""
    return cost.manufacturing + cost.production_credit


def year_offers(
    setting: Setting, entrant_cost: Float[Array, "year truck"], presence: Float[Array, " truck"]
) -> Offers:
    """What firms offer in every model year: every leaf has a leading year axis."""
    scenario, table = setting.scenario, setting.table
    products = len(table.names)
    purchase = years_of(setting.policy.consumer_credit, setting)
    lease = years_of(setting.policy.lease_credit, setting)
    entry = jnp.ones(products).at[setting.place].set(presence)
    part = setting.policy.lease_share
    # What states paid in the calibration year is inside the calibrated demand.
    state = years_of(setting.policy.state_credit - setting.policy.state_credit[0], setting)
    caps = years_of(setting.policy.price_caps, setting)
    electric = table.electric * table.north_america

    def one(year: Array, cost: Array, buy: Array, hire: Array, local: Array, cap: Array) -> Offers:
        level = (1 + scenario.program.inflation) ** (year - scenario.market.calibration_year)
        limit = jnp.full(products, cap)
        capped = capped_credit(buy * electric, table.price * level, limit, jnp.asarray(5_000.0))
        return offers_in_year(
            scenario.market,
            table,
            setting.calibration,
            year,
            price_level=level,
            entrant_cost=jnp.zeros(products).at[setting.place].set(cost),
            credit=(1 - part) * capped + part * hire * electric + local * table.electric,
            entry=entry,
        )

    return jax.vmap(one)(scenario.model_year, entrant_cost, purchase, lease, state, caps)


def market_path(
    setting: Setting, offers: Offers, start_price: Float[Array, "year product"]
) -> MarketEquilibrium:
    """Equilibrium of every model year."""

    def one(year: tuple[Offers, Array]) -> MarketEquilibrium:
        offered, start = year
        buyers = setting.buyers.at_price_level(offered.price_level)
        return equilibrium(buyers, offered, setting.ownership, start, NEAR)

    return jax.vmap(one)((offers, start_price))


def quarterly_orders(
    setting: Setting, quantity: Float[Array, "year truck"]
) -> Float[Array, "quarter truck"]:
    """A model year's orders over the quarters of the year in which the trucks are on sale."""
    on_sale = fraction_between(setting.start_of_production, setting.end_of_production, setting.grid)
    inside = _membership(setting) * on_sale[None, :]
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


def _at_cost(setting: Setting, offers: Offers, cost: UnitCost) -> Offers:
    """Offers with the trucks' marginal cost replaced."""
    marginal = offers.marginal_cost.at[:, setting.place].set(seller_cost(setting, cost))
    return eqx.tree_at(lambda o: o.marginal_cost, offers, marginal)


def _turn(path: _Path, given: _Given) -> _Path:
    """Once around both circles: one turn of the markup map at the cost of the assumed output."""
    setting = given.setting
    offers = _at_cost(setting, given.offers, unit_costs(setting, path.output))

    def one(year: tuple[Offers, Array]) -> Response:
        offered, markup = year
        buyers = setting.buyers.at_price_level(offered.price_level)
        return respond(buyers, offered, setting.ownership, markup)

    response = jax.vmap(one)((offers, path.markup))
    orders = quarterly_orders(setting, response.quantity[:, setting.place])
    output = _membership(setting) @ build(setting, orders).trucks.output
    return _Path(output, response.markup)


class Solved(NamedTuple):
    """Volumes and costs at which both circles close, for one set of trucks."""

    offers: Offers
    """At the costs found; leading year axis."""
    cost: UnitCost
    output: Float[Array, "year truck"]
    start_price: Float[Array, "year product"]
    """Within the circles' tolerance of the equilibrium."""
    turns: Int[Array, ""]


def volume_cost_circle(
    setting: Setting, presence: Float[Array, " truck"], guess: Float[Array, "year truck"]
) -> Solved:
    """Close both circles for one set of trucks on the market.

    Output and markups move together until neither changes.
    """
    offers = year_offers(setting, seller_cost(setting, unit_costs(setting, guess)), presence)
    path, turns = mix_by_parts(
        _turn,
        _Path(guess, offers.start_price - offers.marginal_cost),
        _Given(setting, offers),
        tolerance=TOLERANCE,
        scale=SCALE,
    )
    cost = unit_costs(setting, path.output)
    offers = _at_cost(setting, offers, cost)
    start = jax.lax.stop_gradient(offers.marginal_cost + path.markup)
    return Solved(offers, cost, path.output, start, turns)


def solve_worlds(
    setting: Setting, presence: Float[Array, "world truck"], guess: Float[Array, "year truck"]
) -> tuple[World, MarketEquilibrium]:
    """Every world with its circles closed (leading world axis), and the market without trucks.

    After the circles, every year's price equilibrium is solved to its own, sharper tolerance at
    the costs found. The market without trucks is one more world, solved beside the others.
    """
    nobody = jnp.zeros_like(presence[:1])
    everywhere = jnp.concatenate([presence, nobody])
    solved = jax.vmap(lambda here: volume_cost_circle(setting, here, guess))(everywhere)
    market = jax.vmap(lambda o, s: market_path(setting, o, s))(solved.offers, solved.start_price)
    rows = jax.tree_util.tree_map(lambda leaf: leaf[:-1], (everywhere, solved, market))
    finished = jax.vmap(lambda *world: _finish(setting, *world))(*rows)
    return finished, jax.tree_util.tree_map(lambda leaf: leaf[-1], market)


def _finish(
    setting: Setting, presence: Float[Array, " truck"], solved: Solved, market: MarketEquilibrium
) -> World:
    """What is ordered and built at the equilibrium, and how well the circles close there."""
    orders = quarterly_orders(setting, market.quantity[:, setting.place])
    production = build(setting, orders)
    built = _membership(setting) @ production.trucks.output
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
