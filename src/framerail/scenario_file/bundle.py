"""The files that come with the package: scenarios, catalogs, data tables, speed traces."""

import csv
import functools
from importlib import resources

import jax.numpy as jnp
import pandas as pd

from framerail.vehicle import DriveCycle, drive_cycle


def bundled_scenarios() -> list[str]:
    """Names of the scenarios that come with the package."""
    folder = resources.files("framerail") / "scenarios"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def data_text(relative: str) -> str | None:
    """Text of a file under `data/`, or None."""
    entry = resources.files("framerail").joinpath("data", *relative.split("/"))
    return entry.read_text("utf-8") if entry.is_file() else None


def read_table(relative: str) -> pd.DataFrame:
    """One of the package's data tables by its path under `data/`, comments skipped."""
    entry = resources.files("framerail").joinpath("data", *relative.split("/"))
    with entry.open("r", encoding="utf-8") as stream:
        return pd.read_csv(stream, comment="#")


def read_rows(relative: str) -> list[dict[str, str]]:
    """Rows of a data table as text, comments skipped: blanks stay blank."""
    lines = (data_text(relative) or "").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@functools.cache
def read_cycle(name: str) -> DriveCycle:
    """A bundled speed trace: udds, hwfet, us06."""
    table = read_table(f"vehicle/cycles/{name}.csv")
    miles_per_hour = 0.44704
    return drive_cycle(jnp.asarray(table["speed_mph"].to_numpy(float) * miles_per_hour))


def bundled_cycles() -> list[str]:
    """Names of the speed traces that come with the package."""
    folder = resources.files("framerail").joinpath("data", "vehicle", "cycles")
    return sorted(entry.name[:-4] for entry in folder.iterdir() if entry.name.endswith(".csv"))
