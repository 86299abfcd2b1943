"""Monte Carlo over every uncertain input: scrambled Sobol' draws through the whole chain."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from framerail.engine import Headline
from framerail.scenario import Scenario
from framerail.studies.programs import Programs
from framerail.studies.rows import ChunkStore, Progress, evaluate_rows
from framerail.studies.sampling import sample_leaves, sobol_points


@dataclasses.dataclass(frozen=True)
class MonteCarlo:
    """Draws of the inputs and of the outputs.

    `inputs` has shape (draw, column) in the order of `sampling.columns`; every array of
    `outputs` has a leading draw axis. `valid` marks draws whose figures are usable: the others
    are counted in reports and left out of means and percentiles.
    """

    inputs: np.ndarray
    outputs: Headline
    seed: int

    @property
    def draws(self) -> int:
        """Number of draws."""
        return self.inputs.shape[0]

    @property
    def valid(self) -> np.ndarray:
        """Draws whose figures are usable, boolean."""
        return np.asarray(self.outputs.fatal) == 0


def monte_carlo(
    scenario: Scenario,
    *,
    draws: int | None = None,
    seed: int | None = None,
    step: str = "Monte Carlo draws",
    progress: Progress | None = None,
    store: ChunkStore | None = None,
    programs: Programs | None = None,
) -> MonteCarlo:
    """Evaluate the scenario at `draws` joint draws of its uncertain inputs.

    **Arguments:** `draws` and `seed` default to the scenario's; `progress` is told after every
    chunk; `store` keeps chunks for resumption, `programs` the compiled program. Same scenario,
    draws and seed: same bits on the same machine.
    """
    draws = draws or scenario.about.draws
    seed = scenario.about.seed if seed is None else seed
    points = sobol_points(draws, len(scenario.uncertainty), seed)
    inputs = sample_leaves(scenario, points)
    outputs = evaluate_rows(
        realized_policy(scenario),
        inputs,
        step=step,
        progress=progress,
        store=store,
        programs=programs,
    )
    return MonteCarlo(inputs, outputs, seed)


def realized_policy(scenario: Scenario) -> Scenario:
    """Draws live through a drawn repeal of policy; the point evaluation expects its mean."""
    return eqx.tree_at(lambda s: s.program.policy.realized, scenario, jnp.ones(()))


def first_draws(samples: MonteCarlo, count: int) -> MonteCarlo:
    """The first draws of a Monte Carlo."""
    outputs = jax.tree_util.tree_map(lambda leaf: leaf[:count], samples.outputs)
    return MonteCarlo(samples.inputs[:count], outputs, samples.seed)
