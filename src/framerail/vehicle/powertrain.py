"""Road, axles and battery of one design put together: what it can pull and what that costs."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from framerail.vehicle.battery import (
    BatteryModel,
    battery_model,
    charge_limit,
    discharge_limit,
    open_circuit_voltage,
)
from framerail.vehicle.design import Regeneration, VehicleDesign, loaded_mass
from framerail.vehicle.electric_machine import (
    AxleModel,
    axle_force_limit,
    axle_model,
    load_coefficient,
    loss_minimizing_share,
    no_load_loss,
)
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.road_load import Resistance, resistance

HAND_OVER = 0.2
"""Width of the hand-over between one and two driven axles, over the no-load loss of both."""
LEADING_SPEED = 15.0
"""Speed (m/s) at which the axle that drives alone is chosen, by the lower total loss."""


class Powertrain(eqx.Module):
    """A design's constants in given conditions, computed once before a simulation."""

    road: Resistance
    front: AxleModel
    rear: AxleModel
    battery: BatteryModel
    regeneration: Regeneration
    blend_slope: Float[Array, ""]
    """Gain of the regenerated part with speed between fade-out and full speed, s/m."""
    pedal_slope: Float[Array, ""]
    """Braking force asked of the machines over that of the pedal."""
    pedal_lead: Float[Array, ""]
    """Force asked beside it, N: more on lift-off, less (negative) where friction comes first."""
    mass: Float[Array, ""]
    """Loaded mass, kg."""
    inertia: Float[Array, ""]
    """Loaded mass with the rotating parts' share, kg."""
    front_grip: Float[Array, ""]
    """Tire force that the front axle can transmit at rest, N."""
    rear_grip: Float[Array, ""]
    """Tire force that the rear axle can transmit at rest, N."""
    load_transfer: Float[Array, ""]
    """Tire force moved to the rear axle per unit of acceleration, N/(m/s^2)."""
    auxiliary: Float[Array, ""]
    """Steady load at the battery terminals, W."""
    top_speed: Float[Array, ""]
    """Governed top speed, m/s."""
    front_leads: Float[Array, ""]
    """One when the front axle is the one that drives alone at light load."""


class AxleLimits(eqx.Module):
    """Wheel forces that the axles can give at one speed, N."""

    front: Float[Array, "..."]
    rear: Float[Array, "..."]


class DriveLimits(eqx.Module):
    """Wheel forces available at one speed, N."""

    front: Float[Array, ""]
    rear: Float[Array, ""]
    drive: Float[Array, ""]
    """Both axles together, within the battery's power."""
    battery: Float[Array, ""]
    """What the battery alone would allow."""


def powertrain(design: VehicleDesign, conditions: Conditions) -> Powertrain:
    """Constants of `design` in `conditions`."""
    mass = loaded_mass(design)
    road, rule = resistance(design, conditions), design.regeneration
    grip = road.weight * conditions.adhesion
    front = axle_model(design.front, design.tire_radius)
    rear = axle_model(design.rear, design.tire_radius)
    return Powertrain(
        road=road,
        front=front,
        rear=rear,
        battery=battery_model(design.battery),
        regeneration=rule,
        blend_slope=1.0 / (rule.full_speed - rule.fade_out_speed),
        pedal_slope=rule.capture * rule.pedal_share,
        pedal_lead=rule.capture
        * mass
        * ((1.0 - rule.pedal_share) * rule.lift_off - rule.pedal_share * rule.friction_first),
        mass=mass,
        inertia=mass * (1.0 + design.rotating_mass_fraction),
        front_grip=grip * design.front_weight_fraction,
        rear_grip=grip * (1.0 - design.front_weight_fraction),
        load_transfer=conditions.adhesion
        * mass
        * design.center_of_gravity_height
        / design.wheelbase,
        auxiliary=design.auxiliary_power,
        top_speed=design.top_speed,
        front_leads=_front_leads(front, rear),
    )


def _front_leads(front: AxleModel, rear: AxleModel) -> Float[Array, ""]:
    """One when driving on the front axle alone loses less at a town speed; the rear wins a tie."""
    speed = jnp.full_like(front.standing, LEADING_SPEED)
    front_loss = no_load_loss(front, speed) + rear.idle_loss * no_load_loss(rear, speed)
    rear_loss = no_load_loss(rear, speed) + front.idle_loss * no_load_loss(front, speed)
    return jnp.where(front_loss < rear_loss, jnp.ones_like(speed), jnp.zeros_like(speed))


def front_share(train: Powertrain, speed: Float[Array, ""]) -> Float[Array, ""]:
    """Front axle's share of the drive force before limits."""
    return loss_minimizing_share(train.front, train.rear, speed)


class AxleDuty(eqx.Module):
    """How the axles bear a wheel force."""

    front_force: Float[Array, ""]
    """N, negative when braking."""
    rear_force: Float[Array, ""]
    """N, negative when braking."""
    front_awake: Float[Array, ""]
    """Part of the front axle's no-load loss that is on."""
    rear_awake: Float[Array, ""]
    """Part of the rear axle's no-load loss that is on."""


def axle_duty(
    train: Powertrain,
    force: Float[Array, ""],
    speed: Float[Array, ""],
    share: Float[Array, ""],
    limits: AxleLimits | DriveLimits,
) -> AxleDuty:
    """How the axles bear `force`: the leading axle alone at light load, both above.

    The hand-over is gradual around the force at which both ways lose the same, so that the result
    is continuous; where an axle is at its limit the other takes over.
    """
    size = jnp.abs(force)
    front, rear, leads = train.front, train.rear, train.front_leads
    front_load, rear_load = load_coefficient(front, speed), load_coefficient(rear, speed)
    front_idle, rear_idle = no_load_loss(front, speed), no_load_loss(rear, speed)
    shared = front_load * share**2 + rear_load * (1.0 - share) ** 2
    alone = leads * front_load + (1.0 - leads) * rear_load
    saved = leads * (1.0 - rear.idle_loss) * rear_idle
    saved = saved + (1.0 - leads) * (1.0 - front.idle_loss) * front_idle
    gain = saved - (alone - shared) * size * size
    width = HAND_OVER * (front_idle + rear_idle) + 1e-3
    handed = jnp.clip(0.5 + gain / width, 0.0, 1.0)
    single = handed * handed * (3.0 - 2.0 * handed) * front.present * rear.present
    wish = (single * leads + (1.0 - single) * share) * size
    front_size = jnp.minimum(jnp.maximum(wish, size - limits.rear), limits.front)
    sign = jnp.where(force < 0.0, -1.0, 1.0)
    return AxleDuty(
        front_force=sign * front_size,
        rear_force=sign * (size - front_size),
        front_awake=1.0 - single * (1.0 - leads) * (1.0 - front.idle_loss),
        rear_awake=1.0 - single * leads * (1.0 - rear.idle_loss),
    )


def _battery_demand(
    train: Powertrain, speed: Float[Array, ""], share: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """Battery power c + b F + a F^2 for a wheel force F split by `share`: a, b and c."""
    front, rear = train.front, train.rear
    fixed = train.auxiliary + no_load_loss(front, speed) + no_load_loss(rear, speed)
    front_force, rear_force = share * front.gear_draw, (1.0 - share) * rear.gear_draw
    bend = front_force * front_force * load_coefficient(front, speed)
    bend = bend + rear_force * rear_force * load_coefficient(rear, speed)
    per_force = front_force * front.inverter_draw + rear_force * rear.inverter_draw
    return bend, per_force * jnp.maximum(speed, 0.1), fixed


def _battery_force(
    train: Powertrain, speed: Float[Array, ""], share: Float[Array, ""], power: Float[Array, ""]
) -> Float[Array, ""]:
    """Wheel force for which axles split by `share` draw `power` from the battery: a quadratic."""
    bend, slope, fixed = _battery_demand(train, speed, share)
    positive = jnp.maximum(power - fixed, 0.0)
    return 2.0 * positive / (slope + jnp.sqrt(slope * slope + 4.0 * bend * positive))


def battery_suffices(
    train: Powertrain,
    speed: Float[Array, ""],
    open_circuit: Float[Array, ""],
    force: Float[Array, ""],
) -> Bool[Array, ""]:
    """Whether the battery surely gives a wheel force, however the axles split it.

    A bound without root and division: the demand is taken with the worse axle for the whole force.
    """
    front, rear = train.front, train.rear
    per_power = jnp.maximum(
        front.present * front.gear_draw * front.inverter_draw,
        rear.present * rear.gear_draw * rear.inverter_draw,
    )
    conduction = jnp.maximum(
        front.conduction * front.gear_draw**2, rear.conduction * rear.gear_draw**2
    )
    weakening = jnp.maximum(
        front.weakening * front.gear_draw**2, rear.weakening * rear.gear_draw**2
    )
    moving = jnp.maximum(speed, 0.1)
    demand = force * (per_power * moving + (conduction + weakening * speed * speed) * force)
    fixed = train.auxiliary + no_load_loss(front, speed) + no_load_loss(rear, speed)
    return (force <= 0.0) | (demand + fixed <= discharge_limit(train.battery, open_circuit))


def drive_limits(
    train: Powertrain,
    speed: Float[Array, ""],
    acceleration: Float[Array, ""],
    open_circuit: Float[Array, ""],
    share: Float[Array, ""],
) -> DriveLimits:
    """Highest wheel forces at `speed`, with load transfer from `acceleration` (m/s^2)."""
    axles = axle_limits(train, speed, acceleration)
    available = discharge_limit(train.battery, open_circuit)
    battery = _battery_force(train, speed, share, available)
    drive = jnp.minimum(axles.front + axles.rear, battery)
    return DriveLimits(front=axles.front, rear=axles.rear, drive=drive, battery=battery)


def axle_limits(
    train: Powertrain, speed: Float[Array, ""], acceleration: Float[Array, ""]
) -> AxleLimits:
    """What machines and tires give at `speed`, with load transfer from `acceleration` (m/s^2)."""
    transfer = train.load_transfer * acceleration
    front_grip = jnp.maximum(train.front_grip - transfer, 0.0)
    rear_grip = jnp.maximum(train.rear_grip + transfer, 0.0)
    return AxleLimits(
        front=axle_force_limit(train.front, speed, front_grip),
        rear=axle_force_limit(train.rear, speed, rear_grip),
    )


def regeneration_limit(
    train: Powertrain,
    limits: AxleLimits | DriveLimits,
    speed: Float[Array, ""],
    state_of_charge: Float[Array, ""],
) -> Float[Array, ""]:
    """Highest regenerative braking force at the wheels, N.

    The least of: asked deceleration, stated power, machines and tires, and what the battery takes
    (losses left out, so its limit is never exceeded); faded out at low speed. Powers are compared
    and divided by speed at the end: XLA works a quotient out once, where it would repeat a product
    in every sum that uses it.
    """
    rule, moving = train.regeneration, jnp.maximum(speed, 0.1)
    blend = jnp.clip((speed - rule.fade_out_speed) * train.blend_slope, 0.0, 1.0)
    accepted = charge_limit(train.battery, state_of_charge) + train.auxiliary
    force = jnp.minimum(rule.max_deceleration * train.mass, limits.front + limits.rear)
    power = jnp.minimum(jnp.minimum(force * moving, rule.max_power), accepted)
    return blend * power / moving


def open_circuit(train: Powertrain, state_of_charge: Float[Array, ""]) -> Float[Array, ""]:
    """Open-circuit voltage of the pack, V."""
    return open_circuit_voltage(train.battery, state_of_charge)
