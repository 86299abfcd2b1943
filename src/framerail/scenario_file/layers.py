"""Layers of a scenario: what it extends, what the command line sets, what catalogs hold."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from framerail.distributions import DISTRIBUTIONS
from framerail.scenario_file.bundle import bundled_scenarios, data_text
from framerail.scenario_file.faults import Fault
from framerail.scenario_file.source_text import SourceText, mark_origin

CATALOGS = {
    "vehicle.designs": "vehicle/designs.toml",
    "market.products": "market/products.toml",
    "plant.sites": "plant/sites.toml",
    "program.policy": "program/policies.toml",
    "deal.partners": "deal/companies.toml",
}
"""Tables whose entries may `use` a named catalog entry, and the catalog's file."""

LEAF_KEYS = frozenset({"value", "from_table", *DISTRIBUTIONS})
"""Keys that make a table one value: a number with a record, or a distribution."""


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), dict) and not is_leaf(value):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def is_leaf(value: Any) -> bool:
    """Whether a table of a file is one value."""
    return isinstance(value, Mapping) and bool(LEAF_KEYS & value.keys())


def _open(
    name: str, folder: Path | None, source: SourceText, place: str
) -> tuple[str, str, Path | None]:
    """Label, text and folder of a scenario given as a bundled name or a path."""
    bundled = resources.files("framerail").joinpath("scenarios", *f"{name}.toml".split("/"))
    path = (folder / name) if folder else Path(name)
    if path.suffix == ".toml" and path.is_file():
        return str(path), path.read_text("utf-8"), path.parent
    if bundled.is_file():
        return f"{name}.toml", bundled.read_text("utf-8"), folder
    known = bundled_scenarios()
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"nearest: '{near[0]}'" if near else f"bundled: {', '.join(known)}; or a .toml file"
    source.faults.append(Fault(place, f"no scenario '{name}'", hint))
    return name, "", folder


def load(
    name: str, folder: Path | None, source: SourceText, place: str, seen: tuple[str, ...] = ()
) -> dict[str, Any]:
    """One file with everything that it extends, later files winning."""
    label, text, here = _open(name, folder, source, place)
    if label in seen:
        chain = " -> ".join((*seen, label))
        source.faults.append(Fault(place, f"circular extends: {chain}"))
        return {}
    raw = source.read(label, text)
    parents = raw.pop("extends", [])
    merged: dict[str, Any] = {}
    for parent in [parents] if isinstance(parents, str) else parents:
        merged = _merge(merged, load(parent, here, source, f"{label} extends", (*seen, label)))
    mark_origin(raw, label, source.origin)
    return _merge(merged, raw)


def apply_overrides(raw: dict[str, Any], overrides: Sequence[str], source: SourceText) -> None:
    """Write every `path=value` into the raw tree."""
    for text in overrides:
        path, sign, value = text.partition("=")
        place = f"--set {text}"
        if not sign or not path.strip():
            source.faults.append(Fault(place, "expected path=value, such as plant.chosen=smyrna"))
            continue
        try:
            parsed = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            parsed = value.strip()
        keys = path.strip().split(".")
        table: Any = raw
        for key in keys[:-1]:
            table = table.setdefault(key, {}) if isinstance(table, dict) else None
        if not isinstance(table, dict):
            source.faults.append(Fault(place, f"'{path}' goes through a value, not a table"))
            continue
        if isinstance(table.get(keys[-1]), dict) and not is_leaf(table[keys[-1]]):
            source.faults.append(Fault(place, f"'{path}' is a table, not a value"))
            continue
        table[keys[-1]] = parsed
        source.origin[".".join(keys)] = "--set"


def use_catalogs(raw: dict[str, Any], source: SourceText) -> None:
    """Replace `use = "name"` by the catalog entry beneath the table's own keys."""
    for path, relative in CATALOGS.items():
        table: Any = raw
        for key in path.split("."):
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict) or not any(
            isinstance(entry, dict) and "use" in entry for entry in table.values()
        ):
            continue
        label = f"data/{relative}"
        entries = source.read(label, data_text(relative) or "")
        for name, entry in table.items():
            if not isinstance(entry, dict) or "use" not in entry:
                continue
            wanted = entry.pop("use")
            if wanted not in entries:
                near = difflib.get_close_matches(str(wanted), entries, n=1, cutoff=0.0)
                source.faults.append(
                    Fault(source.place(f"{path}.{name}.use"), f"no catalog entry '{wanted}'",
                          f"nearest: '{near[0]}'" if near else "")
                )  # fmt: skip
                continue
            mine: dict[str, str] = {}
            mark_origin(entries[wanted], label, mine, f"{path}.{name}")
            source.origin.update({key: mine[key] for key in mine if key not in source.origin})
            table[name] = _merge(entries[wanted], entry)
