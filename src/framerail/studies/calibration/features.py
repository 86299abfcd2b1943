"""What a row of a vehicle table says about its class: the terms of the hierarchical model.

The parameters of a car's components are the sum of one effect for each term below: the same for
all, by inverter and voltage class, by year, specific power, driven axles and weight (slopes), by
machine type, by manufacturer, by a manufacturer's machine type, and by model family. The last is
never known for a new car and only widens its interval.
"""

import math
from collections.abc import Mapping

from framerail.vehicle import OFFSETS

PARAMETERS: tuple[str, ...] = OFFSETS[:6]
"""Offsets that the measured tests inform; drag is taken as filed."""
TERMS: tuple[str, ...] = (
    "all",
    "silicon_carbide",
    "high_voltage",
    "model_year",
    "specific_power",
    "all_wheel",
    "test_weight",
    "machine",
    "manufacturer",
    "drive_system",
    "family",
)
"""Terms of the sum; the first seven are slopes, the others have one effect for each level."""
MANUFACTURERS: Mapping[str, str] = {
    "Audi": "Volkswagen",
    "Porsche": "Volkswagen",
    "Mini": "BMW",
    "Rolls-Royce": "BMW",
    "Smart": "Mercedes-Benz",
    "Kia": "Hyundai",
    "Genesis": "Hyundai",
    "Chevrolet": "GM",
    "Cadillac": "GM",
    "GMC": "GM",
    "Acura": "GM",
    "Lexus": "Toyota",
    "Subaru": "Toyota",
    "Polestar": "Volvo",
}
"""Makes that share another's drive systems; any other make is its own manufacturer."""
_WHEELS = {"rwd": -0.5, "fwd": -0.5, "2-wheel drive, front": -0.5, "2-wheel drive, rear": -0.5}
_REFERENCE_WEIGHT, _REFERENCE_POWER, _TYPICAL_POWER = 5_000.0, 0.075, 0.061


def manufacturer(make: str) -> str:
    """Who makes a make's drive systems."""
    return MANUFACTURERS.get(make.strip(), make.strip())


def _number(row: Mapping[str, str], name: str) -> float:
    text = str(row.get(name) or "").strip()
    return float(text) if text else math.nan


def _or(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value


def machine_type(row: Mapping[str, str]) -> str:
    """pm, induction, excited or pm+induction; blank: pm."""
    return str(row.get("machine") or "").strip().lower() or "pm"


def effects(row: Mapping[str, str]) -> dict[tuple[str, str], float]:
    """Weight of every (term, level) that a row has; the columns are those of `vehicle.columns`.

    Blanks: model year 2022, inverter and voltage between the classes, typical specific power.
    """
    weight = _or(_number(row, "etw_lb"), _number(row, "curb_lb") + 300.0)
    power = _or(_number(row, "rated_hp") / weight, _TYPICAL_POWER)
    year = _or(_number(row, "model_year"), 2022.0)
    volts = _or(_number(row, "volts"), _number(row, "nominal_voltage_v"))
    inverter = str(row.get("inverter") or "").strip().lower()
    found = {
        ("all", ""): 1.0,
        ("silicon_carbide", ""): {"sic": 0.5, "igbt": -0.5}.get(inverter, 0.0),
        ("high_voltage", ""): 0.0 if math.isnan(volts) else 0.5 if volts > 500.0 else -0.5,
        ("model_year", ""): min(max((year - 2022.0) / 4.0, -1.75), 1.0),
        ("specific_power", ""): min(max(math.log(power / _REFERENCE_POWER), -1.5), 1.5),
        ("all_wheel", ""): _WHEELS.get(str(row.get("drive") or "").strip().lower(), 0.5),
        ("test_weight", ""): math.log(weight / _REFERENCE_WEIGHT) / 0.25,
        ("machine", machine_type(row)): 1.0,
    }
    maker = manufacturer(str(row.get("make") or ""))
    if maker:
        found["manufacturer", maker] = 1.0
        found["drive_system", f"{maker}/{machine_type(row)}"] = 1.0
        found["family", f"{maker}/{row.get('family') or '?'}"] = 1.0
    return found
