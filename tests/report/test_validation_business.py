"""`framerail validate cost | plant | program`: the checks that are quick enough for every run."""

import io

import pytest
from rich.console import Console

import framerail as fr
from framerail.report.validation_business import STAGES


@pytest.mark.parametrize(
    ("stage", "name"),
    [("cost", "published"), ("cost", "packs"), ("plant", "gross-loss"), ("program", "rates")],
)
def test_every_bar_of_the_quick_checks_is_met(stage, name):
    lines = STAGES[stage][name]()
    barred = [line for line in lines if line.bar is not None]
    assert barred
    assert all(line.passed for line in barred), [line.what for line in barred if not line.passed]


def test_the_worked_check_has_its_own_estimate_beside_it():
    lines = STAGES["cost"]["worked"]()
    assert all(line.passed for line in lines)
    assert sum(line.detail for line in lines) == 5
    assert any("our own" in line.what for line in lines)


def test_table_fits_eighty_columns():
    page = Console(file=io.StringIO(), width=80)
    page.print(fr.validate_business("cost", ["packs"]))
    lines = page.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("pass" in line for line in lines) == 3


def test_an_unknown_check_is_told():
    with pytest.raises(fr.ScenarioError, match="one of ramps, gross-loss"):
        fr.validate_business("plant", ["ramp"])
