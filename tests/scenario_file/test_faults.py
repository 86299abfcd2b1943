"""Every fault of a file in one message, each with its place and the nearest right thing."""

import pytest

import framerail as fr
from framerail.scenario import leaf_paths

BAD = """
schema = 1
extends = "nissan-fisker"

[about]
name = "bad"

[plant]
chosen = "cantn"

[vehicle.designs.alaska-rwd]
mas = "2000 kg"
mass = "2000 kWh"

[market.preferences]
opposed_share = 1.7

[program]
inflation = { normal = ["2 %"] }

[deal.terms.royalty]
per_unit = { value = "100 dollar/truck", source = "later news", as_of = "2024-06-17" }
"""


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(BAD)
    with pytest.raises(fr.ScenarioError) as caught:
        fr.read_scenario(str(path))
    return {str(fault) for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("vehicle.designs.alaska-rwd.mas:", "nearest: 'mass'"),
        ("vehicle.designs.alaska-rwd.mass:", "kWh"),
        ("market.preferences.opposed_share:", "out of range"),
        ("program.inflation:", "normal"),
        ("deal.terms.royalty.per_unit", "2024-06-17"),
        ("plant", "cantn"),
    ],
)
def test_each_fault_is_reported(bad, place, words):
    assert any(place in fault and words in fault for fault in bad), bad


def test_places_name_file_and_line(bad):
    assert any("bad.toml:12 vehicle.designs.alaska-rwd.mas" in fault for fault in bad), bad


def test_reference_leaves_have_sources():
    scenario = fr.read_scenario("nissan-fisker")
    unsourced = [
        entry.path for entry in scenario.provenance
        if entry.source.startswith("given in") and not entry.path.startswith("about.")
    ]  # fmt: skip
    named = {path for path in unsourced if path in dict.fromkeys(leaf_paths(scenario))}
    assert not named


def test_overrides_reach_the_leaf():
    scenario = fr.read_scenario("nissan-fisker", ["program.inflation=3 %", "plant.chosen=smyrna"])
    assert float(scenario.program.inflation) == pytest.approx(0.03)
    assert scenario.plant.chosen == "smyrna"
    assert all(leaf.path != "program.inflation" for leaf in scenario.uncertainty)


def test_unknown_override_is_a_fault():
    with pytest.raises(fr.ScenarioError, match="nearest: 'inflation'"):
        fr.read_scenario("nissan-fisker", ["program.inflaton=3 %"])


@pytest.mark.parametrize("path", ["market.trends.inflation", "cost.deck.prices.inflation"])
def test_general_inflation_is_the_programs_alone(path):
    with pytest.raises(fr.ScenarioError, match="unknown key"):
        fr.read_scenario("nissan-fisker", [f"{path}=3 %"])


def test_no_such_scenario():
    with pytest.raises(fr.ScenarioError, match="nearest: 'nissan-fisker'"):
        fr.read_scenario("nissan-fiskr")


def test_schema_covers_the_tables():
    schema = fr.scenario_schema()
    assert set(schema["properties"]) >= {"about", "vehicle", "cost", "market", "plant", "deal"}


def test_fields_and_what_holds_between_fields_are_told_together(tmp_path):
    """A field at fault hides no fault between the sound fields, even of its own table."""
    path = tmp_path / "both.toml"
    path.write_text(
        """schema = 1
extends = "nissan-fisker"
[program.timeline]
standing_cost = "5 kg"
planned_end_of_production = { value = "2025", source = "assumed: test" }
[program.policy.consumer]
starts = { value = "2033", source = "assumed: test" }
""",
        encoding="utf-8",
    )
    with pytest.raises(fr.ScenarioError) as caught:
        fr.read_scenario(path)
    told = str(caught.value)
    assert "program.timeline.standing_cost: 'kg' cannot be converted" in told
    assert "program.timeline: planned_end_of_production: production ends before it starts" in told
    assert "program.policy.consumer: ends: the regime ends before it starts" in told
    assert len(caught.value.faults) == 3


def test_a_royalty_on_trucks_that_nobody_builds_is_named():
    """The incumbent sells none of the trucks: its fee per truck is a fault before any run."""
    sold = [f"market.products.nissan-{drive}.firm=Fisker" for drive in ("rwd", "awd")]
    with pytest.raises(fr.ScenarioError) as caught:
        fr.read_scenario("nissan-fisker", sold)
    told = [str(fault) for fault in caught.value.faults if "deal.terms.royalty" in str(fault)]
    assert len(told) == 1
    assert "Nissan sells none of the trucks" in told[0]
    assert "nissan-rwd (Fisker)" in told[0]
