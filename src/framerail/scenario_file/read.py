"""Read, complete and validate one scenario."""

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import TypeAdapter
from scipy.stats import qmc

from framerail.market import NODE_DIMENSION
from framerail.program import Timeline
from framerail.scenario import TABLES, Scenario, UncertainLeaf, leaf_paths
from framerail.scenario_file.bundle import data_text, read_cycle, read_table
from framerail.scenario_file.faults import Fault, ScenarioError
from framerail.scenario_file.layers import apply_overrides, load, use_catalogs
from framerail.scenario_file.leaves import Leaves
from framerail.scenario_file.schema import SCHEMA
from framerail.scenario_file.source_text import SourceText
from framerail.scenario_file.validation import validated
from framerail.vehicle import SpecificationDefaults

_FIRST_QUARTER, _LAST_YEAR = 2024.0, 2037.0
_BUYER_SEED = 2024


def _as_of(raw: Mapping[str, Any], source: SourceText) -> datetime.date | None:
    about = raw.get("about")
    text = about.get("as_of") if isinstance(about, Mapping) else None
    try:
        return datetime.date.fromisoformat(str(text))
    except ValueError:
        if text is not None:
            fault = Fault(source.place("about.as_of"), f"'{text}' is no date")
            source.faults.append(dataclasses.replace(fault, hint="expected such as 2024-03-01"))
        return None


def _years_on_sale(timeline: Timeline) -> tuple[float, float]:
    """From the planned start of production to the end that a delay may carry it to."""
    slip = timeline.delay_carried_to_end * timeline.slip
    last = np.ceil(float(timeline.planned_end_of_production + slip))
    return np.floor(float(timeline.planned_start_of_production)), min(last, _LAST_YEAR)


def _buyer_nodes(count: int) -> np.ndarray:
    """The designed rule of that many buyers if the market's table has one, else Sobol' points."""
    table = read_table("market/buyers.csv")
    designed = np.asarray(table["rule"] == count)
    if designed.any():
        mark_and_weight = ["opposed", "weight"]
        scores = [name for name in table.columns if name not in ("rule", *mark_and_weight)]
        return np.asarray(table[scores + mark_and_weight], dtype=float)[designed]
    points = qmc.Sobol(NODE_DIMENSION, scramble=True, rng=_BUYER_SEED).random(count)
    return np.clip(points, 1e-9, 1 - 1e-9)


def read_scenario(name: str | Path, overrides: Sequence[str] = (), *, buyers: int = 64) -> Scenario:
    """Read, complete and validate a scenario.

    **Arguments:** `name` is a bundled name (`"nissan-fisker"`) or the path of a TOML file;
    `overrides` are texts `path=value` as on the command line; `buyers` is the number of
    buyers of the market stage: 64, 128 or 256 have a designed rule (error of an entrant's volume
    about 1 %), another power of two gives Sobol' points.

    Raises:
        ScenarioError: with every fault found, each with its place and cure.
    """
    source = SourceText()
    raw = load(str(name), None, source, "scenario")
    schema = raw.pop("schema", None)
    if raw and schema != SCHEMA:
        source.faults.append(Fault("schema", f"{schema} is not this format", f"expected {SCHEMA}"))
    apply_overrides(raw, overrides, source)
    use_catalogs(raw, source)
    if not raw:
        raise ScenarioError(str(name), source.faults or [Fault(str(name), "the file is empty")])
    reading = Leaves(source, _as_of(raw, source))
    clean = reading.strip(raw, "", "")
    tables = validated(clean, source)
    if source.faults:
        raise ScenarioError(str(name), source.faults)
    return _assemble(tables, reading, source, buyers)


def _assemble(tables: dict[str, Any], reading: Leaves, source: SourceText, buyers: int) -> Scenario:
    uncertain = tuple(
        UncertainLeaf(path, marker.distribution, str(marker.unit))
        for path, marker in sorted(reading.uncertain.items())
        if marker.distribution is not None
    )
    return Scenario(
        **tables,
        cycles={cycle: read_cycle(cycle) for cycle in ("udds", "hwfet", "us06")},
        buyer_nodes=jnp.asarray(_buyer_nodes(buyers)),
        start_of_quarter=jnp.asarray(np.arange(_FIRST_QUARTER, _LAST_YEAR + 1, 0.25)),
        model_year=jnp.asarray(np.arange(*_years_on_sale(tables["program"].timeline))),
        uncertainty=uncertain,
        provenance=tuple(sorted(reading.provenance, key=lambda entry: entry.path)),
        inputs=source.hashes(),
    )


def scenario_values(scenario: Scenario) -> dict[str, float]:
    """Point value of every scalar leaf of the six tables, by path."""
    trees = {name: getattr(scenario, name) for name in TABLES}
    values = [float(value) for value in jax.tree_util.tree_leaves(trees)]
    return dict(zip(leaf_paths(trees), values, strict=True))


def read_specification_defaults() -> SpecificationDefaults:
    """The numbers by which a table row of a vehicle is completed, at their medians."""
    source = SourceText()
    relative = "vehicle/defaults.toml"
    raw = source.read(f"data/{relative}", data_text(relative) or "")
    clean = Leaves(source, None).strip(raw, "defaults", "")
    return TypeAdapter(SpecificationDefaults).validate_python(clean)
