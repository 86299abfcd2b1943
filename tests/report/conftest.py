"""A study whose shapes are the engine's and whose figures are drawn: nothing is compiled."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import framerail as fr
from framerail.deal import zone_from_gains
from framerail.engine import headline_of
from framerail.report import view
from framerail.studies import BreakEven, Driver, MonteCarlo, Study
from framerail.studies.comparison import ROYALTIES, UPFRONTS
from framerail.studies.drivers import TARGETS
from framerail.studies.sampling import sample_leaves, sobol_points

DRAWS = 64
SCALES = {
    "range_miles": (250.0, 20.0),
    "consumption": (0.45, 0.03),
    "zero_to_sixty": (5.0, 0.4),
    "unit_cost": (52e3, 4e3),
    "price": (61e3, 4e3),
    "real_unit_cost": (45e3, 4e3),
    "real_price": (53e3, 4e3),
    "output": (9e3, 3e3),
    "demand": (11e3, 3e3),
    "taken": (400.0, 300.0),
    "program_npv": (-2e8, 4e8),
    "program_irr": (0.06, 0.05),
    "payback": (9.0, 2.0),
    "peak_funding": (7e8, 1e8),
    "free_cash_flow": (-1e6, 5e7),
    "gain": (-5e7, 3e8),
    "realized_gain": (-5e7, 5e8),
}


def made_up(name, shape, generator):
    """Plausible values of one headline figure."""
    if name.startswith("default_with"):
        steps = generator.uniform(0, 0.03, shape)
        return np.minimum(np.cumsum(steps, axis=-1), 1.0)
    if name.startswith("default_before"):
        return generator.uniform(0.2, 0.9, shape)
    mean, deviation = SCALES.get(name, (1.0, 0.3))
    return generator.normal(mean, deviation, shape)


def fill(structure, seed, draws=None):
    """Arrays for a tree of shapes; outcomes and residuals are zero."""
    generator = np.random.default_rng(seed)

    def leaf(keys, spec):
        names = [getattr(key, "name", str(getattr(key, "key", ""))) for key in keys]
        shape = spec.shape if draws is None else (draws, *spec.shape)
        if not jnp.issubdtype(spec.dtype, jnp.floating) or "audit" in names:
            return np.zeros(shape, spec.dtype)
        return made_up(names[-1], shape, generator).astype(spec.dtype)

    return jax.tree_util.tree_map_with_path(leaf, structure)


def monte_carlo_of(scenario, structure, seed, unusable=()):
    outputs = fill(structure, seed, DRAWS)
    outputs = eqx.tree_at(lambda h: h.has_irr, outputs, np.ones_like(outputs.has_irr))
    for draw in unusable:
        outputs.fatal[draw] = 1
        outputs.outcome[draw, -1] = 2
    points = sobol_points(DRAWS, len(scenario.uncertainty), 1)
    return MonteCarlo(sample_leaves(scenario, points), outputs, 1)


def drivers_of(scenario, seed=5):
    generator = np.random.default_rng(seed)
    found = []
    for leaf in scenario.uncertainty:
        low, middle, high = (
            float(x) for x in leaf.distribution.quantile(np.asarray([0.1, 0.5, 0.9]))
        )
        slope = generator.normal(0, 1e7, len(TARGETS)) / max(high - low, 1e-12)
        slope[TARGETS.index("default_before_production")] *= 1e-9
        found.append(Driver(leaf.path, leaf.unit, low, middle, high, slope))
    return found


def zone_of(agreeable):
    upfront, royalty = np.meshgrid(UPFRONTS, ROYALTIES, indexing="ij")
    paid = upfront + 5e4 * royalty
    return zone_from_gains(
        jnp.asarray(UPFRONTS),
        jnp.asarray(ROYALTIES),
        jnp.asarray(2e8 - paid),
        jnp.asarray(paid - (1e8 if agreeable else 9e8)),
        jnp.asarray(0.5),
    )


@pytest.fixture(scope="session")
def scenario():
    return fr.read_scenario("nissan-fisker")


@pytest.fixture(scope="session")
def structures(scenario):
    """Shapes of the engine's results for the reference case, by tracing alone."""
    return (
        eqx.filter_eval_shape(fr.evaluate, scenario),
        eqx.filter_eval_shape(headline_of, scenario),
    )


@pytest.fixture(scope="session")
def study(scenario, structures):
    """A complete study of made-up figures, two of its draws unusable."""
    whole, head = structures
    point = fill(whole, 2)
    sites = {
        name: monte_carlo_of(scenario, head, 10 + place)
        for place, name in enumerate(sorted(scenario.plant.sites))
    }
    found = drivers_of(scenario)
    crossings = [
        BreakEven(d.path, d.unit, d.middle, None if k % 2 else d.high, 0.4, d.low, d.high)
        for k, d in enumerate(found[:4])
    ]
    return Study(
        scenario=scenario,
        point=point,
        headline=fill(head, 3),
        draws=monte_carlo_of(scenario, head, 4, unusable=(5, 6)),
        drivers=found,
        sites=sites,
        zone=zone_of(True),
        break_evens=crossings,
        seconds={"draws": 1.0},
    )


@pytest.fixture(scope="session")
def of(study):
    return view(study)
