"""Steady speed: power from the wheels to the cells, range, and what holds it back.

Same road load, machines and battery as the drive cycle, without its time steps: range is the
integral of charge over current from full to empty, so that a low battery's lower voltage and
larger loss count.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from framerail.numerics.outcome import flag
from framerail.vehicle.battery import current
from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.electric_machine import axle_flow
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.outcomes import SPEED_NOT_HELD
from framerail.vehicle.powertrain import (
    Powertrain,
    axle_duty,
    drive_limits,
    front_share,
    open_circuit,
    powertrain,
)
from framerail.vehicle.road_load import resisting_force

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_LEAST_CURRENT = 1e-3
"""Least discharge current, in packs per hour: caps the range of a vehicle that coasts downhill."""


class Cruise(eqx.Module):
    """Steady driving at one speed on one grade."""

    wheel_power: Float[Array, ""]
    """At the wheels, W; negative downhill."""
    drive_loss: Float[Array, ""]
    """Gears, machines and inverters, W."""
    auxiliary: Float[Array, ""]
    """Steady load with heating or cooling, W."""
    terminal_power: Float[Array, ""]
    """Out of the battery terminals, W."""
    consumption: Float[Array, ""]
    """Battery energy over distance, J/m."""
    duration: Float[Array, ""]
    """Time from `start` to `reserve` of displayed charge, s."""
    reach: Float[Array, ""]
    """Distance from `start` to `reserve`, m."""
    spare_force: Float[Array, ""]
    """Drive force left at this speed and half charge, N; negative when the speed is not held."""
    outcome: Int[Array, ""]
    """Bits of `outcomes.OUTCOMES`."""


class SteadyFlow(eqx.Module):
    """Powers at a steady speed, W."""

    wheel: Float[Array, ""]
    friction: Float[Array, ""]
    electric: Float[Array, ""]
    spare: Float[Array, ""]


def steady_flow(
    train: Powertrain,
    speed: Float[Array, ""],
    grade: Float[Array, ""],
    charge: Float[Array, ""],
) -> SteadyFlow:
    """Power through the drive at a steady speed; downhill, the machines hold what they may."""
    force = resisting_force(train.road, speed, grade)
    share = front_share(train, speed)
    voltage = open_circuit(train, charge)
    limits = drive_limits(train, speed, jnp.zeros_like(speed), voltage, share)
    held = jnp.clip(force, -(limits.front + limits.rear), limits.front + limits.rear)
    duty = axle_duty(train, held, speed, share, limits)
    front = axle_flow(train.front, duty.front_force, speed, duty.front_awake)
    rear = axle_flow(train.rear, duty.rear_force, speed, duty.rear_awake)
    return SteadyFlow(
        wheel=force * speed,
        friction=(held - force) * speed,
        electric=front.electric + rear.electric,
        spare=limits.drive - force,
    )


def cruise(
    design: VehicleDesign,
    conditions: Conditions,
    speed: Float[Array, ""],
    grade: Float[Array, ""],
    climate_power: Float[Array, ""],
    start: Float[Array, ""],
    reserve: Float[Array, ""],
) -> Cruise:
    """Drive at a steady `speed` (m/s) on `grade` from displayed charge `start` to `reserve`.

    Args:
        design: the vehicle (see `weather` for trailer, payload and weather).
        conditions: air, wind and road; its state of charge is not used.
        speed: m/s.
        grade: rise over run.
        climate_power: electric load of cabin and battery heating or cooling, W.
        start: displayed charge at the start.
        reserve: displayed charge at the end.
    """
    dtype = design.mass.dtype
    conditions = jax.tree.map(lambda leaf: leaf.astype(dtype), conditions)
    train = powertrain(design, conditions)
    flow = steady_flow(train, speed, grade, jnp.asarray(0.5, dtype))
    auxiliary = train.auxiliary + climate_power
    terminal = flow.electric + auxiliary
    half = 0.5 * (start - reserve)
    charges = reserve + half * (1.0 + jnp.asarray(_NODES, dtype))
    least = _LEAST_CURRENT * train.battery.capacity / 3600.0

    def pace(charge: Float[Array, ""]) -> Float[Array, ""]:
        amperes = current(train.battery, open_circuit(train, charge), terminal)
        return train.battery.capacity / jnp.maximum(amperes, least)

    duration = half * jnp.sum(jnp.asarray(_WEIGHTS, dtype) * jax.vmap(pace)(charges))
    return Cruise(
        wheel_power=flow.wheel,
        drive_loss=flow.electric - flow.wheel - flow.friction,
        auxiliary=auxiliary,
        terminal_power=terminal,
        consumption=terminal / speed,
        duration=duration,
        reach=duration * speed,
        spare_force=flow.spare,
        outcome=flag(flow.spare < 0.0, SPEED_NOT_HELD),
    )
