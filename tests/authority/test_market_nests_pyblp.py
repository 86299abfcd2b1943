"""Nests on top of random coefficients against PyBLP's `rho`, on its automobile data.

The tutorial's estimates are held fixed and cars nested by the region of their makers, with one
correlation for all nests or another for each. And the nested logit of its cereal tutorial.
"""

import runpy
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    Market,
    Nests,
    Ownership,
    choose,
    diversion,
    elasticities,
    gross_utility,
    invert_shares,
    markups,
    solve,
    with_merger,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pyblp = pytest.importorskip("pyblp", reason="peer not installed (extra `peers`)")
    pandas = pytest.importorskip("pandas")

CARS = runpy.run_path(str(Path(__file__).with_name("automobiles.py")))
YEAR = 1980
REGIONS = ("EU", "JP", "US")
CORRELATIONS = {"one": [0.4, 0.4, 0.4], "each": [0.2, 0.5, 0.35]}


@pytest.fixture(scope="module", params=sorted(CORRELATIONS))
def peer(request):
    """One year's cars with nests, in PyBLP at fixed parameters and as `Nests`."""
    rho = CORRELATIONS[request.param]
    cars, people = (
        table[table.market_ids == YEAR].reset_index(drop=True) for table in CARS["data"]()
    )
    cars = cars.assign(nesting_ids=cars.region)
    member = (cars.region.to_numpy()[:, None] == np.asarray(REGIONS)[None, :]) * 1.0
    given = rho[0] if request.param == "one" else np.asarray(rho)[:, None]
    results = CARS["solved"](cars, people, rho=given)
    nests = Nests(member=jnp.asarray(member), correlation=jnp.asarray(rho))
    return cars, people, results, nests


def market(cars, people, results, nests) -> Market:
    quiet = warnings.catch_warnings()
    with quiet:
        warnings.simplefilter("ignore")
        costs = results.compute_costs()[:, 0]
    known = sorted(set(cars.firm_ids))
    return CARS["market_of"](
        cars, people, YEAR, results.delta[:, 0], costs, known, size=len(cars), nests=nests
    )


def test_inversion_costs_elasticities_and_diversion(peer):
    cars, _, results, nests = peer
    ours = market(*peer)
    buyers, price = ours.buyers, ours.offers.start_price
    relative = gross_utility(buyers, ours.offers) - ours.offers.quality[None, :]
    relative -= buyers.sensitivity[:, None] * price[None, :]
    everyone = jnp.ones(len(cars))
    share = jnp.asarray(cars.shares.to_numpy())
    inverted = jax.jit(invert_shares)(buyers.weight, relative, share, everyone, nests)
    assert float(inverted.share_residual) < 1e-14
    np.testing.assert_allclose(inverted.quality, results.delta[:, 0], rtol=0, atol=1e-9)
    choice = choose(inverted.quality[None, :] + relative, everyone, nests)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = results.compute_elasticities()
        flows = results.compute_diversion_ratios()
    costs = (price - markups(buyers, ours.ownership, choice)) / CARS["THOUSAND"]
    given = ours.offers.marginal_cost / CARS["THOUSAND"]
    np.testing.assert_allclose(costs, given, rtol=0, atol=1e-9)
    np.testing.assert_allclose(elasticities(buyers, choice, price), theirs, rtol=1e-9, atol=1e-9)
    both = np.asarray(diversion(buyers, choice))
    both = both[:, :-1] + np.diag(both[:, -1])  # PyBLP has the outside good on the diagonal
    np.testing.assert_allclose(both, flows, rtol=0, atol=1e-8)


def test_counterfactual_prices(peer):
    cars, _, results, _ = peer
    ours = market(*peer)
    firms = sorted(set(cars.firm_ids))
    merged = with_merger(ours, firms.index(19), firms.index(16))
    solved = solve(merged)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = results.compute_prices(
            firm_ids=cars.firm_ids.replace(16, 19).to_numpy(),
            costs=np.asarray(ours.offers.marginal_cost)[:, None] / CARS["THOUSAND"],
            iteration=CARS["TIGHT"],
        )[:, 0]
    assert int(solved.outcome) == 0
    assert float(jnp.max(jnp.abs(solved.first_order_residual))) < 1e-9
    np.testing.assert_allclose(solved.price / CARS["THOUSAND"], theirs, rtol=0, atol=1e-6)
    assert float(jnp.max(jnp.abs(solved.price - ours.offers.start_price))) > 10.0


def test_nested_logit_of_the_cereal_tutorial():
    """No random coefficients: cereals nested by whether they turn to mush, rho near the
    tutorial's 0.98."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cereals = pandas.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION)
        cereals = cereals[cereals.market_ids == "C01Q1"].reset_index(drop=True)
        cereals["nesting_ids"] = cereals.mushy
        pyblp.options.verbose = False
        results = pyblp.Problem(pyblp.Formulation("0 + prices"), cereals).solve(
            rho=0.983,
            beta=[-30.0],
            method="1s",
            optimization=pyblp.Optimization("return"),
        )
        theirs = results.compute_elasticities()
        costs = results.compute_costs()[:, 0]
    groups = sorted(set(cereals.mushy))
    nests = Nests(
        member=jnp.asarray(
            (cereals.mushy.to_numpy()[:, None] == np.asarray(groups)[None, :]) * 1.0
        ),
        correlation=jnp.full(len(groups), 0.983),
    )
    buyers = runpy.run_path(str(Path(__file__).parents[1] / "market" / "reading.py"))[
        "plain_buyers"
    ](30.0)
    price = jnp.asarray(cereals.prices.to_numpy())
    delta = jnp.asarray(results.delta[:, 0])
    choice = choose(delta[None, :], jnp.ones(len(cereals)), nests)
    np.testing.assert_allclose(choice.bought[0], cereals.shares, rtol=1e-9)
    np.testing.assert_allclose(elasticities(buyers, choice, price), theirs, rtol=1e-9, atol=1e-9)
    firms = sorted(set(cereals.firm_ids))
    owned = jnp.asarray((cereals.firm_ids.to_numpy()[:, None] == np.asarray(firms)[None, :]) * 1.0)
    recovered = price - markups(buyers, Ownership(owned, owned), choice)
    np.testing.assert_allclose(recovered, costs, rtol=0, atol=1e-9)
    everyone = jnp.ones(len(cereals))
    share = jnp.asarray(cereals.shares.to_numpy())
    inverted = invert_shares(jnp.ones(1), jnp.zeros((1, len(cereals))), share, everyone, nests)
    np.testing.assert_allclose(inverted.quality, delta, rtol=0, atol=1e-9)
