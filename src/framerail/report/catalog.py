"""What a scenario can name: the catalogs that come with the package, as tables for a terminal."""

import tomllib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from framerail.report.words import number
from framerail.scenario_file import (
    CATALOGS,
    bundled_cycles,
    bundled_scenarios,
    data_text,
    read_cycle,
    read_scenario,
    read_table,
)

MILES_PER_HOUR = 0.44704
MILE = 1609.344


def describe_catalog(name: str) -> Table:
    """A table of one catalog: trucks, plants, companies, policies, cycles or scenarios.

    Raises:
        ValueError: for any other name.
    """
    if name not in _MAKERS:
        raise ValueError(f"no catalog '{name}'; expected one of: {', '.join(_MAKERS)}")
    return _MAKERS[name]()


def _table(heading: str, *columns: str, numbers: tuple[int, ...] = ()) -> Table:
    made = Table(
        title=heading, title_justify="left", title_style="bold", box=None, pad_edge=False,
        header_style="dim", expand=True,
    )  # fmt: skip
    for place, name in enumerate(columns):
        # The last column takes what is left of the line; the first one may break.
        last = place == len(columns) - 1
        made.add_column(
            name,
            justify="right" if place in numbers else "left",
            overflow="ellipsis" if last else "fold",
            no_wrap=place > 0,
            ratio=1 if last else None,
            min_width=6,
            max_width=None if place else 30,
        )
    return made


def _text(value: Any) -> str:
    """A cell of a data table; nothing where it is blank."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    if isinstance(value, (int, float, np.integer, np.floating)):
        return number(float(value), 4)
    return str(value)


def _trucks() -> Table:
    made = _table("Trucks (range as labeled, or as claimed in parentheses)", "name", "kWh",
                  "range, mi", "kWh/100 mi", "as of", "source", numbers=(1, 2, 3))  # fmt: skip
    for _, row in read_table("vehicle/trucks.csv").iterrows():
        claimed = _text(row["claimed_range_mi"])
        made.add_row(
            str(row["name"]),
            _text(_first(row, ("gross_kwh", "usable_kwh"))),
            _text(row["label_range_mi"]) or (f"({claimed})" if claimed else ""),
            _text(row["label_combined_kwh_per_100mi"]),
            _text(row["as_of"]),
            _text(row["source"]),
        )
    return made


def _first(row: pd.Series, names: tuple[str, ...]) -> Any:
    for name in names:
        value = row.get(name)
        if value is not None and not pd.isna(value):
            return value
    return None


def _entries(table: str) -> dict[str, Any]:
    return tomllib.loads(data_text(CATALOGS[table]) or "")


def _shown(value: Any) -> str:
    """A catalog entry's value, a distribution by its middle: "52 to 68 truck/hour"."""
    if not isinstance(value, dict):
        return str(value)
    if "value" in value:
        return str(value["value"])
    for kind, arguments in value.items():
        if isinstance(arguments, list):
            if kind in ("lognormal", "normal"):
                if kind == "normal":
                    return f"{_bare(arguments[0])} ± {arguments[1]}"
                return f"{arguments[0]} ×/÷ {arguments[1]}"
            return f"{_bare(arguments[0])} to {arguments[-1]}"
    return ""


def _bare(value: Any) -> str:
    """The number of a text with a unit."""
    text = str(value)
    head = text.split(" ", 1)[0]
    return text if text.startswith("$") else head


def _dates(entry: Any) -> set[str]:
    """Every as-of date in a catalog entry."""
    if not isinstance(entry, dict):
        return set()
    mine = {str(entry["as_of"])} if "as_of" in entry else set()
    return mine.union(*(_dates(value) for value in entry.values()))


def _source(entry: Any) -> str:
    return str(entry.get("source", "")) if isinstance(entry, dict) else ""


def _plants() -> Table:
    made = _table("Plants", "name", "input", "value", "source")
    keys = ("plant_capacity", "other_output", "installed_capacity", "jobs_per_hour",
            "conversion_per_annual_truck", "labor_hours", "wage")  # fmt: skip
    for name, entry in _entries("plant.sites").items():
        for place, key in enumerate(keys):
            source = _source(entry[key]) or str(entry.get("source", ""))
            made.add_row("" if place else name, key.replace("_", " "), _shown(entry[key]), source)
    return made


def _companies() -> Table:
    made = _table("Companies", "name", "input", "value", "as of", "source")
    keys = ("cash", "net_cash", "free_cash_flow", "research_and_development", "tax_rate")
    for name, entry in _entries("deal.partners").items():
        shown = [key for key in keys if key in entry]
        for place, key in enumerate(shown):
            value = entry[key]
            public = str(value.get("as_of", "")) if isinstance(value, dict) else ""
            made.add_row(
                "" if place else name, key.replace("_", " "), _shown(value), public,
                _source(value) or str(entry.get("source", "")),
            )  # fmt: skip
    return made


def _policies() -> Table:
    made = _table("Policies", "name", "amount", "from", "to", "as of", "source")
    for name, entry in _entries("program.policy").items():
        amount = next(
            (entry[key] for key in ("amount", "cells", "price", "rate") if key in entry), ""
        )
        made.add_row(
            name,
            _shown(amount),
            _shown(entry.get("starts", "")),
            _shown(entry.get("ends", "")),
            max(_dates(entry), default=""),
            str(entry.get("source", "")),
        )
    return made


def _cycles() -> Table:
    made = _table("Drive cycles", "name", "seconds", "miles", "mean mph", "top mph", "source",
                  numbers=(1, 2, 3, 4))  # fmt: skip
    for name in bundled_cycles():
        speed = np.asarray(read_cycle(name).speed)
        made.add_row(
            name,
            f"{speed.size - 1}",
            f"{speed[1:].sum() / MILE:.2f}",
            f"{speed.mean() / MILES_PER_HOUR:.1f}",
            f"{speed.max() / MILES_PER_HOUR:.1f}",
            "EPA dynamometer schedule",
        )
    return made


def _scenarios() -> Table:
    made = _table("Scenarios", "name", "as of", "uncertain", "title", numbers=(2,))
    for name in bundled_scenarios():
        scenario = read_scenario(name)
        count = str(len(scenario.uncertainty))
        made.add_row(name, scenario.about.as_of, count, scenario.about.title)
    return made


_MAKERS: dict[str, Callable[[], Table]] = {
    "trucks": _trucks,
    "plants": _plants,
    "companies": _companies,
    "policies": _policies,
    "cycles": _cycles,
    "scenarios": _scenarios,
}
