"""Every element of the reference truck is uncertain, and the worked check lies inside its range."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.cost import ELEMENTS, CostCircumstances, price_level, unit_cost
from framerail.scenario import leaf_paths
from framerail.scenario_file import read_scenario

DRAWS = 256
INFLATION = jnp.asarray(0.023)
WORKED = (29_838.0, 30_996.0)
"""The facts' direct cost of a 75 kWh rear-drive Alaska, LFP and NMC, 2022 dollars."""


@pytest.fixture(scope="module")
def scenario():
    return read_scenario("nissan-fisker")


@pytest.fixture(scope="module")
def drawn(scenario):
    """Elements by draw of the rear-drive truck at the publishers' volumes, 2022 dollars."""
    cost, site = scenario.cost, scenario.plant.sites["canton"]
    leaves, shape = jax.tree.flatten(cost)
    places = [path for path in leaf_paths(scenario) if path.startswith("cost.")]
    assert len(places) == len(leaves)
    source = np.random.default_rng(5)
    table = np.tile([float(leaf) for leaf in leaves], (DRAWS, 1))
    for leaf in scenario.uncertainty:
        if leaf.path in places:
            table[:, places.index(leaf.path)] = leaf.distribution.quantile(
                source.uniform(size=DRAWS)
            )

    @jax.jit
    @jax.vmap
    def elements(row):
        here = jax.tree.unflatten(shape, list(row))
        deck = here.deck
        year = jnp.asarray(2026.0)
        circumstances = CostCircumstances(
            model_year=year,
            platform_cumulative=deck.learning.reference_volume,
            top_hat_cumulative=deck.learning.reference_volume,
            platform_annual=deck.learning.reference_annual,
            top_hat_annual=deck.learning.reference_annual,
            labor_hours=jnp.asarray(23.0),
            wage=jnp.asarray(55.0) * price_level(INFLATION, year),
            electricity_price=site.electricity_price,
            gas_price=site.gas_price,
            inbound_distance=site.inbound_distance,
            pack_distance=site.pack_distance,
            haul_distance=here.haul_distance["canton"],
            price_level=price_level(INFLATION, year),
            credit_per_kwh=jnp.asarray(0.0),
        )
        found = unit_cost(deck, here.contents["alaska-rwd"], circumstances)
        to_2022 = deck.prices.index_2023 / deck.prices.index_2022 * circumstances.price_level
        return found.by_element / to_2022

    return np.asarray(elements(jnp.asarray(table)))


def test_every_element_is_uncertain(drawn):
    low, middle, high = np.quantile(drawn, [0.1, 0.5, 0.9], axis=0)
    for place, name in enumerate(ELEMENTS):
        assert 0.04 < (high - low)[place] / middle[place] < 3.0, name
    assert drawn.min() > 0


def test_the_worked_check_lies_in_the_interval_of_our_own_estimate(drawn):
    """Manufacturing cost: all but outbound freight, warranty and recalls."""
    places = [ELEMENTS.index(name) for name in ("outbound_freight", "warranty", "recalls")]
    made = drawn.sum(axis=1) - drawn[:, places].sum(axis=1)
    low, high = np.quantile(made, [0.1, 0.9])
    assert low < min(WORKED)
    assert high > max(WORKED)
    assert high - low < 0.4 * np.median(made)
