"""The start-ups panel: who filed within a year, forecast without its own company."""

import numpy as np
import pandas as pd
import pytest

from framerail.scenario_file import read_table
from framerail.studies.startup_panel import (
    Calibration,
    calibrate_panel,
    first_passage,
    labeled_panel,
    observe,
    score_panel,
)

PANEL = labeled_panel()
SCORE = score_panel(PANEL)


def test_brier_beats_base_rate_and_naive_runway():
    """By observation and by company; the sample cannot tell by how much (see `better`)."""
    assert SCORE.model < SCORE.base_rate < SCORE.naive
    means = SCORE.by_company.mean()
    assert means["model"] < means["base_rate"] < means["naive"]
    assert pytest.approx(0.170, abs=0.004) == SCORE.model
    assert pytest.approx(0.183, abs=0.004) == SCORE.base_rate
    assert 0.5 < SCORE.better < 0.95  # seven companies: no proof


def test_without_the_observation_that_is_positive_by_two_days():
    """Nikola's release of 22 February 2024 and its filing 363 days later."""
    rest = [o for o in PANEL if (o.company, str(o.as_of.date())) != ("Nikola", "2024-02-22")]
    assert len(rest) == len(PANEL) - 1
    score = score_panel(rest)
    assert score.model < score.base_rate < score.naive


def test_panel_counts():
    table = SCORE.forecasts
    assert len(set(table["company"])) == 7
    assert set(table[table["filed"]]["company"]) == {"Canoo", "Fisker", "Lordstown", "Nikola"}
    assert len(table) == 64


def test_nothing_later_than_the_release_is_seen():
    """Rows that became public later may say anything."""
    cash, outcomes = read_table("deal/start_up_cash.csv"), read_table("deal/start_up_outcomes.csv")
    day = pd.Timestamp("2024-03-01")
    late = pd.to_datetime(cash["as_of"]) > day
    spoiled = cash.copy()
    money = [c for c in cash.columns if c.endswith("million_dollar")]
    spoiled.loc[late, money] = 1e6

    def before(table):
        return [(o.company, o.as_of, o.cash, o.burn)
                for o in observe(table, outcomes) if o.as_of <= day]  # fmt: skip

    assert before(spoiled) == before(cash)
    assert late.sum() > 10


def test_a_forecast_does_not_see_its_own_company():
    for name in ("Fisker", "Canoo"):
        fit = calibrate_panel([o for o in PANEL if o.company != name])
        own = SCORE.forecasts[SCORE.forecasts["company"] == name]
        np.testing.assert_allclose(fit.probability(own["runway"].to_numpy()), own["model"])


def test_fisker_on_the_eve():
    """29 February 2024: $325.5M unrestricted, $49.6M a month: 6.6 months of naive runway."""
    row = SCORE.forecasts[(SCORE.forecasts["company"] == "Fisker")
                          & (SCORE.forecasts["as_of"] == "2024-02-29")]  # fmt: skip
    assert float(row["runway"].iloc[0]) == pytest.approx(325.5 / (148.9 / 3), rel=1e-3)
    assert bool(row["filed"].iloc[0])
    assert float(row["model"].iloc[0]) > float(row["base_rate"].iloc[0])


def test_probability_falls_with_runway_and_access():
    runway = np.linspace(0.0, 25.0, 50)
    some = first_passage(runway, 3.0, 0.5, 3.0)
    assert np.all(np.diff(some) < 0)
    assert np.all(first_passage(runway, 6.0, 0.5, 3.0) < some)
    assert Calibration(3.0, 0.5, 3.0, 0.2).probability(np.array([1e3]))[0] == pytest.approx(
        0.1, abs=1e-3
    )
