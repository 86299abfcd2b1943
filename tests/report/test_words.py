"""Numbers, units and paths as people read them."""

import numpy as np
import pytest

from framerail.report.spread import spread
from framerail.report.words import (
    at_path,
    date,
    dollars,
    label,
    listed,
    millions,
    number,
    percent,
    unit_name,
    whole,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "$0"),
        (45_400.0, "$45,400"),
        (-310e6, "−$310 million"),
        (1.2449e9, "$1.24 billion"),
        (999.6e6, "$1 billion"),
        (999_600.0, "$1 million"),
        (35.0, "$35"),
        (150e6, "$150 million"),
        (1234.5e9, "$1,234 billion"),
    ],
)
def test_dollars_keep_three_figures(value, text):
    assert dollars(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.999, ">99%"), (1.0, "100%"), (-0.12, "−12%")],
)
def test_a_percentage_is_never_certain_of_what_is_not(value, text):
    assert percent(value) == text


def test_small_amounts_have_no_negative_zero():
    assert millions(-1e3) == "0.0"
    assert whole(-0.4) == "0"


def test_numbers_of_every_size():
    assert number(0.0) == "0"
    assert number(1e-9, 2) == "1e-09"
    assert number(12345.0) == "12,345"
    assert number(-0.0312) == "−0.0312"


def test_units_are_those_of_the_declaration():
    assert at_path("plant.sites.canton.wage", 55.0) == "$55/hour"
    assert at_path("program.timeline.planned_start_of_production", 2026.5) == "2026.50"
    assert at_path("program.inflation", 0.025) == "2.5%"
    assert at_path("vehicle.designs.alaska-awd.battery.gross_energy", 113 * 3.6e6) == "113 kWh"
    assert unit_name("truck/year") == "trucks/year"


def test_labels_name_the_company_and_drop_what_says_nothing():
    names = {"start_up": "Fisker"}
    assert label("deal.partners.start_up.business.attainment", names) == "Fisker · attainment"
    assert label("deal.terms.royalty.per_unit") == "Royalty · per unit"


def test_lists_and_dates():
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert date(2026.25) == "2026 Q2"


def test_the_tail_is_the_mean_of_the_worst_twentieth():
    found = spread(np.arange(100.0))
    assert found.tail == pytest.approx(2.0)
    assert found.positive == pytest.approx(0.99)
    assert spread(np.zeros(0)).count == 0
