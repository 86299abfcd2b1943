"""Steady speed, weather, wind, altitude, payload and trailer."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from framerail.numerics.outcome import describe
from framerail.vehicle import (
    OUTCOMES,
    cruise,
    in_weather,
    loaded_mass,
    pressure_at,
    simulate_energy,
    steady_cycle,
    wind_factor,
    with_payload,
    with_trailer,
)

READING = runpy.run_path(str(Path(__file__).parent / "use_reading.py"))
number, USE, DESIGN = READING["number"], READING["use"](), READING["design"]()
CONDITIONS, MPH = READING["conditions"](), READING["MPH"]
CRUISE = jax.jit(cruise)
TRAILER = USE.trailers["travel"]


def drive(design=DESIGN, conditions=CONDITIONS, mph=70.0, grade=0.0, climate=0.0):
    values = (mph * MPH, grade, climate, 1.0, 0.0)
    return CRUISE(design, conditions, *(number(value) for value in values))


def test_steady_power_is_that_of_the_time_stepped_simulation():
    use = jax.jit(simulate_energy)(DESIGN, steady_cycle(70 * MPH, 600.0), CONDITIONS)
    assert float(drive().terminal_power) == pytest.approx(float(use.terminal_energy) / 600.0)


def test_range_is_charge_over_current():
    # Against the simulation's own fall of charge around the middle of the window.
    use = jax.jit(simulate_energy)(DESIGN, steady_cycle(70 * MPH, 600.0), CONDITIONS)
    spent = 0.5 - float(use.final_state_of_charge)
    assert float(drive().reach) == pytest.approx(float(use.distance) / spent, rel=0.02)


def test_reserve_and_start_divide_the_range():
    full = drive()
    part = [
        CRUISE(DESIGN, CONDITIONS, number(70 * MPH), number(0.0), number(0.0), number(a), number(b))
        for a, b in ((1.0, 0.4), (0.4, 0.0))
    ]
    assert float(part[0].reach + part[1].reach) == pytest.approx(float(full.reach), rel=1e-3)


def test_downhill_coasting_has_a_finite_range():
    steep = drive(grade=-0.06)
    assert float(steep.terminal_power) < 0.0
    assert float(steep.reach) < 1e9


def test_a_hill_too_steep_is_told():
    with_load, grip = with_trailer(DESIGN, TRAILER, CONDITIONS)
    result = drive(with_load, grip, mph=100.0, grade=0.12)
    assert "speed_not_held" in [entry.name for entry in describe(int(result.outcome), OUTCOMES)]
    assert int(drive().outcome) == 0


def test_standard_pressure():
    # ISO 2533: 89.87 kPa at 1,000 m, 79.50 kPa at 2,000 m.
    assert float(pressure_at(number(1_000.0))) == pytest.approx(89_874.6, rel=1e-4)
    assert float(pressure_at(number(2_000.0))) == pytest.approx(79_495.2, rel=1e-4)


def test_wind_from_all_sides_costs():
    still = wind_factor(number(0.0), number(30.0), number(5.0))
    windy = wind_factor(number(5.0), number(30.0), number(5.0))
    assert float(still) == pytest.approx(1.0)
    # Second order in wind over speed: 1 + (w/v)^2 (3/4 + k/2) to leading order of the expansion.
    assert float(windy) == pytest.approx(1.0 + (5 / 30) ** 2 * (0.75 + 5.0 / 2.0), rel=0.01)


def test_cold_costs_twice_through_tires_and_through_air():
    cold = READING["conditions"](temperature=263.15)
    tires = in_weather(DESIGN, USE.road, number(263.15), number(0.0), number(31.0))
    base, air, both = drive(), drive(conditions=cold), drive(tires, cold)
    assert float(base.consumption) < float(air.consumption) < float(both.consumption)
    assert float(both.consumption) / float(base.consumption) == pytest.approx(1.15, abs=0.04)


def test_altitude_helps():
    high = eqx.tree_at(lambda c: c.air_pressure, CONDITIONS, pressure_at(number(1_524.0)))
    assert 1.06 < float(drive(conditions=high).reach / drive().reach) < 1.15


def test_payload_costs_rolling_only():
    heavy = with_payload(DESIGN, number(700.0))
    gain = float(drive(heavy).wheel_power - drive().wheel_power)
    mass = 700.0 - float(DESIGN.payload)
    rate = float(DESIGN.road_load.constant) / float(DESIGN.road_load.reference_mass)
    assert gain == pytest.approx(rate * mass * 70 * MPH, rel=1e-9)


@pytest.mark.parametrize("name", ["lightning-lariat-er-2022", "ocean-extreme-one-2023"])
def test_trailer_adds_its_own_resistance_whichever_road_load(name):
    design = READING["design"](name)
    pulled, grip = with_trailer(design, TRAILER, CONDITIONS)
    assert float(loaded_mass(pulled)) == pytest.approx(
        float(loaded_mass(design) + TRAILER.mass), rel=1e-12
    )
    speed = 60 * MPH
    gain = float(drive(pulled, grip, 60.0).wheel_power - drive(design, mph=60.0).wheel_power)
    density = 101_325.0 / (287.05 * 293.15)
    drag = 0.5 * density * float(TRAILER.added_drag * TRAILER.frontal_area) * speed**2
    tongue = float(TRAILER.mass * TRAILER.tongue_fraction)
    towed = float(TRAILER.rolling_resistance) * (float(TRAILER.mass) - tongue) * 9.80665
    load = design.road_load
    own = float(load.rolling_resistance) * 9.80665
    if float(load.reference_mass) > 0.0:
        own = float(load.constant / load.reference_mass)
    assert gain == pytest.approx((drag + towed + own * tongue) * speed, rel=1e-9)
    # Grip: the truck's weight with the tongue, no more.
    share = (float(loaded_mass(design)) + tongue) / float(loaded_mass(pulled))
    assert float(grip.adhesion) == pytest.approx(0.9 * share)


def test_a_trailer_of_nothing_changes_nothing():
    none = jax.tree.map(jnp.zeros_like, TRAILER)
    same, grip = with_trailer(DESIGN, none, CONDITIONS)
    assert float(drive(same, grip).reach) == pytest.approx(float(drive().reach), rel=1e-12)
