"""Production and prices -> each partner's quarterly cash, before the deal moves any of it."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.cost import price_level
from framerail.engine.circles import Setting, World, build_cost, quarterly_orders
from framerail.engine.trucks import stack
from framerail.market import MarketEquilibrium
from framerail.program import CashFlow, Schedule, Streams, cash_flow, no_streams

ROLES = ("start_up", "incumbent")
"""The partners in array order."""


class PartnerCash(eqx.Module):
    """One partner's part of the program in one world."""

    streams: Streams
    """Quarterly streams, dollars, before any payment under the deal."""
    cash: CashFlow
    """Statements and values at the partner's own rate."""


def _annual_to_quarters(
    values: Float[Array, "year truck"], setting: Setting
) -> Float[Array, "quarter truck"]:
    """Level of each model year held over its quarters; the last one holds afterwards."""
    first = setting.scenario.model_year[0]
    index = jnp.clip(jnp.floor(setting.grid.start_of_quarter + 1e-6) - first, 0.0, None)
    place = jnp.minimum(index.astype(jnp.int32), values.shape[0] - 1)
    return values[place]


def truck_streams(setting: Setting, world: World, role: int) -> dict[str, Any]:
    """Revenue and direct cost of the partner's own trucks, by quarter."""
    mine = setting.own[:, role][None, :]
    trucks = world.production.trucks
    price = _annual_to_quarters(world.market.price[:, setting.place], setting)
    commercial = setting.scenario.program.commercial[partner_names(setting)[role]]

    def cost_of(*names: str) -> Float[Array, "quarter truck"]:
        total = sum((getattr(world.cost, name) for name in names), start=jnp.zeros(()))
        return _annual_to_quarters(total, setting)

    def over(values: Float[Array, "quarter truck"], units: Float[Array, "quarter truck"]) -> Any:
        return jnp.sum(values * units * mine, axis=1)

    built, sold = trucks.output, trucks.deliveries
    hours = world.production.labor_hours / setting.site.labor_hours
    net_price = price * (1 - commercial.dealer_margin)
    relief = setting.policy.emission_credit[:, None] * jnp.ones_like(price)
    selling = commercial.selling_fraction * net_price + commercial.selling_per_truck
    return {
        "revenue": over(net_price, sold - trucks.markdown),
        "emission_credit": over(relief, sold),
        "production_credit": over(-cost_of("production_credit"), built),
        "materials": over(cost_of("material"), built) * (1 + setting.policy.parts_duty),
        "labor": over(cost_of("labor"), built) * hours,
        "logistics": over(cost_of("inbound_logistics"), built)
        + over(cost_of("outbound_freight"), sold),
        "warranty": over(cost_of("warranty", "recalls"), sold),
        "other_cost": over(cost_of("plant_energy", "consumables"), built),
        "selling": over(selling, sold),
        "finished_goods": over(cost_of("manufacturing"), trucks.stock),
    }


def contract_build_cost(setting: Setting, world: World) -> Float[Array, " quarter"]:
    """What the builder lays out for the start-up's trucks, by quarter."""
    cost = _annual_to_quarters(build_cost(world.cost), setting)
    return (cost * world.production.trucks.output) @ setting.own[:, 0]


def line_up_change(
    setting: Setting, world: World, without: MarketEquilibrium, role: int
) -> Float[Array, " quarter"]:
    """Change of the profit on the partner's other products, by quarter (cannibalization).

    Where the plant cannot build all orders, buyers who are not served keep what they had.
    """
    table = setting.table
    firm = table.firms.index(firm_names(setting)[role])
    others = table.firm[:, firm] * (1 - table.entrant)
    served = _served(setting, world)
    change = (
        world.market.quantity * world.market.markup - without.quantity * without.markup
    ) @ others
    annual = setting.keep[role] * served * change
    return jnp.sum(quarterly_orders(setting, annual[:, None]), axis=1)


def _served(setting: Setting, world: World) -> Float[Array, " year"]:
    ordered = jnp.sum(world.market.quantity[:, setting.place], axis=1)
    return jnp.minimum(jnp.sum(world.output, axis=1) / jnp.maximum(ordered, 1.0), 1.0)


def partner_names(setting: Setting) -> tuple[str, str]:
    """Names of the partners in the program's tables, in the order of `ROLES`."""
    start_up, incumbent = firm_names(setting)
    return start_up.lower(), incumbent.lower()


def firm_names(setting: Setting) -> tuple[str, str]:
    """Names of the partners on the market, in the order of `ROLES`."""
    partners = setting.scenario.deal.partners
    return partners.start_up.name, partners.incumbent.name


def partner_streams(
    setting: Setting,
    world: World,
    without: MarketEquilibrium,
    schedule: Schedule,
    role: int,
    *,
    platform: bool,
) -> Streams:
    """A partner's streams in one world, its plant and development included.

    `platform` puts the shared platform's engineering and tooling on this partner.
    """
    name = partner_names(setting)[role]
    zero = jnp.zeros(setting.grid.quarters)
    items = truck_streams(setting, world, role)
    items["engineering"] = schedule.engineering.get(name, zero)
    items["tooling"] = schedule.tooling.get(name, zero)
    if platform:
        items["engineering"] += schedule.engineering.get("shared", zero)
        items["tooling"] += schedule.tooling.get("shared", zero)
    items["other_income"] = line_up_change(setting, world, without, role)
    if ROLES[role] == "incumbent":
        plant = world.production
        items["conversion"] = plant.investment.conversion - plant.investment.incentive
        items["launch"] = plant.investment.launch
        items["fixed_cost"] = plant.program_fixed_cost
        level = price_level(setting.scenario.program.inflation, setting.grid.start_of_quarter)
        items["labor"] = items["labor"] + plant.staffing.total * level
        items["other_cost"] = (
            items["other_cost"] + plant.investment.lost_contribution + plant.displaced_contribution
        )
    return eqx.tree_at(
        lambda tree: [getattr(tree, key) for key in items],
        no_streams(setting.grid),
        list(items.values()),
    )


def cash_flows(setting: Setting, streams: Sequence[tuple[int, Streams]]) -> list[PartnerCash]:
    """Statements of several (role, streams) pairs, as one batch: one program, not one each."""
    program = setting.scenario.program
    names = partner_names(setting)
    # In dollars: the currency in which a partner reports is a label that the batch cannot carry.
    terms = [
        dataclasses.replace(program.finance[names[role]], reports_in="dollar")
        for role, _ in streams
    ]
    finance = stack(terms)
    rows = stack([row for _, row in streams])
    cash = jax.vmap(
        lambda own, row: cash_flow(
            own,
            row,
            setting.grid,
            valuation_date=program.valuation_date,
            start_of_production=setting.start_of_production,
        )
    )(finance, rows)
    each = [jax.tree_util.tree_map(lambda leaf, k=k: leaf[k], cash) for k in range(len(streams))]
    return [PartnerCash(row, own) for (_, row), own in zip(streams, each, strict=True)]
