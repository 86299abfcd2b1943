"""`framerail structures`: reads the scenario under each bundled structure, compares, writes."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from rich.console import Console

from framerail.report.checkpoint import program_store
from framerail.report.structure_console import structures_summary
from framerail.report.structure_tables import structure_tables
from framerail.scenario import Scenario
from framerail.scenario_file import read_scenario
from framerail.scenario_file.layers import is_leaf
from framerail.studies import Progress, Structures
from framerail.studies import structures as compare
from framerail.studies.outside_options import Alternatives

VARIANTS = {
    "all upfront": "deal-upfront",
    "milestones": "deal-milestones",
    "equity": "deal-equity",
}
"""Bundled structures: name, and the part that is laid over the scenario's own term sheet."""


OUTSIDE = {
    "own platform later": "outside-own-platform",
    "Mitsubishi-based pickup": "outside-mitsubishi",
    "buy the estate": "outside-estate",
}
"""What the incumbent could do without the deal: name, and the part laid over the scenario."""
RESCUE = "outside-rescue"
"""What the start-up could do, as clauses of a term sheet."""


def _inline(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    return json.dumps(value)


def _settings(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Every value of a file as `path=value`."""
    for key, value in table.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and not is_leaf(value):
            yield from _settings(value, place)
        else:
            yield f"{place}={_inline(value)}"


def variant_settings(part: str) -> list[str]:
    """A bundled part as overrides of a scenario."""
    entry = resources.files("framerail").joinpath("scenarios", "parts", f"{part}.toml")
    return list(_settings(tomllib.loads(entry.read_text("utf-8"))))


def read_structures(name: str, overrides: Sequence[str] = ()) -> tuple[Scenario, dict[str, Any]]:
    """The scenario, and the same scenario under each bundled structure.

    Raises:
        ScenarioError: as `read_scenario`.
    """
    own = read_scenario(name, overrides)
    return own, {
        title: read_scenario(name, [*overrides, *variant_settings(part)])
        for title, part in VARIANTS.items()
    }


def read_alternatives(name: str, overrides: Sequence[str] = ()) -> Alternatives:
    """The scenario under what each side could do without the deal.

    Raises:
        ScenarioError: as `read_scenario`.
    """

    def under(part: str) -> Scenario:
        return read_scenario(name, [*overrides, *variant_settings(part)])

    return Alternatives({title: under(part) for title, part in OUTSIDE.items()}, under(RESCUE))


def run_structures(
    name: str,
    overrides: Sequence[str] = (),
    *,
    draws: int,
    seed: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Structures:
    """Compare a scenario's term sheet with the bundled structures; with `out`, write the tables.

    Raises:
        ScenarioError: as `read_scenario`.
        OSError: when `out` cannot be written; found before anything is computed.
    """
    own, variants = read_structures(name, overrides)
    if out is not None:
        Path(out).mkdir(parents=True, exist_ok=True)
    found = compare(
        own,
        variants,
        read_alternatives(name, overrides),
        draws=draws,
        seed=seed,
        programs=program_store(),
        progress=progress,
    )
    if out is not None:
        write_structures(found, out)
    return found


def write_structures(found: Structures, folder: str | Path) -> None:
    """One CSV file per table, and the answers in words (`structures.txt`)."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with (Path(folder) / "structures.txt").open("w", encoding="utf-8") as stream:
        Console(file=stream, width=80, color_system=None).print(structures_summary(found))
    for name, frame in structure_tables(found).items():
        frame.to_csv(Path(folder) / f"{name}.csv", index=False, lineterminator="\n")
