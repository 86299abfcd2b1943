"""Scrambled Sobol' points and the scenario leaves that a study replaces."""

from collections.abc import Sequence

import jax
import numpy as np
from jaxtyping import Array, Float
from scipy.stats import qmc

from framerail.quantities import Scalar
from framerail.scenario import Scenario, leaf_paths

DECISIONS = ("deal.terms.upfront.amount", "deal.terms.royalty.per_unit")
"""Terms that studies vary whether or not the scenario calls them uncertain."""


def sobol_points(draws: int, dimension: int, seed: int) -> np.ndarray:
    """Scrambled Sobol' points in the open unit cube, shape (draws, dimension)."""
    sampler = qmc.Sobol(dimension, scramble=True, rng=seed)
    points = sampler.random_base2(int(np.ceil(np.log2(max(draws, 2)))))[:draws]
    return np.clip(points, 1e-9, 1.0 - 1e-9)


def sample_leaves(scenario: Scenario, points: np.ndarray) -> np.ndarray:
    """Values of the study's columns at the points, shape (draws, column), in stored units.

    Columns are those of `columns`: the uncertain leaves, then decisions held at their value.
    """
    sampled = [leaf.distribution.quantile(points[:, k])
               for k, leaf in enumerate(scenario.uncertainty)]  # fmt: skip
    held = medians(scenario)[len(sampled) :]
    fixed = [np.full(points.shape[0], value) for value in held]
    return np.stack([*sampled, *fixed], axis=1)


def columns(scenario: Scenario) -> tuple[str, ...]:
    """Paths of the leaves that a study replaces: every uncertain one, then the decisions."""
    uncertain = tuple(leaf.path for leaf in scenario.uncertainty)
    present = set(leaf_paths(scenario))
    return uncertain + tuple(p for p in DECISIONS if p in present and p not in uncertain)


def medians(scenario: Scenario) -> np.ndarray:
    """Point values of the study's columns, in stored units."""
    leaves = jax.tree_util.tree_leaves(scenario)
    return np.asarray([float(leaves[index]) for index in column_indices(scenario)])


def column_indices(scenario: Scenario) -> tuple[int, ...]:
    """Place of every column among the scenario's flattened leaves."""
    place = {path: index for index, path in enumerate(leaf_paths(scenario))}
    return tuple(place[path] for path in columns(scenario))


def with_columns(
    scenario: Scenario,
    indices: tuple[int, ...],
    row: Float[Array, " column"] | Sequence[Scalar],
) -> Scenario:
    """The scenario with the study's leaves replaced by one row of values."""
    leaves, structure = jax.tree_util.tree_flatten(scenario)
    for k, index in enumerate(indices):
        leaves[index] = row[k]
    return jax.tree_util.tree_unflatten(structure, leaves)
