"""Drivers: what moves the decision, from exact derivatives of the whole chain."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.engine import headline_of
from framerail.scenario import Scenario
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


def _targets(scenario: Scenario) -> Float[Array, " target"]:
    h = headline_of(scenario)
    return jnp.stack([h.gain[0], h.gain[1], h.default_before_production, h.program_npv[1]])


@eqx.filter_jit
def _slopes(
    scenario: Scenario,
    indices: tuple[int, ...],
    row: Float[Array, " column"],
    weights: Float[Array, " target"],
) -> Float[Array, " column"]:
    """Reverse-mode derivative of a weighted sum of the targets: one sweep for all inputs."""

    def weighted(values: Float[Array, " column"]) -> Float[Array, ""]:
        return weights @ _targets(with_columns(scenario, indices, values))

    return jax.grad(weighted)(row)


def drivers(scenario: Scenario) -> list[Driver]:
    """Slopes of the targets with respect to every uncertain input, at the medians."""
    leaves = scenario.uncertainty
    percentiles = np.asarray([leaf.distribution.quantile(_PERCENTILES) for leaf in leaves])
    row = jnp.asarray(medians(scenario))
    indices = column_indices(scenario)
    slopes = np.stack(
        [np.asarray(_slopes(scenario, indices, row, unit)) for unit in jnp.eye(len(TARGETS))],
        axis=1,
    )
    return [
        Driver(leaf.path, leaf.unit, *map(float, percentiles[k]), slope=slopes[k])
        for k, leaf in enumerate(leaves)
    ]
