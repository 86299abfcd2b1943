import runpy
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import pytest

from framerail.vehicle import loaded_mass, usable_energy

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
INPUTS = READING["reference"]()
RWD, AWD = INPUTS.designs["alaska-rwd"], INPUTS.designs["alaska-awd"]


def put(tree, where, value):
    return eqx.tree_at(where, tree, jnp.asarray(value))


@pytest.mark.parametrize("name", ["alaska-rwd", "alaska-awd", "nissan-rwd", "nissan-awd"])
def test_reference_designs_have_no_fault(name):
    design = INPUTS.designs[name]
    parts = (design, design.road_load, design.front, design.rear, design.battery)
    parts = (*parts, design.battery.open_circuit, design.regeneration)
    assert [fault for part in parts for fault in part.faults()] == []


def test_road_load_of_both_kinds_or_none_is_a_fault():
    assert "twice" in put(RWD.road_load, lambda r: r.constant, 150.0).faults()[0]
    none = put(RWD.road_load, lambda r: r.drag_area, 0.0)
    none = put(none, lambda r: r.rolling_resistance, 0.0)
    assert "no resistance" in none.faults()[0]


def test_coast_down_with_spin_drag_counts_driveline_twice():
    measured = put(RWD, lambda d: d.road_load.reference_mass, 2400.0)
    assert "twice" in measured.faults()[0]


@pytest.mark.parametrize(
    ("where", "value", "word"),
    [
        (lambda d: d.rear.peak_torque, 0.0, "both"),
        (lambda d: d.battery.lower_buffer, 0.5, "exceeds"),
        (lambda d: d.battery.open_circuit.at_50, 0.5, "falls"),
        (lambda d: d.regeneration.full_speed, 0.1, "above"),
    ],
)
def test_inconsistent_parts_are_faults(where, value, word):
    broken = put(RWD, where, value)
    parts = (broken.rear, broken.battery, broken.battery.open_circuit, broken.regeneration)
    faults = [fault for part in parts for fault in part.faults()]
    assert len(faults) == 1
    assert word in faults[0]


def test_no_machine_is_a_fault():
    broken = put(RWD, lambda d: d.rear.peak_power, 0.0)
    assert "no machine" in broken.faults()[0]


def test_announced_energies_and_masses():
    assert float(usable_energy(RWD.battery)) / 3.6e6 == pytest.approx(75.0, abs=1.0)
    assert float(usable_energy(AWD.battery)) / 3.6e6 == pytest.approx(106.5, abs=1.0)
    assert float(loaded_mass(RWD) - RWD.mass) == pytest.approx(300 * 0.45359237)
