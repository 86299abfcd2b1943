"""Numbers and paths as people read them. Nothing here computes a result."""

import math
from typing import Any

from framerail.scenario_file import leaf_schema

MINUS = "\N{MINUS SIGN}"

_SHOWN = {
    "J": ("kWh", 1 / 3.6e6, 0.0),
    "W": ("kW", 1e-3, 0.0),
    "K": ("°C", 1.0, -273.15),
    "m/s": ("mph", 1 / 0.44704, 0.0),
    "mile": ("mi", 1.0, 0.0),
    "s": ("s", 1.0, 0.0),
}
"""Unit in which a stored unit is shown: name, factor, offset."""

_PLURAL = {"truck": "trucks", "year": "years", "hour": "hours", "day": "days"}
_YEARS = (1950.0, 2100.0)
_SHARES = ((0.0, 1.0), (-1.0, 1.0), (-0.5, 2.0))
"""Bounds of the declared dates and of shares and rates, which have no unit of their own."""

_DROPPED = frozenset(
    "terms partners deck designs products preferences business policy timeline spend sites "
    "contents finance commercial survival".split()
)
"""Tables of a path that say nothing that the rest does not."""


def sign_of(value: float) -> str:
    """A minus sign for a negative value, nothing otherwise."""
    return MINUS if value < 0 else ""


def dollars(value: float) -> str:
    """An amount with three figures: "$1.24 billion", "−$310 million", "$45,400"."""
    size = abs(value)
    if size >= 999.5e6:
        return f"{sign_of(value)}${_figures(size / 1e9)} billion"
    if size >= 999_500:
        return f"{sign_of(value)}${_figures(size / 1e6)} million"
    if size >= 100 or size == 0:
        return f"{sign_of(float(round(value)))}${size:,.0f}"
    return f"{sign_of(value)}${size:.3g}" if size >= 0.01 else f"$0 ({value:.1g})"


def millions(value: float) -> str:
    """An amount in millions of dollars, for a column that says so."""
    shown = round(value / 1e6, 1 if abs(value) < 99.5e6 else 0)
    text = f"{abs(shown):,.1f}" if abs(value) < 99.5e6 else f"{abs(shown):,.0f}"
    return f"{sign_of(shown)}{text}"


def _figures(value: float, count: int = 3) -> str:
    """A positive number with `count` significant figures and thousands separators."""
    if value == 0:
        return "0"
    decimals = max(0, count - 1 - math.floor(math.log10(value) + 1e-12))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(value: float, count: int = 3) -> str:
    """A number with `count` significant figures; very small and very large ones as powers."""
    size = abs(value)
    if size != 0 and (size < 1e-4 or size >= 1e12):
        return f"{value:.{count}g}".replace("-", MINUS, 1) if value < 0 else f"{value:.{count}g}"
    return f"{sign_of(value)}{_figures(size, count)}"


def whole(value: float) -> str:
    """A count with thousands separators."""
    return f"{sign_of(float(round(value)))}{abs(round(value)):,}"


def percent(value: float) -> str:
    """A probability or share in whole percent; never "0%" or "100%" of what is not."""
    if 0 < value < 0.005:
        return "<1%"
    if 0.995 < value < 1:
        return ">99%"
    return f"{sign_of(value)}{abs(value) * 100:.0f}%"


def is_date(schema: dict[str, Any]) -> bool:
    """Whether a leaf is a calendar date in decimal years."""
    return _bounds(schema) == _YEARS


def _bounds(schema: dict[str, Any]) -> tuple[float, float] | None:
    first = schema.get("anyOf", [{}])[0]
    if "minimum" in first and "maximum" in first:
        return first["minimum"], first["maximum"]
    return None


def unit_name(unit: str) -> str:
    """A unit as a heading has it: "trucks/year", "$/kWh", "kWh"; nothing for a plain number."""
    if unit == "dimensionless":
        return ""
    if unit in _SHOWN:
        return _SHOWN[unit][0]
    top, slash, rest = unit.partition("/")
    return _PLURAL.get(top, top).replace("dollar", "$") + slash + rest.replace("dollar", "$")


def quantity(value: float, unit: str, schema: dict[str, Any] | None = None) -> str:
    """A value in the unit that people use: "113 kWh", "$400 million", "9%", "$35/kWh"."""
    bounds = _bounds(schema or {})
    if bounds == _YEARS:
        return f"{value:.2f}"
    if unit == "dimensionless":
        share = bounds in _SHARES
        return f"{number(value * 100)}%" if share else number(value)
    if unit == "dollar":
        return dollars(value)
    if unit == "1/year":
        return f"{number(value)} a year"
    if unit.startswith("dollar*year/"):
        return f"{dollars(value)} per {unit.partition('/')[2]} a year"
    if unit.startswith("dollar/"):
        return f"{dollars(value)}/{unit.partition('/')[2]}"
    if unit in _SHOWN:
        name, factor, offset = _SHOWN[unit]
        return f"{number(value * factor + offset)} {name}"
    return f"{number(value)} {unit_name(unit)}"


def at_path(path: str, value: float, unit: str = "") -> str:
    """A leaf's value as its own declaration says that it reads."""
    schema = leaf_schema(path)
    return quantity(value, schema.get("x-unit", unit or "dimensionless"), schema)


def meaning(path: str) -> str:
    """A leaf's declared meaning, one line."""
    return str(leaf_schema(path).get("description", "")).replace("\n", " ").replace("`", "")


def label(path: str, names: dict[str, str] | None = None) -> str:
    """A short name for a leaf: "Royalty · per unit", "Fisker · attainment".

    `names` replaces parts of the path, such as `start_up` by the company's name.
    """
    stage, *parts = path.split(".")
    kept = [part for part in parts if part not in _DROPPED] or parts or [stage]
    shown = [(names or {}).get(part, part.replace("_", " ")) for part in kept]
    text = " · ".join(shown)
    return text[:1].upper() + text[1:]


def title(name: str) -> str:
    """A name of a table or a clause as a heading: "alaska-awd" stays, words get a capital."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def date(decimal: float) -> str:
    """A decimal year by quarter: 2026.25 is "2026 Q2"."""
    quarter = min(int((decimal - math.floor(decimal)) * 4 + 1e-6) + 1, 4)
    return f"{math.floor(decimal)} Q{quarter}"


def listed(items: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
