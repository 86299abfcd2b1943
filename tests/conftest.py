"""Strict numerics for every test: float64, no silent promotion of ranks."""

import gc
from pathlib import Path

import jax
import pytest

import framerail  # noqa: F401  (sets XLA's flags before JAX computes)

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


MAPPINGS = Path("/proc/self/maps")
MANY_MAPPINGS = 30_000
"""A compiled program holds a dozen memory mappings, and Linux grants a process 65,530."""


@pytest.fixture(autouse=True, scope="module")
def few_mappings():
    """Drops compiled programs between files before a worker runs out of mappings and dies."""
    yield
    if MAPPINGS.exists() and len(MAPPINGS.read_bytes().splitlines()) > MANY_MAPPINGS:
        jax.clear_caches()
        gc.collect()


@pytest.fixture
def finite_difference():
    """Central difference of a scalar function of one float."""

    def slope(function, at: float, step: float | None = None) -> float:
        h = step if step is not None else 1e-5 * max(1.0, abs(at))
        return float((function(at + h) - function(at - h)) / (2 * h))

    return slope
