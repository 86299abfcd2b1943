import runpy
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from framerail.vehicle import COLUMNS, specification, specification_faults, usable_energy

READING = runpy.run_path(str(Path(__file__).parent / "reading.py"))
LIGHTNING = {
    "name": "lightning",
    "drive": "awd",
    "A_lbf": "36.21",
    "B_lbf_per_mph": "0.3396",
    "C_lbf_per_mph2": "0.03459",
    "etw_lb": "7000",
    "rated_hp": "580",
    "usable_kwh": "131",
    "axle_ratio": "9.6",
}


def test_every_fault_names_row_and_column():
    rows = [
        LIGHTNING,
        {**LIGHTNING, "etw_lb": "-3", "drive": "6x6"},
        {**LIGHTNING, "B_lbf_per_mph": "", "usable_kwh": "nan"},
        {"name": "", "chemistry": "lead", "rated_hp": "many"},
    ]
    faults = specification_faults(rows)
    expected = [
        "row 2, column drive",
        "row 2, column etw_lb",
        "row 3, column usable_kwh",
        "row 3, columns A_lbf",
        "row 4, column name",
        "row 4, column chemistry",
        "row 4, column rated_hp",
        "row 4, columns etw_lb, curb_lb",
    ]
    assert len(faults) == len(expected)
    for sentence, start in zip(faults, expected, strict=True):
        assert sentence.startswith(start)


def test_given_columns_are_used():
    design = READING["item"](READING["designs"]([LIGHTNING]), 0)
    assert design.faults() == ()
    assert design.road_load.faults() == ()
    assert float(design.road_load.constant) == pytest.approx(36.21 * 4.4482216)
    assert float(design.road_load.quadratic) == pytest.approx(0.03459 * 4.4482216 / 0.44704**2)
    assert float(design.mass + design.payload) == pytest.approx(7000 * 0.45359237)
    assert float(design.front.peak_power + design.rear.peak_power) == pytest.approx(580 * 745.69987)
    assert float(usable_energy(design.battery)) == pytest.approx(131 * 3.6e6)


def test_blanks_follow_the_rules():
    bare = {"name": "bare", "curb_lb": "6000", "drive": "rwd", "chemistry": "lfp"}
    design = READING["item"](READING["designs"]([bare]), 0)
    defaults = READING["defaults"]()
    parts = (design, design.road_load, design.front, design.rear, design.battery)
    assert [fault for part in parts for fault in part.faults()] == []
    mass = float(design.mass + design.payload)
    assert mass == pytest.approx(6300 * 0.45359237)
    assert float(design.front.peak_power) == 0.0
    assert float(design.rear.peak_power) == pytest.approx(mass * float(defaults.specific_power))
    assert float(design.rear.spin_drag) == float(defaults.spin_drag)
    lfp = [float(point) for point in defaults.chemistries["lfp"].points()]
    assert [float(point) for point in design.battery.open_circuit.points()] == pytest.approx(lfp)


def test_mixed_rows_make_one_batch():
    rows = [LIGHTNING, {**LIGHTNING, "name": "b", "drive": "fwd", "chemistry": "lfp"}]
    batch = READING["designs"](rows)
    assert batch.mass.shape == (2,)
    assert np.asarray(batch.rear.peak_power)[1] == 0.0
    assert bool(jnp.all(batch.front.peak_power > 0.0))


def test_catalog_is_readable_and_every_numeric_column_is_declared():
    rows = READING["catalog"]()
    assert len({row["name"] for row in rows}) == len(rows)
    assert all(row["source"] and row["as_of"] for row in rows)
    known = {column.name for column in COLUMNS}
    assert known & set(rows[0]) >= {"A_lbf", "etw_lb", "usable_kwh", "rated_hp"}
    faults = [fault for row in rows for fault in specification_faults([row])]
    assert {fault.split(",", 1)[1][:28] for fault in faults} == {" columns etw_lb, curb_lb: gi"}
    usable = [row for row in rows if not specification_faults([row])]
    assert len(usable) >= 50
    assert specification(usable).etw_lb.shape == (len(usable),)
