"""The stage as a whole, on the reference case's deal inputs and a round program."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import (
    OUTCOMES,
    business_plan,
    closing_probability,
    default_quarter,
    open_book,
    settle_at,
    value_deal,
    with_new_money,
    with_upfront_and_royalty,
    zone_of_agreement,
)
from framerail.numerics.calendar import at_once, fraction_after, fraction_before
from framerail.numerics.outcome import describe

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
INPUTS, GRID, NOTHING = READING["reference_inputs"](), READING["GRID"], READING["NOTHING"]
FLOWS = READING["program"]()
number = jnp.float64
COMPILED = jax.jit(lambda inputs, flows, outside: value_deal(inputs, flows, outside, GRID))


def valued(inputs, flows, outside=NOTHING):
    return COMPILED(inputs, flows, outside)


DEAL = valued(INPUTS, FLOWS)
EXPOSED = fraction_after(INPUTS.survival.alive_on, GRID)


def test_all_results_are_finite():
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(DEAL))


def test_books_balance_over_all_failure_times():
    assert float(DEAL.sum_residual) < 0.01
    assert np.abs(np.asarray(DEAL.ledger).sum(axis=0)).max() < 0.01


def test_nothing_befalls_a_company_known_to_live():
    """The reference case is dated 1 March: two thirds of the first quarter are known. Cash then is
    not, so that most of the quarter's risk, which lies in its last month, is left."""
    since_start = valued(eqx.tree_at(lambda i: i.survival.alive_on, INPUTS, number(2024.0)), FLOWS)
    for known, unknown in (
        (DEAL.survival, since_start.survival),
        (DEAL.survival_without, since_start.survival_without),
    ):
        assert 0.0 < float(known.default[0]) < float(unknown.default[0]) - 0.002
    early = valued(eqx.tree_at(lambda i: i.survival.chance, INPUTS, number(1e-6)), FLOWS)
    assert float(early.default_time) > 1.0 - float(EXPOSED[0])


def test_expected_external_cash_is_the_programs_while_it_lives():
    """With no license left and an empty estate, outside cash is each flow times being alive."""
    estate = INPUTS.partners.start_up.estate
    empty = jax.tree.map(jnp.zeros_like, estate)
    inputs = eqx.tree_at(
        lambda i: (i.partners.start_up.estate, i.terms.step_in.license_survival),
        INPUTS,
        (empty, jnp.zeros(())),
    )
    found = valued(inputs, FLOWS)
    alive = 1.0 - found.survival.cumulative + (1.0 - 0.5 * EXPOSED) * found.survival.default
    start_up = inputs.partners.start_up
    counted = fraction_before(start_up.franchise.date, GRID)
    own = business_plan(start_up, GRID).operating * counted
    own = own + at_once(start_up.franchise.equity_value, start_up.franchise.date, GRID)
    np.testing.assert_allclose(found.external[0], alive * FLOWS.incumbent, atol=1.0)
    np.testing.assert_allclose(found.external[1], alive * (FLOWS.start_up + own), atol=1.0)


def test_expected_transfers_are_weighted_by_survival():
    alive = 1.0 - DEAL.survival.cumulative + (1.0 - 0.5 * EXPOSED) * DEAL.survival.default
    paid = float(DEAL.transfers["upfront license"])
    assert paid == pytest.approx(float(INPUTS.terms.upfront.amount * alive[1]), rel=1e-9)


def test_default_before_production_counts_the_quarters_before_it():
    until = fraction_before(number(2026.5), GRID)
    assert float(until.sum()) == pytest.approx(10.0)
    assert float(DEAL.default_before_production) == pytest.approx(
        float(DEAL.survival.cumulative[9])
    )


def test_the_check_buys_time():
    gained = DEAL.survival_without.cumulative - DEAL.survival.cumulative
    assert float(gained[:6].min()) > 0.0
    bigger = valued(READING["reference_inputs"]("deal-upfront"), FLOWS)
    assert float(bigger.survival.cumulative[4]) < float(DEAL.survival.cumulative[4])


def test_loss_if_default_is_measured_against_none():
    loss = DEAL.value_if_default[0, -1] - DEAL.value_if_default[0, 4]
    assert float(DEAL.incumbent_loss_if_default[4]) == pytest.approx(float(loss))


def test_realization_follows_the_draw():
    early = valued(eqx.tree_at(lambda i: i.survival.chance, INPUTS, number(0.02)), FLOWS)
    late = valued(eqx.tree_at(lambda i: i.survival.chance, INPUTS, number(0.9999)), FLOWS)
    assert float(early.default_time) < float(late.default_time)
    # averaging realizations gives the expectation
    partners, draws = INPUTS.partners, (jnp.arange(256) + 0.5) / 256
    book = open_book(INPUTS.terms, FLOWS, partners, INPUTS.survival.with_deal, GRID)
    book = with_new_money(book, DEAL.survival, partners.start_up, GRID)

    def realized(chance):
        time = default_quarter(DEAL.survival.cumulative, chance, EXPOSED)
        return settle_at(INPUTS.terms, FLOWS, partners, book, time, GRID).value

    mean = jax.jit(jax.vmap(realized))(draws).mean(axis=0)
    # what is left is settling at mid-quarter for failures all through it
    np.testing.assert_allclose(mean, DEAL.value, atol=8e6)


def test_outcome_says_that_it_fails_first():
    names = [entry.name for entry in describe(int(DEAL.outcome), OUTCOMES)]
    assert names == ["start_up_fails_first"]


def test_outcome_says_that_a_royalty_has_no_product():
    idle = eqx.tree_at(lambda f: f.program.incumbent_units, FLOWS, jnp.zeros(GRID.quarters))
    names = [entry.name for entry in describe(int(valued(INPUTS, idle).outcome), OUTCOMES)]
    assert "royalty_without_product" in names


def test_outside_options_move_gains_one_for_one():
    better = eqx.tree_at(lambda o: o.incumbent, NOTHING, number(5e6))
    other = valued(INPUTS, FLOWS, better)
    assert float(DEAL.gain[0] - other.gain[0]) == pytest.approx(5e6)


GRADIENT = jax.jit(jax.jacrev(lambda inputs: value_deal(inputs, FLOWS, NOTHING, GRID).gain[:2]))
SLOPES = GRADIENT(INPUTS)


def test_gradients_are_finite_everywhere():
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(SLOPES))


@pytest.mark.parametrize(
    ("where", "step"),
    [
        (lambda i: i.terms.upfront.amount, 1e4),
        (lambda i: i.terms.royalty.per_unit, 0.5),
        (lambda i: i.terms.equity.share, 1e-6),
        (lambda i: i.terms.build_fee.markup, 1e-6),
        (lambda i: i.terms.step_in.delay, 1e-6),
        (lambda i: i.partners.start_up.business.overhead, 1e4),
        (lambda i: i.partners.start_up.business.attainment, 1e-6),
        (lambda i: i.partners.start_up.cash, 1e4),
        (lambda i: i.survival.cash_shock, 1e4),
        (lambda i: i.survival.with_deal.delisting, 1e-6),
        (lambda i: i.survival.with_deal.raises, 1e-6),
    ],
    ids=["upfront", "royalty", "stake", "markup", "delay", "overhead", "attainment", "cash",
         "shock", "delisting", "raises"],
)  # fmt: skip
def test_gradient_is_the_finite_difference(where, step):
    at = where(INPUTS)
    up, down = (valued(eqx.tree_at(where, INPUTS, at + s), FLOWS) for s in (step, -step))
    slope = (up.gain[:2] - down.gain[:2]) / (2 * step)
    np.testing.assert_allclose(where(SLOPES), slope, rtol=1e-4, atol=1e-6)


def test_zone_of_agreement_from_the_stage_itself():
    flows = READING["program"](margin=22_000.0)

    def gains(upfront, royalty):
        terms = with_upfront_and_royalty(INPUTS.terms, upfront, royalty)
        value = value_deal(eqx.tree_at(lambda i: i.terms, INPUTS, terms), flows, NOTHING, GRID)
        return value.gain[0], value.gain[1]

    upfront, royalty = jnp.linspace(0.0, 400e6, 3), jnp.linspace(0.0, 3_000.0, 2)
    zone = jax.jit(lambda p: zone_of_agreement(gains, upfront, royalty, p))(number(0.6))
    assert zone.incumbent_gain.shape == (3, 2)
    # more upfront is better for the start-up at any royalty
    assert bool(jnp.all(jnp.diff(zone.start_up_gain, axis=0) > 0))
    assert bool(zone.exists)
    assert float(zone.nash.incumbent_gain) >= 0
    assert float(zone.nash.start_up_gain) >= 0


def test_closing_probability_follows_the_stage():
    talks = INPUTS.talks
    assert float(closing_probability(talks)) == float(talks.from_term_sheet)
    closed = eqx.tree_at(lambda t: t.from_talks, talks, number(0.5))
    object.__setattr__(closed, "stage", "closed")
    assert float(closing_probability(closed)) == 1.0
