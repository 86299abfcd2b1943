"""`framerail validate market`: the quick check, and the rule of its backtest."""

import io

import numpy as np
import pytest
from rich.console import Console

import framerail as fr
from framerail.market import product_table
from framerail.report.validation_market import CHECKS
from framerail.scenario_file import read_scenario
from framerail.scenario_file.bundle import read_rows
from framerail.studies.launch_ramps import read_ramps as fr_ramps
from framerail.studies.market_backtests import (
    announced_forecast,
    changeovers,
    full_lots,
    mark_effects,
    sales_by_year,
)


def test_doubling_the_buyers_moves_entrants_below_one_percent():
    rows = CHECKS["buyers"]()
    assert len(rows) == 4
    assert all(abs(row.predicted) < 0.01 and row.met for row in rows)


def test_a_changeover_is_the_year_of_the_first_sales():
    names = ("tacoma", "colorado", "tundra", "f-150")
    np.testing.assert_array_equal(changeovers(2024, names), [-1, 1, 0, 0])
    np.testing.assert_array_equal(changeovers(2022, names), [0, 0, 1, 0])


def test_full_lots_are_those_named_before_the_year():
    table = product_table(read_scenario("nissan-fisker").market.products)
    names = ("ram-1500", "gladiator", "tacoma", "ridgeline", "santa-cruz", "f-150")
    np.testing.assert_array_equal(full_lots(table, 2023, names), [1, 1, -1, -1, -1, 0])
    np.testing.assert_array_equal(full_lots(table, 2024, names), [1, 1, -1, -1, 0, 0])
    for row in read_rows("market/stocks.csv"):  # January's press tells of December's lots
        assert row["as_of"] < f"{row['year']}-02-01"


def test_effects_of_marks_rest_on_earlier_years_only(monkeypatch):
    table = product_table(read_scenario("nissan-fisker").market.products)
    effects, seen = mark_effects(table, 2023)
    assert seen == 4
    assert 0.1 < effects[0] < 0.6
    assert -0.3 < effects[1] < 0
    later = {name: {**years, 2024: 1.0} for name, years in sales_by_year().items()}
    monkeypatch.setattr("framerail.studies.market_backtests.sales_by_year", lambda: later)
    np.testing.assert_array_equal(mark_effects(table, 2023)[0], effects)


def test_announced_forecast_leaves_the_scored_launch_out(monkeypatch):
    freedom, center, scale = announced_forecast("lightning", 2024)
    assert freedom == 5  # six launches with a whole year on record: all but the Cybertruck's, too
    # What was announced, times the geometric mean of what the others built of theirs.
    assert 0.3 < np.exp(center) / 83_200 < 0.5
    assert 0.5 < scale < 1.0
    ramps = "framerail.studies.market_backtests.read_ramps"
    rest = [r for r in fr_ramps("2024-02-29") if r.name != "ford-lightning"]
    monkeypatch.setattr(ramps, lambda day: rest)
    assert announced_forecast("lightning", 2024) == (freedom, center, scale)
    with pytest.raises(KeyError):
        announced_forecast("silverado-ev", 2024)


def test_an_unknown_check_is_told():
    with pytest.raises(fr.ScenarioError, match="no such check"):
        fr.validate_market(["buyer"])


def test_table_fits_eighty_columns():
    page = Console(file=io.StringIO(), width=80)
    page.print(fr.validate_market(["buyers"]))
    assert max(map(len, page.file.getvalue().splitlines())) <= 80
