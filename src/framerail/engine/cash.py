"""Production and prices -> each partner's quarterly cash, before the deal moves any of it."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.cost import price_level
from framerail.engine.circles import World, quarterly_orders
from framerail.engine.marginal_cost import build_cost
from framerail.engine.setting import ROLES, Setting, firm_names, partner_names
from framerail.engine.trucks import stack
from framerail.market import MarketEquilibrium
from framerail.program import CashFlow, Schedule, Streams, cash_flow, no_streams


class PartnerCash(eqx.Module):
    """One partner's part of the program in one world; a batch of them has a leading axis."""

    streams: Streams
    """Quarterly streams, dollars, before any payment under the deal."""
    cash: CashFlow
    """Statements and values at the partner's own rate."""


class Part(eqx.Module):
    """A partner's part of the program in one world, before any figure of it."""

    world: World
    mine: Float[Array, " truck"]
    """One where the partner sells the truck."""
    others: Float[Array, " product"]
    """One for the partner's other products."""
    keep: Float[Array, ""]
    """Part of the customer's price that reaches the partner."""
    dealer_margin: Float[Array, ""]
    selling_fraction: Float[Array, ""]
    selling_per_truck: Float[Array, ""]
    owns_plant: Float[Array, ""]
    """One for the partner in whose plant the trucks are built."""
    engineering: Float[Array, " quarter"]
    tooling: Float[Array, " quarter"]


def part_of(
    setting: Setting, world: World, schedule: Schedule, role: int, *, platform: bool
) -> Part:
    """The part of the partner with the `role` in a world.

    `platform` puts the shared platform's engineering and tooling on this partner.
    """
    name, table = partner_names(setting.scenario)[role], setting.table
    firm = table.firms.index(firm_names(setting.scenario)[role])
    commercial = setting.scenario.program.commercial[name]
    zero = jnp.zeros(setting.grid.quarters)

    def spent(packages: dict[str, Array]) -> Array:
        own = packages.get(name, zero)
        return own + packages.get("shared", zero) if platform else own

    return Part(
        world=world,
        mine=setting.own[:, role],
        others=table.firm[:, firm] * (1 - table.entrant),
        keep=setting.keep[role],
        dealer_margin=commercial.dealer_margin,
        selling_fraction=commercial.selling_fraction,
        selling_per_truck=commercial.selling_per_truck,
        owns_plant=jnp.asarray(float(ROLES[role] == "incumbent")),
        engineering=spent(schedule.engineering),
        tooling=spent(schedule.tooling),
    )


def _held(setting: Setting) -> Float[Array, "quarter year"]:
    """Takes a level by model year to quarters; the first and the last one hold outside."""
    years = setting.scenario.model_year
    elapsed = jnp.floor(setting.grid.start_of_quarter + 1e-6) - years[0]
    place = jnp.clip(elapsed, 0.0, years.shape[0] - 1.0).astype(jnp.int32)
    return jax.nn.one_hot(place, years.shape[0], dtype=jnp.float64)


def truck_streams(setting: Setting, part: Part) -> dict[str, Float[Array, " quarter"]]:
    """Revenue and direct cost of the partner's own trucks, by quarter."""
    world, trucks = part.world, part.world.production.trucks
    cost, price = world.cost, world.market.price[:, setting.place]
    built, sold = trucks.output, trucks.deliveries
    lines = {
        "list": (price, sold),
        "revenue": (price, sold - trucks.markdown),
        "production_credit": (-cost.production_credit, built),
        "materials": (cost.material, built),
        "labor": (cost.labor, built),
        "inbound": (cost.inbound_logistics, built),
        "outbound": (cost.outbound_freight, sold),
        "warranty": (cost.warranty + cost.recalls, sold),
        "energy": (cost.plant_energy + cost.consumables, built),
        "finished_goods": (cost.manufacturing, trucks.stock),
    }
    level, units = (jnp.stack(side) for side in zip(*lines.values(), strict=True))
    paid = jnp.einsum("qy,lyt,lqt,t->lq", _held(setting), level, units, part.mine)
    at = dict(zip(lines, paid, strict=True))
    delivered = sold @ part.mine
    net = 1 - part.dealer_margin
    return {
        "revenue": net * at["revenue"],
        "emission_credit": setting.policy.emission_credit * delivered,
        "production_credit": at["production_credit"],
        "materials": at["materials"] * (1 + setting.policy.parts_duty),
        "labor": at["labor"] * world.production.labor_hours / setting.site.labor_hours,
        "logistics": at["inbound"] + at["outbound"],
        "warranty": at["warranty"],
        "other_cost": at["energy"],
        "selling": part.selling_fraction * net * at["list"] + part.selling_per_truck * delivered,
        "finished_goods": at["finished_goods"],
    }


def contract_build_cost(setting: Setting, world: World) -> Float[Array, " quarter"]:
    """What the builder lays out for the start-up's trucks, by quarter."""
    cost = _held(setting) @ build_cost(world.cost)
    return (cost * world.production.trucks.output) @ setting.own[:, 0]


def line_up_change(
    setting: Setting, part: Part, without: MarketEquilibrium
) -> Float[Array, " quarter"]:
    """Change of the profit on the partner's other products, by quarter (cannibalization).

    Where the plant cannot build all orders, buyers who are not served keep what they had.
    """
    world = part.world
    served = _served(setting, world)
    change = (
        world.market.quantity * world.market.markup - without.quantity * without.markup
    ) @ part.others
    annual = part.keep * served * change
    return quarterly_orders(setting, annual[:, None])[:, 0]


def _served(setting: Setting, world: World) -> Float[Array, " year"]:
    ordered = jnp.sum(world.market.quantity[:, setting.place], axis=1)
    return jnp.minimum(jnp.sum(world.output, axis=1) / jnp.maximum(ordered, 1.0), 1.0)


def partner_streams(setting: Setting, part: Part, without: MarketEquilibrium) -> Streams:
    """A partner's streams in one world, its plant and development included."""
    plant, own = part.world.production, part.owns_plant
    level = price_level(setting.scenario.program.inflation, setting.grid.start_of_quarter)
    items = truck_streams(setting, part)
    items["engineering"] = part.engineering
    items["tooling"] = part.tooling
    items["other_income"] = line_up_change(setting, part, without)
    items["conversion"] = own * (plant.investment.conversion - plant.investment.incentive)
    items["launch"] = own * plant.investment.launch
    items["fixed_cost"] = own * plant.program_fixed_cost
    items["labor"] += own * plant.staffing.total * level
    items["other_cost"] += own * (plant.investment.lost_contribution + plant.displaced_contribution)
    return eqx.tree_at(
        lambda tree: [getattr(tree, key) for key in items],
        no_streams(setting.grid),
        list(items.values()),
    )


def cash_flows(
    setting: Setting, without: MarketEquilibrium, parts: Sequence[tuple[int, Part]]
) -> PartnerCash:
    """Streams and statements of several (role, part) pairs, as one batch: a row for each."""
    program, names = setting.scenario.program, partner_names(setting.scenario)
    # In dollars: the currency in which a partner reports is a label that the batch cannot carry.
    terms = [
        dataclasses.replace(program.finance[names[role]], reports_in="dollar") for role, _ in parts
    ]

    def one(part: Part, finance: Any) -> PartnerCash:
        streams = partner_streams(setting, part, without)
        cash = cash_flow(
            finance,
            streams,
            setting.grid,
            valuation_date=program.valuation_date,
            start_of_production=setting.start_of_production,
        )
        return PartnerCash(streams, cash)

    return jax.vmap(one)(stack([part for _, part in parts]), stack(terms))
