"""Alternatives of one scenario: sites, compared draw by draw, and pairs of terms."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from framerail.deal import Zone, zone_from_gains
from framerail.scenario import Scenario
from framerail.studies.monte_carlo import MonteCarlo, monte_carlo
from framerail.studies.rows import Progress, evaluate_rows
from framerail.studies.sampling import DECISIONS, columns, medians

UPFRONTS = np.linspace(0.0, 600e6, 13)
"""Upfront payments of the zone of agreement, dollars."""
ROYALTIES = np.linspace(0.0, 6_000.0, 9)
"""Royalties of the zone of agreement, dollars per truck."""


def at_site(scenario: Scenario, name: str) -> Scenario:
    """The scenario with the chosen site's figures replaced by those of another site.

    The name in `plant.chosen` stays, so that the compiled program serves every site.
    """
    chosen, haul = scenario.plant.chosen, scenario.cost.haul_distance
    return eqx.tree_at(
        lambda s: (s.plant.sites[chosen], s.cost.haul_distance[chosen]),
        scenario,
        (scenario.plant.sites[name], haul[name]),
    )


def site_comparison(
    scenario: Scenario, draws: int, seed: int | None = None, progress: Progress | None = None
) -> dict[str, MonteCarlo]:
    """Monte Carlo at every site on the same draws, so that differences are paired."""
    return {
        name: monte_carlo(
            at_site(scenario, name), draws=draws, seed=seed, step=f"Site: {name}", progress=progress
        )
        for name in sorted(scenario.plant.sites)
    }


def zone(scenario: Scenario, progress: Progress | None = None) -> Zone | None:
    """Zone of agreement over upfront payment and royalty, all other inputs at their medians.

    None when the term sheet lacks one of the two clauses.
    """
    paths = columns(scenario)
    if not set(DECISIONS) <= set(paths):
        return None
    rows = np.repeat(medians(scenario)[None], UPFRONTS.size * ROYALTIES.size, axis=0)
    first, second = np.meshgrid(UPFRONTS, ROYALTIES, indexing="ij")
    rows[:, paths.index(DECISIONS[0])] = first.ravel()
    rows[:, paths.index(DECISIONS[1])] = second.ravel()
    found = evaluate_rows(scenario, rows, step="Zone of agreement", progress=progress)
    gains = np.asarray(found.gain).reshape(*first.shape, -1)
    return zone_from_gains(
        jnp.asarray(UPFRONTS),
        jnp.asarray(ROYALTIES),
        jnp.asarray(gains[..., 0]),
        jnp.asarray(gains[..., 1]),
        scenario.deal.bargain.incumbent_power,
    )
