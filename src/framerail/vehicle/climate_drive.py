"""A drive cycle in heat or cold: cabin and battery temperature beside the energy of the drive.

The drive is simulated first (the vehicle follows the trace whatever the cabin does); then one
scan carries cabin temperature, pack temperature and charge, with the pack's resistance at its
temperature of the moment. Regeneration is limited by what the cells take at the start.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, Kelvin, Watt
from framerail.vehicle.battery import battery_model, current, open_circuit_voltage
from framerail.vehicle.battery_thermal import (
    BatteryThermal,
    active_cooling,
    heat_capacity,
    resistance_factor,
)
from framerail.vehicle.cabin import Cabin, Irradiance, cabin_step
from framerail.vehicle.charging import acceptance_factor
from framerail.vehicle.charging_inputs import FastCharging
from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.drive_cycle import DriveCycle
from framerail.vehicle.energy_simulation import simulate_trace
from framerail.vehicle.inputs import Conditions

_RAMP = 5.0


class PackHeating(Declared):
    """Keeping the pack warm while driving."""

    power: Watt
    """Highest power of the pack heater."""
    below: Kelvin
    """Pack temperature below which it works."""
    machine_heat: Fraction
    """Part of the loss of machines and inverters that reaches the pack when it is cold."""


class Climate(Declared):
    """Everything thermal of one vehicle."""

    cabin: Cabin
    """Cabin and its machine."""
    pack: BatteryThermal
    """Heat of the pack."""
    pack_heating: PackHeating
    """Heating of the pack on the road."""


class Surroundings(Declared):
    """Sun, and temperatures at the start."""

    sun: Irradiance
    """Sun on the horizontal."""
    cabin_temperature: Kelvin
    """Cabin at the start; the set point when pre-conditioned."""
    pack_temperature: Kelvin
    """Pack at the start."""


class ClimateUse(eqx.Module):
    """Energy of a drive with cabin and pack. J, K; `time` runs over the cycle's steps."""

    terminal_energy: Float[Array, ""]
    """Net energy out of the battery terminals, J."""
    chemical_energy: Float[Array, ""]
    """Net energy out of the cells, J."""
    drive_energy: Float[Array, ""]
    """Terminal energy of drive and steady auxiliaries, J."""
    cabin_energy: Float[Array, ""]
    """Electric energy of heating or cooling the cabin, J."""
    pack_energy: Float[Array, ""]
    """Electric energy of heating or cooling the pack, J."""
    battery_loss: Float[Array, ""]
    """Heat in the battery's resistance, J."""
    cabin_heat: Float[Array, ""]
    """Heat into the cabin by its machine, J."""
    distance: Float[Array, ""]
    """Distance, m."""
    terminal_power: Float[Array, "time"]
    """Out of the terminals in each step, W."""
    speed: Float[Array, "time"]
    """Mean speed of each step, m/s."""
    cabin_temperature: Float[Array, "time"]
    """Cabin after each step, K."""
    pack_temperature: Float[Array, "time"]
    """Pack after each step, K."""
    audit_residual: Float[Array, ""]
    """Chemical energy less its uses, and cabin heat less its uses: larger relative residual."""


class _State(eqx.Module):
    cabin: Float[Array, ""]
    pack: Float[Array, ""]
    charge: Float[Array, ""]


class _Step(eqx.Module):
    terminal: Float[Array, "..."]
    chemical: Float[Array, "..."]
    cabin_electric: Float[Array, "..."]
    pack_electric: Float[Array, "..."]
    loss: Float[Array, "..."]
    heat: Float[Array, "..."]
    gain: Float[Array, "..."]
    cabin: Float[Array, "..."]
    pack: Float[Array, "..."]


def cold_battery(
    design: VehicleDesign, thermal: BatteryThermal, fast: FastCharging, temperature: Kelvin
) -> VehicleDesign:
    """The design with resistance and charge power of a pack at `temperature` (K)."""
    warmth = jnp.asarray(temperature, design.mass.dtype)
    return eqx.tree_at(
        lambda d: [d.battery.internal_resistance, d.battery.charge_power],
        design,
        [
            design.battery.internal_resistance * resistance_factor(thermal, warmth),
            design.battery.charge_power * acceptance_factor(fast, warmth),
        ],
    )


def simulate_climate(
    design: VehicleDesign,
    cycle: DriveCycle,
    conditions: Conditions,
    climate: Climate,
    fast: FastCharging,
    around: Surroundings,
    key_on: Float[Array, "time"],
) -> ClimateUse:
    """Drive `cycle` with cabin and pack.

    Args:
        design: the vehicle, its road load already that of the weather (`weather.in_weather`).
        cycle: speed trace.
        conditions: air, road, charge at the start.
        climate: cabin, pack and their machines.
        fast: the cells' acceptance in the cold, which limits regeneration.
        around: sun and temperatures at the start.
        key_on: one for each instant of the cycle with the vehicle on, zero during a soak.
    """
    dtype = design.mass.dtype
    conditions, climate, fast, around = jax.tree.map(
        lambda leaf: leaf.astype(dtype), (conditions, climate, fast, around)
    )
    limited = eqx.tree_at(
        lambda d: d.battery.charge_power,
        design,
        design.battery.charge_power * acceptance_factor(fast, around.pack_temperature),
    )
    _, flows = simulate_trace(limited, cycle, conditions)
    step = cycle.time_step.astype(dtype)
    awake = key_on[1:].astype(dtype)
    drive = flows.terminal * awake
    rejected = flows.machine_loss + flows.gear_loss
    start = _State(around.cabin_temperature, around.pack_temperature, conditions.state_of_charge)

    def advance(state: _State, now: tuple) -> tuple[_State, _Step]:
        return _thermal_step(design, climate, conditions, around, step, state, now)

    _, steps = jax.lax.scan(advance, start, (drive, rejected, awake))
    return _climate_use(steps, drive, flows.speed, step, climate, around)


def _thermal_step(
    design: VehicleDesign,
    climate: Climate,
    conditions: Conditions,
    around: Surroundings,
    step: Float[Array, ""],
    state: _State,
    now: tuple,
) -> tuple[_State, _Step]:
    drive, rejected, awake = now
    battery, pack, heating = battery_model(design.battery), climate.pack, climate.pack_heating
    air = conditions.air_temperature
    cabin = cabin_step(climate.cabin, state.cabin, air, around.sun, awake)
    cold = awake * jnp.clip((heating.below - state.pack) / _RAMP, 0.0, 1.0)
    cooling, _ = active_cooling(pack, state.pack)
    cooling = awake * cooling
    pack_electric = cold * heating.power + cooling / climate.cabin.cooling_performance
    terminal = drive + cabin.electric + pack_electric
    voltage = open_circuit_voltage(battery, state.charge)
    resistance = battery.resistance * resistance_factor(pack, state.pack)
    warm = eqx.tree_at(lambda b: b.resistance, battery, resistance)
    amperes = current(warm, voltage, terminal)
    loss = amperes * amperes * resistance
    into = loss + cold * (heating.power + heating.machine_heat * rejected) - cooling
    into = into - pack.conductance * (state.pack - air)
    after = _State(
        state.cabin + step * (cabin.heat + cabin.gain) / climate.cabin.heat_capacity,
        state.pack + step * into / heat_capacity(design.battery, pack),
        state.charge - amperes * step / battery.capacity,
    )
    return after, _Step(
        terminal=terminal,
        chemical=voltage * amperes,
        cabin_electric=cabin.electric,
        pack_electric=pack_electric,
        loss=loss,
        heat=cabin.heat,
        gain=cabin.gain,
        cabin=after.cabin,
        pack=after.pack,
    )


def _climate_use(
    steps: _Step,
    drive: Float[Array, "time"],
    speed: Float[Array, "time"],
    step: Float[Array, ""],
    climate: Climate,
    around: Surroundings,
) -> ClimateUse:
    def total(power: Float[Array, "time"]) -> Float[Array, ""]:
        return step * jnp.sum(power)

    uses = total(drive) + total(steps.cabin_electric) + total(steps.pack_electric)
    battery = (total(steps.chemical) - uses - total(steps.loss)) / (
        total(jnp.abs(steps.terminal)) + 1.0
    )
    stored = climate.cabin.heat_capacity * (steps.cabin[-1] - around.cabin_temperature)
    cabin = (total(steps.heat) + total(steps.gain) - stored) / (
        total(jnp.abs(steps.heat)) + total(jnp.abs(steps.gain)) + 1.0
    )
    return ClimateUse(
        terminal_energy=total(steps.terminal),
        chemical_energy=total(steps.chemical),
        drive_energy=total(drive),
        cabin_energy=total(steps.cabin_electric),
        pack_energy=total(steps.pack_electric),
        battery_loss=total(steps.loss),
        cabin_heat=total(steps.heat),
        distance=total(speed),
        terminal_power=steps.terminal,
        speed=speed,
        cabin_temperature=steps.cabin,
        pack_temperature=steps.pack,
        audit_residual=jnp.where(jnp.abs(battery) > jnp.abs(cabin), battery, cabin),
    )
