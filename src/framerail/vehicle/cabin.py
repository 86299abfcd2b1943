"""Cabin: heat balance, heater or heat pump, air conditioning, sun, pre-conditioning.

One lump of heat (air and interior): C dT/dt = (G + m c_p)(T_air - T) + sun + people + machine. The
machine is a resistance heater, a heat pump whose performance falls with the ambient, or an air
conditioner; each holds the set point within its power. Electric power is heat over performance.
"""

from typing import Annotated

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import (
    Declared,
    JoulePerKelvin,
    Kelvin,
    Quantity,
    SquareMeter,
    Watt,
    WattPerKelvin,
)

Performance = Annotated[Float[Array, ""], Quantity("dimensionless", 0.3, 8.0)]
"""Heat moved over electric power."""
PerformanceSlope = Annotated[Float[Array, ""], Quantity("1/K", -0.5, 0.5)]
Irradiance = Annotated[Float[Array, ""], Quantity("W/m^2", 0.0, 1_400.0)]

HEATING_REFERENCE = 280.15
"""Ambient at which the heating performance is stated, K (7 degC, EN 14511)."""
COOLING_REFERENCE = 308.15
"""Ambient at which the cooling performance is stated, K (35 degC, SC03)."""
_LOWEST_PERFORMANCE = 0.9
"""A heat pump that fails in the cold falls back on its resistance heater."""
_PULL_TIME = 120.0
"""Time constant with which the machine closes the distance to the set point, s."""


class Cabin(Declared):
    """Cabin, its machine and its people."""

    heat_capacity: JoulePerKelvin
    """Air and interior together."""
    conductance: WattPerKelvin
    """Heat through walls and glass per kelvin."""
    fresh_air: WattPerKelvin
    """Heat of the fresh air per kelvin: mass flow times specific heat, recirculation deducted."""
    solar_area: SquareMeter
    """Horizontal area of glass times its transmission."""
    occupant_heat: Watt
    """Heat of driver and passengers."""
    set_point: Kelvin
    """Temperature held."""
    heating_power: Watt
    """Highest heat into the cabin."""
    heating_performance: Performance
    """Heat over electric power at 7 degC ambient; about one for a resistance heater."""
    heating_slope: PerformanceSlope
    """Change of heating performance per kelvin of ambient; zero for a resistance heater."""
    cooling_power: Watt
    """Highest heat out of the cabin."""
    cooling_performance: Performance
    """Heat over electric power at 35 degC ambient."""
    cooling_slope: PerformanceSlope
    """Change of cooling performance per kelvin of ambient."""
    blower_power: Watt
    """Fans while the machine works."""


class CabinStep(eqx.Module):
    """One instant of the cabin."""

    heat: Float[Array, ""]
    """Heat into the cabin by the machine, W; negative when it cools."""
    electric: Float[Array, ""]
    """Electric power of machine and fans, W."""
    gain: Float[Array, ""]
    """Heat into the cabin from outside, sun and people, W."""


def heating_performance(cabin: Cabin, air: Float[Array, ""]) -> Float[Array, ""]:
    """Heat over electric power at an ambient temperature (K)."""
    value = cabin.heating_performance + cabin.heating_slope * (air - HEATING_REFERENCE)
    return jnp.maximum(value, _LOWEST_PERFORMANCE)


def cooling_performance(cabin: Cabin, air: Float[Array, ""]) -> Float[Array, ""]:
    """Heat over electric power at an ambient temperature (K)."""
    value = cabin.cooling_performance + cabin.cooling_slope * (air - COOLING_REFERENCE)
    return jnp.maximum(value, _LOWEST_PERFORMANCE)


def outside_gain(
    cabin: Cabin, temperature: Float[Array, ""], air: Float[Array, ""], sun: Float[Array, ""]
) -> Float[Array, ""]:
    """Heat into the cabin from air, sun (W/m^2) and people, W."""
    exchange = (cabin.conductance + cabin.fresh_air) * (air - temperature)
    return exchange + cabin.solar_area * sun + cabin.occupant_heat


def cabin_step(
    cabin: Cabin,
    temperature: Float[Array, ""],
    air: Float[Array, ""],
    sun: Float[Array, ""],
    on: Float[Array, ""],
) -> CabinStep:
    """Heat and electric power of the machine now; `on` (0 to 1) is whether it may work."""
    gain = outside_gain(cabin, temperature, air, sun)
    pull = cabin.heat_capacity * (cabin.set_point - temperature) / _PULL_TIME
    heat = on * jnp.clip(pull - gain, -cabin.cooling_power, cabin.heating_power)
    performance = jnp.where(
        heat > 0.0, heating_performance(cabin, air), cooling_performance(cabin, air)
    )
    return CabinStep(heat, jnp.abs(heat) / performance + on * cabin.blower_power, gain)


def steady_climate_power(
    cabin: Cabin, air: Float[Array, ""], sun: Float[Array, ""]
) -> Float[Array, ""]:
    """Electric power that holds the set point in steady state, W."""
    return cabin_step(cabin, cabin.set_point, air, sun, jnp.ones_like(air)).electric
