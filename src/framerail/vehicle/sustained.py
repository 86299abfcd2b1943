"""What hot machines have left: long climbs, one sprint after another, power over time."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.drive_cycle import DriveCycle
from framerail.vehicle.drive_step import axle_powers
from framerail.vehicle.energy_simulation import EnergyUse, drive_hot, energy_use, prepared
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.machine_thermal import (
    HeatModel,
    MachineThermal,
    derated,
    full_force,
    heat_model,
    machine_loss,
    warmed,
)
from framerail.vehicle.performance import SIXTY_MPH, limits_at_full_throttle
from framerail.vehicle.powertrain import Powertrain, front_share, powertrain, regeneration_limit
from framerail.vehicle.road_load import resisting_force

_CELLS = 172
_LEAST_GAIN = 0.01


class HotDrive(eqx.Module):
    """A drive cycle with the temperature of machines and inverters."""

    use: EnergyUse
    """Where the energy went; `outcome` says whether the trace was missed."""
    speed: Float[Array, "time"]
    """After each step, m/s."""
    temperature: Float[Array, "time"]
    """After each step, K."""
    removed: Float[Array, ""]
    """Heat carried off by the coolant, J."""
    stored: Float[Array, ""]
    """Heat left in machines and inverters, J."""
    heat_residual: Float[Array, ""]
    """Loss less heat removed and stored, over the loss."""


def simulate_hot(
    design: VehicleDesign,
    cycle: DriveCycle,
    conditions: Conditions,
    thermal: MachineThermal,
    start: Float[Array, ""],
) -> HotDrive:
    """Drive `cycle` with machines that derate, from a temperature `start` (K) of theirs."""
    train, cycle, state = prepared(design, cycle, conditions)
    dtype = design.mass.dtype
    thermal = jax.tree.map(lambda leaf: leaf.astype(dtype), thermal)
    heat = heat_model(train, thermal, jnp.asarray(conditions.air_temperature, dtype))
    (end, sums), trace = drive_hot(train, cycle, state, heat, jnp.asarray(start, dtype))
    use = energy_use(train, cycle, state, end, sums)
    removed = jnp.sum(trace.removed)
    stored = heat.per_kelvin * heat.time_constant * (trace.temperature[-1] - start)
    return HotDrive(
        use=use,
        speed=trace.speed,
        temperature=trace.temperature,
        removed=removed,
        stored=stored,
        heat_residual=(use.machine_loss - removed - stored) / (use.machine_loss + 1.0),
    )


class Sprints(eqx.Module):
    """Full-throttle starts to 60 mph, one after another."""

    zero_to_sixty: Float[Array, "sprint"]
    """Time from rest to 60 mph, s."""
    temperature: Float[Array, "sprint"]
    """Machines and inverters at 60 mph, K."""


def repeated_sprints(
    design: VehicleDesign,
    conditions: Conditions,
    thermal: MachineThermal,
    count: int,
    deceleration: Float[Array, ""],
    pause: Float[Array, ""],
) -> Sprints:
    """`count` sprints to 60 mph, each braked (m/s^2) to a stop, with a `pause` (s) before the next.

    The charge stays that of the conditions; machines start at the coolant's temperature.
    """
    dtype = design.mass.dtype
    conditions, thermal = jax.tree.map(lambda leaf: leaf.astype(dtype), (conditions, thermal))
    train = powertrain(design, conditions)
    heat = heat_model(train, thermal, conditions.air_temperature)
    charge = conditions.state_of_charge
    width = jnp.asarray(SIXTY_MPH / _CELLS, dtype)
    speeds = (jnp.arange(_CELLS, dtype=dtype) + 0.5) * width
    rate = jnp.asarray(deceleration, dtype)

    def up(carry: tuple, speed: Float[Array, ""]) -> tuple[tuple, None]:
        now, elapsed = carry
        loss, gain = _full_throttle_loss(derated(train, heat, speed, now), speed, charge)
        seconds = width / jnp.maximum(gain, _LEAST_GAIN)
        return (warmed(heat, now, loss, seconds)[0], elapsed + seconds), None

    def down(now: Float[Array, ""], speed: Float[Array, ""]) -> tuple[Float[Array, ""], None]:
        loss = _braking_loss(derated(train, heat, speed, now), speed, charge, rate)
        return warmed(heat, now, loss, width / rate)[0], None

    def sprint(now: Float[Array, ""], _: None) -> tuple[Float[Array, ""], tuple]:
        (top, elapsed), _ = jax.lax.scan(up, (now, jnp.zeros((), dtype)), speeds)
        stopped, _ = jax.lax.scan(down, top, speeds[::-1])
        rested = warmed(heat, stopped, jnp.zeros((), dtype), jnp.asarray(pause, dtype))[0]
        return rested, (elapsed, top)

    _, (times, temperatures) = jax.lax.scan(sprint, heat.coolant, None, length=count)
    return Sprints(times, temperatures)


def _full_throttle_loss(
    train: Powertrain, speed: Float[Array, ""], charge: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Loss of machines and inverters at full throttle, W, and the acceleration, m/s^2."""
    limits = limits_at_full_throttle(train, speed, charge)
    share, zero = front_share(train, speed), jnp.zeros_like(speed)
    axles = axle_powers(train, limits, share, speed, limits.drive, zero)
    spare = limits.drive - resisting_force(train.road, speed, zero)
    return axles.machine_loss, spare / train.inertia


def _braking_loss(
    train: Powertrain, speed: Float[Array, ""], charge: Float[Array, ""], rate: Float[Array, ""]
) -> Float[Array, ""]:
    """Loss of machines and inverters at a steady deceleration, W."""
    limits = limits_at_full_throttle(train, speed, charge)
    share, zero = front_share(train, speed), jnp.zeros_like(speed)
    force = resisting_force(train.road, speed, zero) - train.inertia * rate
    taken = regeneration_limit(train, limits, speed, charge)
    return axle_powers(train, limits, share, speed, force, taken).machine_loss


class HeldPower(eqx.Module):
    """Full load at one speed, as on a dynamometer."""

    power: Float[Array, "time"]
    """At the shafts of all machines, W."""
    temperature: Float[Array, "time"]
    """Machines and inverters, K."""


def power_over_time(
    design: VehicleDesign,
    conditions: Conditions,
    thermal: MachineThermal,
    speed: Float[Array, ""],
    seconds: Float[Array, "time"],
) -> HeldPower:
    """Shaft power of machines at full load at a held vehicle speed after each time (rising, s).

    From rested machines; battery and tires are left out. Integrated at the given times.
    """
    dtype = design.mass.dtype
    conditions, thermal = jax.tree.map(lambda leaf: leaf.astype(dtype), (conditions, thermal))
    train = powertrain(design, conditions)
    heat = heat_model(train, thermal, conditions.air_temperature)
    speed, seconds = jnp.asarray(speed, dtype), jnp.asarray(seconds, dtype)
    steps = jnp.diff(seconds, prepend=jnp.zeros((1,), dtype))

    def advance(now: Float[Array, ""], step: Float[Array, ""]) -> tuple[Float[Array, ""], tuple]:
        loss, _ = _machine_load(train, heat, speed, now)
        after = warmed(heat, now, loss, step)[0]
        return after, (_machine_load(train, heat, speed, after)[1], after)

    _, (power, temperature) = jax.lax.scan(advance, heat.coolant, steps)
    return HeldPower(power, temperature)


def _machine_load(
    train: Powertrain, heat: HeatModel, speed: Float[Array, ""], now: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Loss and shaft power of all machines at full load, W."""
    able = derated(train, heat, speed, now)
    pairs = [(axle, full_force(axle, speed)) for axle in (able.front, able.rear)]
    loss = sum(axle.present * machine_loss(axle, speed, force) for axle, force in pairs)
    return jnp.asarray(loss), speed * sum(force for _, force in pairs)
