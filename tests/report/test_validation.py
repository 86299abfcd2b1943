"""`framerail validate vehicle`: the checks that are quick enough for every run."""

import io

import pytest
from rich.console import Console

import framerail as fr
from framerail.report.validation import CHECKS, Line


def test_two_parameters_predict_unseen_tests():
    mean, largest = CHECKS["two-parameters"]()
    assert mean.passed
    assert largest.passed
    assert 0.1 < mean.figure < largest.figure


def test_table_fits_eighty_columns():
    page = Console(file=io.StringIO(), width=80)
    page.print(fr.validate_vehicle(["two-parameters"]))
    lines = page.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "pass" in lines[-1]


def test_a_bar_may_have_two_ends():
    assert not Line("coverage", "", "", 80.0, 95.0, low=85.0).passed
    assert not Line("coverage", "", "", 96.0, 95.0, low=85.0).passed
    assert Line("coverage", "", "", 90.0, 95.0, low=85.0).passed


def test_the_deals_bars_stand_and_fit():
    page = Console(file=io.StringIO(), width=80)
    page.print(fr.validate_deal(["closed-forms", "backtests"]))
    lines = page.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.rstrip().endswith(" pass") for line in lines) == 13
    assert not any(line.rstrip().endswith(" short") for line in lines)
    with pytest.raises(fr.ScenarioError, match="no such check"):
        fr.validate_deal(["labels"])


def test_an_unknown_check_is_told():
    with pytest.raises(fr.ScenarioError, match="no such check"):
        fr.validate_vehicle(["two-parameter"])
