"""`framerail validate vehicle`: audit, speed and modes."""

import functools
import io
import os

import pytest
from rich.console import Console

import framerail as fr
from framerail.report import validation
from framerail.report.validation import CHECKS
from framerail.studies.vehicle_speed import (
    VehicleSpeed,
    fastsim_seconds,
    median_seconds,
    on_one_core,
)


def test_the_audit_keeps_both_bars():
    double, single = CHECKS["energy-audit"]()
    assert double.bar == 1e-6
    assert single.bar == 1e-4
    assert double.passed
    assert single.passed
    assert double.figure < 1e-12 < single.figure


@pytest.mark.parametrize("peer", [None, ("3.1.0", 0.02)])
def test_speed_has_a_line_for_every_bar(monkeypatch, peer):
    spent = VehicleSpeed(one_design=0.8e-3, batched=1.0 / 64_000.0, gradient=11.0 / 64_000.0)
    monkeypatch.setattr(validation, "on_one_core", lambda work: work())
    monkeypatch.setattr(validation, "vehicle_speed", lambda: spent)
    monkeypatch.setattr(validation, "fastsim_seconds", lambda: peer)
    page = Console(file=io.StringIO(), width=80)
    page.print(fr.validate_vehicle(["speed"]))
    lines = [line.rstrip() for line in page.file.getvalue().splitlines()[2:]]
    assert max(map(len, lines)) <= 80
    told = {line.split("  ")[0]: line for line in lines}
    assert told["UDDS per s, 256 designs"].endswith("64,000 from 50,000 pass")
    assert told["one design, warm"].endswith("0.8 ms      1.5 ms pass")
    assert told["gradient over forward pass"].endswith("11          10 short")
    assert "not installed" in told["times FASTSim 2.1.5"]
    new = told["times FASTSim 3.1.0"]
    assert new.endswith("1,280  from 1,000 pass") if peer else "not installed" in new


def test_fastsim_is_timed_where_it_is_installed():
    pytest.importorskip("fastsim")
    version, seconds = fastsim_seconds(rounds=3)
    assert version[0] in "23"
    assert 1e-3 < seconds < 1.0


def test_a_process_of_its_own_has_one_core():
    cores = on_one_core(functools.partial(os.sched_getaffinity, 0))
    assert cores == {min(os.sched_getaffinity(0))}


def test_a_median_leaves_the_first_call_out():
    calls = []
    assert median_seconds(lambda: calls.append(1), rounds=5) < 1.0
    assert len(calls) == 6


def test_modes_stand_beside_the_two_certificates():
    lines = CHECKS["modes"]()
    assert [line.measured[:5] for line in lines] == ["0.984", "0.984", "0.999", "0.999"]
    assert all(line.bar is None and line.figure < 2.0 for line in lines)
