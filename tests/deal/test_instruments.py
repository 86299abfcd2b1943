"""Each clause pays what it says, when it says."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pydantic
import pytest

from framerail.deal import DealInputs, Terms, deal_transfers, with_upfront_and_royalty

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
INPUTS, GRID = READING["reference_inputs"](), READING["GRID"]
FLOWS = READING["program"]()
number = jnp.asarray
TERMS = pydantic.TypeAdapter(Terms)
VARIANTS = [(), ("deal-equity",), ("deal-milestones",), ("deal-upfront",)]


def payments(**clauses):
    found = deal_transfers(TERMS.validate_python(clauses), FLOWS.program, GRID)
    return {key: np.asarray(found[key].payment) for key in found}


def test_a_term_sheet_has_the_clauses_that_it_has():
    assert deal_transfers(Terms(), FLOWS.program, GRID) == {}
    assert set(payments(upfront={"amount": "$1 million", "date": 2024.25})) == {"upfront license"}


def test_upfront_on_the_first_day_of_a_quarter_lies_in_it():
    paid = payments(upfront={"amount": "$400 million", "date": 2024.25})["upfront license"]
    assert paid[1] == pytest.approx(400e6)
    assert paid.sum() == pytest.approx(400e6)


@pytest.mark.parametrize(("deadline", "share"), [(2028.0, 1.0), (2026.5, 0.5), (2025.9, 0.0)])
def test_tranche_at_start_of_production(deadline, share):
    clause = {"amount": 100e6, "test": "start of production", "date": 2026.0,
              "deadline": deadline, "probability": 0.8}  # fmt: skip
    paid = payments(milestones={"launch": clause})["milestone: launch"]
    assert paid.sum() == pytest.approx(80e6 * share, abs=1e3)
    if share:
        assert np.argmax(paid) == 10  # production starts in mid-2026


def test_royalty_grows_and_has_a_floor():
    clause = {"per_unit": 1000.0, "indexation": 0.02, "minimum": 40_000.0}
    fee = payments(royalty=clause)["royalty"]
    assert fee[9] == 0.0
    # full rate is 32,000 a year, below the 40,000 that are paid for
    years = float(GRID.middle[40] - 2026.5)
    assert fee[40] == pytest.approx(10_000 * 1000 * 1.02**years)


def test_build_fee_is_cost_plus():
    fee = payments(build_fee={"markup": 0.06, "payment_terms": 0.1})["build fee"]
    np.testing.assert_allclose(fee, -1.06 * FLOWS.program.build_cost)


def test_cost_sharing_nets_both_ways():
    clause = {"engineering_by_incumbent": 0.5, "investment_by_start_up": 0.1}
    paid = payments(cost_sharing=clause)["cost sharing"]
    assert paid.sum() == pytest.approx(0.5 * 350e6 - 0.1 * 450e6)


def test_variation_changes_two_terms_and_needs_both_clauses():
    varied = with_upfront_and_royalty(INPUTS.terms, number(7e6), number(11.0))
    assert float(varied.upfront.amount) == 7e6
    assert float(varied.royalty.per_unit) == 11.0
    assert varied.step_in is INPUTS.terms.step_in
    with pytest.raises(ValueError, match="zeros will do"):
        with_upfront_and_royalty(Terms(), number(1.0), number(1.0))


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_read_and_pay_about_the_reported_sum(variant):
    terms = READING["reference_inputs"](*variant).terms
    cheque = terms.upfront.amount + terms.equity.amount
    cheque = cheque + sum(tranche.amount for tranche in terms.milestones.values())
    assert 380e6 < float(cheque) < 460e6


def test_every_leaf_of_the_case_has_a_source_and_is_float64():
    def walk(node, path, above):
        source = node.get("source", above) if isinstance(node, dict) else above
        if isinstance(node, dict) and not set(node) & {"value", "triangular", "pert", "uniform",
                                                       "normal", "lognormal"}:  # fmt: skip
            for key, entry in node.items():
                if key not in READING["RECORDS"] and key not in ("name", "rank", "test", "stage"):
                    yield from walk(entry, f"{path}.{key}", source)
        else:
            yield path, source

    bare = [p for p, source in walk(READING["raw_deal"](), "deal", "") if len(source or "") < 8]
    assert not bare
    assert all(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(INPUTS))


def test_faults_name_the_cure():
    raw = READING["plain"](READING["raw_deal"]())
    raw["terms"]["equity"]["exit_date"] = 2024.0
    raw["terms"]["milestones"]["prototype"]["deadline"] = 2024.5
    faults = pydantic.TypeAdapter(DealInputs).validate_python(raw).terms.faults()
    assert len(faults) == 2
    assert any("swap them" in fault for fault in faults)


def test_transfers_are_differentiable_in_a_date():
    def weighted(date):
        terms = eqx.tree_at(lambda t: t.upfront.date, INPUTS.terms, date)
        paid = deal_transfers(terms, FLOWS.program, GRID)["upfront license"].payment
        return paid @ FLOWS.incumbent_discount

    slope = jax.grad(weighted)(number(2024.3))
    assert float(slope) == pytest.approx(-0.09 * float(weighted(number(2024.3))), rel=0.02)
