"""Cabin and pack: heat balance, steady state, books, the cold city test."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.vehicle import (
    Surroundings,
    city_test,
    cold_battery,
    pack_temperature_trace,
    resistance_factor,
    simulate_climate,
    simulate_energy,
    steady_climate_power,
    steady_cycle,
)

READING = runpy.run_path(str(Path(__file__).parent / "use_reading.py"))
number, USE, DESIGN = READING["number"], READING["use"](), READING["design"]()
FAST = USE.fast_charging["energy"]
PUMP, RESISTANCE = USE.climates["truck-heat-pump"], USE.climates["truck-resistance"]
CYCLE = steady_cycle(25.0, 1800.0)
SIMULATE = jax.jit(simulate_climate)


def around(cabin, pack, sun=0.0):
    return Surroundings(*(number(value) for value in (sun, cabin, pack)))


def drive(climate, air, cabin=None, pack=None, sun=0.0):
    start = around(cabin or air, pack or air, sun)
    conditions = READING["conditions"](temperature=air, charge=0.7)
    return SIMULATE(DESIGN, CYCLE, conditions, climate, FAST, start, jnp.ones_like(CYCLE.speed))


@pytest.mark.parametrize(("air", "sun"), [(258.0, 0.0), (293.0, 300.0), (311.0, 850.0)])
def test_books_balance(air, sun):
    use = drive(PUMP, air, sun=sun)
    assert abs(float(use.audit_residual)) < 1e-12
    total = float(use.drive_energy + use.cabin_energy + use.pack_energy)
    assert float(use.terminal_energy) == pytest.approx(total, rel=1e-12)


def test_steady_state_is_reached_and_costs_the_steady_power():
    use = drive(RESISTANCE, 268.0)
    set_point = float(RESISTANCE.cabin.set_point)
    assert float(use.cabin_temperature[-1]) == pytest.approx(set_point, abs=0.05)
    late = use.terminal_power[-200:] - use.drive_energy / 1800.0
    steady = float(steady_climate_power(RESISTANCE.cabin, number(268.0), number(0.0)))
    # The pack, still below its threshold, adds up to its heater's power.
    heater = float(RESISTANCE.pack_heating.power)
    assert steady - 60.0 <= float(late.min())
    assert float(late.max()) <= steady + heater + 60.0


def test_heat_pump_beats_resistance_and_fades_in_the_cold():
    mild = [
        float(steady_climate_power(c.cabin, number(278.0), number(0.0))) for c in (PUMP, RESISTANCE)
    ]
    cold = [
        float(steady_climate_power(c.cabin, number(248.0), number(0.0))) for c in (PUMP, RESISTANCE)
    ]
    assert mild[0] < 0.6 * mild[1]
    assert mild[0] / mild[1] < cold[0] / cold[1]


def test_preconditioning_saves():
    soaked = drive(RESISTANCE, 262.0)
    warm = drive(RESISTANCE, 262.0, cabin=295.15, pack=293.15)
    assert float(warm.cabin_energy) < float(soaked.cabin_energy)
    assert float(warm.pack_energy) < 0.1 * float(soaked.pack_energy)
    assert float(warm.terminal_energy) < float(soaked.terminal_energy)


def test_sun_heats():
    shade, sun = drive(PUMP, 308.15), drive(PUMP, 308.15, sun=850.0)
    assert float(sun.cabin_energy) > float(shade.cabin_energy)


def test_pack_follows_the_exponential_without_cooling():
    pack = eqx.tree_at(
        lambda p: [p.cooling_power, p.resistance_temperature], PUMP.pack, [number(0.0), number(0.0)]
    )
    loss = jnp.full(3600, 2_000.0)
    trace = pack_temperature_trace(
        DESIGN.battery, pack, loss, number(10.0), number(280.0), number(280.0)
    )
    capacity = float(DESIGN.battery.gross_energy * pack.heat_capacity_per_energy)
    rate = float(pack.conductance)
    exact = 280.0 + 2_000.0 / rate * (1.0 - np.exp(-rate * 36_000.0 / capacity))
    assert float(trace[-1]) == pytest.approx(exact, rel=1e-4)


def test_cold_pack_has_more_resistance_and_takes_less_charge():
    assert float(resistance_factor(PUMP.pack, number(298.15))) == pytest.approx(1.0)
    assert 1.5 < float(resistance_factor(PUMP.pack, number(273.15))) < 2.6
    cold = cold_battery(DESIGN, PUMP.pack, FAST, number(263.15))
    assert float(cold.battery.internal_resistance) > float(DESIGN.battery.internal_resistance)
    assert float(cold.battery.charge_power) < 0.4 * float(DESIGN.battery.charge_power)


def test_city_test_at_a_mild_temperature_without_climate_is_the_udds():
    cabin = PUMP.cabin
    off = eqx.tree_at(
        lambda c: [
            c.cabin.heating_power,
            c.cabin.cooling_power,
            c.cabin.blower_power,
            c.pack.resistance_temperature,
        ],
        PUMP,
        [jnp.zeros_like(cabin.heating_power)] * 3 + [number(0.0)],
    )
    city, conditions = READING["udds"](), READING["conditions"](charge=0.7)
    warm = eqx.tree_at(lambda f: f.activation_temperature, FAST, number(0.0))
    result = jax.jit(city_test, static_argnums=5)(DESIGN, city, conditions, off, warm, 297.039)
    base = jax.jit(simulate_energy)(DESIGN, city, conditions)
    assert float(result.weighted) == pytest.approx(
        float(base.terminal_energy / base.distance), rel=2e-3
    )
    assert float(result.cold_start) == pytest.approx(float(result.hot_start), rel=2e-3)
