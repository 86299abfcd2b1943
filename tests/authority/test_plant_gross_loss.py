"""Rivian's gross loss per truck: estimated on 2022, scored on 2023 and 2024."""

import dataclasses

import numpy as np
import pytest

from framerail.studies.gross_loss_backtest import backtest, gross_profit, read_ramp

PARTS = ("price", "variable", "fixed_absorbed", "fixed_unabsorbed", "write_down")


@pytest.fixture(scope="module")
def found():
    return backtest()


def test_median_error_of_the_quarters_2022_to_2024_is_within_a_quarter(found):
    assert found.begin.size == 12
    assert found.median_error(2022.0, 2025.0) <= 0.25


def test_median_error_of_the_scored_quarters_is_within_a_quarter(found):
    assert found.median_error(2023.0, 2025.0) <= 0.25


def test_the_model_beats_yesterdays_loss(found):
    """Holding the last training quarter's loss per truck to the end of 2024 is far worse."""
    scored = found.begin >= 2023
    held = found.actual[found.begin == 2022.75]
    naive = np.abs(held - found.actual[scored]) / np.abs(found.actual[scored])
    assert found.median_error(2023.0, 2025.0) < 0.2 * np.median(naive)


def test_the_reported_years_add_up():
    ramp = read_ramp()
    for year, total in ((2022, -3123e6), (2023, -2030e6), (2024, -1200e6)):
        inside = (ramp.begin >= year) & (ramp.begin < year + 1)
        assert ramp.gross_profit[inside].sum() == pytest.approx(total, abs=1e6)
        assert np.count_nonzero(inside) == 4


def test_parts_add_up_to_the_prediction(found):
    total = sum(getattr(found, part) for part in PARTS)
    np.testing.assert_allclose(total, found.predicted, rtol=1e-12)


def test_over_a_whole_life_stock_and_reserve_wash_out():
    """All trucks delivered and no reserve left: revenue less variable and fixed cost."""
    ramp = dataclasses.replace(
        read_ramp(),
        produced=np.full(13, 1e4),
        delivered=np.array([5e3, *np.full(11, 1e4), 1.5e4]),
        revenue=np.array([2.5e8, *np.full(11, 5e8), 1.5e9]),
        reserve=np.zeros(13),
    )
    parts, reserve = gross_profit(ramp, 60_000.0, 0.7, fixed=3e8, exponent=0.0)
    assert reserve.max() > 1e8
    assert reserve[-1] == 0
    assert parts["write_down"].sum() == pytest.approx(0.0, abs=1.0)
    total = sum(part.sum() for part in parts.values())
    assert total == pytest.approx(ramp.revenue.sum() - 60_000.0 * 1.3e5 - 13 * 3e8, rel=1e-12)


def test_a_dearer_truck_is_written_down_before_it_is_sold():
    ramp = read_ramp()
    _, low = gross_profit(ramp, 100_000.0, 0.7)
    _, high = gross_profit(ramp, 150_000.0, 0.7)
    assert (high >= low).all()
    assert high[4] > low[4]
