"""A run that is really interrupted: nothing half-written, and finished draws are taken up."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

MARK = 123.456


def started(place, cache):
    command = [sys.executable, "-m", "framerail", "run", "nissan-fisker"]
    return subprocess.Popen(
        [*command, "--draws", "128", "--out", str(place)],
        env=os.environ | {"JAX_COMPILATION_CACHE_DIR": str(cache), "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def first_chunk(place, run):
    """The first finished chunk of a run, as soon as it is there."""
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline and run.poll() is None:
        found = sorted(place.glob(".partial/draws/*/00000.npz"))
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(run.communicate()[0])


@pytest.mark.skipif(os.name == "nt", reason="interrupts differ on Windows")
def test_an_interrupted_run_resumes(tmp_path):
    place, cache = tmp_path / "out", tmp_path / "cache"
    run = started(place, cache)
    chunk = first_chunk(place, run)
    run.send_signal(signal.SIGINT)
    told, _ = run.communicate(timeout=300)
    assert run.returncode != 0
    assert "Traceback" not in told
    assert [entry.name for entry in place.iterdir()] == [".partial"]

    # A mark in the kept chunk shows that the second run reads it and does not compute it again.
    with np.load(chunk) as kept:
        arrays = [kept[f"arr_{k}"] for k in range(len(kept.files))]
    arrays[0] = np.full_like(arrays[0], MARK)
    np.savez(chunk, *arrays)
    run = started(place, cache)
    told, _ = run.communicate(timeout=400)
    assert run.returncode == 0, told
    assert {entry.name for entry in place.iterdir()} == {
        "draws.parquet", "manifest.json", "report.html", "summary.json", "tables",
    }  # fmt: skip
    draws = pd.read_parquet(place / "draws.parquet")
    marked = (draws == MARK).any(axis=1)
    assert marked[:64].all()
    assert not marked[64:].any()
