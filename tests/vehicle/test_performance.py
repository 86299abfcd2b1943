import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics.outcome import describe
from framerail.vehicle import LIMITING_COMPONENTS, OUTCOMES, performance

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
INPUTS = READING["reference"]()
RWD, AWD = INPUTS.designs["alaska-rwd"], INPUTS.designs["alaska-awd"]
CONDITIONS = READING["conditions"]()
FULL_THROTTLE = jax.jit(performance)


def put(tree, where, value):
    return eqx.tree_at(where, tree, jnp.asarray(value))


def test_more_power_is_quicker_and_the_cause_is_named():
    rear, four = FULL_THROTTLE(RWD, CONDITIONS), FULL_THROTTLE(AWD, CONDITIONS)
    assert float(four.zero_to_sixty) < float(rear.zero_to_sixty)
    assert float(four.quarter_mile) < float(rear.quarter_mile)
    assert float(jnp.sum(rear.limit_share)) == pytest.approx(1.0)
    assert LIMITING_COMPONENTS[int(rear.limiting_component)] == "machine torque"


def test_small_battery_becomes_the_limit():
    starved = put(AWD, lambda d: d.battery.discharge_power, 120e3)
    result = FULL_THROTTLE(starved, CONDITIONS)
    assert LIMITING_COMPONENTS[int(result.limiting_component)] == "battery"
    assert float(result.zero_to_sixty) > 9.0


def test_slippery_road_is_the_limit_and_sets_the_launch_grade():
    ice = put(CONDITIONS, lambda c: c.adhesion, 0.2)
    result = FULL_THROTTLE(RWD, ice)
    assert LIMITING_COMPONENTS[int(result.limiting_component)] == "tires"
    assert float(result.launch_grade) < 0.2


def test_sixty_out_of_reach_is_an_outcome_with_a_finite_cap():
    weak = put(RWD, lambda d: d.rear.peak_power, 8e3)
    result = FULL_THROTTLE(weak, CONDITIONS)
    assert [entry.name for entry in describe(int(result.outcome), OUTCOMES)] == [
        "sixty_not_reached"
    ]
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(result))
    assert float(result.zero_to_sixty) > 60.0
    assert float(result.cruise_grade) < 0.0


def test_top_speed_balances_drive_and_resistance():
    unbounded = put(RWD, lambda d: d.top_speed, 150.0)
    top = float(FULL_THROTTLE(unbounded, CONDITIONS).top_speed)
    area, mass = float(RWD.road_load.drag_area), float(RWD.mass + RWD.payload)
    density = 98_210 / (287.05 * 293.15)
    rolling = float(RWD.road_load.rolling_resistance) * mass * 9.80665
    needed = (rolling + 0.5 * density * area * top**2) * top
    delivered = min(205e3, 205e3) * float(RWD.rear.gear_efficiency)
    assert needed == pytest.approx(delivered, rel=0.02)
    assert float(FULL_THROTTLE(RWD, CONDITIONS).top_speed) == float(RWD.top_speed)


def test_gradeability_balances_force_and_weight():
    result = FULL_THROTTLE(RWD, CONDITIONS)
    angle = np.arctan(float(result.launch_grade))
    mass = float(RWD.mass + RWD.payload)
    rear = RWD.rear
    force = float(rear.peak_torque * rear.gear_ratio / RWD.tire_radius * rear.gear_efficiency)
    rolling = float(RWD.road_load.rolling_resistance) * mass * 9.80665
    assert mass * 9.80665 * np.sin(angle) == pytest.approx(force - rolling, rel=1e-3)
