"""Fast charging: limits, books, temperature, closed form."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.vehicle import (
    CHARGE_LIMITS,
    Station,
    acceptance_factor,
    charge,
    charge_from_wall,
    energy_after,
    range_added,
    usable_energy,
)

READING = runpy.run_path(str(Path(__file__).parent / "use_reading.py"))
number, USE, DESIGN = READING["number"], READING["use"](), READING["design"]()
FAST = eqx.tree_at(lambda f: f.peak_power, USE.fast_charging["energy"], number(172e3))
STATION, PACK = USE.stations["highway-350"], USE.climates["truck-resistance"].pack
CHARGE = jax.jit(charge)


def run(design=DESIGN, fast=FAST, station=STATION, thermal=PACK, **session):
    return CHARGE(design, fast, station, thermal, READING["session"](**session))


def test_books_balance_and_the_curve_ends_at_the_target():
    result = run()
    assert abs(float(result.audit_residual)) < 1e-12
    assert float(result.charge[0]) > 0.1
    assert float(result.charge[-1]) < 0.8
    assert float(jnp.sum(result.limit_share)) == pytest.approx(1.0)
    stored = float(result.battery_energy - result.battery_loss)
    # The open-circuit voltage between 10 and 80 % is a little below the mean of the window.
    assert stored == pytest.approx(0.7 * float(usable_energy(DESIGN.battery)), rel=0.02)
    assert float(result.station_energy) > float(result.battery_energy)
    assert float(result.grid_energy) > float(result.station_energy)


def test_time_is_the_integral_of_capacity_over_current():
    # A constant power and no resistance: time is energy over power.
    free = eqx.tree_at(lambda d: d.battery.internal_resistance, DESIGN, number(1e-9))
    slow = eqx.tree_at(lambda f: f.peak_power, FAST, number(30e3))
    result = run(design=free, fast=slow, start=0.2, target=0.6)
    assert float(result.duration) == pytest.approx(float(result.battery_energy) / 30e3, rel=1e-9)
    assert CHARGE_LIMITS[int(jnp.argmax(result.limit_share))] == "vehicle peak power"


@pytest.mark.parametrize(
    ("limit", "change"),
    [
        ("station power", Station(*(number(x) for x in (40e3, 900.0, 920.0, 0.94)))),
        ("station current", Station(*(number(x) for x in (350e3, 80.0, 920.0, 0.94)))),
        ("cell voltage", Station(*(number(x) for x in (350e3, 900.0, 385.0, 0.94)))),
    ],
)
def test_a_weak_station_limits(limit, change):
    # The pack's nominal voltage is 360 V, near full about 415 V.
    result = run(station=change, start=0.3, target=0.8)
    assert CHARGE_LIMITS[int(jnp.argmax(result.limit_share))] == limit
    assert float(result.duration) > float(run(start=0.3, target=0.8).duration)


def test_cold_pack_takes_less_and_warms_up():
    warm, cold = run(), run(pack=263.15, air=263.15)
    assert float(cold.duration) > 1.2 * float(warm.duration)
    assert float(cold.power[0]) < 0.5 * float(warm.power[0])
    assert float(cold.final_temperature) > 268.0
    assert float(acceptance_factor(FAST, number(320.0))) == 1.0
    assert np.all(np.diff(np.asarray(cold.temperature)[:20]) > 0.0)


def test_hot_pack_is_cooled():
    weak = eqx.tree_at(lambda p: p.cooling_power, PACK, number(0.0))
    assert float(run(pack=318.0).final_temperature) < 318.0
    assert float(run(pack=318.0, thermal=weak).final_temperature) > 318.0


def test_energy_after_ten_minutes():
    result = run()
    energy = float(energy_after(result, number(600.0)))
    assert energy == pytest.approx(600.0 * float(result.power[0]), rel=0.1)
    assert float(energy_after(result, number(1e6))) == pytest.approx(float(result.battery_energy))
    miles = float(range_added(result, number(600.0), number(1000.0))) / 1609.344
    # Ford: 54 miles in ten minutes at 150 kW; here 172 kW and 1,000 J/m (45 kWh per 100 miles).
    assert 45.0 < miles < 70.0


def test_charge_from_the_wall():
    seconds, wall = charge_from_wall(DESIGN.battery, DESIGN.charger, number(0.0), number(1.0))
    assert float(wall) * float(DESIGN.charger.charge_efficiency) == pytest.approx(
        float(usable_energy(DESIGN.battery))
    )
    assert float(seconds) == pytest.approx(float(wall) / float(DESIGN.charger.ac_power))


def test_gradient_is_finite_and_more_power_is_quicker():
    def minutes(peak):
        fast = eqx.tree_at(lambda f: f.peak_power, FAST, peak)
        return charge(DESIGN, fast, STATION, PACK, READING["session"]()).duration / 60.0

    slope = float(jax.jit(jax.grad(minutes))(number(120e3)))
    assert -1e-3 < slope < 0.0


def test_faults():
    bad = eqx.tree_at(lambda f: f.acceptance.at_50, FAST, number(1.0)).acceptance
    assert "rises" in bad.faults()[0]
    assert READING["session"](start=0.8, target=0.2).faults()
    assert not READING["session"]().faults()
