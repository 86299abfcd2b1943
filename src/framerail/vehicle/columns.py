"""The columns that a table of vehicles may have, their units, and a row's faults.

The style is that of the EPA test-car list. A blank cell means unknown and becomes NaN; the rules
of `specification` fill it.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.vehicle.specification import CHEMISTRIES, TruckSpecification


@dataclasses.dataclass(frozen=True)
class Column:
    """One column that a table of vehicles may have."""

    name: str
    unit: str
    meaning: str
    low: float
    high: float


COLUMNS: tuple[Column, ...] = (
    Column("A_lbf", "lbf", "coast-down coefficient A (target)", -100.0, 500.0),
    Column("B_lbf_per_mph", "lbf/mph", "coast-down coefficient B (target)", -10.0, 20.0),
    Column("C_lbf_per_mph2", "lbf/mph^2", "coast-down coefficient C (target)", -0.1, 0.5),
    Column("etw_lb", "lb", "equivalent test weight", 500.0, 60_000.0),
    Column("curb_lb", "lb", "curb weight; blank: test weight less 300 lb", 500.0, 60_000.0),
    Column("rated_hp", "hp", "peak power of all machines; blank: by test weight", 5.0, 3_000.0),
    Column("peak_torque_nm", "N m", "peak torque of all machines, at their shafts", 10.0, 20_000.0),
    Column("axle_ratio", "1", "gear ratio; blank, 0 or 1: the class's", 0.0, 40.0),
    Column("drag_area_m2", "m^2", "drag area, where A, B, C are blank", 0.1, 20.0),
    Column("rolling_resistance", "1", "tire coefficient, where A, B, C are blank", 0.001, 0.05),
    Column("usable_kwh", "kWh", "usable battery energy; blank: from gross_kwh", 1.0, 2_000.0),
    Column("gross_kwh", "kWh", "gross battery energy; blank: from usable_kwh", 1.0, 2_000.0),
    Column("nominal_voltage_v", "V", "nominal pack voltage", 12.0, 2_000.0),
    Column("dc_kw", "kW", "peak direct-current charge power", 1.0, 5_000.0),
    Column("ac_kw", "kW", "on-board charger power from the wall", 0.5, 500.0),
    Column("charge_efficiency", "1", "usable energy over wall energy", 0.3, 1.0),
    Column("auxiliary_w", "W", "steady auxiliary load", 0.0, 20_000.0),
    Column("tire_radius_m", "m", "rolling radius", 0.15, 0.8),
    Column("top_speed_mph", "mph", "governed top speed", 20.0, 300.0),
)
"""Numeric columns, all optional except that a test or curb weight must be given."""

TEXT_COLUMNS: Mapping[str, str] = {
    "name": "required: the design's name",
    "make": "maker (not used by the first rules)",
    "drive": "rwd, fwd or awd, or the EPA list's words; blank: awd",
    "chemistry": "nmc, nca or lfp; blank: nmc",
}
_DRIVES: Mapping[str, tuple[float, float]] = {
    "": (1.0, 1.0),
    "awd": (1.0, 1.0),
    "4wd": (1.0, 1.0),
    "all wheel drive": (1.0, 1.0),
    "4-wheel drive": (1.0, 1.0),
    "part-time 4-wheel drive": (1.0, 1.0),
    "fwd": (1.0, 0.0),
    "2-wheel drive, front": (1.0, 0.0),
    "rwd": (0.0, 1.0),
    "2-wheel drive, rear": (0.0, 1.0),
}


def specification_faults(rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Faults of a table of vehicles, one sentence each: row (from 1), column, what was expected."""
    found = []
    for number, row in enumerate(rows, start=1):
        found += [f"row {number}, {fault}" for fault in _row_faults(row)]
    return tuple(found)


def _row_faults(row: Mapping[str, str]) -> list[str]:
    found = []
    if not (row.get("name") or "").strip():
        found.append("column name: is blank; give the design a name")
    if (row.get("drive") or "").strip().lower() not in _DRIVES:
        found.append(f"column drive: '{row['drive']}' is not one of rwd, fwd, awd")
    if (row.get("chemistry") or "nmc").strip().lower() not in CHEMISTRIES:
        found.append(f"column chemistry: '{row['chemistry']}' is not one of nmc, nca, lfp")
    found += [fault for column in COLUMNS if (fault := _cell_fault(column, row))]
    given = [bool((row.get(name) or "").strip()) for name in _COAST_DOWN]
    if any(given) and not all(given):
        found.append("columns A_lbf, B_lbf_per_mph, C_lbf_per_mph2: give all three or none")
    if not any((row.get(name) or "").strip() for name in ("etw_lb", "curb_lb")):
        found.append("columns etw_lb, curb_lb: give one of them")
    return found


_COAST_DOWN = ("A_lbf", "B_lbf_per_mph", "C_lbf_per_mph2")


def _cell_fault(column: Column, row: Mapping[str, str]) -> str:
    text = (row.get(column.name) or "").strip()
    if not text:
        return ""
    try:
        number = float(text)
    except ValueError:
        return f"column {column.name}: '{text}' is not a number; give it in {column.unit}"
    if not column.low <= number <= column.high:
        span = f"{column.low:g} to {column.high:g} {column.unit}"
        return f"column {column.name}: {text} is out of range; expected {span}"
    return ""


def specification(rows: Sequence[Mapping[str, str]]) -> TruckSpecification:
    """Columns of a faultless table as one batched specification (leading axis: row)."""
    numbers = {column.name: _numbers(rows, column.name) for column in COLUMNS}
    driven = np.array([_DRIVES[(row.get("drive") or "").strip().lower()] for row in rows])
    kind = [CHEMISTRIES.index((row.get("chemistry") or "nmc").strip().lower()) for row in rows]
    return TruckSpecification(
        **numbers,
        front_driven=jnp.asarray(driven[:, 0]),
        rear_driven=jnp.asarray(driven[:, 1]),
        chemistry=jnp.asarray(np.eye(len(CHEMISTRIES))[kind]),
    )


def _numbers(rows: Sequence[Mapping[str, str]], name: str) -> Float[Array, "row"]:
    texts = [(row.get(name) or "").strip() for row in rows]
    return jnp.asarray(np.array([float(text) if text else np.nan for text in texts]))
