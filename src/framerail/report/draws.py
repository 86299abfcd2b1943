"""The draws as one table: inputs by path and figures by name, with their units."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from framerail.report.view import UNITS, View, axis_names

_LEFT_OUT = ("free_cash_flow", "default_with", "default_without")
"""Quarterly figures: their spread is in the tables."""


def columns_of(view: View) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name, unit and values of every column."""
    study = view.study
    yield "draw", "dimensionless", np.arange(study.draws.draws)
    yield "usable", "dimensionless", study.draws.valid
    for place, leaf in enumerate(view.scenario.uncertainty):
        yield leaf.path, leaf.unit, study.draws.inputs[:, place]
    for field, unit in UNITS.items():
        if field in _LEFT_OUT or field == "fatal":
            continue
        values = np.asarray(getattr(study.draws.outputs, field))
        axes = axis_names(view, field)
        for index in np.ndindex(values.shape[1:]):
            parts = [axis[place] for axis, place in zip(axes, index, strict=True)]
            yield ".".join((field, *parts)), unit, values[(slice(None), *index)]


def write_draws(view: View, file: Path) -> None:
    """Write the draws as Parquet; every column's metadata holds its unit."""
    fields, arrays = [], []
    for name, unit, values in columns_of(view):
        array = pa.array(values)
        fields.append(pa.field(name, array.type, metadata={"unit": unit}))
        arrays.append(array)
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), file)
