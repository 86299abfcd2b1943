"""What the circles take as given: one draw of everything before volume is known."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.cost import PublishedCosts, VehicleContents
from framerail.engine.trucks import TruckFigures, parts_at_rates, truck_contents
from framerail.market import (
    Buyers,
    Calibration,
    Ownership,
    ProductTable,
    calibrate,
    draw_buyers,
    ownership_of,
    product_table,
)
from framerail.numerics.calendar import QuarterGrid
from framerail.plant import Line, Site, production_line
from framerail.program import PolicyPath, Schedule, policy_path, schedule
from framerail.scenario import Scenario

ROLES = ("start_up", "incumbent")
"""The partners in array order."""


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
    yearly: YearlyPolicy
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


def set_up(scenario: Scenario, trucks: TruckFigures) -> tuple[Setting, Schedule]:
    """The setting of a scenario with its trucks simulated, and the program's schedule."""
    grid = QuarterGrid(scenario.start_of_quarter)
    plan = schedule(scenario.program.timeline, grid)
    table = _table(scenario, trucks, plan)
    buyers = draw_buyers(scenario.market.preferences, scenario.buyer_nodes)
    ownership = ownership_of(table)
    policy = policy_path(scenario.program.policy, grid)
    in_year = quarters_in_years(scenario.model_year, grid)
    contents = truck_contents(scenario, trucks.names)
    site = scenario.plant.sites[scenario.plant.chosen]
    dates = (plan.start_of_production, plan.end_of_production)
    commercial = [scenario.program.commercial[name] for name in partner_names(scenario)]
    finance = [scenario.program.finance[name] for name in partner_names(scenario)]
    terms, royalty = scenario.deal.terms, scenario.deal.terms.royalty
    zero = jnp.zeros(())
    setting = Setting(
        scenario=scenario,
        grid=grid,
        site=site,
        table=table,
        buyers=buyers,
        ownership=ownership,
        calibration=calibrate(scenario.market, table, buyers, ownership),
        contents=contents,
        published=parts_at_rates(scenario, contents),
        policy=policy,
        yearly=yearly_policy(policy, in_year),
        in_year=in_year,
        line=production_line(site, scenario.plant.launch, *dates, grid),
        place=jnp.asarray([table.index(name) for name in trucks.names]),
        own=_own(scenario, trucks),
        keep=jnp.stack([(1 - c.dealer_margin) * (1 - c.selling_fraction) for c in commercial]),
        selling_per_truck=jnp.stack([c.selling_per_truck for c in commercial]),
        discount_rate=jnp.stack([f.discount_rate for f in finance]),
        royalty=zero if royalty is None else royalty.per_unit,
        royalty_growth=zero if royalty is None else royalty.indexation,
        build_markup=zero if terms.build_fee is None else terms.build_fee.markup,
        start_of_production=plan.start_of_production,
        end_of_production=plan.end_of_production,
    )
    return setting, plan


def _table(scenario: Scenario, trucks: TruckFigures, plan: Schedule) -> ProductTable:
    table = product_table(scenario.market.products)
    for place, name in enumerate(trucks.names):
        table = table.replaced(
            name,
            range=trucks.range_miles[place],
            zero_to_sixty=trucks.zero_to_sixty[place],
            electricity_use=trucks.consumption[place],
            launch=plan.start_of_production,
            end=plan.end_of_production,
        )
    return table


def _own(scenario: Scenario, trucks: TruckFigures) -> Float[Array, "truck partner"]:
    sold_by = [scenario.market.products[name].firm for name in trucks.names]
    return jnp.asarray(
        [[float(seller == firm) for firm in firm_names(scenario)] for seller in sold_by]
    )


def firm_names(scenario: Scenario) -> tuple[str, str]:
    """Names of the partners on the market, in the order of `ROLES`."""
    partners = scenario.deal.partners
    return partners.start_up.name, partners.incumbent.name


def partner_names(scenario: Scenario) -> tuple[str, str]:
    """Names of the partners in the program's tables, in the order of `ROLES`."""
    start_up, incumbent = firm_names(scenario)
    return start_up.lower(), incumbent.lower()
