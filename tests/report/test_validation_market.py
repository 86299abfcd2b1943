"""`framerail validate market`: the quick check, and the rule of its backtest."""

import io

import numpy as np
import pytest
from rich.console import Console

import framerail as fr
from framerail.market import product_table
from framerail.report.validation_market import CHECKS
from framerail.scenario_file import read_scenario
from framerail.studies.market_backtests import changeover_effect, changeovers, sales_by_year


def test_doubling_the_buyers_moves_entrants_below_one_percent():
    rows = CHECKS["buyers"]()
    assert len(rows) == 4
    assert all(abs(row.predicted) < 0.01 and row.met for row in rows)


def test_a_changeover_is_the_year_of_the_first_sales():
    names = ("tacoma", "colorado", "tundra", "f-150")
    np.testing.assert_array_equal(changeovers(2024, names), [-1, 1, 0, 0])
    np.testing.assert_array_equal(changeovers(2022, names), [0, 0, 1, 0])


def test_effect_of_changeovers_rests_on_earlier_years_only(monkeypatch):
    table = product_table(read_scenario("nissan-fisker").market.products)
    effect, seen = changeover_effect(table, 2023)
    assert seen == 4
    assert 0.1 < effect < 0.6
    later = {name: {**years, 2024: 1.0} for name, years in sales_by_year().items()}
    monkeypatch.setattr("framerail.studies.market_backtests.sales_by_year", lambda: later)
    assert changeover_effect(table, 2023)[0] == effect


def test_an_unknown_check_is_told():
    with pytest.raises(fr.ScenarioError, match="no such check"):
        fr.validate_market(["buyer"])


def test_table_fits_eighty_columns():
    page = Console(file=io.StringIO(), width=80)
    page.print(fr.validate_market(["buyers"]))
    assert max(map(len, page.file.getvalue().splitlines())) <= 80
