"""The books of single realizations."""

import dataclasses
import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import (
    PARTIES,
    Exposure,
    StaffCut,
    Terms,
    business_plan,
    headroom,
    open_book,
    settle_at,
    waterfall,
)
from framerail.deal.settlement import delayed

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
INPUTS, GRID = READING["reference_inputs"](), READING["GRID"]
FLOWS = READING["program"]()
PARTNERS = INPUTS.partners
number = jnp.asarray
ROW = {party: row for row, party in enumerate(PARTIES)}


def settled(time, terms=INPUTS.terms, flows=FLOWS, partners=PARTNERS):
    book = open_book(terms, flows, partners, INPUTS.survival.with_deal, GRID)
    return settle_at(terms, flows, partners, book, number(float(time)), GRID)


def edit(where, value, tree=INPUTS.terms):
    return eqx.tree_at(where, tree, number(value))


@pytest.mark.parametrize("time", [0.5, 1.0, 5.25, 12.5, 55.5, 56.0])
def test_what_one_pays_another_receives(time):
    ledger = np.asarray(settled(time).ledger)
    assert np.abs(ledger.sum(axis=0)).max() < 0.01
    assert np.abs(ledger).max() > 1e6  # there is something to balance


def test_value_is_what_the_rows_are_worth():
    books = settled(8.5)
    row = ROW["incumbent"]
    wanted = (books.ledger[row] + books.external[row]) @ FLOWS.incumbent_discount
    assert float(books.value[row]) == pytest.approx(float(wanted))


def test_without_terms_only_debts_bills_and_new_money_move():
    books = settled(56.0, terms=Terms())
    assert float(jnp.abs(books.ledger[ROW["incumbent"]]).max()) == 0.0
    assert float(books.ledger[ROW["creditors"]].sum()) > 0.0
    assert float(books.ledger[ROW["suppliers"]].sum()) > 0.0


def test_debt_is_served_once_and_in_time():
    plan = business_plan(PARTNERS.start_up, GRID)
    due = sum(d.face * d.paid_in_cash for d in PARTNERS.start_up.debts.values())
    assert float(plan.repayment.sum()) == pytest.approx(float(due))
    notes = PARTNERS.start_up.debts["notes-2026"]
    years = float(notes.maturity) - 2024.0
    assert float(plan.interest.sum()) == pytest.approx(0.025 * float(notes.face) * years)


def test_cars_come_from_stock_first():
    business = dataclasses.replace(PARTNERS.start_up.business, production=None)
    start_up = dataclasses.replace(PARTNERS.start_up, business=business)
    plan = business_plan(start_up, GRID)
    sold = float(business.stock * business.stock_released)
    assert float(business.stock - plan.stock[-1]) == pytest.approx(sold)
    more = eqx.tree_at(lambda p: p.business.stock, start_up, business.stock + 1000.0)
    gain = business_plan(more, GRID).operating.sum() - plan.operating.sum()
    cost = float(business.production_cost * business.stock_released)
    assert float(gain) == pytest.approx(1000 * cost, rel=0.06)  # costs fall over the release


def test_failure_before_production_strands_or_steps_in():
    none = settled(4.5, terms=edit(lambda t: t.step_in.license_survival, 0.0))
    all_of_it = settled(4.5, terms=edit(lambda t: t.step_in.license_survival, 1.0),
                        flows=READING["program"](margin=15_000.0))  # fmt: skip
    after = np.asarray(none.external[ROW["incumbent"]])[6:]
    assert np.all(after == 0.0)
    assert float(all_of_it.stepped_in) == pytest.approx(1.0)
    assert float(all_of_it.external[ROW["incumbent"]][-1]) > 0.0


def test_the_incumbent_steps_in_only_where_it_pays():
    terms = edit(lambda t: t.step_in.cost, 1e11)
    assert float(settled(4.5, terms=terms).stepped_in) == 0.0


def test_equity_shares_in_survival_and_not_in_failure():
    terms = READING["reference_inputs"]("deal-equity").terms
    assert float(settled(56.0, terms=terms).transfers["equity sale"]) < -1e6
    assert float(settled(10.5, terms=terms).transfers["equity sale"]) == 0.0


def test_unpaid_build_fees_are_the_builders_loss():
    flows = READING["program"]()
    short = edit(lambda t: t.build_fee.payment_terms, 0.0)
    long = edit(lambda t: t.build_fee.payment_terms, 0.25)
    lost = settled(20.5, short, flows).value[0] - settled(20.5, long, flows).value[0]
    fee = 1.06 * float(flows.program.build_cost[20])
    assert 0.2 * fee < float(lost) < fee


def test_a_staff_cut_saves_pay_after_its_severance():
    cut = StaffCut(number(0.4), number(2025.0), number(0.25))
    start_up = PARTNERS.start_up
    leaner = eqx.tree_at(
        lambda s: s.business.cuts, start_up, {"second": cut}, is_leaf=lambda x: x is None
    )
    change = business_plan(leaner, GRID).operating - business_plan(start_up, GRID).operating
    np.testing.assert_allclose(change[:4], 0.0, atol=1e-6)
    np.testing.assert_allclose(change[4], 0.0, atol=1e-3)  # a quarter's pay saved, and paid out
    assert float(change[5:].min()) > 0.0


def test_a_failure_orphans_the_trucks_sold_by_then():
    exposure = Exposure(number(2_000.0), number(30e6))
    exposed = eqx.tree_at(
        lambda p: p.incumbent.exposure, PARTNERS, exposure, is_leaf=lambda x: x is None
    )
    row = ROW["incumbent"]
    for time, lived in ((4.5, 0.0), (16.0, 16.0), (56.0, None)):
        lost = settled(time).external[row] - settled(time, partners=exposed).external[row]
        sold = float(FLOWS.program.incumbent_units[: int(lived)].sum()) if lived else 0.0
        wanted = 0.0 if lived is None else 30e6 + 2_000.0 * sold
        assert float(lost.sum()) == pytest.approx(wanted, abs=1.0)


def test_waterfall_pays_by_rank():
    claims = number([[300.0, 300.0], [700.0, 700.0]])
    paid = waterfall(number([200.0, 650.0]), claims)
    np.testing.assert_allclose(paid, [[200.0, 300.0], [0.0, 350.0]])


def test_delay_is_fractional_and_loses_only_the_end():
    flow = jnp.arange(6.0)
    np.testing.assert_allclose(delayed(flow, number(1.5)), [0, 0, 0.5, 1.5, 2.5, 3.5])
    np.testing.assert_allclose(delayed(flow, number(0.0)), flow)


def test_value_is_continuous_in_the_failure_time():
    times = jnp.linspace(3.0, 5.0, 41)
    book = open_book(INPUTS.terms, FLOWS, PARTNERS, INPUTS.survival.with_deal, GRID)
    values = jax.vmap(lambda t: settle_at(INPUTS.terms, FLOWS, PARTNERS, book, t, GRID).value)(
        times
    )
    assert float(jnp.abs(jnp.diff(values, axis=0)).max()) < 15e6


def test_headroom_is_in_dollars():
    found = headroom(PARTNERS.incumbent, number(400e6))
    assert float(found.net_cash) == pytest.approx(1.2e12 / 148.0)
    assert float(found.share_of_net_cash) == pytest.approx(400e6 * 148.0 / 1.2e12)
    assert float(found.available) < float(found.net_cash) - float(found.expected_claims)
