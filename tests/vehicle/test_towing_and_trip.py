"""SAE J2807, trips, the multi-cycle and five-cycle tests, figures of full throttle."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from framerail.numerics.outcome import describe
from framerail.scenario_file import read_cycle
from framerail.vehicle import (
    LIMITING_COMPONENTS,
    OUTCOMES,
    TOW_LIMITS,
    TOW_TESTS,
    Aging,
    FiveCycles,
    LabelProcedure,
    aged,
    cruise,
    five_cycle_label,
    full_throttle,
    in_weather,
    multi_cycle_test,
    performance,
    single_cycle_test,
    standard_frontal_area,
    time_between,
    tow_rating,
    tow_test,
    trip,
    usable_energy,
    with_trailer,
)
from framerail.vehicle.powertrain import powertrain

READING = runpy.run_path(str(Path(__file__).parent / "use_reading.py"))
number, USE, DESIGN = READING["number"], READING["use"](), READING["design"]()
CONDITIONS = READING["conditions"](charge=0.9)
CABIN, PROCEDURE = USE.climates["truck-heat-pump"].cabin, USE.tow_procedure
POUND = 0.45359237
TOW, TRIP = jax.jit(tow_test), jax.jit(trip)
FAST = eqx.tree_at(lambda f: f.peak_power, USE.fast_charging["energy"], number(172e3))
STATION, PACK = USE.stations["highway-350"], USE.climates["truck-resistance"].pack


def trailer(pounds):
    return eqx.tree_at(lambda t: t.mass, USE.trailers["box"], number(pounds * POUND))


def tow(pounds, design=DESIGN, charge=0.9):
    conditions = READING["conditions"](charge=charge)
    return TOW(design, trailer(pounds), CABIN, PROCEDURE, conditions)


def test_the_rated_trailer_passes_and_a_house_does_not():
    rated, house = tow(10_000.0), tow(80_000.0)
    assert bool(rated.all_passed)
    assert not bool(house.all_passed)
    assert float(house.margin.min()) < 0.0
    assert float(rated.climb_energy) / 3.6e6 == pytest.approx(27.0, abs=4.0)


def test_a_weak_machine_fails_the_sprint_and_names_itself():
    weak = eqx.tree_at(
        lambda d: [d.front.peak_power, d.rear.peak_power],
        DESIGN,
        [DESIGN.front.peak_power * 0.25, DESIGN.rear.peak_power * 0.25],
    )
    result = tow(10_000.0, design=weak)
    sixty = TOW_TESTS.index("0-60 mph")
    assert not bool(result.passed[sixty])
    assert TOW_LIMITS[int(result.limit[sixty])] == "machine power"


def test_an_almost_empty_battery_fails_the_climb():
    result = tow(10_000.0, charge=0.05)
    energy = TOW_TESTS.index("energy for the climb")
    assert not bool(result.passed[energy])
    assert TOW_LIMITS[int(result.limit[energy])] == "battery energy"
    assert int(result.limiting_test) == energy


def test_standard_areas():
    got = [
        float(standard_frontal_area(number(p * POUND))) / 0.3048**2
        for p in (1_000.0, 3_000.0, 8_000.0, 14_000.0)
    ]
    assert got == pytest.approx([12.0, 20.0, 40.0, 60.0])


def test_rating_is_the_heaviest_that_passes():
    args = (CABIN, PROCEDURE, CONDITIONS)
    weak = eqx.tree_at(lambda d: d.battery.discharge_power, DESIGN, number(120e3))
    heaviest = jax.jit(tow_rating)(weak, trailer(1.0), *args, number(20_000.0))
    for factor, verdict in ((0.995, True), (1.005, False)):
        load = eqx.tree_at(lambda t: t.mass, trailer(1.0), heaviest * factor)
        assert bool(TOW(weak, load, *args).all_passed) is verdict


def test_times_add_up():
    run = full_throttle(powertrain(DESIGN, CONDITIONS), number(0.9))
    parts = [float(time_between(run, a, b)) for a, b in ((0.0, 12.0), (12.0, 26.8224))]
    whole = jax.jit(performance)(DESIGN, CONDITIONS)
    assert sum(parts) == pytest.approx(float(whole.zero_to_sixty), rel=1e-9)
    assert LIMITING_COMPONENTS[int(whole.top_speed_limit)] == "speed governor"
    assert 0.15 < float(whole.rollout) < 0.6
    free = eqx.tree_at(lambda d: d.top_speed, DESIGN, number(99.0))
    unbound = jax.jit(performance)(free, CONDITIONS)
    assert LIMITING_COMPONENTS[int(unbound.top_speed_limit)] != "speed governor"


def plan_trip(design=DESIGN, conditions=CONDITIONS, **plan):
    return TRIP(design, conditions, FAST, STATION, PACK, READING["plan"](**plan))


def test_a_short_trip_needs_no_stop():
    short = plan_trip(distance_miles=100.0)
    assert int(short.stops) == 0
    assert float(short.duration) == pytest.approx(float(short.driving))
    assert float(short.driving) == pytest.approx(100 / 70 * 3600)


def test_energy_of_a_long_trip_is_that_of_its_charges():
    long = plan_trip(distance_miles=900.0)
    assert int(long.stops) > 2
    assert int(long.outcome) == 0
    used = float(long.stops) * float(long.charge_each) + 0.9
    assert float(long.battery_energy) == pytest.approx(
        used * float(usable_energy(DESIGN.battery)), rel=0.03
    )
    total = float(long.driving + long.charging + long.overhead)
    assert float(long.duration) == pytest.approx(total)


def test_trailer_and_cold_cost_hours():
    mild = plan_trip()
    pulled, grip = with_trailer(DESIGN, USE.trailers["travel"], CONDITIONS)
    towing = plan_trip(pulled, grip)
    winter = in_weather(DESIGN, USE.road, number(263.15), number(4.0), number(31.0))
    cold = plan_trip(winter, READING["conditions"](263.15), climate=4_000.0)
    assert float(mild.duration) < float(cold.duration) < float(towing.duration)


def test_an_impossible_trip_is_told():
    far = plan_trip(distance_miles=50_000.0)
    assert "trip_not_possible" in [e.name for e in describe(int(far.outcome), OUTCOMES)]
    assert jnp.isfinite(far.duration)


def test_multi_cycle_test_balances_and_agrees_with_the_single_cycle_test():
    city, highway = READING["udds"](), read_cycle("hwfet")
    full = READING["conditions"](charge=1.0)
    test = jax.jit(multi_cycle_test)(DESIGN, city, highway, full)
    assert abs(float(test.audit_residual)) < 1e-12
    single = jax.jit(single_cycle_test)(DESIGN, highway, full)
    assert float(single.reach) == pytest.approx(float(test.highway_range), rel=0.02)
    assert float(single.usable_energy) == pytest.approx(float(test.usable_energy), rel=0.02)
    # The first city phase starts full, where regeneration is limited.
    assert float(test.city[0]) > float(test.city[1])
    share = float(test.end_distance) / (float(test.end_distance + test.middle_distance))
    assert share < 0.5


def test_five_cycle_factor_lies_where_the_regulation_expects_it():
    cycles = FiveCycles(*(read_cycle(name) for name in ("udds", "hwfet", "us06", "sc03")))
    procedure = LabelProcedure(number(0.55), number(0.7), READING["conditions"]())
    climate = USE.climates["truck-heat-pump"]
    label = jax.jit(five_cycle_label)(DESIGN, cycles, climate, FAST, procedure)
    assert 0.6 < float(label.adjustment_factor) < 0.85
    assert 1.2 < float(label.cold_ratio) < 2.2
    assert float(label.hot_ratio) > 1.0
    assert abs(float(label.audit_residual)) < 1e-9


def test_a_worn_battery_goes_less_far_and_pulls_less():
    worn = aged(DESIGN, Aging(number(0.8), number(1.5)))
    values = [number(value) for value in (31.0, 0.0, 0.0, 1.0, 0.0)]
    new, old = (jax.jit(cruise)(design, CONDITIONS, *values).reach for design in (DESIGN, worn))
    assert 0.78 < float(old / new) < 0.8
    sprint = [jax.jit(performance)(design, CONDITIONS).zero_to_sixty for design in (DESIGN, worn)]
    assert float(sprint[1]) > float(sprint[0])
