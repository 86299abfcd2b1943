"""Alternatives of one scenario: sites, compared draw by draw, and pairs of terms."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from framerail.deal import Zone, zone_from_gains
from framerail.scenario import Scenario, leaf_paths
from framerail.studies.monte_carlo import MonteCarlo, first_draws, realized_policy
from framerail.studies.programs import Programs
from framerail.studies.rows import Progress, evaluate_rows
from framerail.studies.sampling import DECISIONS, columns, medians, sobol_points

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
    scenario: Scenario,
    base: MonteCarlo,
    draws: int,
    progress: Progress | None = None,
    programs: Programs | None = None,
) -> dict[str, MonteCarlo]:
    """The first `draws` draws of the scenario's Monte Carlo at every site.

    The other sites' inputs are drawn at the same points of the unit cube as the chosen one's, so
    that differences are paired; the chosen site's draws are those of `base`.
    """
    chosen = scenario.plant.chosen
    points = sobol_points(base.draws, len(scenario.uncertainty), base.seed)[:draws]
    found = {chosen: first_draws(base, draws)}
    for name in sorted(set(scenario.plant.sites) - {chosen}):
        elsewhere = realized_policy(at_site(scenario, name))
        rows = rows_at_site(scenario, name, base.inputs[:draws], points)
        outputs = evaluate_rows(
            elsewhere, rows, step=f"Site: {name}", progress=progress, programs=programs
        )
        found[name] = MonteCarlo(rows, outputs, base.seed)
    return found


def rows_at_site(scenario: Scenario, name: str, rows: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Rows in which the chosen site's columns hold draws of the other site's inputs."""
    values = dict(zip(leaf_paths(scenario), jax.tree_util.tree_leaves(scenario), strict=True))
    distributions = {leaf.path: leaf.distribution for leaf in scenario.uncertainty}
    moved = rows.copy()
    for k, path in enumerate(columns(scenario)):
        other = path.replace(f".{scenario.plant.chosen}", f".{name}", 1)
        if other == path or not path.startswith(("plant.sites.", "cost.haul_distance.")):
            continue
        known = distributions.get(other)
        moved[:, k] = float(values[other]) if known is None else known.quantile(points[:, k])
    return moved


def zone(
    scenario: Scenario, progress: Progress | None = None, programs: Programs | None = None
) -> Zone | None:
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
    found = evaluate_rows(
        scenario, rows, step="Zone of agreement", progress=progress, programs=programs
    )
    gains = np.asarray(found.gain).reshape(*first.shape, -1)
    return zone_from_gains(
        jnp.asarray(UPFRONTS),
        jnp.asarray(ROYALTIES),
        jnp.asarray(gains[..., 0]),
        jnp.asarray(gains[..., 1]),
        scenario.deal.bargain.incumbent_power,
    )
