"""The pack as one lump of heat: C dT/dt = I^2 R + heater - G (T - T_air) - cooling."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Declared, Kelvin, Quantity, Watt, WattPerKelvin
from framerail.vehicle.design import Battery

HeatPerEnergy = Annotated[Float[Array, ""], Quantity("1/K", 1e-5, 0.1)]
"""Heat capacity over gross energy: "6.3 kJ/K/kWh" is 1000 J/(kg K) at 160 Wh/kg."""
ResistanceTemperature = Annotated[Float[Array, ""], Quantity("K", 0.0, 15_000.0)]
"""Activation energy of the resistance over the gas constant."""

_COOLING_RAMP = 5.0
"""Kelvin over which active cooling rises to its full power."""


class BatteryThermal(Declared):
    """Heat of the pack, and how its resistance depends on temperature."""

    heat_capacity_per_energy: HeatPerEnergy
    """Heat capacity over gross energy."""
    conductance: WattPerKelvin
    """Heat flow to the air per kelvin."""
    cooling_power: Watt
    """Highest heat that active cooling removes."""
    cooling_temperature: Kelvin
    """Pack temperature at which active cooling begins."""
    resistance_temperature: ResistanceTemperature
    """Slope of the logarithm of pack resistance in inverse temperature."""
    resistance_reference: Kelvin
    """Pack temperature at which the stated resistance holds."""


def heat_capacity(battery: Battery, thermal: BatteryThermal) -> Float[Array, ""]:
    """Heat capacity of the pack, J/K."""
    return battery.gross_energy * thermal.heat_capacity_per_energy


def active_cooling(
    thermal: BatteryThermal, temperature: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Heat that active cooling removes, W, and its slope, W/K."""
    part = (temperature - thermal.cooling_temperature) / _COOLING_RAMP
    slope = jnp.where((part > 0.0) & (part < 1.0), thermal.cooling_power / _COOLING_RAMP, 0.0)
    return thermal.cooling_power * jnp.clip(part, 0.0, 1.0), slope


def resistance_factor(
    thermal: BatteryThermal, temperature: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Pack resistance over its stated value (Arrhenius)."""
    inverse = 1.0 / temperature - 1.0 / thermal.resistance_reference
    return jnp.exp(thermal.resistance_temperature * inverse)


def pack_temperature_trace(
    battery: Battery,
    thermal: BatteryThermal,
    loss: Float[Array, "time"],
    time_step: Float[Array, ""],
    start: Float[Array, ""],
    air_temperature: Float[Array, ""],
) -> Float[Array, "time"]:
    """Pack temperature (K) after each step of a drive, from the loss (W at the stated resistance).

    The loss grows as the pack cools: it is multiplied by `resistance_factor`.
    """
    capacity = heat_capacity(battery, thermal)

    def advance(
        temperature: Float[Array, ""], lost: Float[Array, ""]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        cooling, slope = active_cooling(thermal, temperature)
        heat = lost * resistance_factor(thermal, temperature) - cooling
        heat = heat - thermal.conductance * (temperature - air_temperature)
        warmer = temperature + time_step * heat / (
            capacity + time_step * (thermal.conductance + slope)
        )
        return warmer, warmer

    return jax.lax.scan(advance, start, loss)[1]
