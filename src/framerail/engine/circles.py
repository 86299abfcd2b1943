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

from framerail.cost import (
    CostCircumstances,
    PublishedCosts,
    UnitCost,
    VehicleContents,
    price_level,
    unit_cost_from,
)
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
from framerail.plant import Line, Production, Site, build_orders, produce
from framerail.program import PolicyPath
from framerail.scenario import Scenario

SCALE = 1e4
"""Trucks a year, or dollars of markup, to which `TOLERANCE` refers."""
TRIM_WIDTH = 5_000.0
"""Dollars below a price cap at which three in four of a nameplate's trims are under it."""
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
    published: PublishedCosts
    """Every truck's parts at the published rates; leading axes (year, truck)."""
    policy: PolicyPath
    yearly: "YearlyPolicy"
    in_year: Float[Array, "year quarter"]
    """One where the quarter lies in the model year."""
    line: Line
    place: Int[Array, " truck"]
    """Place of each truck among the products."""
    own: Float[Array, "truck partner"]
    """One where the partner sells the truck; start-up first."""
    keep: Float[Array, " partner"]
    """Part of the customer's price that reaches the seller after dealer and selling expense."""
    selling_per_truck: Float[Array, " partner"]
    """Selling expense per truck, dollars."""
    discount_rate: Float[Array, " partner"]
    """At which the seller weighs what a truck saves on later ones, per year."""
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


class YearlyPolicy(NamedTuple):
    """Policy's worth by model year: dollars per truck unless said otherwise."""

    cells_and_modules: Float[Array, " year"]
    """Production credit, dollars per kWh."""
    emission: Float[Array, " year"]
    """Credits for emissions and fuel economy that one more truck earns its maker."""
    parts_duty: Float[Array, " year"]
    """Share of all purchased parts."""
    consumer: Float[Array, " year"]
    lease: Float[Array, " year"]
    state: Float[Array, " year"]
    """States' credits beyond those of the calibration year, which demand holds already."""
    price_cap: Float[Array, " year"]


def quarters_in_years(
    model_year: Float[Array, " year"], grid: QuarterGrid
) -> Float[Array, "year quarter"]:
    """One where the quarter lies in the model year."""
    start, quarter = model_year[:, None], grid.start_of_quarter[None, :]
    return ((quarter >= start - 1e-6) & (quarter < start + 1 - 1e-6)).astype(jnp.float64)


def yearly_policy(policy: PolicyPath, in_year: Float[Array, "year quarter"]) -> YearlyPolicy:
    """Mean of every quarterly level over each model year."""
    levels = YearlyPolicy(
        cells_and_modules=policy.cell_credit + policy.module_credit,
        emission=policy.emission_credit,
        parts_duty=policy.parts_duty,
        consumer=policy.consumer_credit,
        lease=policy.lease_credit,
        state=policy.state_credit - policy.state_credit[0],
        price_cap=policy.price_caps,
    )
    mean = in_year / jnp.sum(in_year, axis=1, keepdims=True)
    return YearlyPolicy(*(jnp.stack(levels) @ mean.T))


def unit_costs(setting: Setting, output: Float[Array, "year truck"]) -> UnitCost:
    """Unit cost by model year and truck at mid-year cumulative volumes."""
    costs, years = setting.scenario.cost, setting.scenario.model_year
    brand = output @ setting.own  # (year, partner)
    before = jnp.cumsum(brand, axis=0) - brand / 2
    levels = price_level(setting.scenario.program.inflation, years)
    haul = costs.haul_distance[setting.scenario.plant.chosen]

    def one(
        contents: VehicleContents,
        mine: Array,
        parts: PublishedCosts,
        year: Array,
        row: tuple[Array, ...],
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
        return unit_cost_from(costs.deck, contents, parts, circumstances)

    over_trucks = jax.vmap(one, in_axes=(0, 0, 0, None, None))
    over_years = jax.vmap(over_trucks, in_axes=(None, None, 0, 0, 0))
    rows = (before, brand, levels, setting.yearly.cells_and_modules)
    return over_years(setting.contents, setting.own, setting.published, years, rows)


def seller_cost(setting: Setting, cost: UnitCost) -> Float[Array, "year truck"]:
    """Cost of a truck in the customer's price: what the seller must get back for it.

    Dealer margin and selling expense are shares of the price, so that maximizing
    keep * price - cost is the same as maximizing price - cost / keep.
    """
    relief = setting.yearly.emission
    age = jnp.maximum(setting.scenario.model_year - setting.start_of_production, 0.0)
    fee = setting.royalty * (1 + setting.royalty_growth) ** age
    of_start_up, of_incumbent = setting.own[:, 0][None, :], setting.own[:, 1][None, :]
    deal = fee[:, None] * of_incumbent + setting.build_markup * build_cost(cost) * of_start_up
    keep = setting.own @ setting.keep
    selling = (setting.own @ setting.selling_per_truck)[None, :]
    duty = setting.yearly.parts_duty[:, None] * cost.material
    return (cost.net_variable + duty - relief[:, None] + selling + deal) / keep[None, :]


class MarginalCost(NamedTuple):
    """What trucks cost, and what one truck more costs its seller."""

    cost: UnitCost
    """Leading axes (year, truck)."""
    marginal: Float[Array, "year truck"]
    """In the buyer's price, like `seller_cost`."""


def marginal_costs(setting: Setting, output: Float[Array, "year truck"]) -> MarginalCost:
    """Cost of one truck more: its own, less what it saves on its seller's other trucks.

    A truck more brings the seller's trucks of that year nearer to purchasing scale and all later
    ones further down the learning curve. Savings are discounted at the seller's rate; what the
    other brand saves on the shared platform is not the seller's. Source: A. M. Spence, "The
    learning curve and competition", Bell Journal of Economics 12 (1981) 49-70.
    """

    def of_output(output: Array) -> tuple[Array, UnitCost]:
        cost = unit_costs(setting, output)
        return seller_cost(setting, cost), cost

    average, pull, cost = jax.vjp(of_output, output, has_aux=True)
    age = (setting.scenario.model_year - setting.scenario.model_year[0])[:, None]
    worth = (1 + setting.discount_rate[None, :]) ** -age

    def saved(own: Array, worth: Array) -> Array:
        (slope,) = pull(output * own[None, :] * worth[:, None])
        return -slope * own[None, :] / worth[:, None]

    savings = jax.vmap(saved, in_axes=(1, 1))(setting.own, worth)
    return MarginalCost(cost, average - jnp.sum(savings, axis=0))


def build_cost(cost: UnitCost) -> Float[Array, "year truck"]:
    """What a contract builder passes on: manufacturing cost less the credit that reaches it."""
    return cost.manufacturing + cost.production_credit


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
    """Credits for a mean buyer of every product, purchase and lease, at these list prices."""
    policy, table = setting.yearly, setting.table
    electric = (table.electric * table.north_america)[None, :]
    purchase, lease = policy.consumer[:, None] * electric, policy.lease[:, None] * electric
    cap = policy.price_cap[:, None] * jnp.ones_like(list_price)
    capped = capped_credit(
        purchase.ravel(), list_price.ravel(), cap.ravel(), jnp.asarray(TRIM_WIDTH)
    )
    part = setting.policy.lease_share
    bought = (1 - part) * capped.reshape(list_price.shape)
    return bought + part * lease + policy.state[:, None] * table.electric[None, :]


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
    start_price: Float[Array, "year product"]
    """Within the circles' tolerance of the equilibrium."""
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
    start = jax.lax.stop_gradient(offers.marginal_cost + path.markup)
    return Solved(offers, found.cost, path.output, start, turns)


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
