"""One step of a drive cycle: how far the vehicle follows the trace, and the powers of doing so.

A step is taken at its mean speed, so that the work of inertia is exactly the change of kinetic
energy.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.vehicle.battery import current
from framerail.vehicle.drive_cycle import DriveCycle
from framerail.vehicle.electric_machine import axle_flow
from framerail.vehicle.powertrain import (
    AxleLimits,
    DriveLimits,
    Powertrain,
    axle_duty,
    drive_limits,
    front_share,
    open_circuit,
    regeneration_limit,
)
from framerail.vehicle.road_load import climbing_force, drag_force, resisting_force

SPEED_TOLERANCE = 2.0 * 0.44704
"""Allowed departure from the trace, m/s (40 CFR 1066.425: 2.0 mph)."""


class Flows(eqx.Module):
    """Powers (W) and speeds (m/s) during one step, or their sums over time."""

    speed: Float[Array, "..."]
    """Mean speed of the step, m/s."""
    squared_speed: Float[Array, "..."]
    """Mean speed squared, m^2/s^2."""
    drag: Float[Array, "..."]
    """Air drag (coefficient C, or drag area)."""
    climb: Float[Array, "..."]
    """Gain of potential energy."""
    friction_brakes: Float[Array, "..."]
    """Heat in the friction brakes."""
    gear_loss: Float[Array, "..."]
    """Load-dependent loss of the gears."""
    spin_loss: Float[Array, "..."]
    """Drag of gears and unpowered machines."""
    machine_loss: Float[Array, "..."]
    """Machines and inverters."""
    battery_loss: Float[Array, "..."]
    """Heat in the battery's resistance."""
    terminal: Float[Array, "..."]
    """Out of the battery terminals."""
    chemical: Float[Array, "..."]
    """Out of the cells."""
    traction: Float[Array, "..."]
    """Work of the wheels while driving."""
    regenerated: Float[Array, "..."]
    """Work taken back at the wheels."""
    squared_miss: Float[Array, "..."]
    """Squared departure from the trace, m^2/s^2."""
    missing: Float[Array, "..."]
    """One while the trace is missed by more than the tolerance."""


class State(eqx.Module):
    """What a step hands to the next."""

    speed: Float[Array, ""]
    state_of_charge: Float[Array, ""]
    largest_miss: Float[Array, ""]


class Wanted(eqx.Module):
    """What the cycle asks of a step, or of every step."""

    before: Float[Array, "..."]
    """Trace speed at the start, m/s."""
    speed: Float[Array, "..."]
    """Trace speed at the end, m/s."""
    grade: Float[Array, "..."]
    """Rise over run."""


def wanted_of(cycle: DriveCycle) -> Wanted:
    """What the cycle asks of every step."""
    return Wanted(cycle.speed[:-1], cycle.speed[1:], cycle.grade[1:])


class AxlePowers(eqx.Module):
    """What one step asks of the axles, W. Names as in `Flows`."""

    friction_brakes: Float[Array, "..."]
    gear_loss: Float[Array, "..."]
    spin_loss: Float[Array, "..."]
    machine_loss: Float[Array, "..."]
    traction: Float[Array, "..."]
    regenerated: Float[Array, "..."]
    terminal: Float[Array, "..."]


def axle_powers(
    train: Powertrain,
    limits: AxleLimits | DriveLimits,
    share: Float[Array, ""],
    speed: Float[Array, ""],
    force: Float[Array, ""],
    taken: Float[Array, ""],
) -> AxlePowers:
    """Powers at a speed and a wheel force, with at most the force `taken` regenerated."""
    machines = jnp.maximum(force, -jnp.minimum(taken, braking_asked(train, force)))
    duty = axle_duty(train, machines, speed, share, limits)
    front = axle_flow(train.front, duty.front_force, speed, duty.front_awake)
    rear = axle_flow(train.rear, duty.rear_force, speed, duty.rear_awake)
    return AxlePowers(
        friction_brakes=(machines - force) * speed,
        gear_loss=front.gear_loss + rear.gear_loss,
        spin_loss=front.spin_loss + rear.spin_loss,
        machine_loss=front.machine_loss + rear.machine_loss,
        traction=jnp.maximum(force, 0.0) * speed,
        regenerated=jnp.maximum(-machines, 0.0) * speed,
        terminal=front.electric + rear.electric + train.auxiliary,
    )


def braking_asked(train: Powertrain, force: Float[Array, ""]) -> Float[Array, ""]:
    """Part of a braking force asked of the machines, N; see `regeneration_modes`."""
    size = jnp.abs(force)
    by_mode = train.pedal_slope * size + train.pedal_lead
    return jnp.clip(by_mode, 0.0, train.regeneration.capture * size)


def step(train: Powertrain, time_step: Float[Array, ""], state: State, wanted: Wanted) -> tuple:
    """Advance one step as far towards the wanted speed as the limits allow: `State`, `Flows`."""
    target = jnp.minimum(wanted.speed, train.top_speed)
    wish = (target - state.speed) / time_step
    mean = 0.5 * (state.speed + target)
    share = front_share(train, mean)
    voltage = open_circuit(train, state.state_of_charge)
    limits = drive_limits(train, mean, wish, voltage, share)

    wished_force = train.inertia * wish + resisting_force(train.road, mean, wanted.grade)
    short = jnp.maximum(wished_force - limits.drive, 0.0)
    skid = jnp.maximum(-wished_force - (train.front_grip + train.rear_grip), 0.0)
    reached = jnp.maximum(target + (skid - short) * time_step / train.inertia, 0.0)

    speed = 0.5 * (state.speed + reached)
    acceleration = (reached - state.speed) / time_step
    force = train.inertia * acceleration + resisting_force(train.road, speed, wanted.grade)
    taken = regeneration_limit(train, limits, speed, state.state_of_charge)
    axles = axle_powers(train, limits, share, speed, force, taken)
    amperes = current(train.battery, voltage, axles.terminal)

    miss = jnp.maximum(wanted.speed - reached, 0.0)
    flows = Flows(
        speed=speed,
        squared_speed=speed * speed,
        drag=drag_force(train.road, speed) * speed,
        climb=climbing_force(train.road, wanted.grade) * speed,
        friction_brakes=axles.friction_brakes,
        gear_loss=axles.gear_loss,
        spin_loss=axles.spin_loss,
        machine_loss=axles.machine_loss,
        battery_loss=amperes * amperes * train.battery.resistance,
        terminal=axles.terminal,
        chemical=voltage * amperes,
        traction=axles.traction,
        regenerated=axles.regenerated,
        squared_miss=(wanted.speed - reached) ** 2,
        missing=jnp.where(miss > SPEED_TOLERANCE, jnp.ones_like(miss), jnp.zeros_like(miss)),
    )
    charge = state.state_of_charge - amperes * time_step / train.battery.capacity
    return State(reached, charge, jnp.maximum(state.largest_miss, miss)), flows
