"""Resistance of the road and the air, from coast-down coefficients or from physical terms.

Coast-down: F = A m/m_ref + B v + C (rho/rho_0)(v + w)^2, with A, B, C at the standard air of
40 CFR 1066.301 (20 degC, 98.21 kPa). Physical: F = m g (c_rr cos + sin) + rho/2 c_d A (v + w)^2.
A design has one kind and zeros for the other, so the sum of both is always right.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.vehicle.design import VehicleDesign, loaded_mass
from framerail.vehicle.inputs import Conditions

GRAVITY = 9.80665
"""Standard gravity, m/s^2 (CGPM 1901)."""
GAS_CONSTANT_AIR = 287.05
"""Specific gas constant of dry air, J/(kg K) (ISO 2533)."""
COAST_DOWN_AIR_DENSITY = 98_210.0 / (GAS_CONSTANT_AIR * 293.15)
"""Air density at which coefficient C holds, kg/m^3 (40 CFR 1066.301: 20 degC, 98.21 kPa)."""


class Resistance(eqx.Module):
    """Resistance of one vehicle in given air: constant + linear v + quadratic (v + w)|v + w|."""

    constant: Float[Array, ""]
    """Rolling resistance on the level, N."""
    linear: Float[Array, ""]
    """Coefficient of speed, N s/m."""
    quadratic: Float[Array, ""]
    """Coefficient of air speed squared, N s^2/m^2."""
    headwind: Float[Array, ""]
    """Wind against travel, m/s."""
    weight: Float[Array, ""]
    """Weight of the loaded vehicle, N."""


def air_density(conditions: Conditions) -> Float[Array, ""]:
    """Density of dry air, kg/m^3, from the ideal-gas law."""
    return conditions.air_pressure / (GAS_CONSTANT_AIR * conditions.air_temperature)


def resistance(design: VehicleDesign, conditions: Conditions) -> Resistance:
    """Coefficients of a design in given air, with its load."""
    load, mass, density = design.road_load, loaded_mass(design), air_density(conditions)
    measured = load.reference_mass > 0.0
    mass_ratio = jnp.where(measured, mass / jnp.where(measured, load.reference_mass, 1.0), 1.0)
    return Resistance(
        constant=load.constant * mass_ratio + load.rolling_resistance * mass * GRAVITY,
        linear=load.linear,
        quadratic=load.quadratic * (density / COAST_DOWN_AIR_DENSITY)
        + 0.5 * density * load.drag_area,
        headwind=conditions.headwind,
        weight=mass * GRAVITY,
    )


def drag_force(road: Resistance, speed: Float[Array, ""]) -> Float[Array, ""]:
    """Air drag at a road speed (m/s), N; negative with a strong tail wind."""
    air_speed = speed + road.headwind
    return road.quadratic * air_speed * jnp.abs(air_speed)


def climbing_force(road: Resistance, grade: Float[Array, ""]) -> Float[Array, ""]:
    """Component of the weight along a road of `grade` (rise over run), N."""
    return road.weight * grade / jnp.sqrt(1.0 + grade * grade)


def resisting_force(
    road: Resistance, speed: Float[Array, ""], grade: Float[Array, ""]
) -> Float[Array, ""]:
    """Force against travel at a speed (m/s) and grade (rise over run), N.

    Rolling resistance is taken on the level: the cosine of a road's grade differs from one by
    less than 1 % up to a grade of 14 %.
    """
    rolling = road.constant + road.linear * speed
    return rolling + drag_force(road, speed) + climbing_force(road, grade)
