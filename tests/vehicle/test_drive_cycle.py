import runpy
from pathlib import Path

import numpy as np
import pytest

from framerail.vehicle import drive_cycle, steady_cycle

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))


@pytest.mark.parametrize(
    ("name", "seconds", "miles", "top_mph"),
    [("udds", 1369, 7.45, 56.7), ("hwfet", 765, 10.26, 59.9), ("us06", 600, 8.01, 80.3)],
)
def test_bundled_cycles_have_the_regulation_length(name, seconds, miles, top_mph):
    speed = np.asarray(READING["cycle"](name).speed)
    assert speed.size - 1 == seconds
    assert speed.sum() / 1609.344 == pytest.approx(miles, abs=0.01)
    assert speed.max() / 0.44704 == pytest.approx(top_mph, abs=1e-9)
    assert speed[0] == speed[-1] == 0.0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (([1.0],), "two speeds"),
        (([1.0, -1.0],), "negative"),
        (([1.0, np.nan],), "finite"),
        (([1.0, 2.0], 0.0), "time step"),
        (([1.0, 2.0], 1.0, [0.0]), "grade"),
    ],
)
def test_impossible_cycles_are_refused(arguments, word):
    with pytest.raises(ValueError, match=word):
        drive_cycle(*arguments)


def test_steady_cycle_covers_its_duration():
    cycle = steady_cycle(20.0, 100.0, 0.5)
    assert cycle.speed.shape == (201,)
    assert float(cycle.time_step) == 0.5
