"""Drivers: what moves the decision, from exact derivatives of the whole chain."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.engine import Evaluation, Headline, headline, solve_markets, truck_figures, value
from framerail.quantities import Scalar
from framerail.scenario import Scenario
from framerail.studies.programs import IN_PROCESS, Programs, hurried
from framerail.studies.sampling import column_indices, medians, with_columns

TARGETS = ("incumbent_gain", "start_up_gain", "default_before_production", "incumbent_npv")
"""Figures whose drivers are reported."""
_PERCENTILES = np.asarray([0.1, 0.5, 0.9])


@dataclasses.dataclass(frozen=True)
class Driver:
    """One uncertain input: its 10th, 50th and 90th percentile and the targets' slopes.

    `slope` has one entry per `TARGETS`, in the target's unit per unit of the input.
    """

    path: str
    unit: str
    low: float
    middle: float
    high: float
    slope: np.ndarray

    def swing(self, target: str) -> tuple[float, float]:
        """First-order change of a target when the input goes to its 10th and 90th percentile."""
        slope = float(self.slope[TARGETS.index(target)])
        return slope * (self.low - self.middle), slope * (self.high - self.middle)


@dataclasses.dataclass(frozen=True)
class Linearized:
    """The scenario at its medians: everything it says there, and the slopes of the targets."""

    point: Evaluation
    headline: Headline
    drivers: list[Driver]


def _linearize(
    values: tuple[Scalar, ...],
    weights: Float[Array, " target"],
    scenario: Scenario,
    indices: tuple[int, ...],
) -> tuple[tuple[Scalar, ...], tuple[Evaluation, Headline]]:
    """Reverse-mode derivative of a weighted sum of the targets: one sweep for all inputs."""

    # The inputs enter as separate scalars: as one array, XLA would join all of their derivatives
    # in one kernel, and the time to compile that grows with the square of its length.
    def weighted(values: tuple[Scalar, ...]) -> tuple[Scalar, tuple[Evaluation, Headline]]:
        here = with_columns(scenario, indices, values)
        point = value(solve_markets(here, truck_figures(here)))
        h = headline(point, here)
        targets = [h.gain[0], h.gain[1], h.default_before_production, h.program_npv[1]]
        return weights @ jnp.stack(targets), (point, h)

    return jax.grad(weighted, has_aux=True)(values)


def prepare_linearization(scenario: Scenario, programs: Programs) -> None:
    """Trace the program of `linearize` ahead of its first call."""
    programs.prepare(_linearize, _arguments(scenario, jnp.zeros(len(TARGETS))), hurried())


def _arguments(scenario: Scenario, weights: Float[Array, " target"]) -> tuple[Any, ...]:
    values = tuple(jnp.asarray(value) for value in medians(scenario))
    return values, weights, scenario, column_indices(scenario)


def linearize(scenario: Scenario, programs: Programs | None = None) -> Linearized:
    """Evaluate at the medians, with the targets' slopes in every uncertain input."""
    programs = programs or IN_PROCESS
    leaves = scenario.uncertainty
    percentiles = np.asarray([leaf.distribution.quantile(_PERCENTILES) for leaf in leaves])
    found = [
        programs.call(_linearize, arguments, hurried())
        for arguments in (_arguments(scenario, unit) for unit in jnp.eye(len(TARGETS)))
    ]
    slopes = np.stack([np.asarray(gradient) for gradient, _ in found], axis=1)
    point, figures = found[0][1]
    ranked = [
        Driver(leaf.path, leaf.unit, *map(float, percentiles[k]), slope=slopes[k])
        for k, leaf in enumerate(leaves)
    ]
    return Linearized(point, figures, ranked)


def drivers(scenario: Scenario) -> list[Driver]:
    """Slopes of the targets with respect to every uncertain input, at the medians."""
    return linearize(scenario).drivers
