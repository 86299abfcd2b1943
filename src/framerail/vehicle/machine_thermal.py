"""Heat of machines and inverters: one lump that takes their loss and gives it to the coolant.

C dT/dt = loss - G (T - coolant). G is such that the continuous rating at base speed holds the
permitted temperature with the coolant of the rating, C follows from the time constant. Torque
falls linearly over the last part of the permitted rise, from the peak to what the coolant carries
off at that speed (UN Regulation 85 calls it the 30-minute power): in the end the machines give
exactly their continuous force. Both axles share the temperature, as they share the coolant.
"""

from typing import Annotated

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, Kelvin, Quantity, Second
from framerail.vehicle.electric_machine import AxleModel, load_coefficient, no_load_loss
from framerail.vehicle.powertrain import Powertrain

Rise = Annotated[Float[Array, ""], Quantity("K", 0.0, 100.0)]
"""A difference of temperatures."""
Winding = Annotated[Float[Array, ""], Quantity("K", 300.0, 600.0)]
"""A temperature of machines and inverters."""


class MachineThermal(Declared):
    """How machines and inverters warm and what that costs in torque."""

    continuous_fraction: Fraction
    """Continuous over peak torque at base speed."""
    time_constant: Second
    """Heat capacity over heat removal."""
    derate_from: Fraction
    """Part of the permitted rise above which torque falls."""
    rated_coolant: Kelvin
    """Coolant temperature of the continuous rating."""
    coolant_rise: Rise
    """Coolant above the air."""
    highest: Winding
    """Permitted temperature."""

    def faults(self) -> tuple[str, ...]:
        """A rise to spread the torque over."""
        found = []
        if float(self.highest) <= float(self.rated_coolant):
            found.append("highest must lie above rated_coolant")
        if not 0.0 < float(self.derate_from) < 1.0:
            found.append("derate_from must lie between 0 and 1")
        return tuple(found)


class HeatModel(eqx.Module):
    """Constants of the lump in given air."""

    front_removal: Float[Array, ""]
    """Loss of the front axle carried off at the permitted temperature, W."""
    rear_removal: Float[Array, ""]
    """Likewise of the rear axle."""
    per_kelvin: Float[Array, ""]
    """Heat removal over temperature difference, W/K."""
    time_constant: Float[Array, ""]
    """Heat capacity over `per_kelvin`, s."""
    coolant: Float[Array, ""]
    """Coolant, K; also the temperature of a rested machine."""
    highest: Float[Array, ""]
    """Permitted temperature, K."""
    band: Float[Array, ""]
    """Kelvins below the permitted temperature over which torque falls."""


def full_force(axle: AxleModel, speed: Float[Array, ""]) -> Float[Array, ""]:
    """Shaft force at the wheel's radius at full torque or power, N."""
    return jnp.minimum(axle.peak_force, axle.peak_power / jnp.maximum(speed, 0.1))


def _fixed_loss(axle: AxleModel, speed: Float[Array, ""]) -> Float[Array, ""]:
    drag = (axle.inverter_draw - 1.0) * axle.spin_drag
    return no_load_loss(axle, speed) + drag * speed


def machine_loss(
    axle: AxleModel, speed: Float[Array, ""], force: Float[Array, ""]
) -> Float[Array, ""]:
    """Loss of machine and inverter while driving with a shaft force, W."""
    passing = (axle.inverter_draw - 1.0) * speed * force
    return _fixed_loss(axle, speed) + passing + load_coefficient(axle, speed) * force * force


def _rated_loss(axle: AxleModel, thermal: MachineThermal) -> Float[Array, ""]:
    base = axle.peak_power / jnp.maximum(axle.peak_force, 1.0)
    return axle.present * machine_loss(axle, base, thermal.continuous_fraction * axle.peak_force)


def heat_model(train: Powertrain, thermal: MachineThermal, air: Float[Array, ""]) -> HeatModel:
    """Constants for a powertrain in air of a temperature, K."""
    front, rear = _rated_loss(train.front, thermal), _rated_loss(train.rear, thermal)
    rise = thermal.highest - thermal.rated_coolant
    coolant = air + thermal.coolant_rise
    room = jnp.maximum(thermal.highest - coolant, 0.0) / rise
    return HeatModel(
        front_removal=front * room,
        rear_removal=rear * room,
        per_kelvin=(front + rear) / rise,
        time_constant=thermal.time_constant,
        coolant=coolant,
        highest=thermal.highest,
        band=(1.0 - thermal.derate_from) * rise,
    )


def continuous_force(
    axle: AxleModel, removal: Float[Array, ""], speed: Float[Array, ""]
) -> Float[Array, ""]:
    """Shaft force (N) at which the axle loses `removal` (W), at most its full force."""
    slope, bend = (axle.inverter_draw - 1.0) * speed, load_coefficient(axle, speed)
    left = jnp.maximum(removal - _fixed_loss(axle, speed), 0.0)
    root = jnp.sqrt(slope * slope + 4.0 * bend * left + 1e-9)
    return jnp.minimum(2.0 * left / (slope + root), full_force(axle, speed))


def derated(
    train: Powertrain, heat: HeatModel, speed: Float[Array, ""], temperature: Float[Array, ""]
) -> Powertrain:
    """The powertrain with what its machines may give at a speed and a temperature (K)."""
    room = jnp.clip((heat.highest - temperature) / heat.band, 0.0, 1.0)
    front, rear = (
        _part(axle, continuous_force(axle, removal, speed), speed, room)
        for axle, removal in ((train.front, heat.front_removal), (train.rear, heat.rear_removal))
    )
    return eqx.tree_at(
        lambda t: [t.front.peak_force, t.front.peak_power, t.rear.peak_force, t.rear.peak_power],
        train,
        [
            train.front.peak_force * front,
            train.front.peak_power * front,
            train.rear.peak_force * rear,
            train.rear.peak_power * rear,
        ],
    )


def _part(
    axle: AxleModel, held: Float[Array, ""], speed: Float[Array, ""], room: Float[Array, ""]
) -> Float[Array, ""]:
    """Part of the full force that is left: all with room, what is held for ever without."""
    steady = held / jnp.maximum(full_force(axle, speed), 1.0)
    return steady + (1.0 - steady) * room


def warmed(
    heat: HeatModel,
    temperature: Float[Array, ""],
    loss: Float[Array, ""],
    seconds: Float[Array, ""],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Temperature (K) after a time with a steady loss (W), and the heat carried off (J); exact."""
    settled = heat.coolant + loss / heat.per_kelvin
    decay = -jnp.expm1(-seconds / heat.time_constant)
    gap = temperature - settled
    removed = loss * seconds + heat.per_kelvin * heat.time_constant * decay * gap
    return temperature - gap * decay, removed
