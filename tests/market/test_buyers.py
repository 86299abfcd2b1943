import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import NODE_DIMENSION, TASTES, draw_buyers

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
PREFERENCES = READING["reference_inputs"]().preferences
nodes = READING["nodes"]


def test_weights_sum_to_one_and_split_by_class():
    buyers = draw_buyers(PREFERENCES, nodes(256))
    assert float(buyers.weight.sum()) == pytest.approx(1.0, abs=1e-14)
    opposed = buyers.taste[:, TASTES.index("electric")] < -PREFERENCES.opposition / 2
    last = jnp.arange(256) >= 192
    assert float(buyers.weight[last].sum()) == pytest.approx(float(PREFERENCES.opposed_share))
    assert float(jnp.mean(opposed[last])) > 0.7


def test_importance_weights_restore_the_moments_of_the_population():
    buyers = draw_buyers(PREFERENCES, nodes(8192))
    open_ = np.arange(8192) < 6144
    weight = np.where(open_, buyers.weight, 0.0)
    weight = weight / weight.sum()
    pickup = np.asarray(buyers.taste[:, 0]) / float(PREFERENCES.spread_of_pickup)
    electric = np.asarray(buyers.taste[:, 1]) / float(PREFERENCES.spread_of_electric)
    for score in (pickup, electric):
        assert weight @ score == pytest.approx(0.0, abs=0.02)
        assert weight @ score**2 == pytest.approx(1.0, abs=0.03)
    assert weight @ (pickup * electric) == pytest.approx(0.0, abs=0.02)
    log_income = -np.log(np.asarray(buyers.sensitivity) / float(PREFERENCES.price_sensitivity))
    spread = float(PREFERENCES.income_elasticity * PREFERENCES.income_spread)
    assert np.sqrt(weight @ log_income**2) == pytest.approx(spread, rel=0.03)


def test_richer_price_levels_blunt_prices_in_proportion():
    buyers = draw_buyers(PREFERENCES, nodes(64))
    later = buyers.at_price_level(jnp.asarray(1.25))
    np.testing.assert_allclose(later.sensitivity * 1.25, buyers.sensitivity, rtol=1e-14)


def test_population_is_differentiable_in_every_preference():
    def mean(preferences):
        buyers = draw_buyers(preferences, nodes(64))
        return jnp.sum(buyers.weight * buyers.sensitivity) + jnp.sum(buyers.taste**2)

    leaves = jax.tree_util.tree_leaves(jax.grad(mean)(PREFERENCES))
    assert all(bool(jnp.isfinite(leaf)) for leaf in leaves)
    assert float(jax.grad(mean)(PREFERENCES).spread_of_pickup) > 0


def test_nodes_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="expected nodes of shape"):
        draw_buyers(PREFERENCES, jnp.full((30, NODE_DIMENSION), 0.5))
