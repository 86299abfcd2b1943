"""A user's speed trace: units, uneven times, and every fault with row and column."""

import numpy as np
import pytest

from framerail.scenario_file import read_cycle, read_cycle_file


def read(tmp_path, text):
    path = tmp_path / "trace.csv"
    path.write_text(text)
    cycle, faults = read_cycle_file(path)
    return cycle, [str(fault) for fault in faults]


@pytest.mark.parametrize(("unit", "scale"), [("mph", 0.44704), ("kmh", 1 / 3.6), ("mps", 1.0)])
def test_a_trace_is_read_in_its_unit(tmp_path, unit, scale):
    cycle, faults = read(tmp_path, f"time_s, speed_{unit} ,grade\n5,0,0\n5.5,10,0.01\n6,20,0.02\n")
    assert faults == []
    assert np.asarray(cycle.speed) == pytest.approx(scale * np.array([0.0, 10.0, 20.0]))
    assert float(cycle.time_step) == 0.5
    assert np.asarray(cycle.grade).tolist() == [0.0, 0.01, 0.02]


def test_a_bundled_cycle_written_out_comes_back(tmp_path):
    udds = np.asarray(read_cycle("udds").speed)
    rows = "\n".join(f"{k},{float(v)!r}" for k, v in enumerate(udds))
    cycle, faults = read(tmp_path, f"time_s,speed_mps\n{rows}\n")
    assert faults == []
    assert np.array_equal(np.asarray(cycle.speed), udds)


def test_uneven_times_are_taken_at_one_second(tmp_path):
    cycle, _ = read(tmp_path, "time_s,speed_mps\n0,0\n2,4\n3,4\n7,0\n")
    assert np.asarray(cycle.speed) == pytest.approx([0.0, 2.0, 4.0, 4.0, 3.0, 2.0, 1.0, 0.0])
    assert float(cycle.time_step) == 1.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time_s,speed_mph\n0,0\n2,9\n1,9\n3,9\n", ["row 3, column time_s: 1 does not rise"]),
        ("time_s,speed_mph\n0,0\n1,9\n1,9\n", ["row 3, column time_s: 1 does not rise"]),
        ("time_s,speed_mph\n0,0\n1,nan\n2,-3\n", ["row 2, column speed_mph", "row 3, column"]),
        ("time_s,speed_mph\n0,0\n1,\n", ["row 2, column speed_mph: '' is not a number"]),
        ("time_s,speed_mph\n0,0\n1,30 mph\n", ["'30 mph' is not a number"]),
        ("time_s,speed_mps\n0,0\n1,300\n", ["300 is out of range; expected 0 to 120"]),
        ("time_s,speed_mph,grade\n0,0,0\n1,9,7\n", ["column grade: 7 is out of range"]),
        ("t,speed_mph\n0,0\n1,1\n", ["column time_s: is missing"]),
        ("time_s,speed\n0,0\n1,1\n", ["column speed: is missing; give one of speed_mph"]),
        ("time_s,speed_mph,speed_kmh\n0,0,0\n1,1,1\n", ["column speed: is given in two units"]),
        ("time_s,speed_mph\n0,0\n", ["needs two rows"]),
        ("time_s,speed_mph\n0,0\n0.1,1\n0.5,1\n", ["uneven times need a second"]),
    ],
)
def test_every_fault_is_told_with_its_place(tmp_path, text, told):
    cycle, faults = read(tmp_path, text)
    assert cycle is None
    assert len(faults) == len(told)
    for fault, expected in zip(faults, told, strict=True):
        assert expected in fault
        assert "trace.csv" in fault
