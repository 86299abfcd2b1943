"""States of board and shares that move money: anti-dilution, consent to new money."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import pydantic
import pytest

from framerail.deal import PARTIES, Terms, open_book, settle_at, value_deal

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
INPUTS, GRID, NOTHING = (
    READING["reference_inputs"]("deal-equity"),
    READING["GRID"],
    READING["NOTHING"],
)
FLOWS = READING["program"]()
TERMS = pydantic.TypeAdapter(Terms)
number = jnp.float64
INCUMBENT, START_UP = PARTIES.index("incumbent"), PARTIES.index("start-up")


def settled(protection):
    terms = INPUTS.terms
    if protection is not None:
        terms = eqx.tree_at(
            lambda t: t.equity.anti_dilution, terms, number(protection),
            is_leaf=lambda x: x is None,
        )  # fmt: skip
    rich = eqx.tree_at(
        lambda i: (i.survival.with_deal.raises, i.survival.with_deal.raise_amount),
        INPUTS, (number(2.0), number(2e8)),
    )  # fmt: skip
    book = open_book(terms, FLOWS, INPUTS.partners, rich.survival.with_deal, GRID)
    return settle_at(terms, FLOWS, INPUTS.partners, book, number(GRID.quarters), GRID), book


def test_later_investors_dilute_a_stake_that_nothing_protects():
    free, book = settled(None)
    whole, bare, half = (settled(share)[0] for share in (1.0, 0.0, 0.5))
    assert float(free.transfers["equity sale"]) == pytest.approx(
        float(whole.transfers["equity sale"])
    )
    raised, worth = float(jnp.sum(book.raised)), float(jnp.sum(book.franchise))
    part = raised / (raised + worth)
    assert part > 0.1
    ratio = float(bare.transfers["equity sale"] / whole.transfers["equity sale"])
    assert ratio == pytest.approx(1.0 - part)
    assert float(half.value[INCUMBENT]) == pytest.approx(
        float((whole.value[INCUMBENT] + bare.value[INCUMBENT]) / 2)
    )
    assert float(bare.value[START_UP]) > float(whole.value[START_UP])
    for one in (free, whole, bare, half):
        assert float(jnp.abs(jnp.sum(one.ledger, axis=0)).max()) < 0.01


def test_consent_to_new_money_costs_the_start_up_its_raises():
    def valued(refused):
        terms = INPUTS.terms
        if refused is not None:
            clause = TERMS.validate_python({"consent": {"raises_refused": refused}}).consent
            terms = eqx.tree_at(lambda t: t.consent, terms, clause, is_leaf=lambda x: x is None)
        inputs = eqx.tree_at(lambda i: i.terms, INPUTS, terms)
        return jax.jit(lambda i: value_deal(i, FLOWS, NOTHING, GRID))(inputs)

    none, never, always = valued(None), valued(0.0), valued(1.0)
    assert float(never.gain[INCUMBENT]) == pytest.approx(float(none.gain[INCUMBENT]))
    assert float(always.survival.new_money.max()) == pytest.approx(0.0, abs=1.0)
    assert float(always.survival.cumulative[8]) > float(none.survival.cumulative[8]) + 0.01
    # what it refuses is the deal's money only: without a deal nothing changes
    assert float(always.value_without[START_UP]) == pytest.approx(
        float(none.value_without[START_UP])
    )
    assert float(always.sum_residual) < 0.01
