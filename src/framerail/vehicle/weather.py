"""A design on a real road: cold tires, altitude, wind from all sides, payload, a trailer.

Each function returns a changed design (and conditions), so every other function of the stage
works unchanged on a truck with a trailer in a winter storm.
"""

import math
from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, Kelvin, Kilogram, Quantity, SquareMeter
from framerail.vehicle.design import VehicleDesign, loaded_mass
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.road_load import COAST_DOWN_AIR_DENSITY, GRAVITY

PerKelvin = Annotated[Float[Array, ""], Quantity("1/K", 0.0, 0.1)]
YawCoefficient = Annotated[Float[Array, ""], Quantity("dimensionless", 0.0, 20.0)]
WindSpeed = Annotated[Float[Array, ""], Quantity("m/s", 0.0, 60.0)]
DragFactor = Annotated[Float[Array, ""], Quantity("dimensionless", 0.0, 2.0)]

STANDARD_TEMPERATURE = 293.15
"""Temperature at which coast-down coefficients hold, K (40 CFR 1066.301)."""
SEA_LEVEL_PRESSURE = 101_325.0
"""Standard atmosphere, Pa (ISO 2533)."""
_DIRECTIONS = 16


class RoadEffects(Declared):
    """How weather changes road load."""

    rolling_per_kelvin: PerKelvin
    """Relative rise of rolling resistance per kelvin below 20 degC."""
    yaw_drag: YawCoefficient
    """Drag area grows by this times the squared sine of the air's yaw angle."""


class Trailer(Declared):
    """A trailer behind the vehicle."""

    mass: Kilogram
    """Loaded mass, tongue load included."""
    frontal_area: SquareMeter
    """Frontal area of the trailer."""
    added_drag: DragFactor
    """Drag area that the trailer adds, over its frontal area."""
    rolling_resistance: Fraction
    """Rolling-resistance coefficient of the trailer's tires."""
    tongue_fraction: Fraction
    """Part of the trailer's weight on the hitch."""


def pressure_at(altitude: Float[Array, "..."]) -> Float[Array, "..."]:
    """Standard pressure (Pa) at an altitude (m), ISO 2533 troposphere."""
    return SEA_LEVEL_PRESSURE * (1.0 - 2.25577e-5 * altitude) ** 5.25588


def _replaced(tree: VehicleDesign, **leaves: Float[Array, ""]) -> VehicleDesign:
    """The design with road-load leaves replaced."""
    names = tuple(leaves)
    return eqx.tree_at(
        lambda d: [getattr(d.road_load, name) for name in names],
        tree,
        [leaves[name] for name in names],
    )


def wind_factor(
    wind: Float[Array, ""], speed: Float[Array, ""], yaw_drag: Float[Array, ""]
) -> Float[Array, ""]:
    """Mean air drag over that in still air, for wind (m/s) from every direction alike.

    The along-road component of drag, rho/2 c_d A(psi) v_air u with u the air speed along the
    road and c_d A(psi) = c_d A (1 + k sin^2 psi), averaged over the compass.
    """
    angles = 2.0 * math.pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
    along = speed + wind * jnp.asarray(np.cos(angles), dtype=speed.dtype)
    across = wind * jnp.asarray(np.sin(angles), dtype=speed.dtype)
    square = along * along + across * across
    yaw = across * across / jnp.maximum(square, 1e-6)
    force = (1.0 + yaw_drag * yaw) * jnp.sqrt(jnp.maximum(square, 1e-6)) * along
    return jnp.mean(force) / jnp.maximum(speed * speed, 1e-6)


def in_weather(
    design: VehicleDesign,
    effects: RoadEffects,
    air_temperature: Kelvin,
    wind: WindSpeed,
    speed: Float[Array, ""],
) -> VehicleDesign:
    """The design with cold tires and wind from all sides at a travel speed (m/s).

    Rolling resistance and the linear term grow with cold as in UN GTR 15 (annex 4, K0); air
    density is no part of it, since `Conditions` carry temperature and pressure.
    """
    dtype = design.mass.dtype
    effects = jax.tree.map(lambda leaf: leaf.astype(dtype), effects)
    colder = STANDARD_TEMPERATURE - jnp.asarray(air_temperature, dtype)
    cold = jnp.maximum(1.0 + effects.rolling_per_kelvin * colder, 0.5)
    gusty = wind_factor(jnp.asarray(wind, dtype), speed, effects.yaw_drag)
    load = design.road_load
    return _replaced(
        design,
        constant=load.constant * cold,
        linear=load.linear * cold,
        rolling_resistance=load.rolling_resistance * cold,
        quadratic=load.quadratic * gusty,
        drag_area=load.drag_area * gusty,
    )


def with_payload(design: VehicleDesign, payload: Kilogram) -> VehicleDesign:
    """The design with driver and load of `payload` (kg) in place of its own."""
    return eqx.tree_at(lambda d: d.payload, design, jnp.asarray(payload, design.mass.dtype))


def with_trailer(
    design: VehicleDesign, trailer: Trailer, conditions: Conditions
) -> tuple[VehicleDesign, Conditions]:
    """The combination as one vehicle, and conditions with the grip that its driven axles keep.

    The trailer's mass joins the payload and its resistance the road load: coefficient A keeps the
    truck's own share, drag area adds to C. Only the truck's weight with the tongue load presses
    on its tires, so adhesion is lowered in proportion.
    """
    dtype = design.mass.dtype
    trailer, conditions = jax.tree.map(lambda leaf: leaf.astype(dtype), (trailer, conditions))
    load, truck = design.road_load, loaded_mass(design)
    total = truck + trailer.mass
    tongue = trailer.tongue_fraction * trailer.mass
    measured = load.reference_mass > 0.0
    reference = jnp.where(measured, load.reference_mass, 1.0)
    own = jnp.where(measured, load.constant * (truck + tongue) / reference, 0.0)
    towed = trailer.rolling_resistance * (trailer.mass - tongue)
    rolling = load.rolling_resistance * (truck + tongue) + towed
    area = trailer.added_drag * trailer.frontal_area
    combined = _replaced(
        design,
        constant=jnp.where(measured, own + towed * GRAVITY, load.constant),
        reference_mass=jnp.where(measured, total, load.reference_mass),
        rolling_resistance=jnp.where(measured, load.rolling_resistance, rolling / total),
        quadratic=jnp.where(
            measured, load.quadratic + 0.5 * COAST_DOWN_AIR_DENSITY * area, load.quadratic
        ),
        drag_area=jnp.where(measured, load.drag_area, load.drag_area + area),
    )
    combined = eqx.tree_at(
        lambda d: [d.payload, d.rotating_mass_fraction],
        combined,
        [
            design.payload + trailer.mass,
            design.rotating_mass_fraction * truck / total,
        ],
    )
    grip = conditions.adhesion * (truck + tongue) / total
    return combined, eqx.tree_at(lambda c: c.adhesion, conditions, grip)
