"""A chunk of a drive cycle on its trace, for as long as no limit binds.

The same figures as `drive_step.step` one after the other, in fewer operations: speed is known
beforehand, so only the battery's charge is left to carry from step to step.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from framerail.vehicle.battery import (
    charge_limit,
    current,
    nearby_voltage,
    voltage_nearby,
)
from framerail.vehicle.drive_step import Flows, State, Wanted, axle_powers
from framerail.vehicle.electric_machine import LossAtSpeed, loss_at_speed
from framerail.vehicle.powertrain import (
    AxleLimits,
    Powertrain,
    axle_limits,
    battery_suffices,
    front_share,
    open_circuit,
    regeneration_limit,
)
from framerail.vehicle.road_load import resisting_force

CHARGE_SPAN = 0.02
"""Change of displayed charge within which a chunk is driven at once (two minutes at 0.6 per h)."""


class Known(eqx.Module):
    """What the trace alone decides of a step, or of every step."""

    mean: Float[Array, "..."]
    """Speed, m/s."""
    top: Float[Array, "..."]
    """Speed at the end, m/s."""
    force: Float[Array, "..."]
    """At the wheels, N."""
    limits: AxleLimits
    front: LossAtSpeed
    rear: LossAtSpeed


def _known(train: Powertrain, time_step: Float[Array, ""], now: Wanted) -> Known:
    rise, mean = (now.speed - now.before) / time_step, 0.5 * (now.before + now.speed)
    return Known(
        mean=mean,
        top=now.speed,
        force=train.inertia * rise + resisting_force(train.road, mean, now.grade),
        limits=axle_limits(train, mean, rise),
        front=loss_at_speed(train.front, mean),
        rear=loss_at_speed(train.rear, mean),
    )


def _with_losses(train: Powertrain, now: Known) -> Powertrain:
    return eqx.tree_at(
        lambda t: (t.front.at_speed, t.rear.at_speed),
        train,
        (now.front, now.rear),
        is_leaf=lambda leaf: leaf is None,
    )


class Followed(eqx.Module):
    """A chunk driven on the trace, before the battery's part. Sums of powers, W."""

    braking: Float[Array, ""]
    """Work taken from the vehicle, by machines and friction brakes."""
    gear_loss: Float[Array, ""]
    traction: Float[Array, ""]
    regenerated: Float[Array, ""]
    bound: Bool[Array, ""]
    """A limit binds in some step, so the sums do not hold."""


def _follow_axles(
    train: Powertrain, time_step: Float[Array, ""], start: State, chunk: Wanted
) -> tuple[Followed, Float[Array, "time"]]:
    """Drive the axles on the trace: sums, and the terminal power of each step, W.

    No step depends on the last. What follows from the trace alone is worked out beforehand, side
    by side: fewer chains to repeat in every sum, and few numbers for a gradient to gather in every
    step. What the battery allows is taken at both ends of `CHARGE_SPAN` around the charge at the
    start; where that makes a difference the chunk counts as bound.
    """
    low, high = start.state_of_charge - CHARGE_SPAN, start.state_of_charge + CHARGE_SPAN
    lowest = open_circuit(train, low)
    # Whether the battery's limit changes within the span at all: no step need ask again.
    tapers = charge_limit(train.battery, high) < charge_limit(train.battery, low)

    def follow(sums: Followed, now: Known) -> tuple[Followed, Float[Array, ""]]:
        able, mean, force, limits = _with_losses(train, now), now.mean, now.force, now.limits
        share = front_share(able, mean)
        least = regeneration_limit(able, limits, mean, high)
        bound = (
            (force > limits.front + limits.rear)
            | ~battery_suffices(able, mean, lowest, force)
            | (-force > train.front_grip + train.rear_grip)
            | (now.top > train.top_speed)
            | (tapers & (train.regeneration.capture * -force > least))
        )
        axles = axle_powers(able, limits, share, mean, force, least)
        more = Followed(
            sums.braking + jnp.maximum(-force, 0.0) * mean,
            sums.gear_loss + axles.gear_loss,
            sums.traction + axles.traction,
            sums.regenerated + axles.regenerated,
            sums.bound | bound,
        )
        return more, axles.terminal

    zero = jnp.zeros((), chunk.speed.dtype)
    nothing = Followed(zero, zero, zero, zero, start.speed != chunk.before[0])
    known = jax.vmap(lambda now: _known(train, time_step, now))(chunk)
    return jax.lax.scan(jax.checkpoint(follow), nothing, known)


def _follow_battery(
    train: Powertrain,
    time_step: Float[Array, ""],
    charge: Float[Array, ""],
    terminal: Float[Array, "time"],
) -> tuple[Float[Array, ""], tuple[Float[Array, "time"], ...]]:
    """State of charge at the end; charge, voltage and current of each step."""
    per_ampere = time_step / train.battery.capacity
    near = voltage_nearby(train.battery, charge - CHARGE_SPAN, charge + CHARGE_SPAN)

    def draw(charge: Float[Array, ""], power: Float[Array, ""]) -> tuple:
        voltage = nearby_voltage(near, charge)
        amperes = current(train.battery, voltage, power)
        after = charge - amperes * per_ampere
        return after, (after, voltage, amperes)

    return jax.lax.scan(jax.checkpoint(draw), charge, terminal)


def follow_chunk(
    train: Powertrain, time_step: Float[Array, ""], start: State, chunk: Wanted
) -> tuple[State, Flows, Bool[Array, ""]]:
    """Drive a chunk on the trace: what `_step` gives where no limit binds, and whether one does."""
    followed, terminal = _follow_axles(train, time_step, start, chunk)
    end, (charge, voltage, amperes) = _follow_battery(
        train, time_step, start.state_of_charge, terminal
    )
    outside = jnp.max(jnp.abs(charge - start.state_of_charge)) > CHARGE_SPAN
    mean = 0.5 * (chunk.before + chunk.speed)
    air, zero = mean + train.road.headwind, jnp.zeros((), mean.dtype)
    slope = chunk.grade / jnp.sqrt(1.0 + chunk.grade * chunk.grade)
    drawn, spin = jnp.sum(terminal), _spin_drag(train) * jnp.sum(mean)
    wheels = followed.traction - followed.regenerated
    sums = Flows(
        speed=jnp.sum(mean),
        squared_speed=jnp.sum(mean * mean),
        drag=train.road.quadratic * jnp.sum(air * jnp.abs(air) * mean),
        climb=train.road.weight * jnp.sum(slope * mean),
        friction_brakes=followed.braking - followed.regenerated,
        gear_loss=followed.gear_loss,
        spin_loss=spin,
        # Electric power less shaft power, summed over the chunk.
        machine_loss=drawn - train.auxiliary * len(mean) - wheels - followed.gear_loss - spin,
        battery_loss=jnp.sum(amperes * amperes) * train.battery.resistance,
        terminal=drawn,
        chemical=jnp.sum(voltage * amperes),
        traction=followed.traction,
        regenerated=followed.regenerated,
        squared_miss=zero,
        missing=zero,
    )
    return State(chunk.speed[-1], end, start.largest_miss), sums, followed.bound | outside


def _spin_drag(train: Powertrain) -> Float[Array, ""]:
    return train.front.spin_drag + train.rear.spin_drag
