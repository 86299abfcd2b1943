"""SAE J1634: the multi-cycle and the single-cycle range test, and the five-cycle label.

Multi-cycle test: UDDS, HWFET, UDDS, constant speed, UDDS, HWFET, UDDS, constant speed to empty.
The first UDDS has the weight of its share of the battery, the others the rest in equal parts;
range is usable energy over weighted consumption, and energy from the wall is allotted by the
recharge (40 CFR 600.116-12). The five-cycle label is 40 CFR 600.114-12 with battery energy in
place of fuel: FTP at 75 and 20 F, HWFET, US06, SC03 at 95 F.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.vehicle.charging_inputs import FastCharging
from framerail.vehicle.climate_drive import Climate
from framerail.vehicle.cold_test import FIRST_PHASE, city_test, climate_test
from framerail.vehicle.cruise import cruise
from framerail.vehicle.design import VehicleDesign, usable_energy
from framerail.vehicle.drive_cycle import DriveCycle
from framerail.vehicle.energy_simulation import EnergyUse, simulate_energy, simulate_trace
from framerail.vehicle.inputs import Conditions, LabelProcedure

STEADY_SPEED = 65 * 0.44704
"""Constant speed of the multi-cycle test, m/s."""
_END_SHARE = 0.2
"""Largest part of the distance that the last constant-speed phase may have (SAE J1634)."""
_US06_CITY_END, _US06_HIGHWAY_END = 130, 495
"""Seconds at which the highway part of US06 begins and ends (40 CFR 86.159)."""


class MultiCycleTest(eqx.Module):
    """Energy in J, consumption in J/m at the battery, distance in m."""

    city: Float[Array, "phase"]
    """Consumption of the four city phases."""
    highway: Float[Array, "highway_phase"]
    """Consumption of the two highway phases."""
    steady: Float[Array, ""]
    """Consumption at 65 mph."""
    usable_energy: Float[Array, ""]
    """Energy out of the terminals from full to empty on this test (UBE)."""
    wall_energy: Float[Array, ""]
    """Energy of the full recharge from the wall."""
    city_consumption: Float[Array, ""]
    """Weighted city consumption."""
    highway_consumption: Float[Array, ""]
    """Mean highway consumption."""
    city_wall: Float[Array, ""]
    """City consumption from the wall, J/m."""
    highway_wall: Float[Array, ""]
    """Highway consumption from the wall, J/m."""
    city_range: Float[Array, ""]
    """Unadjusted city range."""
    highway_range: Float[Array, ""]
    """Unadjusted highway range."""
    middle_distance: Float[Array, ""]
    """Length of the constant-speed phase in the middle."""
    end_distance: Float[Array, ""]
    """Length of the last constant-speed phase."""
    audit_residual: Float[Array, ""]
    """Charge of all phases less the whole window, relative."""


class SingleCycleTest(eqx.Module):
    """One cycle again and again until empty."""

    consumption: Float[Array, ""]
    """Battery energy over distance, J/m."""
    reach: Float[Array, ""]
    """Distance until empty, m."""
    usable_energy: Float[Array, ""]
    """Energy out of the terminals until empty, J."""


def _at(conditions: Conditions, charge: Float[Array, ""]) -> Conditions:
    return eqx.tree_at(lambda c: c.state_of_charge, conditions, charge)


def multi_cycle_test(
    design: VehicleDesign, city: DriveCycle, highway: DriveCycle, conditions: Conditions
) -> MultiCycleTest:
    """Drive the multi-cycle test from full to empty."""
    dtype = design.mass.dtype
    conditions = jax.tree.map(lambda leaf: leaf.astype(dtype), conditions)
    half = _at(conditions, jnp.asarray(0.5, dtype))
    probe = [simulate_energy(design, cycle, half) for cycle in (city, highway)]
    spent = [0.5 - use.final_state_of_charge for use in probe]
    fixed = 4.0 * spent[0] + 2.0 * spent[1]
    zero, one = jnp.zeros((), dtype), jnp.ones((), dtype)
    speed = jnp.asarray(STEADY_SPEED, dtype)
    whole = cruise(design, conditions, speed, zero, zero, one, zero)
    # The last phase takes its share of the whole distance; the middle one takes what is left.
    rest = jnp.maximum(1.0 - fixed, 0.0)
    driven = 4.0 * probe[0].distance + 2.0 * probe[1].distance + rest * whole.reach
    last = jnp.minimum(_END_SHARE * driven / whole.reach, rest)
    middle = rest - last
    starts = jnp.stack(
        [
            one,
            one - spent[0] - spent[1],
            one - 2.0 * spent[0] - spent[1] - middle,
            one - 3.0 * spent[0] - 2.0 * spent[1] - middle,
        ]
    )
    ends = jnp.stack([one - spent[0], one - 3.0 * spent[0] - spent[1] - middle])
    urban = _phases(design, city, conditions, starts)
    rural = _phases(design, highway, conditions, ends)
    used = jnp.sum(starts - urban.final_state_of_charge)
    used = used + jnp.sum(ends - rural.final_state_of_charge)
    return _multi_cycle(design, urban, rural, used, whole.consumption, whole.reach, middle)


def _phases(
    design: VehicleDesign, cycle: DriveCycle, conditions: Conditions, starts: Float[Array, "phase"]
) -> EnergyUse:
    return jax.vmap(lambda charge: simulate_energy(design, cycle, _at(conditions, charge)))(starts)


def _multi_cycle(
    design: VehicleDesign,
    urban: EnergyUse,
    rural: EnergyUse,
    used: Float[Array, ""],
    steady: Float[Array, ""],
    reach: Float[Array, ""],
    middle: Float[Array, ""],
) -> MultiCycleTest:
    last = jnp.maximum(1.0 - used - middle, 0.0)
    usable = jnp.sum(urban.terminal_energy) + jnp.sum(rural.terminal_energy)
    usable = usable + (middle + last) * reach * steady
    each = urban.terminal_energy / urban.distance
    first = urban.terminal_energy[0] / usable
    city = first * each[0] + (1.0 - first) * jnp.mean(each[1:])
    road = rural.terminal_energy / rural.distance
    highway = jnp.mean(road)
    wall = usable_energy(design.battery) / design.charger.charge_efficiency
    return MultiCycleTest(
        city=each,
        highway=road,
        steady=steady,
        usable_energy=usable,
        wall_energy=wall,
        city_consumption=city,
        highway_consumption=highway,
        city_wall=city * wall / usable,
        highway_wall=highway * wall / usable,
        city_range=usable / city,
        highway_range=usable / highway,
        middle_distance=middle * reach,
        end_distance=last * reach,
        audit_residual=used + middle + last - 1.0,
    )


def single_cycle_test(
    design: VehicleDesign, cycle: DriveCycle, conditions: Conditions
) -> SingleCycleTest:
    """Repeat one cycle from full to empty (mean of starts over the battery's range of charge)."""
    starts = jnp.linspace(0.9, 0.1, 5, dtype=design.mass.dtype)
    conditions = jax.tree.map(lambda leaf: leaf.astype(design.mass.dtype), conditions)
    uses = _phases(design, cycle, conditions, starts)
    spent = starts - uses.final_state_of_charge
    count = 1.0 / jnp.mean(spent)
    energy, distance = jnp.mean(uses.terminal_energy), jnp.mean(uses.distance)
    return SingleCycleTest(energy / distance, distance * count, energy * count)


class FiveCycleLabel(eqx.Module):
    """Five-cycle consumption at the battery, J/m, and what it makes of the two-cycle label."""

    city: Float[Array, ""]
    """City."""
    highway: Float[Array, ""]
    """Highway."""
    combined: Float[Array, ""]
    """55 % city, 45 % highway."""
    adjustment_factor: Float[Array, ""]
    """Unadjusted two-cycle consumption over five-cycle consumption, combined."""
    cold_ratio: Float[Array, ""]
    """20 F FTP over 75 F FTP."""
    hot_ratio: Float[Array, ""]
    """SC03 at 95 F over the same cycle without climate control."""
    audit_residual: Float[Array, ""]
    """Largest relative residual of the tests."""


class FiveCycles(eqx.Module):
    """The traces of the five-cycle label, 1 Hz."""

    city: DriveCycle
    """UDDS."""
    highway: DriveCycle
    """HWFET."""
    aggressive: DriveCycle
    """US06."""
    air_conditioned: DriveCycle
    """SC03."""


def five_cycle_label(
    design: VehicleDesign,
    cycles: FiveCycles,
    climate: Climate,
    fast: FastCharging,
    procedure: LabelProcedure,
) -> FiveCycleLabel:
    """The vehicle-specific five-cycle label (40 CFR 600.114-12, equations for fuel economy)."""
    dtype = design.mass.dtype
    procedure = jax.tree.map(lambda leaf: leaf.astype(dtype), procedure)
    conditions, weight = procedure.conditions, procedure.city_weight
    urban, rough = (
        simulate_trace(design, c, conditions)[1] for c in (cycles.city, cycles.aggressive)
    )
    base = simulate_energy(design, cycles.city, conditions)
    road = simulate_energy(design, cycles.highway, conditions)
    first = _part(urban.terminal, urban.speed, 0, FIRST_PHASE)
    second = _part(urban.terminal, urban.speed, FIRST_PHASE, urban.speed.shape[0])
    fast_part = _part(rough.terminal, rough.speed, _US06_CITY_END, _US06_HIGHWAY_END)
    town_part = _town(rough.terminal, rough.speed)
    cold = city_test(design, cycles.city, conditions, climate, fast)
    hot = climate_test(design, cycles.air_conditioned, conditions, climate, fast)
    warm = hot.terminal_energy / hot.distance
    highway = road.terminal_energy / road.distance
    # No fuel for a start at 75 F: an electric drive's first phase differs by cold oil only.
    start = 0.33 * 0.24 * 3.6 * (cold.cold_start - cold.hot_start)
    air = 0.133 * (warm - (0.61 * first + 0.39 * second))
    running = 0.82 * (0.48 * second + 0.41 * first + 0.11 * town_part)
    running = running + 0.18 * (0.5 * cold.stabilized + 0.5 * cold.hot_start) + 1.083 * air
    far = 1.007 * (0.79 * fast_part + 0.21 * highway) + 0.377 * air
    in_town, on_road = (start / 4.1 + running) / 0.905, (start / 60.0 + far) / 0.905
    combined = weight * in_town + (1.0 - weight) * on_road
    city = base.terminal_energy / base.distance
    return FiveCycleLabel(
        city=in_town,
        highway=on_road,
        combined=combined,
        adjustment_factor=(weight * city + (1.0 - weight) * highway) / combined,
        cold_ratio=cold.weighted / (0.43 * city + 0.57 * city),
        hot_ratio=hot.terminal_energy / jnp.maximum(hot.drive_energy, 1.0),
        audit_residual=jnp.maximum(jnp.abs(cold.use.audit_residual), jnp.abs(hot.audit_residual)),
    )


def _part(
    power: Float[Array, "time"], speed: Float[Array, "time"], start: int, end: int
) -> Float[Array, ""]:
    return jnp.sum(power[start:end]) / jnp.sum(speed[start:end])


def _town(power: Float[Array, "time"], speed: Float[Array, "time"]) -> Float[Array, ""]:
    """US06 without its highway part."""
    energy = jnp.sum(power) - jnp.sum(power[_US06_CITY_END:_US06_HIGHWAY_END])
    meters = jnp.sum(speed) - jnp.sum(speed[_US06_CITY_END:_US06_HIGHWAY_END])
    return energy / meters
