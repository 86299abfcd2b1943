"""Scenario's designs -> what each truck can do, in the words of buyers and cost engineers."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.cost import PublishedCosts, VehicleContents, published_costs
from framerail.numerics.forward_mode import by_forward_mode
from framerail.scenario import Scenario
from framerail.vehicle import (
    LabelCycles,
    LabelProcedure,
    VehicleDesign,
    performance,
    range_label,
)

MILE = 1609.344
KILOWATT_HOUR = 3.6e6


class TruckFigures(eqx.Module):
    """Label and performance of the scenario's trucks; arrays over `truck` in `names` order."""

    names: tuple[str, ...] = eqx.field(static=True)
    range_miles: Float[Array, " truck"]
    """EPA label range."""
    consumption: Float[Array, " truck"]
    """EPA label combined consumption from the wall, kWh per mile."""
    zero_to_sixty: Float[Array, " truck"]
    """Seconds."""
    trace_miss: Float[Array, " truck"]
    """Largest speed missed on UDDS and HWFET, mph."""
    audit_residual: Float[Array, " truck"]
    """Largest relative energy-audit residual of the cycles."""
    outcome: Int[Array, " truck"]
    """Bits of the vehicle stage's `OUTCOMES`."""


def stack(items: Sequence[Any]) -> Any:
    """One pytree whose leaves have a leading axis over the items."""
    return jax.tree_util.tree_map(lambda *leaves: jnp.stack(leaves), *items)


def truck_figures(scenario: Scenario) -> TruckFigures:
    """Simulate every design on the label cycles and to 60 mph."""
    names = tuple(sorted(scenario.vehicle.designs))
    designs = stack([scenario.vehicle.designs[name] for name in names])
    cycles = LabelCycles(city=scenario.cycles["udds"], highway=scenario.cycles["hwfet"])

    driven = jax.vmap(by_forward_mode(_drive), in_axes=(0, None, None))
    found = driven(designs, cycles, scenario.vehicle.procedure)
    return TruckFigures(
        names=names,
        range_miles=found.range / MILE,
        consumption=found.consumption * MILE / KILOWATT_HOUR,
        zero_to_sixty=found.zero_to_sixty,
        trace_miss=found.trace_miss / 0.44704,
        audit_residual=found.audit_residual,
        outcome=found.outcome,
    )


class _Driven(NamedTuple):
    """What the later stages ask of a truck's label and full-throttle figures, SI."""

    range: Float[Array, ""]
    consumption: Float[Array, ""]
    zero_to_sixty: Float[Array, ""]
    trace_miss: Float[Array, ""]
    audit_residual: Float[Array, ""]
    outcome: Int[Array, ""]


def _drive(design: VehicleDesign, cycles: LabelCycles, procedure: LabelProcedure) -> _Driven:
    label = range_label(design, cycles, procedure)
    sprint = performance(design, procedure.conditions)
    return _Driven(
        range=label.combined_range,
        consumption=label.combined_consumption,
        zero_to_sixty=sprint.zero_to_sixty,
        trace_miss=label.trace_miss,
        audit_residual=label.audit_residual,
        outcome=label.outcome | sprint.outcome,
    )


def truck_contents(scenario: Scenario, names: Sequence[str]) -> VehicleContents:
    """Contents for the cost stage, stacked, with energies and powers as designed."""
    rows = []
    for name in names:
        design, contents = scenario.vehicle.designs[name], scenario.cost.contents[name]
        designed = (
            design.battery.gross_energy / KILOWATT_HOUR,
            design.rear.peak_power / 1e3,
            design.front.peak_power / 1e3,
            design.charger.ac_power / 1e3,
        )
        rows.append(
            eqx.tree_at(
                lambda c: (c.pack_energy, c.rear_power, c.front_power, c.charger_power),
                contents,
                designed,
            )
        )
    return stack(rows)


def parts_at_rates(scenario: Scenario, contents: VehicleContents) -> PublishedCosts:
    """Every truck's parts at the published rates, which no volume changes.

    Leading axes (year, truck).
    """
    deck = scenario.cost.deck

    def one(truck: VehicleContents, year: Array) -> PublishedCosts:
        return published_costs(deck.pack, deck.electric, deck.glider, truck, year)

    over_trucks = jax.vmap(one, in_axes=(0, None))
    return jax.vmap(over_trucks, in_axes=(None, 0))(contents, scenario.model_year)
