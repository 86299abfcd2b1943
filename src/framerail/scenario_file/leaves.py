"""Leaves of a scenario file: sources and dates are recorded, distributions become markers."""

import datetime
import difflib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from framerail.quantities import Uncertain
from framerail.scenario import Provenance
from framerail.scenario_file.bundle import data_text, read_table
from framerail.scenario_file.faults import Fault
from framerail.scenario_file.layers import LEAF_KEYS, is_leaf
from framerail.scenario_file.source_text import SourceText

RECORD_KEYS = frozenset({"source", "as_of", "note"})
"""Keys of any table that document it and are no inputs."""


class Leaves:
    """Strips records from the raw tree and turns written distributions into markers."""

    def __init__(self, source: SourceText, as_of: datetime.date | None) -> None:
        self.source = source
        self.as_of = as_of
        self.uncertain: dict[str, Uncertain] = {}
        self.provenance: list[Provenance] = []

    def strip(
        self, raw: Mapping[str, Any], path: str, inherited: str, public: str = ""
    ) -> dict[str, Any]:
        """The tree without records; `inherited` is the source of the table above, `public` the
        day on which its facts became known."""
        inherited, public = self._record(raw, path, inherited, public)
        clean: dict[str, Any] = {}
        for key, value in raw.items():
            if key in RECORD_KEYS and path != "about":
                continue
            here = f"{path}.{key}" if path else key
            if is_leaf(value):
                clean[key] = self._leaf(value, here, inherited, public)
            elif isinstance(value, Mapping):
                clean[key] = self.strip(value, here, inherited, public)
            else:
                clean[key] = value
                self._note(here, inherited, public)
        return clean

    def _record(
        self, raw: Mapping[str, Any], path: str, inherited: str, public: str
    ) -> tuple[str, str]:
        """Source and date of a table or leaf; a source of its own ends an inherited date."""
        own = str(raw.get("source", "")) if path else ""
        date = raw.get("as_of") if path not in ("", "about") else None
        if date is not None:
            self._check_date(date, f"{path}.as_of")
            return own or inherited, str(date)
        return own or inherited, "" if own else public

    def _check_date(self, text: Any, path: str) -> None:
        try:
            date = datetime.date.fromisoformat(str(text))
        except ValueError:
            self.source.faults.append(
                Fault(self.source.place(path), f"'{text}' is no date", "expected 2024-03-01")
            )
            return
        if self.as_of and date > self.as_of:
            self.source.faults.append(
                Fault(
                    self.source.place(path),
                    f"became public on {date}, after the scenario's date {self.as_of}",
                    "use a fact known at that date, or move about.as_of",
                )
            )

    def _leaf(self, value: Mapping[str, Any], path: str, inherited: str, public: str) -> Any:
        self._note(path, *self._record(value, path, inherited, public))
        kinds = sorted(LEAF_KEYS & value.keys())
        extra = value.keys() - LEAF_KEYS - RECORD_KEYS
        if len(kinds) != 1 or extra:
            expected = f"expected exactly one of {', '.join(sorted(LEAF_KEYS))}"
            self.source.faults.append(
                Fault(self.source.place(path), f"keys {', '.join(sorted(value))}", expected)
            )
            return next(iter(value[kind] for kind in kinds))
        kind = kinds[0]
        if kind == "value":
            return value["value"]
        arguments = value[kind] if kind != "from_table" else None
        if kind == "from_table":
            return self._from_table(value["from_table"], path)
        if not isinstance(arguments, list):
            self.source.faults.append(
                Fault(self.source.place(path), f"{kind} takes a list", "such as [low, high]")
            )
            return 0.0
        marker = Uncertain(kind, {kind: arguments})
        self.uncertain[path] = marker
        return marker

    def _from_table(self, reference: Any, path: str) -> Any:
        """`"folder/table.csv#name"`: a row with value, unit and, if uncertain, low and high."""
        relative, _, name = str(reference).partition("#")
        text = data_text(relative)
        if text is None:
            self.source.faults.append(
                Fault(self.source.place(path), f"no data table '{relative}'", "expected file#name")
            )
            return 0.0
        self.source.texts[f"data/{relative}"] = text
        table = read_table(relative).set_index("name")
        if name not in table.index:
            near = difflib.get_close_matches(name, table.index, n=1, cutoff=0.0)
            self.source.faults.append(
                Fault(self.source.place(path), f"no row '{name}' in {relative}", f"nearest: {near}")
            )
            return 0.0
        row = table.loc[name]
        self._check_date(row["as_of"], path)
        self._note(path, str(row["source"]), str(row["as_of"]))
        unit = str(row["unit"])
        if pd.isna(row["low"]) or pd.isna(row["high"]):
            return f"{row['value']} {unit}"
        marker = Uncertain(
            "triangular",
            {"triangular": [f"{row[key]} {unit}" for key in ("low", "value", "high")]},
        )
        self.uncertain[path] = marker
        return marker

    def _note(self, path: str, source: str, public: str = "") -> None:
        label = self.source.origin.get(path, "")
        text = source or ("given on the command line" if label == "--set" else f"given in {label}")
        self.provenance.append(Provenance(path, text, label, public))
