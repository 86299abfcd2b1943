"""Drive axle: loss of machine, inverter and gear, and what the axle can pull.

The loss of machine and inverter is convex and smooth in force at a given speed:
standing, hysteresis and eddy-current terms, conduction in torque squared, field weakening in
power squared (Larminie and Lowry, Electric Vehicle Technology Explained, 2nd ed., section 7.4),
plus a share of the power that passes. Coefficients scale with the machine's size, so that an axle
without a machine loses exactly nothing.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.vehicle.design import Axle

WAKE_SPEED = 0.5
"""Speed (m/s) at which half of the standing loss is on: the inverter rests at standstill."""


class LossAtSpeed(eqx.Module):
    """What the speed alone decides of an axle's loss."""

    no_load: Float[Array, "..."]
    """Loss at zero torque, W."""
    load: Float[Array, "..."]
    """Loss over shaft force squared, W/N^2."""


class AxleModel(eqx.Module):
    """An axle's constants, in terms of force and speed at the wheel."""

    peak_force: Float[Array, ""]
    """Wheel force at peak torque before gear loss, N."""
    peak_power: Float[Array, ""]
    """Peak shaft power, W."""
    gear_efficiency: Float[Array, ""]
    inverter_efficiency: Float[Array, ""]
    gear_draw: Float[Array, ""]
    """One over the gear's efficiency."""
    inverter_draw: Float[Array, ""]
    """One over the inverter's efficiency."""
    spin_drag: Float[Array, ""]
    """Drag at the wheel, N; zero without a machine."""
    standing: Float[Array, ""]
    """Loss while turning, W."""
    linear: Float[Array, ""]
    """Loss over speed, W s/m."""
    quadratic: Float[Array, ""]
    """Loss over speed squared, W s^2/m^2."""
    conduction: Float[Array, ""]
    """Loss over force squared, W/N^2."""
    weakening: Float[Array, ""]
    """Loss over power squared, 1/W."""
    idle_loss: Float[Array, ""]
    """Part of the no-load loss that remains while the other axle drives alone."""
    present: Float[Array, ""]
    """One with a machine, zero without."""
    at_speed: LossAtSpeed | None = None
    """Worked out beforehand for the speed at hand; None: from the coefficients."""


def axle_model(axle: Axle, tire_radius: Float[Array, ""]) -> AxleModel:
    """Constants of an axle; safe for an axle without a machine."""
    driven = axle.peak_power > 0.0
    power = jnp.where(driven, axle.peak_power, 1.0)
    force = jnp.where(driven, axle.peak_torque * axle.gear_ratio / tire_radius, 1.0)
    relative_speed, losses = force / power, axle.losses
    present = jnp.where(driven, jnp.ones_like(power), jnp.zeros_like(power))
    return AxleModel(
        peak_force=force * present,
        peak_power=axle.peak_power,
        gear_efficiency=axle.gear_efficiency,
        inverter_efficiency=losses.inverter_efficiency,
        gear_draw=1.0 / axle.gear_efficiency,
        inverter_draw=1.0 / losses.inverter_efficiency,
        spin_drag=axle.spin_drag * present,
        standing=axle.peak_power * losses.standing,
        linear=axle.peak_power * losses.speed * relative_speed,
        quadratic=axle.peak_power * losses.speed_squared * relative_speed**2,
        conduction=axle.peak_power * losses.copper / force**2,
        weakening=present * losses.power / power,
        idle_loss=axle.idle_loss,
        present=present,
    )


def no_load_loss(axle: AxleModel, speed: Float[Array, ""]) -> Float[Array, ""]:
    """Loss of machine and inverter at zero torque, W."""
    if axle.at_speed is not None:
        return axle.at_speed.no_load
    square = speed * speed
    wake = square / (square + WAKE_SPEED**2)
    return axle.standing * wake + axle.linear * speed + axle.quadratic * square


def load_coefficient(axle: AxleModel, speed: Float[Array, ""]) -> Float[Array, ""]:
    """Loss over shaft force squared, W/N^2; zero without a machine."""
    if axle.at_speed is not None:
        return axle.at_speed.load
    return axle.conduction + axle.weakening * speed * speed


def loss_at_speed(axle: AxleModel, speed: Float[Array, ""]) -> LossAtSpeed:
    """What a speed alone decides of the loss."""
    return LossAtSpeed(no_load_loss(axle, speed), load_coefficient(axle, speed))


def passed(
    power: Float[Array, ""], efficiency: Float[Array, ""], draw: Float[Array, ""]
) -> Float[Array, ""]:
    """Power on the source's side of a converter that gives `power`, or takes it when negative.

    `draw` is one over `efficiency`, worked out once for a simulation.
    """
    return jnp.maximum(power * draw, power * efficiency)


class AxleFlow(eqx.Module):
    """Power through one axle, W."""

    electric: Float[Array, ""]
    """At the inverter's direct-current side, positive when it draws."""
    gear_loss: Float[Array, ""]
    """Load-dependent gear loss."""
    spin_loss: Float[Array, ""]
    """Drag of gear and unpowered machine."""
    machine_loss: Float[Array, ""]
    """Machine and inverter."""


def axle_flow(
    axle: AxleModel,
    force: Float[Array, ""],
    speed: Float[Array, ""],
    awake: Float[Array, ""],
) -> AxleFlow:
    """Power that the axle needs to put `force` (N, negative when braking) on the road.

    `awake` is the part of the no-load loss that is on. All zero for an axle without a machine,
    whose force is zero.
    """
    wheel = force * speed
    geared = passed(wheel, axle.gear_efficiency, axle.gear_draw)
    spin = axle.spin_drag * speed
    shaft = geared + spin
    shaft_force = jnp.where(axle.present > 0.0, force, 0.0) * jnp.where(
        force > 0.0, axle.gear_draw, axle.gear_efficiency
    )
    electric = (
        passed(shaft, axle.inverter_efficiency, axle.inverter_draw)
        + awake * no_load_loss(axle, speed)
        + load_coefficient(axle, speed) * shaft_force * shaft_force
    )
    return AxleFlow(
        electric=electric,
        gear_loss=geared - wheel,
        spin_loss=spin,
        machine_loss=electric - shaft,
    )


def loss_minimizing_share(
    front: AxleModel, rear: AxleModel, speed: Float[Array, ""]
) -> Float[Array, ""]:
    """Share of the drive force that the front axle should take, 0 to 1.

    With losses g_f F_f^2 + g_r F_r^2 the minimum has F_f : F_r = g_r : g_f; an axle without a
    machine takes nothing.
    """
    front_weight = front.present * (load_coefficient(rear, speed) + (1.0 - rear.present))
    rear_weight = rear.present * (load_coefficient(front, speed) + (1.0 - front.present))
    return front_weight / (front_weight + rear_weight + 1e-30)


def axle_force_limit(
    axle: AxleModel, speed: Float[Array, ""], traction: Float[Array, ""]
) -> Float[Array, ""]:
    """Highest wheel force of the axle: torque, power and tire, N."""
    by_power = axle.peak_power * (1.0 / jnp.maximum(speed, 0.1))
    machine = jnp.minimum(axle.peak_force, by_power) * axle.gear_efficiency
    return jnp.minimum(machine, traction * axle.present)
