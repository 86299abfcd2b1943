"""Contribution and full cost on a small worked case, and the books that they close."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.cost import full_cost

PRICE = jnp.array([[50.0, 60.0], [40.0, 60.0]])
VARIABLE = jnp.array([[30.0, 45.0], [30.0, 35.0]])
SOLD = jnp.array([[1.0, 2.0], [3.0, 2.0]])
FIXED = jnp.array([[16.0, 0.0], [4.0, 12.0]])


def test_worked_case():
    found = full_cost(PRICE, VARIABLE, SOLD, FIXED)
    np.testing.assert_allclose(found.price, [(50 + 120) / 4, 60])
    np.testing.assert_allclose(found.variable, [30, 40])
    np.testing.assert_allclose(found.contribution, [12.5, 20])
    np.testing.assert_allclose(found.fixed, [2, 2])
    np.testing.assert_allclose(found.full, [34, 44])
    np.testing.assert_allclose(found.margin, [8.5, 16])
    assert float(found.residual) == pytest.approx(0.0, abs=1e-12)


def test_more_trucks_lower_full_cost_but_not_contribution():
    once, twice = (full_cost(PRICE, VARIABLE, k * SOLD, FIXED) for k in (1.0, 2.0))
    np.testing.assert_allclose(twice.contribution, once.contribution)
    assert bool(jnp.all(twice.full < once.full))


def test_a_truck_that_is_never_sold_shows_zeros_and_has_finite_slopes():
    sold = SOLD.at[:, 1].set(0.0)
    found = full_cost(PRICE, VARIABLE, sold, FIXED)
    assert float(found.full[1]) == float(found.margin[1]) == 0.0
    assert float(found.residual) == pytest.approx(0.0, abs=1e-12)
    nothing = full_cost(PRICE, VARIABLE, 0.0 * SOLD, FIXED)
    assert all(float(jnp.max(jnp.abs(leaf))) == 0 for leaf in jax.tree.leaves(nothing))
    slope = jax.grad(lambda s: jnp.sum(full_cost(PRICE, VARIABLE, s, FIXED).margin))(0.0 * SOLD)
    assert np.isfinite(np.asarray(slope)).all()


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.lists(st.floats(0.0, 1e5), min_size=24, max_size=24))
def test_what_is_allocated_is_what_was_spent(numbers):
    table = jnp.asarray(numbers).reshape(4, 3, 2)
    sold = table[2] + 1.0
    found = full_cost(table[0], table[1], sold, table[3].T)
    spent = float(jnp.sum(table[1] * sold) + jnp.sum(table[3]))
    assert abs(float(found.residual)) <= 1e-9 * (1.0 + spent)
    units = jnp.sum(sold, axis=0)
    profit = float(jnp.sum(table[0] * sold)) - spent
    assert float(jnp.sum(found.margin * units)) == pytest.approx(profit, rel=1e-9, abs=1e-3)
