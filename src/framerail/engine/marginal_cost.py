"""What the trucks cost at a volume, and what one truck more costs its seller."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.cost import (
    CostCircumstances,
    PublishedCosts,
    UnitCost,
    VehicleContents,
    price_level,
    unit_cost_from,
)
from framerail.engine.setting import Setting


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
