"""Measured cases of using a vehicle, as batches of designs and conditions for the vehicle stage."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.scenario_file import read_rows, read_specification_defaults
from framerail.vehicle import (
    Climate,
    Conditions,
    Cruise,
    Trailer,
    VehicleDesign,
    VehicleUse,
    cruise,
    design_from_specification,
    in_weather,
    pressure_at,
    specification,
    standard_frontal_area,
    steady_climate_power,
    with_trailer,
)

MILE, MILE_PER_HOUR, POUND, FOOT = 1609.344, 0.44704, 0.45359237, 0.3048
SQUARE_FOOT = FOOT**2
KILOWATT_HOUR = 3.6e6
DAYTIME_SUN = 400.0
"""Sun on the horizontal during a road test, W/m^2: assumed between clear and gray."""

Row = Mapping[str, str]
Table = Sequence[Row]


@dataclasses.dataclass(frozen=True)
class ValidationRow:
    """One comparison with a measurement; `bar` is a sentence, empty where there is none.

    In a summary `predicted` is the figure that must not exceed `limit`, and `measured` is zero.
    """

    what: str
    unit: str
    predicted: float
    measured: float
    bar: str = ""
    met: bool | None = None
    limit: float | None = None


def summary(what: str, errors: np.ndarray, bar: float | None) -> ValidationRow:
    """Median absolute relative error of a set of comparisons, %, against a bar if there is one."""
    value = 100.0 * float(np.median(np.abs(errors)))
    unit = "median absolute error, %"
    if bar is None:
        return ValidationRow(what, unit, value, 0.0)
    limit = 100.0 * bar
    return ValidationRow(what, unit, value, 0.0, f"<= {limit:g} %", value <= limit, limit)


def catalog_designs(names: Sequence[str]) -> VehicleDesign:
    """Designs of catalog trucks, completed by the documented rules; one batch."""
    catalog = {row["name"]: row for row in read_rows("vehicle/trucks.csv")}
    return designs_of([catalog[name] for name in names])


def designs_of(rows: Table) -> VehicleDesign:
    """Designs of table rows as one batch."""
    complete = jax.vmap(design_from_specification, in_axes=(0, None))
    return complete(specification(rows), read_specification_defaults())


def stacked(items: Sequence[Any]) -> Any:
    """One pytree whose leaves have a leading axis over the items."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *items)


class RoadCases(eqx.Module):
    """Road tests as arrays over the test."""

    design: VehicleDesign
    climate: Climate
    temperature: Float[Array, " test"]
    pressure: Float[Array, " test"]
    speed: Float[Array, " test"]
    wind: Float[Array, " test"]
    used: Float[Array, " test"]
    mass: Float[Array, " test"]
    area: Float[Array, " test"]
    grade: Float[Array, " test"]


def _frontal_area(row: Row, use: VehicleUse) -> float:
    if not row["trailer_mass_lb"]:
        return 0.0
    if row["frontal_area_ft2"]:
        return float(row["frontal_area_ft2"]) * SQUARE_FOOT
    if row["trailer"] in ("travel", "camper"):
        return float(use.trailers[row["trailer"]].frontal_area)
    return float(standard_frontal_area(jnp.asarray(float(row["trailer_mass_lb"]) * POUND)))


def road_cases(rows: Table, use: VehicleUse) -> RoadCases:
    """Road tests of `data/vehicle/road_tests.csv` with the rules of its head."""

    def column(name: str, blank: float) -> np.ndarray:
        return np.array([float(row[name] or blank) for row in rows])

    length = np.array([float(row["distance_mi"] or 1.0) for row in rows]) * MILE
    return RoadCases(
        design=catalog_designs([row["design"] for row in rows]),
        climate=stacked([use.climates[row["climate"]] for row in rows]),
        temperature=jnp.asarray((column("temperature_f", 68.0) - 32.0) / 1.8 + 273.15),
        pressure=pressure_at(jnp.asarray(column("altitude_ft", 0.0) * FOOT)),
        speed=jnp.asarray(column("speed_mph", 65.0) * MILE_PER_HOUR),
        wind=jnp.asarray(column("wind_mph", 0.0) * MILE_PER_HOUR),
        used=jnp.asarray(column("charge_used", 1.0)),
        mass=jnp.asarray(column("trailer_mass_lb", 0.0) * POUND),
        area=jnp.asarray(np.array([_frontal_area(row, use) for row in rows])),
        grade=jnp.asarray(column("climb_ft", 0.0) * FOOT / length),
    )


@eqx.filter_jit
def drive_cases(cases: RoadCases, use: VehicleUse, added_drag: Float[Array, ""]) -> Cruise:
    """Steady driving of every case with one trailer rule."""
    rule = use.trailers["travel"]

    def one(case: RoadCases) -> Cruise:
        zero = jnp.zeros_like(case.speed)
        conditions = Conditions(case.temperature, case.pressure, zero, zero + 0.9, zero + 0.5)
        trailer = Trailer(
            mass=case.mass,
            frontal_area=case.area,
            added_drag=added_drag,
            rolling_resistance=rule.rolling_resistance,
            tongue_fraction=rule.tongue_fraction,
        )
        design, conditions = with_trailer(case.design, trailer, conditions)
        design = in_weather(design, use.road, case.temperature, case.wind, case.speed)
        climate = steady_climate_power(case.climate.cabin, case.temperature, zero + DAYTIME_SUN)
        return cruise(
            design, conditions, case.speed, case.grade, climate, zero + 1.0, 1.0 - case.used
        )

    return jax.vmap(one)(cases)


def road_results(rows: Table, cases: RoadCases, use: VehicleUse, added_drag: float) -> np.ndarray:
    """What each test reports: miles, miles per kWh, or range over range without the trailer."""
    factor = jnp.asarray(added_drag, jnp.float64)
    found = drive_cases(cases, use, factor)
    none = jnp.zeros_like(cases.mass)
    alone = eqx.tree_at(lambda c: [c.mass, c.area, c.grade], cases, [none, none, none])
    base = drive_cases(alone, use, factor)
    values = {
        "range_mi": np.asarray(found.reach) / MILE,
        "mi_per_kwh": KILOWATT_HOUR / MILE / np.asarray(found.consumption),
        "range_ratio": np.asarray(found.reach / base.reach),
    }
    return np.array([values[row["measure"]][place] for place, row in enumerate(rows)])
