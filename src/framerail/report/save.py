"""The files of a run, written beside their place and moved into it when all are complete."""

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import jax

from framerail.report.checkpoint import FolderStore, program_store, run_key
from framerail.report.document import document
from framerail.report.draws import write_draws
from framerail.report.manifest import manifest
from framerail.report.sources import assumptions
from framerail.report.summary import summary
from framerail.report.tables import tables
from framerail.report.view import View, view
from framerail.scenario import Scenario
from framerail.studies import Progress, Study, study

WORK = ".partial"
"""Folder, inside the run's, of finished draws and of files not yet complete."""
FILES = {
    "report": "report.html",
    "summary": "summary.json",
    "tables": "tables",
    "draws": "draws.parquet",
    "manifest": "manifest.json",
}
"""What a run leaves, by name; the manifest comes last, so a folder that has one is complete."""
STEP = "Writing the report"


def run_scenario(
    scenario: Scenario,
    folder: str | Path,
    *,
    draws: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> tuple[Study, dict[str, str]]:
    """Study a scenario and save the run; finished draws of an interrupted run are taken up.

    **Arguments:** `folder` gets the files; `draws` and `seed` default to the scenario's.

    Returns:
        The study, and the path of every file by name (see `save_run`).
    """
    work = Path(folder) / WORK
    count = draws or scenario.about.draws
    start = scenario.about.seed if seed is None else seed
    store = FolderStore(work / "draws", run_key(scenario, count, start))
    try:
        found = study(
            scenario,
            draws=count,
            seed=start,
            store=store,
            programs=program_store(),
            progress=progress,
        )
        return found, save_run(found, folder, progress)
    finally:
        _remove_if_empty(work / "draws", work, Path(folder))


def save_run(study: Study, folder: str | Path, progress: Progress | None = None) -> dict[str, str]:
    """Write the report, the tables, the draws and the manifest of a study.

    Everything is written to a working folder first and moved when complete; an interrupted call
    leaves the folder as it was.

    Returns:
        Path by name: `report`, `summary`, `tables`, `draws`, `manifest`.
    """
    place = Path(folder)
    unfinished = place / WORK / "files"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    # As NumPy arrays: tables slice them thousands of times.
    plain = dataclasses.replace(
        study, point=jax.device_get(study.point), books=jax.device_get(study.books)
    )
    try:
        _write(view(plain), unfinished, progress or (lambda *_: None))
        _publish(unfinished, place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        _remove_if_empty(place / WORK, place)
    shutil.rmtree(place / WORK, ignore_errors=True)
    return {name: str(place / file) for name, file in FILES.items()}


def _write(of: View, folder: Path, tell: Progress) -> None:
    tell(STEP, 0, len(FILES))
    found = tables(of)
    (folder / FILES["tables"]).mkdir()
    for name, frame in found.items():
        frame.to_csv(folder / FILES["tables"] / f"{name}.csv", index=False, lineterminator="\n")
    tell(STEP, 1, len(FILES))
    write_draws(of, folder / FILES["draws"])
    tell(STEP, 2, len(FILES))
    inputs = assumptions(of)
    record = manifest(of, inputs)
    (folder / FILES["manifest"]).write_text(as_json(record), "utf-8")
    headline = summary(of)
    (folder / FILES["summary"]).write_text(as_json(headline), "utf-8")
    tell(STEP, 3, len(FILES))
    page = document(of, headline, found, inputs, record)
    (folder / FILES["report"]).write_text(page, "utf-8")
    tell(STEP, len(FILES), len(FILES))


def as_json(value: Any) -> str:
    """JSON text; refuses anything that is not a finite number."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _publish(unfinished: Path, place: Path) -> None:
    """Move complete files into place: renames only, so that no reader meets half a file."""
    (place / FILES["manifest"]).unlink(missing_ok=True)
    old = unfinished / "replaced"
    if (place / FILES["tables"]).exists():
        os.replace(place / FILES["tables"], old)
    for file in FILES.values():
        os.replace(unfinished / file, place / file)


def _remove_if_empty(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


__all__ = ["FILES", "run_scenario", "save_run"]
