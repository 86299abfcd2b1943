"""PyBLP's results taken over: standard errors, costs and elasticities are PyBLP's own."""

import runpy
import warnings
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    choose,
    elasticities,
    estimated_buyers,
    estimated_market,
    estimates_of,
    gross_utility,
)

pytest.importorskip("pyblp", reason="peer not installed (extra `estimate`)")
CARS = runpy.run_path(str(Path(__file__).with_name("automobiles.py")))
YEAR = 1980


@pytest.fixture(scope="module")
def peer():
    cars, people = CARS["data"]()
    results = CARS["solved"](cars, people)
    return cars, people, results, estimates_of(results)


def agents(people):
    heads = people[people.market_ids == YEAR]
    nodes = np.zeros((len(heads), 6))
    nodes[:, [0, 2, 3, 4, 5]] = heads[[f"nodes{k}" for k in range(5)]]
    weight = jnp.asarray(heads.weights.to_numpy())
    return weight, jnp.asarray(nodes), jnp.asarray(1 / heads[["income"]].to_numpy())


def test_covariance_is_in_the_order_of_the_parameters(peer):
    _, _, results, found = peer
    error = np.sqrt(np.diagonal(found.covariance))
    theirs = np.concatenate(
        [
            results.sigma_se[np.nonzero(results.sigma)],
            results.pi_se[np.nonzero(results.pi)],
            results.beta_se[:, 0],
            results.gamma_se[:, 0],
        ]
    )
    np.testing.assert_allclose(error, theirs, rtol=1e-9)


def test_buyers_and_market_are_the_peers(peer):
    cars, people, results, found = peer
    here = (cars.market_ids == YEAR).to_numpy()
    rows = cars[here]
    price = jnp.asarray(rows.prices.to_numpy() * 1_000)
    market = estimated_market(
        estimated_buyers(found, *agents(people), price_column=1, dollars=1_000.0),
        jnp.asarray(results.delta[here, 0]),
        jnp.asarray(rows[CARS["TRAITS"]].to_numpy()),
        price,
        rows.firm_ids.tolist(),
        market_size=1e6,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        costs = results.compute_costs(market_id=YEAR)[:, 0]
        theirs = results.compute_elasticities(market_id=YEAR)
    np.testing.assert_allclose(market.offers.marginal_cost / 1_000, costs, rtol=0, atol=1e-9)
    utility = gross_utility(market.buyers, market.offers)
    utility -= market.buyers.sensitivity[:, None] * price[None, :]
    ours = elasticities(market.buyers, choose(utility, market.offers.availability), price)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_draws_have_the_covariance(peer):
    found = peer[3]
    size = found.free().shape[0]
    moved = jnp.stack([found.drawn(row).free() - found.free() for row in jnp.eye(size)])
    np.testing.assert_allclose(
        moved.T @ moved, found.covariance, rtol=0, atol=1e-9 * float(jnp.max(found.covariance))
    )


def test_demand_that_slopes_up_is_named(peer):
    found = peer[3]
    upward = eqx.tree_at(lambda e: e.pi, found, -found.pi)
    with pytest.raises(ValueError, match="slopes up for 200 of 200 buyers, first at row 0"):
        estimated_buyers(upward, *agents(peer[1]), price_column=1, dollars=1_000.0)


def test_products_without_a_price_are_named(peer):
    buyers = estimated_buyers(peer[3], *agents(peer[1]), price_column=1, dollars=1_000.0)
    price = jnp.asarray([10_000.0, jnp.nan])
    with pytest.raises(ValueError, match=r"products \[1\] have no price"):
        estimated_market(
            buyers, jnp.zeros(2), jnp.zeros((2, 5)), price, ["a", "b"], market_size=1.0
        )


def test_covariance_of_another_size_is_refused(peer):
    class Other:
        def __getattr__(self, name):
            value = getattr(peer[2], name)
            return value[:3, :3] if name == "parameter_covariances" else value

    with pytest.raises(ValueError, match="over 3 parameters"):
        estimates_of(Other())
