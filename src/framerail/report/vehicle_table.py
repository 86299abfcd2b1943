"""`framerail vehicle`: catalog trucks or a CSV of designs in, a table of results out."""

import csv
import dataclasses
import difflib
import io
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table

from framerail.numerics.outcome import describe
from framerail.report.component_tables import read_component_estimate, row_estimates
from framerail.scenario_file import (
    Fault,
    ScenarioError,
    bundled_cycles,
    data_text,
    read_cycle,
    read_cycle_file,
    read_scenario,
    read_specification_defaults,
)
from framerail.studies import vehicle_batch
from framerail.vehicle import (
    OUTCOMES,
    DriveCycle,
    header_faults,
    specification,
    specification_faults,
)

Row = Mapping[str, str]
_SPARE = "cells after the last column"


@dataclasses.dataclass(frozen=True)
class VehicleResults:
    """What was simulated: a table for the terminal, the rows left out, the number of rows."""

    table: Table
    warnings: list[str]
    rows: int


def run_vehicles(
    names: Sequence[str], cycles: Sequence[str], out: str | None, skip_bad: bool = False
) -> VehicleResults:
    """Simulate catalog trucks, or every row of one CSV file, on drive cycles.

    A cycle is a bundled one or a CSV file (see `read_cycle_file`), whose name its columns bear.

    Raises:
        ScenarioError: with every bad name, cycle, column or cell; with `skip_bad` bad rows are
            left out and listed instead.
    """
    faults: list[Fault] = []
    traces = _traces(cycles, faults)
    is_file = len(names) == 1 and names[0].endswith(".csv")
    rows = _file_rows(names[0], faults) if is_file else _catalog_rows(names, faults)
    bad = {k: [*_ragged(row), *specification_faults([row])] for k, row in enumerate(rows)}
    told = [
        Fault(f"row {k + 1} ({row.get('name', '?')})", sentence.removeprefix("row 1, "))
        for k, row in enumerate(rows)
        for sentence in bad[k]
    ]
    warnings = [str(fault) for fault in told] if skip_bad else []
    faults += [] if skip_bad else told
    good = [row for k, row in enumerate(rows) if not bad[k]]
    if not good and not faults:
        faults.append(Fault(str(names[0]), "no row can be simulated"))
    if faults:
        raise ScenarioError("vehicle table", faults)
    frame = _simulated(good, traces)
    if out:
        _write(frame, Path(out))
    return VehicleResults(_terminal(frame), warnings, len(frame))


def _traces(cycles: Sequence[str], faults: list[Fault]) -> dict[str, DriveCycle]:
    """The named speed traces, in the order given."""
    found = {}
    for name in cycles:
        if name in bundled_cycles():
            found[name] = read_cycle(name)
        elif name.endswith(".csv"):
            trace, wrong = read_cycle_file(Path(name))
            faults += wrong
            found |= {} if trace is None else {_new_name(Path(name).stem, cycles): trace}
        else:
            told = f"bundled: {', '.join(bundled_cycles())}; or a CSV file"
            faults.append(Fault(f"--cycle {name}", "no such cycle", told))
    return found


def _new_name(stem: str, cycles: Sequence[str]) -> str:
    """A file's name for its columns, apart from those of bundled cycles and of the 55/45 mean."""
    return f"{stem}_file" if stem in (*cycles, "combined", "label") else stem


def _simulated(rows: Sequence[Row], traces: Mapping[str, DriveCycle]) -> pd.DataFrame:
    procedure = read_scenario("nissan-fisker").vehicle.procedure
    found = vehicle_batch(
        specification(rows),
        read_specification_defaults(),
        traces,
        procedure,
        row_estimates(rows, read_component_estimate()),
    )
    masks = found.pop("outcome").tolist()
    ordered = {name: found[name] for name in _order(found, traces)}
    frame = pd.DataFrame({"name": [row["name"] for row in rows], **ordered})
    sixty = [entry.name for entry in OUTCOMES].index("sixty_not_reached")
    missed = np.asarray([mask >> sixty & 1 for mask in masks], dtype=bool)
    frame["zero_to_sixty_s"] = frame["zero_to_sixty_s"].mask(missed)
    told = [" ".join(entry.name for entry in describe(mask, OUTCOMES)) or "ok" for mask in masks]
    return frame.assign(outcome=told)


def _order(columns: Collection[str], traces: Collection[str]) -> list[str]:
    """Columns cycle by cycle, then combined, label and sprint, bounds, audit."""
    wall = [f"{name}_wall_kwh_per_100mi" for name in (*traces, "combined")]
    energy = [name.replace("_wall_", kind) for name in wall for kind in ("_wall_", "_dc_")]
    label = [f"label_{part}_kwh_per_100mi" for part in ("city", "highway", "combined")]
    bounds = [f"{name}_{end}" for name in wall for end in ("p05", "p95")]
    wanted = [*energy, *label, "label_range_mi", "zero_to_sixty_s", *bounds]
    placed = [name for name in wanted if name in columns]
    return [*placed, *sorted(set(columns) - set(placed))]


def _ragged(row: Row) -> list[str]:
    """A row with more cells than the header has columns."""
    more = row.get(_SPARE)
    return [f"row 1, after the last column: '{more}' has no heading"] if more else []


def _catalog_rows(names: Sequence[str], faults: list[Fault]) -> list[Row]:
    lines = (data_text("vehicle/trucks.csv") or "").splitlines()
    table = csv.DictReader(line for line in lines if not line.startswith("#"))
    catalog = {row["name"]: row for row in table}
    for name in names:
        if name not in catalog:
            near = difflib.get_close_matches(name, catalog, n=1, cutoff=0.3)
            hint = f"nearest: '{near[0]}'" if near else "see framerail list trucks"
            faults.append(Fault(name, "no such truck", hint))
    return [catalog[name] for name in names if name in catalog]


def _file_rows(name: str, faults: list[Fault]) -> list[Row]:
    text = Path(name).read_text("utf-8-sig")
    table = csv.DictReader(io.StringIO(text), restkey=_SPARE)
    rows: list[Row] = [{key.strip(): _joined(value) for key, value in row.items()} for row in table]
    heading = [column.strip() for column in table.fieldnames or []]
    found = header_faults(heading) if rows else ("no rows; give a header and rows",)
    faults += [Fault(name, sentence) for sentence in found]
    return [] if found else rows


def _joined(value: str | list[str] | None) -> str:
    return ", ".join(value) if isinstance(value, list) else value or ""


def _write(frame: pd.DataFrame, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    frame.to_csv(part, index=False)
    os.replace(part, path)


def _terminal(frame: pd.DataFrame) -> Table:
    shown = [
        ("label_combined_kwh_per_100mi", "kWh/100 mi", "{:.1f}"),
        ("label_range_mi", "range, mi", "{:.0f}"),
        ("zero_to_sixty_s", "0-60, s", "{:.1f}"),
        ("audit_residual", "audit", "{:.0e}"),
    ]
    energy = [c for c in frame.columns if c.endswith("_wall_kwh_per_100mi")][:3]
    shown = [(c, c.split("_")[0], "{:.1f}") for c in energy] + shown
    shown = [entry for entry in shown if entry[0] in frame.columns]
    table = Table(title="Wall energy by cycle, kWh/100 mi; EPA label", box=None)
    table.add_column("name")
    for _, heading, _ in shown:
        table.add_column(heading, justify="right")
    table.add_column("outcome")
    for record in frame.to_dict("records"):
        cells = [
            "-" if pd.isna(record[column]) else form.format(record[column])
            for column, _, form in shown
        ]
        table.add_row(str(record["name"]), *cells, str(record["outcome"]))
    return table
