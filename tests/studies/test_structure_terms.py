"""Term by term on a stand-in for the chain, whose gains are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from framerail.report.structures import read_structures
from framerail.studies.sampling import sample_leaves, sobol_points
from framerail.studies.structure_chain import Chain, SolvedRows, study_paths
from framerail.studies.structure_figures import drawn_terms
from framerail.studies.structure_freedoms import MORE, MORE_COST, _expected
from framerail.studies.structure_terms import Axis, Sheets, declared, is_date, levers, term_zone

DRAWS, TRUCKS = 16, 30_000.0
NOISE = np.linspace(-5e7, 5e7, DRAWS)


class StandIn(Chain):
    """Of a dollar upfront the start-up gets ninety cents and creditors ten; a royalty moves; a
    markup costs both; a surer prototype brings both something."""

    solved = 0

    def solve(self, rows, terms, step, scenario=None):
        StandIn.solved += 1
        return SolvedRows([], rows.shape[0])

    def settle(self, solved, terms, step):
        paid, fee = np.asarray(terms.upfront.amount), TRUCKS * np.asarray(terms.royalty.per_unit)
        lost = 4e8 * np.asarray(terms.build_fee.markup)
        won = 1e8 * np.asarray(terms.milestones["prototype"].probability)
        gain = np.zeros((DRAWS, 6))
        gain[:, 0] = 200e6 - paid + fee - lost + won + NOISE
        gain[:, 1] = 0.9 * paid - fee - lost + won - 100e6
        gain[:, 2] = 0.1 * paid
        fatal = np.zeros(DRAWS, int)
        fatal[3] = np.any(paid > 550e6)
        return SimpleNamespace(headline=SimpleNamespace(gain=gain, fatal=fatal))


@pytest.fixture(scope="module")
def scenario():
    return read_structures("nissan-fisker")[0]


@pytest.fixture
def sheets(scenario):
    points = sobol_points(DRAWS, len(scenario.uncertainty), 1)
    terms = drawn_terms(scenario, scenario, points, points[:, :1])
    StandIn.solved = 0
    chain = StandIn(scenario, study_paths(scenario))
    return Sheets(chain, sample_leaves(scenario, points), terms)


def test_each_term_moves_makes_or_destroys_what_it_does(sheets):
    found = {one.path: one for one in levers(sheets, 2024.164)}
    assert set(found) == set(sheets.paths)
    paid = found["upfront.amount"]
    np.testing.assert_allclose(paid.up, [-10e6, 9e6, 1e6], atol=1.0)
    np.testing.assert_allclose(paid.down, -paid.up, atol=1.0)
    assert (paid.kind, paid.moved) == ("moves", pytest.approx(9e6))
    fee = found["royalty.per_unit"]
    np.testing.assert_allclose(fee.up, [3e6, -3e6, 0.0], atol=1.0)
    assert fee.joint == pytest.approx(0.0, abs=1.0)
    assert fee.kind == "moves"
    assert found["build_fee.markup"].kind == "destroys"
    assert found["build_fee.markup"].joint == pytest.approx(-40e6)
    assert found["milestones.prototype.probability"].kind == "creates"
    assert found["step_in.delay"].kind == "nothing"
    np.testing.assert_allclose(paid.error, 0.0, atol=1.0)  # paired: the draws' own spread is gone


def test_the_frontier_has_the_steps_that_nothing_beats(sheets):
    """Down with the markup is better for both than the sheet as it is: neither that sheet nor a
    step that only moves less than it makes is efficient; a royalty trades one for the other."""
    found = {one.path: one for one in levers(sheets, 2024.164)}
    assert found["build_fee.markup"].frontier == ("down",)
    assert found["upfront.amount"].frontier == ()
    assert found["step_in.fee"].frontier == ()


def test_largest_changes_come_first_and_dates_do_not_precede_the_scenario(sheets):
    found = levers(sheets, 2024.164)
    sizes = [max(abs(one.joint), np.abs(one.up[:2]).max()) for one in found]
    assert sizes == sorted(sizes, reverse=True)
    assert is_date("upfront.date")
    assert not is_date("step_in.delay")
    assert declared("royalty.per_unit") == (0.0, 50_000.0, "dollar/truck")


def test_the_zone_is_where_both_gain(sheets):
    paid, fee = np.linspace(0.0, 500e6, 6), np.linspace(0.0, 4_000.0, 5)
    found = term_zone(sheets, Axis("upfront.amount", paid), Axis("royalty.per_unit", fee), 7)
    lost, won = (
        float(scale * sheets.drawn(path).mean())
        for scale, path in ((4e8, "build_fee.markup"), (1e8, "milestones.prototype.probability"))
    )
    first = 200e6 - paid[:, None] + TRUCKS * fee[None, :] - lost + won
    second = 0.9 * paid[:, None] - TRUCKS * fee[None, :] - lost + won - 100e6
    np.testing.assert_allclose(found.zone.incumbent_gain, first, atol=1.0)
    np.testing.assert_allclose(found.zone.start_up_gain, second, atol=1.0)
    np.testing.assert_array_equal(found.zone.agreeable, (first >= 0) & (second >= 0))
    np.testing.assert_allclose(found.joint, first + second, atol=2.0)
    assert bool(found.zone.exists)
    power = float(sheets.chain.scenario.deal.bargain.incumbent_power)
    product = np.where(
        (first > 0) & (second > 0),
        np.maximum(first, 1.0) ** power * np.maximum(second, 1.0) ** (1 - power), 0.0,
    )  # fmt: skip
    best = np.unravel_index(product.argmax(), product.shape)
    assert float(found.zone.nash.upfront) == paid[best[0]]
    assert float(found.zone.nash.royalty) == fee[best[1]]
    assert StandIn.solved == fee.size  # markets see the royalty, not the payment


def test_a_draw_that_fails_under_one_pair_counts_under_none(sheets):
    axes = Axis("upfront.amount", np.array([0.0, 600e6])), Axis("step_in.fee", np.array([0.0, 1e7]))
    found = term_zone(sheets, *axes, 7)
    assert (found.draws, found.usable) == (DRAWS, DRAWS - 1)
    spread = float(found.zone.incumbent_gain[0, 0] - found.zone.incumbent_gain[1, 0])
    assert spread == pytest.approx(600e6)
    assert StandIn.solved == 1
    alike = sheets.gains({"upfront.amount": 0.0, "step_in.fee": 0.0}, "")[0][:, 0]
    assert float(found.zone.incumbent_gain[0, 0]) == pytest.approx(np.delete(alike, 3).mean())


def test_who_decides_to_expand_does_not_know_the_path():
    """What is still to come is noise to whoever decides: its mean is what counts."""
    draw = np.random.default_rng(3)
    state = np.zeros((400, 5, 3))
    state[:, :, 0] = draw.standard_normal((400, 5)) * 1e8
    value = MORE * 1e9 + 2.0 * state[:, :, 0] + MORE_COST * draw.standard_normal((400, 5))
    found = _expected(state, value)
    np.testing.assert_allclose(found, MORE * 1e9 + 2.0 * state[:, :, 0], atol=7e7)
