"""What a planner can get wrong in the program's tables: named, with its place and its cure."""

import pytest

from framerail.scenario_file import ScenarioError, read_scenario

STATE = (
    '{ instrument = "states\' rebates and tax credits", amount = 1000.0, buyer_share = 0.1, '
    "starts = 2024.0, ends = 2026.5, source = 'x', "
    "repeal = { hazard = 0.1, earliest = 2025.0, enacted = 2100.0, draw = 0.5 } }"
)
FIELDS = {
    "negative volume": (
        "program.timeline.builds.prototypes.trucks=-5 trucks",
        "program.timeline.builds.prototypes.trucks",
        "-5 truck is out of range; expected 0 to 1e+09 truck",
    ),
    "price cap in the wrong currency": (
        "program.policy.consumer.price_cap=¥8000000",
        "program.policy.consumer.price_cap",
        "'yen' cannot be converted; expected a number with a unit such as '1 dollar'",
    ),
}
BETWEEN_FIELDS = {
    "launch before the plant exists": (
        "program.timeline.plant_available=2028.0",
        "program.timeline",
        "the launch comes before the plant exists (plant_available is 2028.00); choose a later",
    ),
    "end before start": (
        "program.timeline.planned_end_of_production=2025.0",
        "program.timeline",
        "production ends before it starts; choose a date after planned_start_of_production",
    ),
    "overlapping policies": (
        f"program.policy.states.again={STATE}",
        "program.policy",
        "'states' rebates and tax credits' is in force twice from 2024.00; end the first",
    ),
    "regime that ends before it starts": (
        "program.policy.consumer.ends=2022.0",
        "program.policy.consumer",
        "the regime ends before it starts; choose a date after starts",
    ),
    "currency without a rate": (
        "program.finance.nissan.reports_in=won",
        "program",
        "'won' has no exchange rate; add a table currencies.won, or choose one of: dollar, yen",
    ),
    "package for nobody": (
        "program.timeline.spend.validation.serves=renault",
        "program",
        "there is no partner 'renault'; expected one of: shared, fisker, nissan",
    ),
}


@pytest.mark.parametrize("cases", [FIELDS, BETWEEN_FIELDS], ids=["fields", "between fields"])
def test_every_fault_is_named_with_its_cure_and_all_at_once(cases):
    with pytest.raises(ScenarioError) as caught:
        read_scenario("nissan-fisker", [override for override, _, _ in cases.values()])
    found = [str(fault) for fault in caught.value.faults]
    assert len(found) == len(cases), found
    for name, (_, place, words) in cases.items():
        assert any(f"{place}:" in fault and words in fault for fault in found), (name, found)
