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
import lineax as lx
import optimistix as optx
from jaxtyping import Array, Float, Int

from framerail.cost import CostCircumstances, UnitCost, VehicleContents, price_level, unit_cost
from framerail.market import (
    Buyers,
    Calibration,
    MarketEquilibrium,
    Ownership,
    ProductTable,
    capped_credit,
    equilibrium,
    offers_in_year,
)
from framerail.numerics.calendar import QuarterGrid, fraction_between
from framerail.plant import Production, Site, produce
from framerail.program import PolicyPath
from framerail.scenario import Scenario

TOLERANCE = 1e-6
"""Relative change of the output path that counts as solved."""


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


class _Pass(NamedTuple):
    market: MarketEquilibrium
    cost: UnitCost
    orders: Float[Array, "quarter truck"]
    production: Production
    output: Float[Array, "year truck"]


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
    levels = price_level(costs.deck.prices, years)
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
    return (cost.net_variable - relief[:, None] + selling + deal) / keep[None, :]


def build_cost(cost: UnitCost) -> Float[Array, "year truck"]:
    """What a contract builder passes on: manufacturing cost less the credit that reaches it."""
    return cost.manufacturing + cost.production_credit


def market_path(
    setting: Setting,
    entrant_cost: Float[Array, "year truck"],
    presence: Float[Array, " truck"],
    start_price: Float[Array, "year product"],
) -> MarketEquilibrium:
    """Equilibrium of every model year."""
    scenario, table = setting.scenario, setting.table
    products = len(table.names)
    purchase = years_of(setting.policy.consumer_credit, setting)
    lease = years_of(setting.policy.lease_credit, setting)
    entry = jnp.ones(products).at[setting.place].set(presence)

    def one(year: Array, cost: Array, buy: Array, hire: Array, start: Array) -> MarketEquilibrium:
        level = (1 + scenario.program.inflation) ** (year - scenario.market.calibration_year)
        electric = table.electric * table.north_america
        capped = capped_credit(
            buy * electric, table.price * level, jnp.full(products, setting.policy.price_cap),
            jnp.asarray(5_000.0),
        )  # fmt: skip
        part = setting.policy.lease_share
        offers = offers_in_year(
            scenario.market,
            table,
            setting.calibration,
            year,
            entrant_cost=jnp.zeros(products).at[setting.place].set(cost),
            credit=(1 - part) * capped + part * hire * electric,
            entry=entry,
        )
        start = jnp.where(start > 0, start, offers.start_price)
        buyers = setting.buyers.at_price_level(offers.price_level)
        return equilibrium(buyers, offers, setting.ownership, start)

    return jax.vmap(one)(scenario.model_year, entrant_cost, purchase, lease, start_price)


def quarterly_orders(
    setting: Setting, quantity: Float[Array, "year truck"]
) -> Float[Array, "quarter truck"]:
    """A model year's orders over the quarters of the year in which the trucks are on sale."""
    on_sale = fraction_between(setting.start_of_production, setting.end_of_production, setting.grid)
    inside = _membership(setting) * on_sale[None, :]
    whole = jnp.sum(inside, axis=1, keepdims=True)
    share = inside / jnp.where(whole > 0, whole, 1.0)
    return share.T @ quantity


def _pass(
    setting: Setting,
    presence: Float[Array, " truck"],
    output: Float[Array, "year truck"],
    start_price: Float[Array, "year product"],
) -> _Pass:
    cost = unit_costs(setting, output)
    market = market_path(setting, seller_cost(setting, cost), presence, start_price)
    orders = quarterly_orders(setting, market.quantity[:, setting.place])
    plant = setting.scenario.plant
    production = produce(
        setting.site,
        plant.launch,
        plant.orders,
        orders,
        setting.start_of_production,
        setting.end_of_production,
        setting.grid,
    )
    return _Pass(market, cost, orders, production, _membership(setting) @ production.trucks.output)


def volume_cost_circle(
    setting: Setting, presence: Float[Array, " truck"], guess: Float[Array, "year truck"]
) -> World:
    """Close the circle of volume and cost for one set of trucks on the market."""
    years, products = setting.scenario.model_year.shape[0], len(setting.table.names)
    first = _pass(setting, presence, guess, jnp.zeros((years, products)))
    # Every later pass starts from these prices: costs move little, so prices do.
    warm = jax.lax.stop_gradient(first.market.price)

    def again(output: Array, arguments: tuple[Setting, Array, Array]) -> Array:
        held, here, start = arguments
        return _pass(held, here, output, start).output

    solver = optx.FixedPointIteration(rtol=TOLERANCE, atol=TOLERANCE * 1e3)
    adjoint = optx.ImplicitAdjoint(linear_solver=lx.GMRES(rtol=1e-8, atol=1e-8))
    solution = optx.fixed_point(
        again,
        solver,
        first.output,
        args=(setting, presence, warm),
        max_steps=40,
        throw=False,
        adjoint=adjoint,
    )
    closed = _pass(setting, presence, solution.value, warm)
    scale = jnp.maximum(jnp.max(jnp.abs(closed.output)), 1.0)
    gap = jnp.max(jnp.abs(closed.output - solution.value)) / scale
    return World(
        presence=presence,
        market=closed.market,
        cost=closed.cost,
        orders=closed.orders,
        production=closed.production,
        output=closed.output,
        circle_residual=gap,
        outcome=jnp.where(gap > 1e-4, jnp.int32(1), jnp.int32(0)),
    )
