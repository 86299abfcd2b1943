"""The whole chain on the reference case: it closes, balances, repeats and differentiates."""

import equinox as eqx
import jax
import numpy as np
import pytest

import framerail as fr
from framerail.scenario import leaf_paths
from framerail.studies import monte_carlo

LEAVES = (
    "vehicle.designs.nissan-awd.mass",
    "vehicle.designs.nissan-awd.battery.gross_energy",
    "vehicle.designs.nissan-rwd.road_load.drag_area",
    "vehicle.designs.alaska-rwd.auxiliary_power",
    "cost.deck.pack.supplier_factor",
    "cost.deck.electric.hvac",
    "cost.contents.nissan-awd.gross_weight",
    "market.preferences.price_sensitivity",
    "market.preferences.value_of_range",
    "market.preferences.value_of_electric",
    "market.market_size",
    "market.trends.acceptance_growth",
    "cost.deck.pack.world.growth",
    "plant.sites.canton.inbound_distance",
    "program.timeline.gates.validation.slip",
    "plant.sites.canton.wage",
    "plant.sites.canton.conversion_fixed",
    "plant.launch.time_to_half",
    "program.inflation",
    "program.finance.nissan.discount_rate",
    "program.finance.nissan.tax_rate",
    "program.commercial.nissan.dealer_margin",
    "program.policy.consumer.amount",
    "deal.terms.upfront.amount",
    "deal.terms.royalty.per_unit",
    "deal.partners.start_up.cash",
    "deal.survival.cash_shock",
)
"""Leaves of all six stages at which the derivative is checked."""


@pytest.fixture(scope="module")
def scenario():
    return fr.read_scenario("nissan-fisker")


@pytest.fixture(scope="module")
def evaluation(scenario):
    return fr.evaluate(scenario)


def test_books_balance(evaluation):
    audit = evaluation.audit
    assert audit.energy < 1e-6
    assert audit.shares < 1e-12
    assert audit.calibration < 1e-12
    assert audit.first_order < 1e-5
    assert audit.orders < 1e-6
    assert audit.circle < 1e-4
    assert audit.cash < 0.01
    assert audit.settlement < 0.01


def test_every_figure_is_finite(evaluation):
    for leaf in jax.tree_util.tree_leaves(evaluation):
        assert np.all(np.isfinite(leaf))


def test_trucks_take_sales_from_their_nearest_rivals(scenario, evaluation):
    names = sorted(scenario.market.products)
    lost = np.asarray(evaluation.neither.quantity - evaluation.both.market.quantity).mean(axis=0)
    place = {name: k for k, name in enumerate(names)}
    others = [k for name, k in place.items() if name not in evaluation.trucks.names]
    assert np.all(lost[others] > -1e-6)


def test_a_check_never_hastens_failure(evaluation):
    deal = evaluation.deal
    first_year = slice(0, 4)
    assert np.all(
        deal.survival.cumulative[first_year] <= deal.survival_without.cumulative[first_year] + 1e-9
    )


def test_same_seed_same_bits(scenario):
    first = monte_carlo(scenario, draws=4, seed=7)
    second = monte_carlo(scenario, draws=4, seed=7)
    for a, b in zip(
        jax.tree_util.tree_leaves(first.outputs),
        jax.tree_util.tree_leaves(second.outputs),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    assert np.all(first.valid)


@pytest.mark.slow
def test_gradient_against_finite_difference_in_every_stage(scenario):
    def gain(s):
        return fr.evaluate(s).deal.gain[0]

    slopes = jax.tree_util.tree_leaves(jax.grad(gain)(scenario))
    leaves, structure = jax.tree_util.tree_flatten(scenario)
    value = eqx.filter_jit(gain)
    place = {path: index for index, path in enumerate(leaf_paths(scenario))}
    wrong = []
    for path in LEAVES:
        index = place[path]
        step = 1e-4 * max(abs(float(leaves[index])), 1e-2)

        def moved(by, index=index):
            changed = list(leaves)
            changed[index] = leaves[index] + by
            return float(value(jax.tree_util.tree_unflatten(structure, changed)))

        difference = (moved(step) - moved(-step)) / (2 * step)
        slope = float(slopes[index])
        # A change of the gain below a hundred dollars drowns in the solvers' tolerances.
        floor = 100.0 / step
        if abs(slope - difference) > 0.01 * abs(difference) + floor:
            wrong.append((path, slope, difference))
    assert not wrong
