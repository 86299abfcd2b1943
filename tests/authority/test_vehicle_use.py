"""Use of vehicles against measurements: the comparisons of `validation_vehicle_use`.

Charging classes are held out by vehicle, the trailers' one drag factor by tester, the Teslas'
climate power by model line; nothing is estimated on highway tests, AAA's cars or J2807.
"""

import numpy as np
import pytest

from framerail.studies.validation_vehicle_climate import (
    cold_check,
    five_cycle_check,
    performance_check,
)
from framerail.studies.validation_vehicle_use import charging_check, highway_check, towing_check


def verdicts(rows):
    return {row.what: row for row in rows}


def median(rows, start):
    (row,) = [row for row in rows if row.what.startswith(start) and "median" in row.unit]
    return row


def test_charging_times():
    rows = charging_check()
    assert median(rows, "10-80 % DC, trucks held out").predicted < 10.0
    assert median(rows, "10-80 % DC, all held out").predicted < 10.0
    assert median(rows, "DC, published times").predicted < 10.0
    single = [row for row in rows if row.met is not None and row.unit == "minutes"]
    assert len(single) == 13
    # The Ariya is the one vehicle outside: its cells take more than the class.
    assert sum(not row.met for row in single) <= 2


def test_highway_range():
    rows = highway_check()
    assert len(rows) == 15
    assert median(rows, "highway").predicted < 9.0


def test_towing_range():
    rows = towing_check()
    assert len(rows) == 16
    assert median(rows, "towing").predicted < 11.0


@pytest.mark.slow
def test_cold_and_heat():
    rows = cold_check()
    assert median(rows, "20 F FTP to 75 F UDDS, Tesla, model").predicted < 0.08
    assert median(rows, "20 F FTP to 75 F UDDS, Ocean").predicted < 0.08
    assert median(rows, "20 F FTP to 75 F UDDS, Tesla with heat pump").predicted < 0.08
    # VinFast misses the bar: 0.12 and 0.20.
    assert median(rows, "20 F FTP to 75 F UDDS, VinFast").predicted < 0.2
    found = verdicts(rows)
    for what in ("climate control off", "climate control on"):
        row = found[f"AAA 2019, 20 F, {what}"]
        assert row.predicted == pytest.approx(row.measured, abs=0.04)
    hot = found["AAA 2019, 95 F, climate control on"]
    assert hot.predicted == pytest.approx(hot.measured, abs=0.08)


@pytest.mark.slow
def test_five_cycle_factors():
    assert median(five_cycle_check(), "five-cycle").predicted < 10.0


def test_tow_ratings_and_sprints():
    rows = performance_check()
    rated = [row for row in rows if row.what.startswith("J2807 at the maker's")]
    assert len(rated) == 5
    assert all(row.met for row in rated)
    sprint = [row for row in rows if row.what.startswith("0-60 mph, ")]
    pickups = [row for row in sprint if "lightning" in row.what or "r1t" in row.what]
    assert np.all([abs(row.predicted / row.measured - 1.0) < 0.10 for row in pickups])
