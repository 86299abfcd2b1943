"""The 20 F city test and the 95 F air-conditioning test on one design.

FTP: the UDDS, ten minutes with the key off, its first 505 seconds again; weighted 0.43 cold and
0.57 warm (40 CFR 600.113). The dynamometer's forces at 20 F are the coast-down forces raised by
a tenth (40 CFR 1066.710: ten percent shorter coast-down time). SC03: 95 F, 850 W/m^2 of sun.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.vehicle.charging_inputs import FastCharging
from framerail.vehicle.climate_drive import Climate, ClimateUse, Surroundings, simulate_climate
from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.drive_cycle import DriveCycle
from framerail.vehicle.inputs import Conditions

COLD = 266.483
"""20 F in K."""
MILD = 297.039
"""75 F in K."""
HOT = 308.15
"""95 F in K."""
SC03_SUN = 850.0
"""Sun of the SC03 test, W/m^2 (40 CFR 86.161)."""
COLD_FORCE = 1.1
"""Dynamometer force at 20 F over that at 75 F."""
FIRST_PHASE, SOAK = 505, 600
"""Seconds of the first phase of the UDDS, and of the soak."""


class CityTest(eqx.Module):
    """Battery energy per distance on the three phases of the FTP, J/m."""

    cold_start: Float[Array, ""]
    """First 505 s after the cold start."""
    stabilized: Float[Array, ""]
    """The rest of the UDDS."""
    hot_start: Float[Array, ""]
    """First 505 s after the soak."""
    weighted: Float[Array, ""]
    """FTP: 0.43 cold and 0.57 hot."""
    use: ClimateUse
    """Energy of the whole test."""


def city_test_cycle(city: DriveCycle) -> tuple[DriveCycle, Float[Array, "time"]]:
    """The FTP of a 1-Hz UDDS: trace and key-on mask."""
    warm = city.speed[: FIRST_PHASE + 1]
    speed = jnp.concatenate([city.speed, jnp.zeros(SOAK, city.speed.dtype), warm])
    on = jnp.concatenate([jnp.ones_like(city.speed), jnp.zeros(SOAK), jnp.ones_like(warm)])
    return DriveCycle(speed, city.time_step, jnp.zeros_like(speed)), on


def with_force(design: VehicleDesign, factor: Float[Array, ""] | float) -> VehicleDesign:
    """The design with every term of its road load multiplied."""
    load = design.road_load
    return eqx.tree_at(
        lambda d: [
            d.road_load.constant,
            d.road_load.linear,
            d.road_load.quadratic,
            d.road_load.rolling_resistance,
            d.road_load.drag_area,
        ],
        design,
        [
            load.constant * factor,
            load.linear * factor,
            load.quadratic * factor,
            load.rolling_resistance * factor,
            load.drag_area * factor,
        ],
    )


def on_dynamometer(conditions: Conditions, temperature: float) -> Conditions:
    """Conditions at `temperature` (K) with the air density of the given ones: rollers set drag."""
    warmth = jnp.full_like(conditions.air_temperature, temperature)
    pressure = conditions.air_pressure * warmth / conditions.air_temperature
    return eqx.tree_at(
        lambda c: [c.air_temperature, c.air_pressure], conditions, [warmth, pressure]
    )


def city_test(
    design: VehicleDesign,
    city: DriveCycle,
    conditions: Conditions,
    climate: Climate,
    fast: FastCharging,
    temperature: float = COLD,
) -> CityTest:
    """FTP at 20 F (or another temperature, K) after a soak at that temperature.

    Args:
        design: the vehicle with its test payload.
        city: the UDDS at 1 Hz.
        conditions: standard conditions of the dynamometer.
        climate: cabin and pack.
        fast: the cells' acceptance in the cold.
        temperature: of the test cell, K.
    """
    cycle, on = city_test_cycle(city)
    cell = on_dynamometer(conditions, temperature)
    force = COLD_FORCE if temperature < MILD - 10.0 else 1.0
    warmth = cell.air_temperature
    around = Surroundings(jnp.zeros_like(warmth), warmth, warmth)
    use = simulate_climate(with_force(design, force), cycle, cell, climate, fast, around, on)
    steps = city.speed.shape[0] - 1
    again = steps + 1 + SOAK

    def phase(first: int, last: int) -> tuple[Float[Array, ""], Float[Array, ""]]:
        part = slice(first, last)
        return jnp.sum(use.terminal_power[part]), jnp.sum(use.speed[part])

    cold, stable, hot = (
        phase(0, FIRST_PHASE),
        phase(FIRST_PHASE, steps),
        phase(again, again + FIRST_PHASE),
    )
    first = (cold[0] + stable[0]) / (cold[1] + stable[1])
    second = (hot[0] + stable[0]) / (hot[1] + stable[1])
    return CityTest(
        cold_start=cold[0] / cold[1],
        stabilized=stable[0] / stable[1],
        hot_start=hot[0] / hot[1],
        weighted=0.43 * first + 0.57 * second,
        use=use,
    )


def climate_test(
    design: VehicleDesign,
    cycle: DriveCycle,
    conditions: Conditions,
    climate: Climate,
    fast: FastCharging,
    temperature: float = HOT,
    sun: float = SC03_SUN,
    soaked: bool = True,
) -> ClimateUse:
    """A cycle at a test-cell temperature (K) with sun (W/m^2); SC03 with the defaults.

    `soaked`: cabin and pack start at the ambient (else the cabin at its set point).
    """
    cell = on_dynamometer(conditions, temperature)
    warmth = cell.air_temperature
    cabin = warmth if soaked else jnp.asarray(climate.cabin.set_point, warmth.dtype)
    around = Surroundings(jnp.full_like(warmth, sun), cabin, warmth)
    return simulate_climate(design, cycle, cell, climate, fast, around, jnp.ones_like(cycle.speed))
