"""Against PyBLP on the automobile data of Berry, Levinsohn and Pakes that it carries.

PyBLP's own tutorial estimates are held fixed; prices there are in $1,000 of 1983. It is asked
for prices at a tolerance far below its default, whose weighted rule leaves errors of up to
2e-4 on small products.
"""

import runpy
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    Buyers,
    Offers,
    Ownership,
    choose,
    diversion,
    elasticities,
    equilibrium,
    invert_shares,
    markups,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pyblp = pytest.importorskip("pyblp", reason="peer not installed (extra `peers`)")
    pandas = pytest.importorskip("pandas")

CARS = runpy.run_path(str(Path(__file__).with_name("automobiles.py")))
SIGMA, INCOME, THOUSAND = CARS["SIGMA"], CARS["INCOME"], CARS["THOUSAND"]


@pytest.fixture(scope="module")
def peer():
    """PyBLP's problem on three markets, with parameters held at the tutorial's estimates."""
    cars, people = (
        table[table.market_ids.isin([1971, 1980, 1990])].reset_index(drop=True)
        for table in CARS["data"]()
    )
    results = CARS["solved"](cars, people)
    return cars, people, results


def our_market(cars, people, year):
    """The same market in this library's words."""
    rows, heads = cars[cars.market_ids == year], people[people.market_ids == year]
    traits = np.column_stack(
        [np.ones(len(rows)), rows.hpwt, rows.air, rows.mpd, rows.space]
    ).astype(float)
    nodes = heads[["nodes0", "nodes1", "nodes2", "nodes3", "nodes4"]].to_numpy()
    spread = np.diag(SIGMA)[[0, 2, 3, 4, 5]]
    buyers = Buyers(
        weight=jnp.asarray(heads.weights.to_numpy()),
        sensitivity=jnp.asarray(-INCOME / heads.income.to_numpy() / THOUSAND),
        taste=jnp.asarray(nodes * spread[None, :]),
    )
    firms = sorted(set(rows.firm_ids))
    owned = jnp.asarray((rows.firm_ids.to_numpy()[:, None] == np.asarray(firms)[None, :]) * 1.0)
    price = jnp.asarray(rows.prices.to_numpy() * THOUSAND)
    return rows, buyers, jnp.asarray(traits), Ownership(owned, owned), price


def relative(buyers, traits, price):
    return buyers.taste @ traits.T - buyers.sensitivity[:, None] * price[None, :]


@pytest.mark.parametrize("year", [1971, 1990])
def test_inversion_costs_elasticities_and_diversion(peer, year):
    cars, people, results = peer
    rows, buyers, traits, ownership, price = our_market(cars, people, year)
    here = (cars.market_ids == year).to_numpy()
    everyone = jnp.ones(len(rows))
    share = jnp.asarray(rows.shares.to_numpy())
    ours = jax.jit(invert_shares)(buyers.weight, relative(buyers, traits, price), share, everyone)
    assert float(ours.share_residual) < 1e-14
    np.testing.assert_allclose(ours.quality, results.delta[here, 0], rtol=0, atol=1e-9)
    choice = choose(ours.quality[None, :] + relative(buyers, traits, price), everyone)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        costs = results.compute_costs(market_id=year)[:, 0]
        peer_elasticities = results.compute_elasticities(market_id=year)
        peer_diversion = results.compute_diversion_ratios(market_id=year)
    our_costs = (price - markups(buyers, ownership, choice)) / THOUSAND
    np.testing.assert_allclose(our_costs, costs, rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        elasticities(buyers, choice, price), peer_elasticities, rtol=1e-9, atol=1e-9
    )
    # PyBLP puts the outside good on the diagonal; here it is the last column.
    flows = np.asarray(diversion(buyers, choice))
    both = flows[:, :-1] + np.diag(flows[:, -1])
    np.testing.assert_allclose(both, peer_diversion, rtol=0, atol=1e-8)


@pytest.mark.parametrize("year", [1971, 1990])
@pytest.mark.parametrize("shock", ["merger", "costs"])
def test_counterfactual_prices(peer, year, shock):
    cars, people, results = peer
    rows, buyers, traits, _, price = our_market(cars, people, year)
    here = (cars.market_ids == year).to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        costs = results.compute_costs(market_id=year)
        firm = rows.firm_ids.to_numpy()
        if shock == "merger":
            firm = np.where(firm == 16, 19, firm)
        else:
            costs = costs * np.where(firm == 19, 0.9, 1.0)[:, None]
        tight = pyblp.Iteration("simple", {"atol": 1e-15, "max_evaluations": 100_000})
        peer_price = results.compute_prices(
            firm_ids=firm, costs=costs, market_id=year, iteration=tight
        )[:, 0]
    firms = sorted(set(firm))
    owned = jnp.asarray((firm[:, None] == np.asarray(firms)[None, :]) * 1.0)
    offers = Offers(
        quality=jnp.asarray(results.delta[here, 0]),
        traits=traits,
        marginal_cost=jnp.asarray(costs[:, 0] * THOUSAND),
        credit=jnp.zeros(len(rows)),
        availability=jnp.ones(len(rows)),
        fixed_price=jnp.zeros(len(rows)),
        start_price=price,
        market_size=jnp.ones(()),
        price_level=jnp.ones(()),
    )
    solved = jax.jit(equilibrium)(buyers, offers, Ownership(owned, owned), price)
    assert int(solved.outcome) == 0
    assert float(jnp.max(jnp.abs(solved.first_order_residual))) < 1e-6
    # 1e-6 of PyBLP's unit of $1,000.
    np.testing.assert_allclose(solved.price / THOUSAND, peer_price, rtol=0, atol=1e-6)
    assert float(jnp.max(jnp.abs(solved.price - price))) > 10.0  # the shock did something
