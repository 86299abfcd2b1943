"""Every input with its value, unit, distribution and source; the bibliography of a run."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from framerail.distributions import Distribution, argument_names
from framerail.report.table_kind import TableKind
from framerail.report.view import View
from framerail.report.words import at_path, label, meaning, quantity
from framerail.scenario import Provenance, Scenario, UncertainLeaf
from framerail.scenario_file import leaf_schema, scenario_values

ASSUMED = "assumed"
"""How the source of a judgment begins."""


@dataclasses.dataclass(frozen=True)
class Assumption:
    """One input as it is shown: text of its value, its distribution in words, its source."""

    path: str
    label: str
    meaning: str
    value: float | str
    unit: str
    shown: str
    distribution: str
    low: float | None
    high: float | None
    source: str
    as_of: str
    file: str

    @property
    def assumed(self) -> bool:
        """Whether the value is a judgment, as against a published figure."""
        return self.source.lower().startswith(ASSUMED)


def assumptions(view: View) -> list[Assumption]:
    """Every input of the scenario by path, choices included."""
    scenario = view.scenario
    values = scenario_values(scenario)
    uncertain = {leaf.path: leaf for leaf in scenario.uncertainty}
    found = []
    for record in scenario.provenance:
        if record.path in values:
            leaf = uncertain.get(record.path)
            found.append(_number(record, values[record.path], leaf, view.names))
        else:
            found.append(_choice(record, scenario, view.names))
    return found


def _number(
    record: Provenance, value: float, leaf: UncertainLeaf | None, names: dict[str, str]
) -> Assumption:
    path, schema = record.path, leaf_schema(record.path)
    unit = schema.get("x-unit", leaf.unit if leaf else "")
    distribution, low, high = "", None, None
    if leaf is not None:
        low, high = (float(x) for x in leaf.distribution.quantile(np.asarray([0.1, 0.9])))
        distribution = in_words(leaf.distribution, unit, schema)
    return Assumption(
        path=path,
        label=label(path, names),
        meaning=meaning(path),
        value=value,
        unit=unit,
        shown=at_path(path, value, unit),
        distribution=distribution,
        low=low,
        high=high,
        source=record.source,
        as_of=record.as_of,
        file=record.file,
    )


def _choice(record: Provenance, scenario: Scenario, names: dict[str, str]) -> Assumption:
    node: Any = scenario
    for part in record.path.split("."):
        node = node.get(part, "") if isinstance(node, dict) else getattr(node, part, "")
    text = str(node)
    return Assumption(
        path=record.path,
        label=label(record.path, names),
        meaning=meaning(record.path),
        value=text,
        unit="",
        shown=text,
        distribution="",
        low=None,
        high=None,
        source=record.source,
        as_of=record.as_of,
        file=record.file,
    )


def in_words(distribution: Distribution, unit: str, schema: dict[str, Any]) -> str:
    """A distribution as written: "triangular: low $50 million, mode $150 million, ..."."""
    parts = []
    for name, value in zip(argument_names(distribution.kind), distribution.arguments, strict=True):
        text = f"{value:.3g}" if name == "factor" else quantity(float(value), unit, schema)
        parts.append(f"{name} {text}")
    return f"{distribution.kind}: {', '.join(parts)}"


def bibliography(found: list[Assumption]) -> list[tuple[str, int]]:
    """Every source with the number of inputs that it gives, judgments left out."""
    counts = Counter(entry.source for entry in found if not entry.assumed)
    return sorted(counts.items())


def _rows(view: View) -> Iterator[tuple[Any, ...]]:
    for entry in assumptions(view):
        yield dataclasses.astuple(entry)


ASSUMPTION_TABLE = TableKind(
    "assumptions",
    "Every input of the scenario.",
    {
        "path": "path in the scenario",
        "label": "short name",
        "meaning": "declared meaning",
        "value": "point value in the stored unit (the median of a distribution), or a choice",
        "unit": "stored unit",
        "shown": "the value as people write it",
        "distribution": "distribution as written; empty for a fixed value",
        "p10": "10th percentile in the stored unit; empty for a fixed value",
        "p90": "90th percentile in the stored unit; empty for a fixed value",
        "source": "source, or text that starts with assumed",
        "as_of": "day on which the fact became public, where the file gives it; never later than "
        "the scenario's date",
        "file": "file that gave the value",
    },
    _rows,
)
