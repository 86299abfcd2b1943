"""Comparisons with measured use: charging, highway, towing; with climate, label, performance.

Every function returns `ValidationRow`s; `CHECKS` names them all. Parameters that are estimated
here are scored on vehicles or testers that they were not estimated on, and the rows say so.
"""

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.scenario_file import read_rows, read_vehicle_use
from framerail.studies.validation_vehicle_climate import (
    cold_check,
    five_cycle_check,
    performance_check,
)
from framerail.studies.vehicle_use_cases import (
    KILOWATT_HOUR,
    MILE,
    ValidationRow,
    designs_of,
    road_cases,
    road_results,
    stacked,
    summary,
)
from framerail.vehicle import (
    Acceptance,
    ChargeSession,
    FastCharging,
    Station,
    VehicleDesign,
    VehicleUse,
    charge,
    range_added,
)

_KNOTS = np.arange(0.0, 101.0, 10.0)
_TRUCKS = ("cybertruck-awd", "r1t-quad-large", "hummer-ev-edition-1")
_AT_PEAK = 0.93
"""A curve's point above this part of the maker's peak power is limited by the peak."""


def fitted_acceptance(rows: Sequence[dict[str, str]], names: Sequence[str]) -> np.ndarray:
    """Acceptance (1/hour) at 0, 10, ..., 100 % from the charging curves of the named vehicles.

    Geometric mean of power over usable energy where the vehicle's own peak does not bind; where
    it binds for all, the highest; never rising with charge.
    """
    points = []
    for knot in _KNOTS:
        free, bound = [], []
        for name in names:
            own = [row for row in rows if row["name"] == name]
            place = np.array([float(row["soc_pct"]) for row in own])
            power = np.interp(knot, place, np.array([float(row["power_kw"]) for row in own]))
            rate = power / float(own[0]["usable_kwh"])
            bound.append(rate)
            if power < _AT_PEAK * float(own[0]["peak_kw"]):
                free.append(rate)
        points.append(np.exp(np.mean(np.log(free))) if free else max(bound))
    points[0] = points[1] = max(points[:3])  # the ramp at plug-in is the station's handshake
    return np.minimum.accumulate(np.array(points))


def _fast(use: VehicleUse, kind: str, rates: np.ndarray, peak_kw: float) -> FastCharging:
    points = [jnp.asarray(rate / 3600.0, jnp.float64) for rate in rates]
    return eqx.tree_at(
        lambda f: [f.acceptance, f.peak_power],
        use.fast_charging[kind],
        [Acceptance(*points), jnp.asarray(peak_kw * 1e3, jnp.float64)],
    )


@eqx.filter_jit
def _minutes(
    designs: VehicleDesign, fast: FastCharging, use: VehicleUse, session: ChargeSession
) -> Float[Array, " vehicle"]:
    # A station without limits: the curves were taken where the station did not bind.
    strong = Station(*(jnp.asarray(x, jnp.float64) for x in (5e5, 1e3, 1e3, 0.94)))
    pack = use.climates["truck-heat-pump"].pack

    def one(design: VehicleDesign, own: FastCharging, part: ChargeSession) -> Float[Array, ""]:
        return charge(design, own, strong, pack, part).duration / 60.0

    return jax.vmap(one)(designs, fast, session)


def _session(start: float, target: float) -> ChargeSession:
    values = (start, target, 303.15, 293.15)
    return ChargeSession(*(jnp.asarray(value, jnp.float64) for value in values))


def _charging_design(row: dict[str, str]) -> dict[str, str]:
    """A table row for a vehicle of which only the battery matters."""
    usable = float(row["usable_kwh"])
    return {
        "name": row["name"],
        "etw_lb": "6000",
        "usable_kwh": row["usable_kwh"],
        "gross_kwh": f"{usable / 0.95:.1f}",
        "nominal_voltage_v": row["nominal_voltage_v"],
        "chemistry": row["chemistry"],
    }


def charging_check() -> tuple[ValidationRow, ...]:
    """10-80 % time against measured curves, each vehicle left out of its class's estimate."""
    use, rows = read_vehicle_use(), read_rows("vehicle/charging_curves.csv")
    first = {row["name"]: row for row in rows}
    names = [name for name in first if first[name]["class"] != "power"]
    fast = []
    for name in names:
        kind = first[name]["class"]
        others = [n for n in names if n != name and first[n]["class"] == kind]
        fast.append(
            _fast(use, kind, fitted_acceptance(rows, others), float(first[name]["peak_kw"]))
        )
    designs = designs_of([_charging_design(first[name]) for name in names])
    sessions = stacked([_session(0.1, 0.8)] * len(names))
    minutes = np.asarray(_minutes(designs, stacked(fast), use, sessions))
    measured = np.array([float(first[name]["minutes_10_80"]) for name in names])
    errors = minutes / measured - 1.0
    truck = np.array([name in _TRUCKS for name in names])
    out = [
        ValidationRow(
            f"10-80 % DC, {name} (held out)",
            "minutes",
            float(minutes[i]),
            float(measured[i]),
            "within 10 %",
            bool(abs(errors[i]) <= 0.10),
        )
        for i, name in enumerate(names)
    ]
    out.append(summary("10-80 % DC, trucks held out", errors[truck], 0.10))
    out.append(summary("10-80 % DC, all held out", errors, 0.10))
    return (*out, *_published_times(use))


_PUBLISHED = (
    # name, usable kWh, peak kW, volts, from, to, minutes: charging_curves.csv of the facts
    ("lightning-er, Ford 15-80 %", "131", "155", "400", 0.15, 0.80, 41.0),
    ("lightning-er, MotorTrend 5-80 %", "131", "172", "400", 0.05, 0.80, 50.0),
    ("lightning-sr, Ford 15-80 % (2022)", "98", "120", "400", 0.15, 0.80, 44.0),
    ("r1t-quad, MotorTrend 5-80 %", "128.9", "210", "400", 0.05, 0.80, 44.0),
    ("silverado-ev-lt, Ars Technica 10-80 %", "205", "300", "800", 0.10, 0.80, 45.0),
)


def _published_times(use: VehicleUse) -> tuple[ValidationRow, ...]:
    """Times of trucks of which no curve is known, with the shipped class of energy cells."""
    rows = [
        {"name": n, "usable_kwh": e, "nominal_voltage_v": v, "chemistry": "nmc"}
        for n, e, _, v, *_ in _PUBLISHED
    ]
    rates = 3600.0 * np.array([float(x) for x in use.fast_charging["energy"].acceptance.points()])
    fast = stacked([_fast(use, "energy", rates, float(case[2])) for case in _PUBLISHED])
    sessions = stacked([_session(case[4], case[5]) for case in _PUBLISHED])
    designs = designs_of([_charging_design(row) for row in rows])
    minutes = np.asarray(_minutes(designs, fast, use, sessions))
    measured = np.array([case[6] for case in _PUBLISHED])
    out = [
        ValidationRow(
            f"DC, {case[0]}",
            "minutes",
            float(m),
            case[6],
            "within 10 %",
            bool(abs(m / case[6] - 1.0) <= 0.10),
        )
        for case, m in zip(_PUBLISHED, minutes, strict=True)
    ]
    out.append(_ten_minutes(use, rates))
    return (*out, summary("DC, published times of other trucks", minutes / measured - 1.0, 0.10))


def _ten_minutes(use: VehicleUse, rates: np.ndarray) -> ValidationRow:
    """Ford: 54 miles in ten minutes at 150 kW, at the label's consumption, from 15 %."""
    (row,) = [r for r in read_rows("vehicle/trucks.csv") if r["name"] == "lightning-lariat-er-2022"]
    design = jax.tree.map(lambda leaf: leaf[0], designs_of([row]))
    session = charge(
        design,
        _fast(use, "energy", rates, 155.0),
        use.stations["highway-150"],
        use.climates["truck-resistance"].pack,
        _session(0.15, 0.8),
    )
    wall = float(row["label_combined_kwh_per_100mi"]) * KILOWATT_HOUR / (100.0 * MILE)
    battery = jnp.asarray(wall) * design.charger.charge_efficiency
    miles = float(range_added(session, jnp.asarray(600.0), battery)) / MILE
    what = "lightning-er, miles added in ten minutes at 150 kW (Ford)"
    return ValidationRow(what, "miles", miles, 54.0)


def highway_check() -> tuple[ValidationRow, ...]:
    """Range at 70 and 75 mph against road tests; nothing is estimated on them."""
    return _road_check("highway", 0.07, None)


def towing_check() -> tuple[ValidationRow, ...]:
    """Towing range against road tests, the one drag factor estimated on the other testers."""
    return _road_check("towing", 0.10, np.arange(0.16, 0.401, 0.01))


def _road_check(kind: str, bar: float, factors: np.ndarray | None) -> tuple[ValidationRow, ...]:
    use = read_vehicle_use()
    rows = [row for row in read_rows("vehicle/road_tests.csv") if row["kind"] == kind]
    cases = road_cases(rows, use)
    measured = np.array([float(row["value"]) for row in rows])
    if factors is None:
        predicted = road_results(rows, cases, use, 0.0)
    else:
        table = np.stack([road_results(rows, cases, use, float(f)) for f in factors])
        errors = np.log(table / measured[None, :])
        testers = np.array([row["tester"] for row in rows])
        chosen = [np.argmin(np.median(np.abs(errors[:, testers != t]), axis=1)) for t in testers]
        predicted = table[chosen, np.arange(len(rows))]
    out = [
        ValidationRow(row["test"], row["measure"], float(p), float(m))
        for row, p, m in zip(rows, predicted, measured, strict=True)
    ]
    return (*out, summary(f"{kind} tests ({len(rows)})", predicted / measured - 1.0, bar))


CHECKS: tuple[Callable[[], tuple[ValidationRow, ...]], ...] = (
    charging_check,
    highway_check,
    towing_check,
    cold_check,
    five_cycle_check,
    performance_check,
)
"""All comparisons of this module."""
