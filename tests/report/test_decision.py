"""The sentences follow the figures."""

import dataclasses

import pytest

from framerail.report.decision import Facts, Terms, advice, decision, survival, verdict
from framerail.report.facts import facts_of

FACTS = Facts(
    incumbent="Nissan",
    start_up="Fisker",
    usable=1000,
    incumbent_gains=0.6,
    start_up_gains=0.8,
    both_gain=0.55,
    incumbent_mean=120e6,
    start_up_mean=300e6,
    fails_with=0.35,
    fails_without=0.9,
    searched="$0 to $600 million upfront, $0 to $6,000 a truck",
    agreeable_share=0.25,
    recommended=Terms(100e6, 1500.0),
    recommended_gains=(80e6, 90e6),
    least_bad=None,
    least_bad_gains=None,
    current=Terms(160e6, 1000.0),
    site="canton",
    other_site="smyrna",
    site_lead=12e6,
    site_error=1e6,
    site_chance=0.7,
)


def change(**values):
    return dataclasses.replace(FACTS, **values)


@pytest.mark.parametrize(
    ("mine", "theirs", "both", "words"),
    [
        (0.6, 0.8, 0.55, "pays for both"),
        (0.6, 0.6, 0.3, "seldom for both at once"),
        (0.7, 0.2, 0.15, "pays for Nissan but not for Fisker"),
        (0.1, 0.9, 0.1, "Nissan should not sign"),
        (0.2, 0.3, 0.05, "likely to cost both sides"),
    ],
)
def test_the_verdict_says_who_gains(mine, theirs, both, words):
    text = verdict(change(incumbent_gains=mine, start_up_gains=theirs, both_gain=both))
    assert words in text
    assert f"{mine * 100:.0f}%" in text
    assert f"both gain in {both * 100:.0f}%" in text


def test_a_mean_against_the_odds_is_said():
    assert "loses more when it loses" in verdict(change(incumbent_mean=-50e6))
    rare = verdict(change(incumbent_gains=0.2, both_gain=0.1, incumbent_mean=50e6))
    assert "small chance of a large gain" in rare


@pytest.mark.parametrize(
    ("with_it", "without", "words"),
    [
        (0.35, 0.9, "cuts the chance"),
        (0.9, 0.5, "raises the chance"),
        (0.91, 0.92, "hardly changes"),
    ],
)
def test_survival_says_what_the_check_changes(with_it, without, words):
    text = survival(change(fails_with=with_it, fails_without=without))
    assert words in text
    assert f"{with_it * 100:.0f}%" in text
    assert ("no partner left" in text) == (with_it >= 0.5)


def test_advice_names_terms_gains_and_plant():
    text = advice(FACTS)
    assert "$100 million upfront and $1,500 a truck" in text
    assert "$60 million less upfront" in text
    assert "Canton beats Smyrna in 70%" in text


def test_without_a_zone_the_incumbent_walks_away_if_it_loses():
    none = change(
        recommended=None,
        recommended_gains=None,
        least_bad=Terms(0.0, 6000.0),
        least_bad_gains=(-1e9, -2e6),
        incumbent_gains=0.05,
    )
    text = advice(none)
    assert "No pair of terms" in text
    assert "should walk away" in text
    assert "better off on" not in text
    assert "walk away" not in advice(dataclasses.replace(none, incumbent_gains=0.7))


def test_even_plants_and_missing_clauses():
    assert "come out even" in advice(change(site_chance=0.52))
    assert "come out even" in advice(change(site_lead=1.5e6))
    assert "no upfront payment and royalty" in advice(change(searched=None, site=None))


def test_no_usable_draw_is_no_decision():
    sentences = decision(change(usable=0))
    assert len(sentences) == 3
    assert "no decision" in sentences[0]


def test_three_sentences_from_a_study(of):
    facts = facts_of(of)
    assert facts.usable == 62
    for text in decision(facts):
        assert text.endswith(".")
        assert "nan" not in text
