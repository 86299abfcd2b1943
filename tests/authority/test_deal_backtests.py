"""Deals with a known outcome, forecast from what was public on their date."""

import re

import numpy as np
import pandas as pd
import pytest

from framerail.scenario_file import read_table
from framerail.studies.deal_backtests import QUESTIONS, backtest, forecast_all, read_cases, scores
from framerail.studies.startup_panel import labeled_panel

INPUTS, LABELS = read_table("deal/backtest_inputs.csv"), read_table("deal/backtest_labels.csv")
FORECASTS = backtest()

# Values of facts/deals/backtests.toml that a case must not know.
FORBIDDEN = {
    "NIS-FSK-1": ["939.9", "406.5", "121", "210000"],
    "NIS-FSK-2": ["2024-03-22", "2024-03-25", "2024-03-27"],
    "GM-NKLA": ["22"],
    "VW-RIV": ["2025-06-30", "170", "206"],
    "FOX-RIDE": ["31", "10.2"],
    "HON-GM-PRO": ["2025-09-30", "33000", "39194"],
    "FRD-VW-MEB": ["19000"],
    "MAZ-TOY": ["2300"],
}


def test_log_scores_beat_the_base_rate():
    found = scores(FORECASTS)
    assert {question: found[question][0] for question in QUESTIONS} == {
        "performed": 16, "survived": 10, "funded_share": 9, "volume_ratio": 9
    }  # fmt: skip
    for question, (_, mine, base) in found.items():
        assert mine > base, question
    # measured; by a margin that sixteen cases cannot call proof
    assert found["performed"][1] == pytest.approx(-0.522, abs=0.01)
    assert found["survived"][1] == pytest.approx(-0.721, abs=0.01)


def test_every_label_is_later_than_its_case_and_every_input_is_not():
    as_of = INPUTS.drop_duplicates("case").set_index("case")["as_of"]
    labels = LABELS.join(as_of, on="case")
    assert (pd.to_datetime(labels["public_on"]) > pd.to_datetime(labels["as_of"])).all()
    assert (pd.to_datetime(INPUTS["public_on"]) <= pd.to_datetime(INPUTS["as_of"])).all()


def test_a_forbidden_fact_cannot_be_reached():
    """Put every forbidden fact into the table under its true date: no case gains a fact."""
    late = []
    for name, values in FORBIDDEN.items():
        row = INPUTS[INPUTS["case"] == name].iloc[0].to_dict()
        late += [row | {"fact": f"cash_total_musd_{n}", "value": value, "public_on": "2026-01-01"}
                 for n, value in enumerate(values)]  # fmt: skip
    poisoned = pd.concat([INPUTS, pd.DataFrame(late)], ignore_index=True)
    assert read_cases(poisoned) == read_cases(INPUTS)
    for case in read_cases(INPUTS):
        words = " ".join(str(value) for fact, value in case.facts.items() if fact != "question")
        for value in FORBIDDEN.get(case.name, ()):
            assert not re.search(rf"(?<![\d.]){re.escape(value)}(?![\d.])", words), (case, value)


def test_a_case_does_not_see_its_own_outcome():
    """Turn every outcome of one partnership round, and its company's later life: its own
    forecasts stay to the last bit."""
    cases, panel = read_cases(INPUTS), labeled_panel()
    for deal in ("nissan-fisker", "foxconn-lordstown", "volkswagen-rivian"):
        own = {case.name: case for case in cases if case.deal == deal}
        turned = LABELS.copy()
        mine = turned["case"].isin(list(own))
        turned.loc[mine, "value"] = 1.0 - (turned.loc[mine, "value"] > 0.5)
        weaker, date = {c.weaker for c in own.values()}, max(c.as_of for c in own.values())
        seen = [o for o in panel if o.company not in weaker or o.as_of <= date]
        again = forecast_all(cases, turned, seen)
        for before, after in zip(FORECASTS, again, strict=True):
            if before.case in own:
                assert before.chance == after.chance
                assert before.base == after.base


def test_probabilities_and_intervals():
    for each in FORECASTS:
        assert sum(each.chance) == pytest.approx(1.0)
        assert sum(each.base) == pytest.approx(1.0)
        assert min(each.chance) > 0.0
        assert 0.0 <= each.low <= each.high <= 1.0
    widths = [each.high - each.low for each in FORECASTS]
    assert np.mean(widths) > 0.2  # few cases, wide intervals
