"""Smooth twins: limits, bounds, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics.smoothing import (
    exact_value_smooth_gradient,
    smooth_minimum,
    smooth_positive,
    smooth_step,
)

X = jnp.linspace(-30.0, 30.0, 601)


def test_far_from_the_kink_nothing_changes():
    far = jnp.abs(X) > 8
    np.testing.assert_allclose(smooth_step(X, 1.0)[far], (X > 0)[far], atol=1e-12)
    np.testing.assert_allclose(smooth_positive(X, 1.0)[far], jnp.maximum(X, 0)[far], atol=1e-12)


def test_bounds_at_the_kink():
    gap = smooth_positive(X, 2.0) - jnp.maximum(X, 0.0)
    assert float(gap.min()) >= -1e-12
    assert float(gap.max()) == pytest.approx(2.0 / np.sqrt(2 * np.pi))
    assert float(smooth_minimum(jnp.asarray(3.0), jnp.asarray(3.0), 2.0)) < 3.0


def test_it_is_a_mean_over_noise():
    z = np.random.default_rng(0).standard_normal(400_000)
    mean = np.maximum(0.7 + 1.5 * z, 0).mean()
    assert float(smooth_positive(jnp.asarray(0.7), 1.5)) == pytest.approx(mean, abs=5e-3)


def test_exact_value_with_the_twins_gradient():
    def kinked(x):
        return exact_value_smooth_gradient(jnp.maximum(x, 0.0), smooth_positive(x, 1.0))

    assert float(kinked(jnp.asarray(-0.5))) == 0.0
    wanted = smooth_step(jnp.asarray(-0.5), 1.0)
    assert float(jax.grad(kinked)(jnp.asarray(-0.5))) == pytest.approx(float(wanted))
