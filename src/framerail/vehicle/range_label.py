"""The EPA window sticker: consumption from the wall and range.

Two-cycle method of 40 CFR 600.210 and SAE J1634: drive the city (UDDS) and highway (HWFET)
cycles, divide battery energy by the efficiency of a full recharge, and lower the ranges by the
adjustment factor (0.7 unless the maker has a five-cycle factor). City and highway are combined
55 to 45 in energy per distance, and in range.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.vehicle.design import VehicleDesign, usable_energy
from framerail.vehicle.drive_cycle import DriveCycle
from framerail.vehicle.energy_simulation import EnergyUse, simulate_in_turn
from framerail.vehicle.inputs import LabelProcedure

METERS_PER_MILE = 1609.344
JOULES_PER_KWH = 3.6e6
GALLON_KWH = 33.705
"""Energy of a gallon of gasoline, kWh (40 CFR 600.002)."""


class LabelCycles(eqx.Module):
    """The cycles of the label."""

    city: DriveCycle
    """UDDS."""
    highway: DriveCycle
    """HWFET."""


class RangeLabel(eqx.Module):
    """Consumption in J/m and range in m; properties give planners' units."""

    city_battery: Float[Array, ""]
    """Energy out of the battery on the city cycle, unadjusted, J/m."""
    highway_battery: Float[Array, ""]
    """Energy out of the battery on the highway cycle, unadjusted, J/m."""
    city_wall: Float[Array, ""]
    """Energy from the wall for the city cycle, unadjusted, J/m."""
    highway_wall: Float[Array, ""]
    """Energy from the wall for the highway cycle, unadjusted, J/m."""
    city_consumption: Float[Array, ""]
    """Label city consumption from the wall, J/m."""
    highway_consumption: Float[Array, ""]
    """Label highway consumption from the wall, J/m."""
    combined_consumption: Float[Array, ""]
    """Label combined consumption from the wall, J/m."""
    city_range: Float[Array, ""]
    """Label city range, m."""
    highway_range: Float[Array, ""]
    """Label highway range, m."""
    combined_range: Float[Array, ""]
    """Label range, m."""
    trace_miss: Float[Array, ""]
    """Largest speed short of the trace on either cycle, m/s."""
    audit_residual: Float[Array, ""]
    """Larger relative energy residual of the two cycles."""
    outcome: Int[Array, ""]
    """Bits of `outcomes.OUTCOMES`, of either cycle."""

    @property
    def range_miles(self) -> Float[Array, "..."]:
        """Label range, miles."""
        return self.combined_range / METERS_PER_MILE

    @property
    def combined_kwh_per_100_miles(self) -> Float[Array, "..."]:
        """Label combined consumption from the wall, kWh per 100 miles."""
        return kwh_per_100_miles(self.combined_consumption)

    @property
    def combined_mpge(self) -> Float[Array, "..."]:
        """Label combined miles per gallon of gasoline equivalent."""
        return mpge(self.combined_consumption)


def kwh_per_100_miles(joules_per_meter: Float[Array, "..."]) -> Float[Array, "..."]:
    """Consumption in kWh per 100 miles."""
    return joules_per_meter * (100.0 * METERS_PER_MILE / JOULES_PER_KWH)


def mpge(joules_per_meter: Float[Array, "..."]) -> Float[Array, "..."]:
    """Miles per gallon of gasoline equivalent."""
    return 100.0 * GALLON_KWH / kwh_per_100_miles(joules_per_meter)


def range_label(
    design: VehicleDesign, cycles: LabelCycles, procedure: LabelProcedure
) -> RangeLabel:
    """The label of one design; `jax.vmap` over designs for a batch.

    Args:
        design: the vehicle with its test payload (test weight is mass plus payload).
        cycles: city and highway speed traces.
        procedure: weights, adjustment factor and test conditions.

    Returns:
        Unadjusted and label figures; range is usable energy over unadjusted battery energy per
        distance, times the adjustment factor.
    """
    # Step by step and in one loop: the engine compiles this inside its chain, where size counts.
    both = (cycles.city, cycles.highway)
    city, highway = simulate_in_turn(design, both, procedure.conditions)
    return label_of(design, city, highway, procedure)


def label_of(
    design: VehicleDesign, city: EnergyUse, highway: EnergyUse, procedure: LabelProcedure
) -> RangeLabel:
    """The label that follows from the two cycles' energy."""
    procedure = jax.tree.map(lambda leaf: leaf.astype(design.mass.dtype), procedure)
    factor, weight = procedure.adjustment_factor, procedure.city_weight
    use = (city.terminal_energy / city.distance, highway.terminal_energy / highway.distance)
    wall = tuple(energy / design.charger.charge_efficiency for energy in use)
    label = tuple(energy / factor for energy in wall)
    reach = tuple(factor * usable_energy(design.battery) / energy for energy in use)
    return RangeLabel(
        city_battery=use[0],
        highway_battery=use[1],
        city_wall=wall[0],
        highway_wall=wall[1],
        city_consumption=label[0],
        highway_consumption=label[1],
        combined_consumption=weight * label[0] + (1.0 - weight) * label[1],
        city_range=reach[0],
        highway_range=reach[1],
        combined_range=weight * reach[0] + (1.0 - weight) * reach[1],
        trace_miss=jnp.maximum(city.trace_miss_max, highway.trace_miss_max),
        audit_residual=jnp.maximum(jnp.abs(city.audit_residual), jnp.abs(highway.audit_residual)),
        outcome=city.outcome | highway.outcome,
    )
