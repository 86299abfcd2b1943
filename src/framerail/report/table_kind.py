"""What a table of a run is: its name, its meaning and the meaning of every column."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from framerail.report.spread import Spread, spread
from framerail.report.view import View

SPREAD_COLUMNS = {
    "mean": "mean over usable draws",
    "p10": "10th percentile of usable draws",
    "p50": "median of usable draws",
    "p90": "90th percentile of usable draws",
}
"""Columns that many tables share."""


@dataclasses.dataclass(frozen=True)
class TableKind:
    """One CSV file of a run; `columns` maps every column to its meaning, unit included."""

    name: str
    meaning: str
    columns: dict[str, str]
    make: Callable[[View], Iterable[Sequence[Any]]]

    def frame(self, view: View) -> pd.DataFrame:
        """The table of one study; rows in the order of `columns`."""
        return pd.DataFrame(list(self.make(view)), columns=pd.Index(list(self.columns)))


def spread_row(values: np.ndarray) -> tuple[float, float, float, float]:
    """The cells of `SPREAD_COLUMNS`."""
    found: Spread = spread(values)
    return found.mean, found.p10, found.p50, found.p90


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as dictionaries by column."""
    return [
        dict(zip(frame.columns, row, strict=True))
        for row in frame.itertuples(index=False, name=None)
    ]
