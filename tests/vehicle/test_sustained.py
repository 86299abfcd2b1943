"""Machines that warm: against scipy, against their rating, and what it costs on the road."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from framerail.vehicle import (
    drive_cycle,
    heat_model,
    performance,
    power_over_time,
    repeated_sprints,
    simulate_energy,
    simulate_hot,
    tow_test,
    with_payload,
    with_trailer,
)
from framerail.vehicle.machine_thermal import derated, full_force, machine_loss
from framerail.vehicle.powertrain import powertrain
from framerail.vehicle.towing import standard_frontal_area

READING = runpy.run_path(str(Path(__file__).parent / "use_reading.py"))
number, USE, TRUCK = READING["number"], READING["use"](), READING["design"]()
THERMAL, PROCEDURE = USE.machine_thermal, USE.tow_procedure
CONDITIONS = READING["conditions"](charge=0.9)
HOT = jax.jit(simulate_hot)
MPH, POUND = 0.44704, 0.45359237
BASE = float(
    TRUCK.rear.peak_power * TRUCK.tire_radius / (TRUCK.rear.peak_torque * TRUCK.rear.gear_ratio)
)


def rated_air():
    """Air in which the coolant is that of the rating."""
    return float(THERMAL.rated_coolant - THERMAL.coolant_rise)


def rig(pounds):
    """Truck with two people and a box trailer, on the road of the climb."""
    mass = number(pounds * POUND)
    trailer = eqx.tree_at(
        lambda t: [t.mass, t.frontal_area],
        USE.trailers["box"],
        [mass, standard_frontal_area(mass)],
    )
    design, grip = with_trailer(with_payload(TRUCK, PROCEDURE.occupants), trailer, CONDITIONS)
    hot = [PROCEDURE.climb_temperature, PROCEDURE.climb_pressure]
    return design, eqx.tree_at(lambda c: [c.air_temperature, c.air_pressure], grip, hot)


def climb(grade):
    steps = int(float(PROCEDURE.climb_length / PROCEDURE.climb_speed))
    return drive_cycle(np.full(steps + 1, 40 * MPH), 1.0, np.full(steps + 1, grade))


@pytest.mark.parametrize("pace", [0.6, 1.0, 1.6])
def test_full_load_ends_at_what_the_coolant_carries_off(pace):
    conditions = READING["conditions"](temperature=rated_air())
    seconds = jnp.arange(1.0, 1801.0)
    found = power_over_time(TRUCK, conditions, THERMAL, number(pace * BASE), seconds)
    train = powertrain(TRUCK, conditions)
    full = sum(float(full_force(a, number(pace * BASE))) for a in (train.front, train.rear))
    assert float(found.power[0]) == pytest.approx(full * pace * BASE, rel=1e-9)
    assert float(found.temperature[-1]) == pytest.approx(float(THERMAL.highest), abs=1e-3)
    assert np.all(np.diff(np.asarray(found.power)) <= 1e-6)
    if pace == 1.0:
        rating = float(THERMAL.continuous_fraction) * full * BASE
        assert float(found.power[-1]) == pytest.approx(rating, rel=1e-6)
    heat = heat_model(train, THERMAL, conditions.air_temperature)
    able = derated(train, heat, number(pace * BASE), THERMAL.highest)
    lost = sum(
        float(machine_loss(a, number(pace * BASE), full_force(a, number(pace * BASE))))
        for a in (able.front, able.rear)
    )
    assert lost == pytest.approx(float(heat.front_removal + heat.rear_removal), rel=1e-6)


def test_a_full_load_run_agrees_with_scipy():
    conditions = READING["conditions"](temperature=310.0)
    train = powertrain(TRUCK, conditions)
    heat, speed = heat_model(train, THERMAL, conditions.air_temperature), number(20.0)

    @jax.jit
    def rate(now):
        able = derated(train, heat, speed, now)
        axles = (able.front, able.rear)
        loss = sum(machine_loss(a, speed, full_force(a, speed)) for a in axles)
        carried = heat.per_kelvin * (now - heat.coolant)
        return (loss - carried) / (heat.per_kelvin * heat.time_constant)

    times = np.array([20.0, 60.0, 120.0, 400.0])
    exact = solve_ivp(
        lambda _, y: [float(rate(y[0]))],
        (0.0, 400.0),
        [float(heat.coolant)],
        t_eval=times,
        rtol=1e-9,
        atol=1e-9,
    ).y[0]
    seconds = jnp.arange(0.05, 400.01, 0.05)
    ours = np.asarray(power_over_time(TRUCK, conditions, THERMAL, speed, seconds).temperature)
    assert np.interp(times, np.asarray(seconds), ours) == pytest.approx(exact, abs=0.05)


def test_heat_of_a_drive_closes_and_agrees_with_scipy_on_its_losses():
    design, grip = rig(9_000.0)
    cycle = climb(0.05)
    drive = HOT(design, cycle, grip, THERMAL, number(330.0))
    assert abs(float(drive.heat_residual)) < 1e-12
    assert abs(float(drive.use.audit_residual)) < 1e-12
    # The truck is steady after the first steps, so one loss rules the whole climb.
    heat = heat_model(powertrain(design, grip), THERMAL, grip.air_temperature)
    loss = float(drive.use.machine_loss) / 1025.0
    per_kelvin, span = float(heat.per_kelvin), float(heat.time_constant)

    def rate(_, y):
        return [(loss / per_kelvin - (y[0] - float(heat.coolant))) / span]

    exact = solve_ivp(rate, (0.0, 1025.0), [330.0], rtol=1e-9).y[0, -1]
    assert float(drive.temperature[-1]) == pytest.approx(exact, abs=0.2)


def test_cool_machines_drive_as_without_heat():
    flat = drive_cycle(np.full(61, 20.0))
    plain = jax.jit(simulate_energy)(TRUCK, flat, CONDITIONS)
    warm = jax.jit(lambda d: simulate_energy(d, flat, CONDITIONS, thermal=THERMAL))(TRUCK)
    assert float(warm.terminal_energy) == pytest.approx(float(plain.terminal_energy), rel=1e-12)


def test_a_heavy_trailer_loses_speed_on_a_long_climb_and_not_on_a_short_one():
    weak = eqx.tree_at(
        lambda d: [d.front.peak_power, d.front.peak_torque, d.rear.peak_power, d.rear.peak_torque],
        rig(9_000.0)[0],
        [0.42 * x for x in (TRUCK.front.peak_power, TRUCK.front.peak_torque) * 2],
    )
    grip = rig(9_000.0)[1]
    drive = HOT(weak, climb(0.07), grip, THERMAL, grip.air_temperature + THERMAL.coolant_rise)
    speed = np.asarray(drive.speed)
    assert speed[:20].min() > 39.0 * MPH
    assert 15.0 * MPH < speed[-1] < 38.0 * MPH
    assert int(drive.use.outcome) == 1
    assert float(drive.temperature.max()) <= float(THERMAL.highest) + 0.5


def test_the_tow_rule_of_the_climb_agrees_with_the_transient():
    """What the static rule of J2807 passes by continuous power holds 40 mph when it is driven."""
    cabin = USE.climates["truck-heat-pump"].cabin
    box = eqx.tree_at(lambda t: t.mass, USE.trailers["box"], number(10_000.0 * POUND))
    static = jax.jit(tow_test)(TRUCK, box, cabin, PROCEDURE, CONDITIONS)
    assert bool(static.passed[4])
    design, grip = rig(10_000.0)
    drive = HOT(design, climb(0.05), grip, THERMAL, grip.air_temperature)
    assert float(drive.use.trace_miss_max) < 1e-6
    assert float(drive.temperature.max()) < float(THERMAL.highest)


def test_sprints_begin_as_performance_says_and_tire():
    sprint = jax.jit(repeated_sprints, static_argnums=3)
    towing, grip = rig(10_000.0)
    often = sprint(towing, grip, THERMAL, 12, number(3.0), number(0.0))
    rested = sprint(towing, grip, THERMAL, 12, number(3.0), number(600.0))
    first = float(performance(towing, grip).zero_to_sixty)
    assert float(often.zero_to_sixty[0]) == pytest.approx(first, rel=2e-3)
    assert np.all(np.diff(np.asarray(often.temperature)) > -1e-6)
    assert float(often.zero_to_sixty[-1]) > 1.05 * first
    assert float(rested.zero_to_sixty[-1]) == pytest.approx(first, rel=2e-3)
    assert float(often.temperature.max()) <= float(THERMAL.highest) + 1e-6


def test_gradient_and_batch_are_finite():
    towing, grip = rig(10_000.0)

    def last(design, fraction):
        thermal = eqx.tree_at(lambda t: t.continuous_fraction, THERMAL, fraction)
        run = repeated_sprints(design, grip, thermal, 10, number(3.0), number(0.0))
        return run.zero_to_sixty[-1]

    slope, by_fraction = jax.jit(jax.grad(last, argnums=(0, 1)))(towing, number(0.5))
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(slope))
    step = 1e-4
    run = jax.jit(last)
    rise = float(run(towing, number(0.5 + step)) - run(towing, number(0.5 - step))) / (2 * step)
    assert float(by_fraction) == pytest.approx(rise, rel=1e-3)
    assert float(by_fraction) < 0.0
    single = eqx.tree_at(
        lambda d: [d.front.peak_power, d.front.peak_torque], towing, [number(0.0), number(0.0)]
    )
    both = jax.tree.map(lambda *x: jnp.stack(x), towing, single)
    times = jax.jit(jax.vmap(run, in_axes=(0, None)))(both, number(0.5))
    assert bool(jnp.all(jnp.isfinite(times)))


def test_bad_thermal_numbers_are_faults():
    low = eqx.tree_at(lambda t: t.highest, THERMAL, number(330.0))
    assert "highest" in low.faults()[0]
    flat = eqx.tree_at(lambda t: t.derate_from, THERMAL, number(1.0))
    assert "derate_from" in flat.faults()[0]
    assert THERMAL.faults() == ()
