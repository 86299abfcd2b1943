import functools
import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics.outcome import describe
from framerail.vehicle import (
    OUTCOMES,
    drive_cycle,
    simulate_energy,
    simulate_in_turn,
    simulate_trace,
    steady_cycle,
)

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
INPUTS = READING["reference"]()
RWD, AWD = INPUTS.designs["alaska-rwd"], INPUTS.designs["alaska-awd"]
UDDS, US06 = READING["cycle"]("udds"), READING["cycle"]("us06")
CONDITIONS = READING["conditions"]()
SIMULATE = jax.jit(simulate_energy)
STEPWISE = jax.jit(functools.partial(simulate_energy, stepwise=True))


def put(tree, where, value):
    return eqx.tree_at(where, tree, jnp.asarray(value))


def names(use):
    return [entry.name for entry in describe(int(use.outcome), OUTCOMES)]


def all_finite(tree):
    return all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(tree))


@pytest.mark.parametrize("design", [RWD, AWD], ids=["rwd", "awd"])
def test_city_cycle_is_followed_and_balanced(design):
    use = SIMULATE(design, UDDS, CONDITIONS)
    assert names(use) == []
    assert abs(float(use.audit_residual)) < 1e-12
    assert float(use.distance) == pytest.approx(float(jnp.sum(UDDS.speed)), rel=1e-12)
    assert float(use.trace_miss_rms) < 1e-9
    assert 0.0 < float(use.friction_brakes) < float(use.regenerated)


def test_sums_of_the_trace_are_the_totals():
    use = SIMULATE(AWD, UDDS, CONDITIONS)
    state, flows = jax.jit(simulate_trace)(AWD, UDDS, CONDITIONS)
    for name in ("machine_loss", "battery_loss", "friction_brakes", "regenerated"):
        summed = float(jnp.sum(getattr(flows, name)))
        assert summed == pytest.approx(float(getattr(use, name)), rel=1e-10)
    assert float(state.state_of_charge[-1]) == pytest.approx(float(use.final_state_of_charge))
    charge = float(use.chemical_energy) / float(AWD.battery.gross_energy)
    drop = float(CONDITIONS.state_of_charge - use.final_state_of_charge)
    assert drop * float(AWD.battery.usable_fraction) == pytest.approx(charge, rel=0.05)


def test_weak_machine_misses_the_trace_and_says_so():
    weak = put(RWD, lambda d: d.rear.peak_power, 40e3)
    use = SIMULATE(weak, US06, CONDITIONS)
    assert names(use) == ["trace_missed"]
    assert float(use.trace_miss_max) > 2.0
    assert float(use.seconds_missed) > 30.0
    assert float(use.distance) < float(jnp.sum(US06.speed))
    assert abs(float(use.audit_residual)) < 1e-12
    assert all_finite(use)


def test_slippery_road_limits_rear_drive_more_than_four():
    ice = put(CONDITIONS, lambda c: c.adhesion, 0.12)
    rear, four = SIMULATE(RWD, US06, ice), SIMULATE(AWD, US06, ice)
    assert float(rear.trace_miss_max) > float(four.trace_miss_max) > 0.5


def test_small_battery_runs_empty_and_says_so():
    small = put(RWD, lambda d: d.battery.gross_energy, 2.0 * 3.6e6)
    use = SIMULATE(small, UDDS, CONDITIONS)
    assert "battery_empty" in names(use)
    assert all_finite(use)


def test_full_battery_sends_braking_to_the_friction_brakes():
    full = put(CONDITIONS, lambda c: c.state_of_charge, 1.0)
    braking = drive_cycle(np.r_[np.full(3, 25.0), np.linspace(25.0, 0.0, 26)])
    at_full, at_half = SIMULATE(RWD, braking, full), SIMULATE(RWD, braking, CONDITIONS)
    assert float(at_full.regenerated) < 0.2 * float(at_half.regenerated)
    assert float(at_full.friction_brakes) > float(at_half.friction_brakes)
    assert float(at_full.final_state_of_charge) <= 1.0


def test_uphill_stores_potential_energy_and_downhill_returns_part():
    flat = steady_cycle(20.0, 300.0)
    up = drive_cycle(flat.speed, 1.0, np.full(301, 0.05))
    down = drive_cycle(flat.speed, 1.0, np.full(301, -0.05))
    climb = SIMULATE(AWD, up, CONDITIONS)
    level = SIMULATE(AWD, flat, CONDITIONS)
    fall = SIMULATE(AWD, down, CONDITIONS)
    height = 300 * 20.0 * 0.05 / np.sqrt(1 + 0.05**2)
    weight = float(AWD.mass + AWD.payload) * 9.80665
    assert float(climb.climb) == pytest.approx(weight * height, rel=1e-12)
    assert float(fall.climb) == pytest.approx(-weight * height, rel=1e-12)
    round_trip = float(climb.terminal_energy + fall.terminal_energy)
    assert round_trip > 2 * float(level.terminal_energy)
    assert float(fall.terminal_energy) < 0.0


def test_headwind_costs_and_thin_air_saves():
    cruise = steady_cycle(30.0, 200.0)
    calm = SIMULATE(AWD, cruise, CONDITIONS)
    wind = SIMULATE(AWD, cruise, put(CONDITIONS, lambda c: c.headwind, 5.0))
    high = SIMULATE(AWD, cruise, put(CONDITIONS, lambda c: c.air_pressure, 80_000.0))
    ratio = float(wind.quadratic_resistance / calm.quadratic_resistance)
    assert ratio == pytest.approx((35 / 30) ** 2, rel=1e-9)
    ratio = float(high.quadratic_resistance / calm.quadratic_resistance)
    assert ratio == pytest.approx(80_000 / 98_210, rel=1e-9)


def test_float32_runs_throughout_and_agrees():
    exact = SIMULATE(AWD, UDDS, CONDITIONS)
    design = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), AWD)
    single = SIMULATE(design, UDDS, CONDITIONS)
    kinds = {leaf.dtype for leaf in jax.tree.leaves(single)} - {jnp.dtype("int32")}
    assert kinds == {jnp.dtype("float32")}
    assert abs(float(single.audit_residual)) < 1e-4
    assert float(single.terminal_energy) == pytest.approx(float(exact.terminal_energy), rel=1e-4)


@pytest.mark.parametrize("count", [2, 3, 38, 102])
def test_any_number_of_steps_is_driven(count):
    cycle = drive_cycle(5.0 + 10.0 * np.sin(np.arange(count) / 40.0) ** 2)
    use = SIMULATE(AWD, cycle, CONDITIONS)
    expected = float(jnp.sum(0.5 * (cycle.speed[1:] + cycle.speed[:-1])))
    assert float(use.distance) == pytest.approx(expected, rel=1e-12)


def test_cycles_driven_in_turn_give_each_cycles_figures():
    weak = put(AWD, lambda d: d.battery.discharge_power, 60e3)  # misses the last trace only
    cycles = (steady_cycle(20.0, 60.0), UDDS, US06)
    together = jax.jit(simulate_in_turn)(weak, cycles, CONDITIONS)
    assert [bool(use.seconds_missed > 0) for use in together] == [False, False, True]
    for cycle, found in zip(cycles, together, strict=True):
        alone = STEPWISE(weak, cycle, CONDITIONS)
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(("charge", "power"), [(0.5, 1.0), (1.0, 1.0), (0.6, 0.12)])
def test_chunks_driven_at_once_give_the_stepwise_figures(charge, power):
    weak = eqx.tree_at(
        lambda d: d.battery.discharge_power, AWD, AWD.battery.discharge_power * power
    )
    conditions = eqx.tree_at(lambda c: c.state_of_charge, CONDITIONS, jnp.asarray(charge))
    at_once = SIMULATE(weak, UDDS, conditions)
    stepwise = STEPWISE(weak, UDDS, conditions)
    assert bool(at_once.seconds_missed > 0.0) == (power < 1.0)
    for one, other in zip(jax.tree.leaves(at_once), jax.tree.leaves(stepwise), strict=True):
        assert float(one) == pytest.approx(float(other), rel=1e-9, abs=1e-9)
