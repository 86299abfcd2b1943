"""Outside options and tranche schedules: what is moved, what is drawn, who is paid first."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import (
    PARTIES,
    Outside,
    PartnerFlows,
    SharedProgram,
    Terms,
    default_quarter,
    open_book,
    settle_at,
    value_deal,
    with_new_money,
)
from framerail.deal.clauses.insolvency import AssetPurchase
from framerail.engine import Headline
from framerail.numerics.calendar import QuarterGrid
from framerail.report.structures import RESCUE, variant_settings
from framerail.scenario import leaf_paths
from framerail.scenario_file import read_scenario
from framerail.studies.outside_options import (
    RESCUES,
    Alternatives,
    Drawn,
    OutsideOptions,
    after_the_failure,
    filing,
    rescued,
    same_shape,
)
from framerail.studies.sampling import sample_leaves, sobol_points
from framerail.studies.structure_chain import Chain, SolvedRows, study_paths
from framerail.studies.structure_figures import (
    FAILURES,
    StructureFigures,
    drawn_terms,
    incumbent_paths,
)
from framerail.studies.tranche_schedule import (
    STEPS,
    TOTALS,
    Offer,
    Tranche,
    bargain,
    search,
    tranche_names,
    with_tranches,
)
from framerail.studies.validation_deal import round_program

DRAWS = 16
START = "program.timeline.program_start"
PLANNED = "program.timeline.planned_start_of_production"
ENDS = "program.timeline.planned_end_of_production"
PLATFORM = "program.timeline.spend.platform-engineering.amount"


@pytest.fixture(scope="module")
def own():
    return read_scenario("nissan-fisker")


@pytest.fixture(scope="module")
def estate():
    return read_scenario("nissan-fisker", variant_settings("outside-estate"))


@pytest.fixture(scope="module")
def rescue():
    return read_scenario("nissan-fisker", variant_settings(RESCUE))


@pytest.fixture(scope="module")
def idle(own):
    grid = QuarterGrid(own.start_of_quarter)
    nothing = jnp.zeros(grid.quarters)
    discount = jnp.exp(-0.2 * (grid.middle - 2024.0))
    program = SharedProgram(*[nothing] * 5, start_of_production=jnp.asarray(2037.0))
    return PartnerFlows(program, *[nothing] * 3, discount, discount, discount), grid


def batch(kind, **fields):
    """Figures with a leading draw axis, which the annotations of one draw do not have."""
    made = object.__new__(kind)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


def drawn(own, paths, failed_at):
    """Draws that all fail in the middle of one quarter."""
    points = sobol_points(DRAWS, len(own.uncertainty), 1)
    rows = sample_leaves(own, points)
    values = dict(zip(leaf_paths(own), jax.tree.leaves(own), strict=True))
    more = [np.full(DRAWS, float(values[p])) for p in paths[rows.shape[1] :]]
    quarters = own.start_of_quarter.shape[0]
    cumulative = np.tile((np.arange(quarters) >= failed_at).astype(float), (DRAWS, 1))

    figures = batch(
        StructureFigures,
        headline=batch(Headline, default_without=cumulative),
        incumbent_discount=np.ones((DRAWS, quarters)),
        start_up_discount=np.ones((DRAWS, quarters)),
    )
    return Drawn(points, points[:, :9], np.column_stack([rows, *more]), figures, 2024.164)


def clause(completeness):
    names = ("bid", "probability", "completeness", "cost", "delay")
    values = (4e7, 0.6, completeness, 1e8, 0.75)
    columns = {n: np.full(DRAWS, value) for n, value in zip(names, values, strict=True)}
    return batch(AssetPurchase, **columns)


def test_the_estate_moves_the_whole_program_to_the_failure(own, estate):
    alternatives = Alternatives({"estate": estate}, own)
    paths = study_paths(own, alternatives.varied(own))
    assert START in paths
    chain, at = Chain(own, paths), drawn(own, paths, failed_at=6)
    place = {name: k for k, name in enumerate(paths)}
    far = at.rows.copy()
    far[:, place[PLATFORM]] *= 3.0
    moved, start, reached = after_the_failure(chain, far, clause(0.25), at)
    assert reached.all()
    # fails within the seventh quarter (2025.5 to 2025.75); the sale takes nine months
    assert np.all((start >= 2026.25) & (start <= 2026.5))
    shift = start - 2024.25
    for name in (PLANNED, ENDS):
        np.testing.assert_allclose(moved[:, place[name]], at.rows[:, place[name]] + shift)
    np.testing.assert_allclose(moved[:, place[START]], start)
    # a quarter of the way from scratch to the shared platform is saved
    base = at.rows[:, place[PLATFORM]]
    np.testing.assert_allclose(moved[:, place[PLATFORM]], base + 0.75 * 2.0 * base)
    late = drawn(own, paths, failed_at=50)
    assert not after_the_failure(chain, far, clause(0.25), late)[2].any()
    never = drawn(own, paths, failed_at=99)
    assert not after_the_failure(chain, far, clause(0.25), never)[2].any()


def test_an_option_has_the_bases_shape_and_its_own_years(own, estate):
    made = same_shape(estate, own, 2027.0)
    assert jax.tree.structure(made) == jax.tree.structure(own)
    assert [x.shape for x in jax.tree.leaves(made)] == [x.shape for x in jax.tree.leaves(own)]
    np.testing.assert_allclose(made.model_year, 2027.0 + np.arange(own.model_year.shape[0]))
    other = eqx.tree_at(lambda s: s.program.policy.states, estate, {})
    with pytest.raises(ValueError, match="other tables"):
        same_shape(other, own, 2027.0)


def test_the_best_option_is_the_best_on_average():
    values = {"do nothing": np.zeros(4), "gamble": np.array([9.0, -1.0, -1.0, 5.0])}
    options = OutsideOptions(values, {"carry on": np.zeros(4)}, np.array([1, 1, 1, 0], bool), 1.0)
    assert options.best(0) == ("gamble", pytest.approx(7.0 / 3.0))
    assert options.best(1) == ("carry on", 0.0)
    poor = dataclasses.replace(options, usable=np.array([0, 1, 1, 0], bool))
    assert poor.best(0) == ("do nothing", 0.0)


def test_a_rescue_that_brings_nothing_is_carrying_on(own, rescue, idle):
    flows, grid = idle
    sheet = rescue.deal.terms
    equity = dataclasses.replace(sheet.equity, requires=())
    pairs = []
    for face, amount in ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0)):
        bridge = eqx.tree_at(lambda b: b.draws["first"].face, sheet.bridge, jnp.asarray(9e7 * face))
        stake = dataclasses.replace(
            equity, amount=equity.amount * amount, share=equity.share * amount
        )
        pairs.append(Terms(bridge=bridge, equity=stake))
    both = jax.tree.map(lambda *leaf: jnp.stack(leaf), *pairs[:2])
    empty = jax.tree.map(lambda *leaf: jnp.stack(leaf), *[pairs[2]] * 2)
    closed = eqx.tree_at(lambda d: d.survival.with_deal, own.deal, own.deal.survival.without_deal)
    discount = jnp.stack([flows.incumbent_discount, flows.start_up_discount])

    @jax.jit
    def found(options):
        return rescued(closed, options, discount, jnp.asarray(2024.164), grid)

    gains, nothing = found(both), found(empty)
    assert len(RESCUES) == gains.shape[0] == 3
    np.testing.assert_allclose(nothing[:2], 0.0, atol=1e-3)
    assert float(gains[2]) == pytest.approx(float(nothing[2]))
    assert abs(float(gains[0])) > 1e5


def test_filing_leaves_holders_what_ranks_leave(own, idle):
    """The holders lose the cash at hand and get what is left after every claim: here nothing."""
    flows, grid = idle
    date = jnp.asarray(2024.25)
    flat = eqx.tree_at(
        lambda f: (f.incumbent_discount, f.start_up_discount, f.others_discount),
        flows, [jnp.ones(grid.quarters)] * 3,
    )  # fmt: skip
    value = float(filing(own.deal, flat, date, grid))
    start_up = own.deal.partners.start_up
    assert value == pytest.approx(-float(start_up.cash), rel=1e-6)
    free = eqx.tree_at(
        lambda d: (
            [d.partners.start_up.debts[k].face for k in d.partners.start_up.debts]
            + [d.partners.start_up.business.payables]
        ),
        own.deal,
        [jnp.zeros(())] * (len(start_up.debts) + 1),
    )
    assert float(filing(free, flat, date, grid)) > value + 1e8


def test_paths_cash_is_the_settlements(own):
    """Present cash of every path adds up to the incumbent's value at that date of failure, and
    what parties pay each other sums to zero."""
    grid = QuarterGrid(own.start_of_quarter)
    flows, deal = round_program(grid), own.deal
    nothing = Outside(jnp.zeros(()), jnp.zeros(()))
    found = jax.jit(lambda d: value_deal(d, flows, nothing, grid))(deal)
    by_year, date = incumbent_paths(deal, flows, found.survival, grid)
    assert by_year.shape == (FAILURES, grid.quarters // 4)
    mine = PARTIES.index("incumbent")
    assert float(by_year[0].sum()) == pytest.approx(float(found.realized[mine]), abs=1.0)
    book = open_book(deal.terms, flows, deal.partners, deal.survival.with_deal, grid)
    book = with_new_money(book, found.survival, deal.partners.start_up, grid)
    for k in range(FAILURES):
        at = 4.0 * (date[k] - grid.start_of_quarter[0])
        settled = settle_at(deal.terms, flows, deal.partners, book, at, grid)
        assert float(by_year[k].sum()) == pytest.approx(float(settled.value[mine]), abs=1.0)
        assert float(jnp.abs(jnp.sum(settled.ledger, axis=0)).max()) < 0.01
    chance = float(deal.survival.chance)
    first = default_quarter(found.survival.cumulative, jnp.asarray(chance))
    assert float(date[0]) == pytest.approx(2024.0 + float(first) / 4)


class StandIn(Chain):
    """A chain whose partner lives if enough is paid early: gains have a known best schedule."""

    def settle(self, solved, terms, step):
        upfront = np.asarray(terms.upfront.amount)
        later = sum(np.asarray(one.amount) for one in terms.milestones.values())
        late = np.asarray(terms.upfront.date) - 2024.25
        alive = 0.8 * (1.0 - np.exp(-upfront / 60e6)) * np.exp(-late)
        gain = np.zeros((upfront.size, 6))
        gain[:, 0] = 350e6 * alive - upfront - alive * later
        gain[:, 1] = alive * (upfront + later) - 20e6
        head = batch(Headline, fatal=np.zeros(upfront.size), gain=gain)
        return batch(StructureFigures, headline=head)


def test_the_search_finds_the_schedule_that_keeps_the_partner_alive(own):
    points = sobol_points(8, len(own.uncertainty), 1)
    terms = drawn_terms(own, own, points, points[:, :1])
    assert tranche_names(terms) == ["upfront", "prototype", "start-of-production"]
    found = search(StandIn(own, ()), SolvedRows([], 8), terms, np.zeros(2), 0.6)
    count = 1 + len(TOTALS) * (STEPS + 2) * (STEPS + 1) // 2
    assert len(found.offers) > count
    assert found.best is not None
    assert found.best.tranches[0].date == pytest.approx(2024.25)
    faces = np.array([one.gain[0] for one in found.offers if one.gain[1] >= 0.0])
    assert float(found.best.gain[0]) == pytest.approx(faces.max())
    assert 50e6 <= found.best.tranches[0].face <= 150e6
    assert found.agreeable > 0
    richer = search(StandIn(own, ()), SolvedRows([], 8), terms, np.array([0.0, 1e9]), 0.6)
    assert richer.best is None
    assert richer.agreeable == 0
    assert not bool(richer.over_outside.exists)
    assert bool(richer.over_nothing.exists)


def test_outside_options_turn_an_agreement_down():
    def offer(first, second):
        gain = np.array([first, second])
        return Offer((Tranche("upfront", first, 2024.25),), gain, 0 * gain, np.zeros(2))

    offers = [offer(10e6, 1e6), offer(6e6, 6e6), offer(1e6, 9e6)]
    free = bargain(offers, np.zeros(2), 0.5)
    assert free.agreeable == 3
    np.testing.assert_allclose(free.over_outside.nash, [6e6, 6e6])
    bound = bargain(offers, np.array([0.0, 8e6]), 0.5)
    assert bound.agreeable == 1
    np.testing.assert_allclose(bound.over_outside.nash, [1e6, 1e6])  # over the outside options
    assert bound.best is offers[2]
    assert bound.joint is offers[1]


def test_tranches_keep_everything_else_of_the_sheet(own):
    points = sobol_points(8, len(own.uncertainty), 1)
    terms = drawn_terms(own, own, points, points[:, :1])
    moved = with_tranches(terms, [1e8, 2e8, 0.0], [0.0, 0.5, 0.0])
    np.testing.assert_allclose(moved.upfront.amount, 1e8)
    np.testing.assert_allclose(moved.milestones["prototype"].date, 2025.5)
    np.testing.assert_allclose(moved.milestones["prototype"].deadline, 2026.0)
    np.testing.assert_allclose(moved.milestones["start-of-production"].amount, 0.0)
    np.testing.assert_array_equal(moved.royalty.per_unit, terms.royalty.per_unit)
    with pytest.raises(ValueError, match="no upfront clause"):
        with_tranches(dataclasses.replace(terms, upfront=None), [0.0], [0.0])
