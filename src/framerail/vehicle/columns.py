"""The columns that a table of vehicles may have, their units, and a row's faults.

The style is that of the EPA test-car list. A blank cell means unknown and becomes NaN; the rules
of `specification` fill it.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.vehicle.regeneration_modes import REGENERATION_MODES
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
    Column("lift_off_mps2", "m/s^2", "deceleration on lift-off; blank: its mode's", 0.0, 5.0),
)
"""Numeric columns, all optional except that a test or curb weight must be given."""

CLASS_COLUMNS: tuple[Column, ...] = (
    Column("model_year", "year", "year of the drive's technology; blank: 2022", 1990.0, 2045.0),
)
"""Numeric columns that choose the components' class; see `studies.calibration`."""

TEXT_COLUMNS: Mapping[str, str] = {
    "name": "required: the design's name",
    "make": "maker, whose components are known from the EPA lists; blank: any maker",
    "model": "with make finds machine, inverter and voltage class where those are blank",
    "machine": "pm, induction, excited or pm+induction; blank: by make and model, else pm",
    "inverter": "sic or igbt; blank: by make and model, else between the two",
    "drive": "rwd, fwd or awd, or the EPA list's words; blank: awd",
    "chemistry": "nmc, nca or lfp; blank: nmc",
    "regen_mode": "blended, coast, lift-off or one-pedal; blank: blended",
}
MACHINES: tuple[str, ...] = ("pm", "induction", "excited", "pm+induction")
INVERTERS: tuple[str, ...] = ("sic", "igbt")
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


def header_faults(names: Sequence[str]) -> tuple[str, ...]:
    """Faults of a table's header: what is missing, and known quantities in another unit."""
    found = [] if "name" in names else ["column name: is missing; give every design a name"]
    if "etw_lb" not in names and "curb_lb" not in names:
        found.append("columns etw_lb, curb_lb: are missing; give one of them")
    missing = [name for name in _COAST_DOWN if name not in names]
    if 0 < len(missing) < len(_COAST_DOWN):
        found.append(f"column {missing[0]}: is missing; give A, B and C together or none")
    columns = (*COLUMNS, *CLASS_COLUMNS)
    read = {column.name for column in columns} | set(TEXT_COLUMNS)
    of_stem = {_stem(column.name): column for column in columns if column.unit != "1"}
    for name in names:
        column = of_stem.get(_stem(name))
        if name not in read and column is not None:
            found.append(f"column {name}: is not read; give {column.name} in {column.unit}")
    return tuple(found)


def _stem(name: str) -> str:
    """What a column's name says besides its unit."""
    return name[0] if name[1:2] == "_" else name.rsplit("_", 1)[0]


def specification_faults(rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Faults of a table of vehicles, one sentence each: row (from 1), column, what was expected."""
    found = []
    for number, row in enumerate(rows, start=1):
        found += [f"row {number}, {fault}" for fault in _row_faults(row)]
    return tuple(found)


def _text(row: Mapping[str, str], name: str) -> str:
    return (row.get(name) or "").strip()


def _row_faults(row: Mapping[str, str]) -> list[str]:
    found = [] if _text(row, "name") else ["column name: is blank; give the design a name"]
    for name, choices in _CHOICES.items():
        if _text(row, name).lower() not in choices:
            told = ", ".join(choice for choice in choices if choice)
            found.append(f"column {name}: '{_text(row, name)}' is not one of {told}")
    cells = [_cell_fault(column, row) for column in (*COLUMNS, *CLASS_COLUMNS)]
    found += [fault for fault in cells if fault]
    given = [bool(_text(row, name)) for name in _COAST_DOWN]
    if any(given) and not all(given):
        found.append("columns A_lbf, B_lbf_per_mph, C_lbf_per_mph2: give all three or none")
    if not any(_text(row, name) for name in ("etw_lb", "curb_lb")):
        found.append("columns etw_lb, curb_lb: give one of them")
    return found if found else _cross_faults(row)


def _cross_faults(row: Mapping[str, str]) -> list[str]:
    """Faults between cells that are sound alone."""
    value = {column.name: float(_text(row, column.name) or "nan") for column in COLUMNS}
    found = []
    if value["usable_kwh"] > value["gross_kwh"]:
        found.append("columns usable_kwh, gross_kwh: usable energy exceeds gross; swap them")
    a, b, c = (value[name] for name in _COAST_DOWN)
    if any(a + b * speed + c * speed**2 <= 0.0 for speed in (20.0, 45.0, 70.0)):
        found.append(
            "columns A_lbf, B_lbf_per_mph, C_lbf_per_mph2: give no resistance; check units"
        )
    return found


_COAST_DOWN = ("A_lbf", "B_lbf_per_mph", "C_lbf_per_mph2")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "drive": tuple(_DRIVES),
    "chemistry": ("", *CHEMISTRIES),
    "regen_mode": ("", *REGENERATION_MODES),
    "machine": ("", *MACHINES),
    "inverter": ("", *INVERTERS),
}


def _cell_fault(column: Column, row: Mapping[str, str]) -> str:
    text = (row.get(column.name) or "").strip()
    if not text:
        return ""
    try:
        number = float(text)
    except ValueError:
        return f"column {column.name}: '{text}' is not a number; give it in {column.unit}"
    if number != number:
        return f"column {column.name}: is not a number; leave it blank or give {column.unit}"
    if not column.low <= number <= column.high:
        span = f"{column.low:g} to {column.high:g} {column.unit}"
        return f"column {column.name}: {text} is out of range; expected {span}"
    return ""


def specification(rows: Sequence[Mapping[str, str]]) -> TruckSpecification:
    """Columns of a faultless table as one batched specification (leading axis: row)."""
    numbers = {column.name: _numbers(rows, column.name) for column in COLUMNS}
    driven = np.array([_DRIVES[(row.get("drive") or "").strip().lower()] for row in rows])
    kind = [CHEMISTRIES.index((_text(row, "chemistry") or "nmc").lower()) for row in rows]
    mode = [
        REGENERATION_MODES.index((_text(row, "regen_mode") or "blended").lower()) for row in rows
    ]
    return TruckSpecification(
        **numbers,
        front_driven=jnp.asarray(driven[:, 0]),
        rear_driven=jnp.asarray(driven[:, 1]),
        chemistry=jnp.asarray(np.eye(len(CHEMISTRIES))[kind]),
        regeneration_mode=jnp.asarray(np.eye(len(REGENERATION_MODES))[mode]),
    )


def _numbers(rows: Sequence[Mapping[str, str]], name: str) -> Float[Array, "row"]:
    texts = [(row.get(name) or "").strip() for row in rows]
    return jnp.asarray(np.array([float(text) if text else np.nan for text in texts]))
