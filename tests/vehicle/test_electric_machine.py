import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.vehicle.electric_machine import (
    axle_flow,
    axle_model,
    load_coefficient,
    loss_minimizing_share,
)
from framerail.vehicle.powertrain import (
    axle_duty,
    drive_limits,
    front_share,
    open_circuit,
    powertrain,
)

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
INPUTS = READING["reference"]()
RWD, AWD = INPUTS.designs["alaska-rwd"], INPUTS.designs["alaska-awd"]
ONE = jnp.asarray(1.0)


def total_loss(flow):
    return flow.gear_loss + flow.machine_loss + flow.spin_loss


def test_axle_without_machine_loses_exactly_nothing():
    flow = axle_flow(axle_model(RWD.front, RWD.tire_radius), 0.0 * ONE, 25.0 * ONE, ONE)
    assert [float(leaf) for leaf in jax.tree.leaves(flow)] == [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("speed", [2.0, 12.0, 30.0])
def test_loss_is_convex_in_force_and_positive(speed):
    axle = axle_model(RWD.rear, RWD.tire_radius)
    force = jnp.linspace(-6000.0, 6000.0, 241)
    loss = jax.vmap(lambda f: total_loss(axle_flow(axle, f, speed * ONE, ONE)))(force)
    assert float(loss.min()) > 0.0
    assert np.diff(np.asarray(loss), 2).min() > -1e-9


def test_peak_efficiency_is_that_of_the_class():
    axle = axle_model(RWD.rear, RWD.tire_radius)
    force = jnp.linspace(200.0, 9000.0, 100)
    speed = jnp.linspace(3.0, 40.0, 60)
    loss = jax.vmap(lambda v: jax.vmap(lambda f: axle_flow(axle, f, v, ONE).machine_loss)(force))(
        speed
    )
    shaft = speed[:, None] * force[None, :] / axle.gear_efficiency
    efficiency = np.asarray(shaft / (shaft + loss))[np.asarray(shaft) < 205e3]
    assert 0.935 < efficiency.max() < 0.965


def test_share_minimizes_the_loss_of_both_axles():
    front = axle_model(AWD.front, AWD.tire_radius)
    weak = jax.tree.map(lambda x: x, AWD.rear)
    rear = axle_model(
        weak.__class__(**{**weak.__dict__, "peak_torque": 0.6 * weak.peak_torque}),
        AWD.tire_radius,
    )
    share = float(loss_minimizing_share(front, rear, 15.0 * ONE))
    trial = np.linspace(0.0, 1.0, 1001)
    coefficients = [float(load_coefficient(axle, 15.0 * ONE)) for axle in (front, rear)]
    loss = coefficients[0] * trial**2 + coefficients[1] * (1 - trial) ** 2
    assert share == pytest.approx(trial[loss.argmin()], abs=1.1e-3)
    assert share > 0.5


@pytest.mark.parametrize("force", [100.0, 900.0, 2500.0, 12_000.0, -1500.0])
def test_duty_bears_the_whole_force_within_limits(force):
    train = powertrain(AWD, READING["conditions"]())
    speed = 15.0 * ONE
    share = front_share(train, speed)
    voltage = open_circuit(train, 0.5 * ONE)
    limits = drive_limits(train, speed, 0.0 * ONE, voltage, share)
    duty = axle_duty(train, force * ONE, speed, share, limits)
    assert float(duty.front_force + duty.rear_force) == pytest.approx(force)
    assert abs(float(duty.front_force)) <= float(limits.front)
    assert abs(float(duty.rear_force)) <= float(limits.rear) + 1e-9
    flows = (
        axle_flow(train.front, duty.front_force, speed, duty.front_awake),
        axle_flow(train.rear, duty.rear_force, speed, duty.rear_awake),
    )
    half = 0.5 * force * ONE
    both = total_loss(axle_flow(train.front, half, speed, ONE))
    both = both + total_loss(axle_flow(train.rear, half, speed, ONE))
    assert float(sum(map(total_loss, flows))) <= float(both) + 1e-9


def test_light_load_rests_one_axle_and_heavy_load_wakes_both():
    train = powertrain(AWD, READING["conditions"]())
    speed = 15.0 * ONE
    share = front_share(train, speed)
    limits = drive_limits(train, speed, 0.0 * ONE, open_circuit(train, 0.5 * ONE), share)
    light = axle_duty(train, 300.0 * ONE, speed, share, limits)
    heavy = axle_duty(train, 10_000.0 * ONE, speed, share, limits)
    assert float(light.front_force) == 0.0
    assert float(light.front_awake) == pytest.approx(float(AWD.front.idle_loss))
    assert float(heavy.front_force) > 4000.0
    assert float(heavy.front_awake) == 1.0
