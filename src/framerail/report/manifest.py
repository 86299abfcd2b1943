"""What a run was made of: enough to repeat it."""

import datetime
import platform
import sys
from importlib.metadata import version
from typing import Any

import jax

from framerail.report.checkpoint import code_hash, run_key
from framerail.report.sources import Assumption, bibliography
from framerail.report.view import View

PACKAGES = (
    "equinox",
    "jax",
    "jaxlib",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "pydantic",
    "scipy",
)
"""Packages whose versions can move a figure or a file."""


def manifest(view: View, inputs: list[Assumption]) -> dict[str, Any]:
    """Version, hashes, seed, dates, packages, sources, platform and timings of a run."""
    study, about = view.study, view.scenario.about
    draws = study.draws
    return {
        "framerail": version("framerail"),
        "code_sha256": code_hash(),
        "scenario": about.name,
        "as_of": about.as_of,
        "draws": draws.draws,
        "usable_draws": int(draws.valid.sum()),
        "seed": draws.seed,
        "run_key": run_key(view.scenario, draws.draws, draws.seed),
        "inputs_sha256": dict(view.scenario.inputs),
        "sources": [{"source": text, "inputs": count} for text, count in bibliography(inputs)],
        "assumed_inputs": sum(entry.assumed for entry in inputs),
        "packages": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": str(jax.devices()[0].device_kind),
        "command": sys.argv[1:],
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": {name: round(value, 2) for name, value in study.seconds.items()},
    }
