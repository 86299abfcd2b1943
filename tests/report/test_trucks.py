"""The section on the trucks: best years, nameplates, dollars of which year."""

import numpy as np

from framerail.report.truck_comparison import nameplates, price_steps
from framerail.report.truck_tables import truck_figures


def test_best_year_is_each_draws_own(of):
    """A draw in which production starts late counts in its own best year, not in the point's."""
    unit, point, draws = truck_figures(of)["best_year_output"]
    assert unit == "truck/year"
    assert np.array_equal(draws, of.of("output").max(axis=1))
    assert np.array_equal(point, np.asarray(of.study.headline.output).max(axis=0))


def test_nameplates_stand_beside_what_rivals_sold(of):
    text = nameplates(of)
    assert "Nissan: nissan-awd, nissan-rwd" in text
    assert "Ford: lightning" in text
    assert "others" not in text
    both = of.of("output")[:, :, 2:].sum(axis=2).max(axis=1)
    assert f"{round(float(np.median(both))):,}" in text


def test_prices_are_explained_in_dollars_of_one_year(of):
    text = price_steps(of)
    assert "dollars of 2024" in text
    row = next(line for line in text.split("<tr") if "alaska-rwd" in line)
    assert "46,5" in row  # $45,400 of 2023 in dollars of 2024
