"""SAE J2807: what a vehicle may tow, test by test, with the component that limits it.

Acceleration on the level at the combined rating (0-30, 0-60, 40-60 mph), launch on 12 %, and the
Davis Dam climb: 11.4 miles of SR 68 at 100 F with the air conditioning at its most, 40 mph held
throughout. The climb is long enough that machines give their continuous power, not their peak;
the launch and the sprints use the peak. The trailer has the standard's least frontal area.
"""

from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from framerail.quantities import (
    Declared,
    Fraction,
    Kelvin,
    Kilogram,
    Meter,
    MeterPerSecond,
    Pascal,
    Quantity,
    Second,
)
from framerail.vehicle.aging import continuous
from framerail.vehicle.cabin import Cabin, Irradiance, steady_climate_power
from framerail.vehicle.cruise import Cruise, cruise
from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.inputs import Conditions
from framerail.vehicle.performance import (
    LIMITING_COMPONENTS,
    FullThrottle,
    full_throttle,
    limit_at,
    spare_force,
    time_between,
)
from framerail.vehicle.powertrain import powertrain
from framerail.vehicle.weather import Trailer, with_payload, with_trailer

Grade = Annotated[Float[Array, ""], Quantity("dimensionless", 0.0, 0.5)]
"""Rise over run."""

TOW_TESTS: tuple[str, ...] = (
    "0-30 mph",
    "0-60 mph",
    "40-60 mph",
    "12 % launch",
    "Davis Dam",
    "energy for the climb",
)
"""Order of the arrays of `TowTest`."""
TOW_LIMITS: tuple[str, ...] = (*LIMITING_COMPONENTS, "battery energy")
"""What can limit a tow test: the components of `performance`, and the energy in the battery."""
_ENERGY = len(LIMITING_COMPONENTS)
_MPH = 0.44704
_HALVINGS = 24
_AREAS = ((1_500.0, 12.0), (3_500.0, 20.0), (12_000.0, 40.0), (1e9, 60.0))
"""Least frontal area of the test trailer (ft^2) below each trailer weight (lb)."""


class TowProcedure(Declared):
    """Limits and conditions of SAE J2807 for single rear wheels."""

    zero_to_thirty: Second
    """Longest time from rest to 30 mph."""
    zero_to_sixty: Second
    """Longest time from rest to 60 mph."""
    forty_to_sixty: Second
    """Longest time from 40 to 60 mph."""
    launch_grade: Grade
    """Grade of the launch."""
    climb_speed: MeterPerSecond
    """Speed held on the climb."""
    climb_grade: Grade
    """Mean grade of the climb."""
    steepest_grade: Grade
    """Steepest stretch of the climb."""
    climb_length: Meter
    """Length of the climb."""
    climb_temperature: Kelvin
    """Ambient at the foot of the climb."""
    climb_pressure: Pascal
    """Air pressure halfway up."""
    sun: Irradiance
    """Sun on the climb."""
    occupants: Kilogram
    """Driver and passenger in the test."""
    continuous_fraction: Fraction
    """Continuous over peak power of machines, inverters and battery in this heat."""


class TowTest(eqx.Module):
    """Results in the order of `TOW_TESTS`."""

    value: Float[Array, "test"]
    """Seconds; for launch and climb: force available over force needed; energy: likewise."""
    required: Float[Array, "test"]
    """Limit: seconds at most, ratios at least."""
    passed: Bool[Array, "test"]
    """Pass or fail of each test."""
    limit: Int[Array, "test"]
    """Index into `TOW_LIMITS` of what limits each test."""
    margin: Float[Array, "test"]
    """Relative room: 0.1 is a tenth better than required, negative fails."""
    all_passed: Bool[Array, ""]
    """Every test passed."""
    limiting_test: Int[Array, ""]
    """Index into `TOW_TESTS` of the smallest margin."""
    climb_energy: Float[Array, ""]
    """Battery energy of the Davis Dam climb, J."""
    climb_power: Float[Array, ""]
    """Battery power on its mean grade, W."""


def standard_frontal_area(mass: Float[Array, ""]) -> Float[Array, ""]:
    """Least frontal area (m^2) of the standard's trailer of a mass (kg)."""
    pounds = mass / 0.45359237
    area = jnp.full_like(mass, _AREAS[-1][1])
    for bound, smaller in reversed(_AREAS[:-1]):
        area = jnp.where(pounds < bound, smaller, area)
    return area * 0.3048**2


def tow_test(
    design: VehicleDesign,
    trailer: Trailer,
    cabin: Cabin,
    procedure: TowProcedure,
    conditions: Conditions,
) -> TowTest:
    """All tests of SAE J2807 with one trailer behind the vehicle with two occupants.

    Args:
        design: the vehicle.
        trailer: mass (the rating to be tested), drag factor, rolling and tongue; its frontal area
            is replaced by the standard's.
        cabin: for the air-conditioning load of the climb.
        procedure: limits and conditions of the standard.
        conditions: air and road of the level tests; its state of charge is that of all tests.
    """
    dtype = design.mass.dtype
    trailer, cabin, procedure, conditions = jax.tree.map(
        lambda leaf: leaf.astype(dtype), (trailer, cabin, procedure, conditions)
    )
    standard = eqx.tree_at(lambda t: t.frontal_area, trailer, standard_frontal_area(trailer.mass))
    alone = with_payload(design, procedure.occupants)
    rig, grip = with_trailer(alone, standard, conditions)
    run = full_throttle(powertrain(rig, grip), conditions.state_of_charge)
    times = [
        time_between(run, 0.0, 30 * _MPH),
        time_between(run, 0.0, 60 * _MPH),
        time_between(run, 40 * _MPH, 60 * _MPH),
    ]
    launch, climb, energy, use = _grades(rig, grip, cabin, procedure, run)
    value = jnp.stack([*times, launch, climb[0], energy])
    one = jnp.ones_like(launch)
    required = jnp.stack(
        [procedure.zero_to_thirty, procedure.zero_to_sixty, procedure.forty_to_sixty] + [one] * 3
    )
    timed = jnp.arange(len(TOW_TESTS)) < 3
    margin = jnp.where(timed, 1.0 - value / required, value / required - 1.0)
    limit = jnp.stack(
        [
            limit_at(run, 20 * _MPH),
            limit_at(run, 45 * _MPH),
            limit_at(run, 50 * _MPH),
            run.limiting[0],
            climb[1].astype(jnp.int32),
            jnp.int32(_ENERGY),
        ]
    )
    return TowTest(
        value=value,
        required=required,
        passed=margin >= 0.0,
        limit=limit,
        margin=margin,
        all_passed=jnp.all(margin >= 0.0),
        limiting_test=jnp.argmin(margin).astype(jnp.int32),
        climb_energy=use.terminal_power * procedure.climb_length / procedure.climb_speed,
        climb_power=use.terminal_power,
    )


def _grades(
    rig: VehicleDesign,
    grip: Conditions,
    cabin: Cabin,
    procedure: TowProcedure,
    run: FullThrottle,
) -> tuple[Float[Array, ""], tuple[Float[Array, ""], Int[Array, ""]], Float[Array, ""], Cruise]:
    """Launch ratio, (climb ratio, its limit), energy ratio, and the climb's steady driving."""
    hot = eqx.tree_at(
        lambda c: [c.air_temperature, c.air_pressure],
        grip,
        [procedure.climb_temperature, procedure.climb_pressure],
    )
    charge = grip.state_of_charge
    cooling = steady_climate_power(cabin, procedure.climb_temperature, procedure.sun)
    loaded = eqx.tree_at(lambda d: d.auxiliary_power, rig, rig.auxiliary_power + cooling)
    steady = continuous(loaded, procedure.continuous_fraction)
    train = powertrain(steady, hot)
    held, burst = (full_throttle(t, charge) for t in (train, powertrain(loaded, hot)))
    mean = _weight_along(train.road.weight, procedure.climb_grade)
    steep = _weight_along(train.road.weight, procedure.steepest_grade)
    speed = procedure.climb_speed
    long, short = spare_force(held, speed) / mean, spare_force(burst, speed) / steep
    limit = jnp.where(long < short, limit_at(held, speed), limit_at(burst, speed))
    zero = jnp.zeros_like(charge)
    use = cruise(rig, hot, speed, procedure.climb_grade, cooling, charge, zero)
    launch = run.net[0] / _weight_along(train.road.weight, procedure.launch_grade)
    return launch, (jnp.minimum(long, short), limit), use.reach / procedure.climb_length, use


def _weight_along(weight: Float[Array, ""], grade: Float[Array, ""]) -> Float[Array, ""]:
    return weight * grade / jnp.sqrt(1.0 + grade * grade)


def tow_rating(
    design: VehicleDesign,
    trailer: Trailer,
    cabin: Cabin,
    procedure: TowProcedure,
    conditions: Conditions,
    highest: Float[Array, ""],
) -> Float[Array, ""]:
    """Heaviest trailer (kg, up to `highest`) with which every test is passed, by bisection.

    What frame, hitch, brakes and tires carry is no part of it: a maker's rating may lie lower.
    """

    def halve(span: tuple, _: None) -> tuple[tuple, None]:
        low, high = span
        middle = 0.5 * (low + high)
        heavier = eqx.tree_at(lambda t: t.mass, trailer, middle)
        good = tow_test(design, heavier, cabin, procedure, conditions).all_passed
        return (jnp.where(good, middle, low), jnp.where(good, high, middle)), None

    start = (jnp.zeros_like(highest), highest)
    return jax.lax.scan(halve, start, None, length=_HALVINGS)[0][0]
