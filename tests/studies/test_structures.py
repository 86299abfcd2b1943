"""Structures: pairing, where the check goes, what freedom is worth; the chain is stood in for."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import MarketAccess, PartnerFlows, SharedProgram, Terms, survive
from framerail.engine import headline_of
from framerail.numerics.calendar import quarter_grid
from framerail.report.structures import VARIANTS, read_structures
from framerail.studies import structure_figures as chain
from framerail.studies import structures
from framerail.studies.sampling import column_indices, sample_leaves, sobol_points
from framerail.studies.structure_chain import Chain, SolvedRows, fees_of
from framerail.studies.structure_figures import (
    CHECK,
    FAILURES,
    StructureFigures,
    check_money,
    check_promised,
    drawn_terms,
)
from framerail.studies.structure_options import WAIT, stopping, waiting
from framerail.studies.structures import INCUMBENT, OWN, START_UP, decimal_year

DRAWS = 64


@pytest.fixture(scope="module")
def read():
    return read_structures("nissan-fisker")


@pytest.fixture(scope="module")
def shapes(read):
    return eqx.filter_eval_shape(headline_of, read[0])


def batch(**fields):
    """Figures with a leading draw axis, which the annotations of one draw do not have."""
    made = object.__new__(StructureFigures)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


def figures(shapes, gain, paid=0.0, cash=None, date=None, seed=0):
    """Figures of `DRAWS` draws with a given gain of both partners."""
    generator = np.random.default_rng(seed)
    head = jax.tree.map(lambda leaf: np.zeros((DRAWS, *leaf.shape), leaf.dtype), shapes)
    full = np.zeros((DRAWS, 6))
    full[:, :2] = gain
    quarters = head.default_with.shape[1]
    failed = np.minimum(np.cumsum(generator.uniform(0, 0.05, (DRAWS, quarters)), axis=1), 1.0)
    head = eqx.tree_at(
        lambda h: (h.gain, h.joint_gain, h.default_without, h.runway_without),
        head,
        (full, full[:, :2].sum(axis=1), failed, generator.uniform(1, 6, DRAWS)),
    )
    years = quarters // 4
    blank = np.zeros(DRAWS)
    return batch(
        headline=head,
        promised=blank + 4e8,
        paid=blank + paid,
        paid_and_failed=blank + 0.5 * paid,
        fails_with=failed,
        fails_without=failed,
        fails_after_signing=blank + 0.5,
        gain_if_fails=blank - 1e8,
        steps_in=blank,
        incumbent_cash=np.zeros((DRAWS, FAILURES, years)) if cash is None else cash,
        failure_date=np.full((DRAWS, FAILURES), 2038.0) if date is None else date,
        incumbent_discount=np.ones((DRAWS, quarters)),
        start_up_discount=np.ones((DRAWS, quarters)),
        alone=blank,
    )


def test_bundled_structures_have_the_same_clauses_and_the_reported_size(read):
    own, variants = read
    assert set(variants) == set(VARIANTS)
    for one in variants.values():
        assert jax.tree.structure(one.deal.terms) == jax.tree.structure(own.deal.terms)
        assert float(check_promised(one.deal.terms)) == pytest.approx(400e6)
        rest = dataclasses.replace(one.deal, terms=own.deal.terms)
        same = jax.tree.leaves(jax.tree.map(lambda a, b: bool(a == b), rest, own.deal))
        assert all(same)


def test_one_program_serves_all_bundled_structures(read):
    own, variants = read
    points = sobol_points(8, len(own.uncertainty), 1)
    extra = sobol_points(8, 2, 2)
    terms = {n: drawn_terms(s, own, points, extra) for n, s in {OWN: own, **variants}.items()}
    assert len({jax.tree.structure(sheet) for sheet in terms.values()}) == 1
    assert len({fees_of(sheet) for sheet in terms.values()}) == 1
    dearer = eqx.tree_at(lambda t: t.royalty.per_unit, terms[OWN], terms[OWN].royalty.per_unit + 1)
    assert fees_of(dearer) != fees_of(terms[OWN])


def test_draws_are_paired_and_only_the_terms_differ(read):
    own, variants = read
    points = sobol_points(16, len(own.uncertainty), 1)
    extra = sobol_points(16, 2, 2)
    mine = drawn_terms(own, own, points, extra)
    equity = drawn_terms(variants["equity"], own, points, extra)
    rows = sample_leaves(own, points)
    place = [leaf.path for leaf in own.uncertainty].index("deal.terms.upfront.amount")
    np.testing.assert_array_equal(mine.upfront.amount, rows[:, place])
    np.testing.assert_array_equal(mine.royalty.per_unit, equity.royalty.per_unit)
    np.testing.assert_array_equal(equity.upfront.amount, 0.0)
    share = equity.equity.share
    assert np.unique(share).size == 16
    assert share.min() >= 0.4
    assert share.max() <= 0.7


def test_both_programs_trace_to_one_row_per_draw(read):
    own, _ = read
    points = sobol_points(8, len(own.uncertainty), 1)
    sheet = drawn_terms(own, own, points, points[:, :1])
    sheet = jax.tree.map(jnp.asarray, sheet)
    fees = Terms(royalty=sheet.royalty, build_fee=sheet.build_fee)
    rows = jnp.asarray(sample_leaves(own, points))
    markets = eqx.filter_eval_shape(chain.markets_of, own, column_indices(own), rows, fees)
    shape = eqx.filter_eval_shape(chain.figures_of, markets, sheet)
    assert shape.paid.shape == shape.alone.shape == (8,)
    assert shape.incumbent_cash.shape == (8, FAILURES, own.start_of_quarter.shape[0] // 4)


@pytest.mark.parametrize(("cash", "fails"), [(5e9, False), (1e6, True)])
def test_money_to_a_partner_that_lives_buys_trucks_and_to_one_that_fails_is_lost(read, cash, fails):
    grid = quarter_grid(2024.0, 6)
    nothing = jnp.zeros(grid.quarters)
    program = SharedProgram(*[nothing] * 5, start_of_production=jnp.asarray(2026.5))
    flows = PartnerFlows(program, *[nothing] * 3, *[nothing + 1.0] * 3)
    access = MarketAccess(*(jnp.asarray(x) for x in (0.0, 1e6, 0.5, 0.0, 2024.0)))
    burn = jnp.full(grid.quarters, -1e8).at[0].set(0.0)
    lives = survive(jnp.asarray(cash), jnp.zeros(()), burn, nothing, jnp.asarray(1e8), access, grid)
    paid, lost = check_money(read[1]["all upfront"].deal.terms, flows, lives, grid)
    assert 0.0 <= float(lost) <= float(paid) <= 400e6
    assert float(paid) == pytest.approx(400e6, rel=0.02) or fails
    assert float(lost) == pytest.approx(float(paid) if fails else 0.0, abs=0.02 * 400e6)


def test_the_check_is_what_the_engine_calls_so(read):
    terms = read[0].deal.terms
    assert terms.convertible_notes is None
    assert all(
        name.startswith(CHECK)
        for name in ("upfront license", "milestone: prototype", "equity purchase")
    )


def test_incumbent_accepts_its_best_structure_only_if_it_beats_walking_away(read, shapes):
    own, variants = read
    gains = {OWN: (-50e6, 90e6), "all upfront": (-300e6, 200e6),
             "milestones": (20e6, -10e6), "equity": (-90e6, 160e6)}  # fmt: skip

    def compare(shift):
        class StandIn(Chain):
            def solve(self, rows, terms, step, scenario=None):
                return SolvedRows([], rows.shape[0])

            def settle(self, solved, terms, step):
                return figures(shapes, np.add(gains[step.removeprefix("Structure: ")], shift))

        stand_in = StandIn(own, ())
        return structures(own, variants, draws=DRAWS, chain=stand_in, compare_sites=False)

    found, poorer = compare(0.0), compare(-30e6)
    assert found.names == [OWN, "all upfront", "milestones", "equity"]
    assert found.accept == found.best_for_incumbent == "milestones"
    assert found.best_joint == "equity"
    assert poorer.best_for_incumbent == "milestones"
    assert poorer.accept is None
    assert found.gain("equity", INCUMBENT).mean() == pytest.approx(-90e6)
    assert found.gain("equity", START_UP).mean() == pytest.approx(160e6)


def test_too_many_structures_are_refused(read):
    own, variants = read
    with pytest.raises(ValueError, match="at most 4"):
        structures(own, {**variants, "one more": own})


def test_waiting_is_worth_the_loss_avoided_and_never_more_than_knowing_all(read, shapes):
    quarters = np.asarray(read[0].start_of_quarter)
    bad = waiting(figures(shapes, (-1e8, 0.0)), quarters, 2024.164)
    assert bad.books == bad.blind == bad.oracle == 0.0
    assert bad.leaves == 1.0
    assert bad.worth == pytest.approx(1e8)
    assert bad.option == pytest.approx(0.0)
    sure = waiting(figures(shapes, (1e8, 0.0)), quarters, 2024.164)
    assert sure.leaves == 0.0
    assert sure.books == pytest.approx(1e8 * (1.0 - sure.fails), rel=1e-3)


def test_three_weeks_with_the_books_tell_good_from_bad(read, shapes):
    """A gain that falls with the chance of failing can be told from the books."""
    one = figures(shapes, (0.0, 0.0))
    risk = np.asarray(one.headline.default_without)[:, 4]
    gain = np.zeros((DRAWS, 6))
    gain[:, 0] = 1e9 * (np.median(risk) - risk)
    one = eqx.tree_at(lambda f: f.headline.gain, one, gain)
    found = waiting(one, np.asarray(read[0].start_of_quarter), 2024.164)
    assert found.oracle == pytest.approx(found.books, rel=0.05)
    assert found.books > 2.0 * found.error
    assert found.blind < 0.2 * found.books
    assert 0.3 < found.leaves < 0.7


def test_freedom_to_stop_cuts_the_loss_after_a_failure_and_costs_what_it_costs(shapes):
    """After the failure every year costs 50 million: stopping saves all years from the next on."""
    years = np.arange(2024.0, 2038.0)
    date = np.full((DRAWS, FAILURES), 2038.0)
    date[:, ::2] = 2026.5
    cash = np.full((DRAWS, FAILURES, years.size), 30e6)
    cash = np.where(date[:, :, None] < years[None, None, :], -50e6, cash)
    one = figures(shapes, (0.0, 0.0), cash=cash, date=date)
    free = stopping(one, years, 0.0)
    saved = 0.5 * 50e6 * np.sum(years >= 2027.0)
    assert free.committed == pytest.approx(cash.sum(axis=2).mean())
    assert free.worth == pytest.approx(saved, rel=1e-6)
    assert free.by_year[years == 2027.0][0] == pytest.approx(0.5)
    dear = stopping(one, years, 100e6)
    assert dear.worth == pytest.approx(saved - 0.5 * 100e6, rel=1e-6)
    late = stopping(one, years, 0.0, after_failure=True)
    assert late.worth == pytest.approx(saved, rel=1e-6)
    assert stopping(one, years, 1e9).worth == pytest.approx(0.0, abs=1.0)


def test_a_bad_program_with_a_living_partner_is_stopped_only_where_that_is_allowed(shapes):
    years = np.arange(2024.0, 2038.0)
    cash = np.full((DRAWS, FAILURES, years.size), 30e6)
    cash[::2] = -30e6
    one = figures(shapes, (0.0, 0.0), cash=cash)
    assert stopping(one, years, 0.0).worth == pytest.approx(0.5 * 30e6 * (years.size - 1))
    assert stopping(one, years, 0.0, after_failure=True).worth == pytest.approx(0.0, abs=1.0)


def test_dates():
    assert decimal_year("2024-03-01") == pytest.approx(2024.0 + 60 / 366)
    assert pytest.approx(21.0) == WAIT * 365.25


def test_the_living_do_not_judge_for_the_failed(shapes):
    """Living paths lose by a curve that no polynomial follows; going on after a failure pays a
    little: who may stop only then should never do so."""
    generator = np.random.default_rng(5)
    years = np.arange(2024.0, 2038.0)
    date = np.full((DRAWS, FAILURES), 2038.0)
    date[:, 0] = 2026.5
    early = generator.normal(0.0, 5e7, (DRAWS, FAILURES))
    cash = -4e7 * np.exp(np.abs(early) / 5e7)[:, :, None] * np.ones(years.size)
    cash[:, :, 0] = early
    cash = np.where(date[:, :, None] < years, 5e6, cash)
    one = figures(shapes, (0.0, 0.0), cash=cash, date=date)
    assert stopping(one, years, 0.0, after_failure=True).worth == pytest.approx(0.0, abs=1e3)
    assert stopping(one, years, 0.0).worth > 1e7
