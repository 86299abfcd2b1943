"""Strict numerics for every test: float64, no silent promotion of ranks."""

import jax
import pytest

import framerail  # noqa: F401  (sets XLA's flags before JAX computes)

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture
def finite_difference():
    """Central difference of a scalar function of one float."""

    def slope(function, at: float, step: float | None = None) -> float:
        h = step if step is not None else 1e-5 * max(1.0, abs(at))
        return float((function(at + h) - function(at - h)) / (2 * h))

    return slope
