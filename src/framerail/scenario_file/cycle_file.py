"""A speed trace of the user's: a CSV of time and speed, every fault told with row and column."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from framerail.scenario_file.faults import Fault
from framerail.vehicle import DriveCycle, drive_cycle

SPEEDS: Mapping[str, float] = {"speed_mph": 0.44704, "speed_kmh": 1.0 / 3.6, "speed_mps": 1.0}
"""Columns of speed and their m/s; a file has one of them."""
FASTEST = 120.0
"""Speed (m/s) above which a unit is surely mistaken."""
_STEEPEST = 0.5
_EVEN = 1e-6


def read_cycle_file(path: Path) -> tuple[DriveCycle | None, list[Fault]]:
    """A drive cycle from columns `time_s`, one of `SPEEDS`, and if wanted `grade` (rise over run).

    Times must rise; where they are not even the trace is taken linear between them at 1 s.

    Returns:
        The cycle, or None with every fault of the file.

    Raises:
        OSError: when the file cannot be read.
    """
    table = csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))
    heading = [name.strip() for name in table.fieldnames or []]
    rows = [dict(zip(heading, row.values(), strict=False)) for row in table]
    told = _header_faults(heading) or [
        *_cell_faults(rows, heading),
        *(() if len(rows) > 1 else ("needs two rows at least",)),
    ]
    if told:
        return None, [Fault(str(path), sentence) for sentence in told]
    time = _column(rows, "time_s")
    unit = next(name for name in SPEEDS if name in heading)
    speed = _column(rows, unit) * SPEEDS[unit]
    grade = _column(rows, "grade") if "grade" in heading else np.zeros_like(time)
    steps = np.diff(time)
    if np.ptp(steps) <= _EVEN * steps[0]:
        return drive_cycle(speed, float(steps[0]), grade), []
    even = np.arange(time[0], time[-1] + _EVEN, 1.0)
    if even.size < 2:
        return None, [Fault(str(path), "column time_s: uneven times need a second at least")]
    return drive_cycle(np.interp(even, time, speed), 1.0, np.interp(even, time, grade)), []


def _header_faults(heading: Sequence[str]) -> list[str]:
    found = [] if "time_s" in heading else ["column time_s: is missing; give seconds"]
    speeds = [name for name in SPEEDS if name in heading]
    if len(speeds) != 1:
        told = ", ".join(SPEEDS)
        what = "is missing" if not speeds else "is given in two units"
        found.append(f"column speed: {what}; give one of {told}")
    return found


def _cell_faults(rows: Sequence[Mapping[str, str]], heading: Sequence[str]) -> list[str]:
    found, before = [], -math.inf
    limits = {"time_s": (-math.inf, math.inf), "grade": (-_STEEPEST, _STEEPEST)}
    limits |= {name: (0.0, FASTEST / scale) for name, scale in SPEEDS.items()}
    for number, row in enumerate(rows, start=1):
        for name in (name for name in limits if name in heading):
            text = (row.get(name) or "").strip()
            value = _number(text)
            low, high = limits[name]
            if not math.isfinite(value):
                found.append(f"row {number}, column {name}: '{text}' is not a number")
            elif not low <= value <= high:
                span = f"{low:g} to {high:.4g}"
                found.append(
                    f"row {number}, column {name}: {text} is out of range; expected {span}"
                )
            elif name == "time_s":
                if value <= before:
                    found.append(f"row {number}, column time_s: {text} does not rise")
                before = max(before, value)
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _column(rows: Sequence[Mapping[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])
