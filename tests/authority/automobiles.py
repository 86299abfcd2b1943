"""PyBLP's automobile problem with its tutorial's estimates held fixed, and the same markets in
this library's words; prices there are in $1,000 of 1983."""

import warnings

import jax.numpy as jnp
import numpy as np
import pandas
import pyblp

from framerail.market import Buyers, Market, Offers, Ownership

SIGMA = np.diag([2.0254, 0.0, 6.1004, 3.9555, 0.2535, 1.9085])
INCOME = -44.843
THOUSAND = 1_000.0
TIGHT = pyblp.Iteration("simple", {"atol": 1e-15, "max_evaluations": 100_000})
TRAITS = ["one", "hpwt", "air", "mpd", "space"]


def data():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cars = pandas.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
        people = pandas.read_csv(pyblp.data.BLP_AGENTS_LOCATION)
    cars["one"] = 1.0
    return cars, people


def solved(cars, people, **nested):
    """PyBLP's results at the given parameters (`rho`, where cars have nests); estimation is not
    at issue."""
    pyblp.options.verbose = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem = pyblp.Problem(
            (
                pyblp.Formulation("1 + hpwt + air + mpd + space"),
                pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
                pyblp.Formulation("1 + log(hpwt) + air + log(mpg) + log(space) + trend"),
            ),
            cars,
            pyblp.Formulation("0 + I(1 / income)"),
            people,
            costs_type="log",
        )
        pi = np.zeros((6, 1))
        pi[1, 0] = INCOME
        return problem.solve(
            SIGMA,
            pi,
            method="1s",
            optimization=pyblp.Optimization("return"),
            iteration=pyblp.Iteration("squarem", {"atol": 1e-13}),
            costs_bounds=(0.001, None),
            W=np.eye(problem.MD + problem.MS),
            check_optimality="gradient",
            **nested,
        )


def simulated(cars, people, delta, costs):
    """PyBLP's prices for other products than the observed ones, in $1,000."""
    rows = cars.assign(delta=delta)
    pi = np.zeros((6, 1))
    pi[1, 0] = INCOME
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        simulation = pyblp.Simulation(
            (
                pyblp.Formulation("0 + delta"),
                pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
            ),
            rows,
            beta=[1.0],
            sigma=SIGMA,
            pi=pi,
            agent_formulation=pyblp.Formulation("0 + I(1 / income)"),
            agent_data=people,
            xi=np.zeros(len(rows)),
        )
        answer = simulation.replace_endogenous(
            costs=costs,
            prices=rows.prices.to_numpy()[:, None],
            iteration=TIGHT,
            compute_gradients=False,
            compute_hessians=False,
        )
    return answer.product_data.prices[:, 0]


def buyers_of(people, year):
    heads = people[people.market_ids == year]
    nodes = heads[["nodes0", "nodes1", "nodes2", "nodes3", "nodes4"]].to_numpy()
    return Buyers(
        weight=jnp.asarray(heads.weights.to_numpy()),
        sensitivity=jnp.asarray(-INCOME / heads.income.to_numpy() / THOUSAND),
        taste=jnp.asarray(nodes * np.diag(SIGMA)[[0, 2, 3, 4, 5]][None, :]),
    )


def market_of(rows, people, year, delta, costs, known, size=150, nests=None) -> Market:
    """One year's market, filled up with products off sale so that all years compile once.
    `known` lists the firms of all years."""
    missing = size - len(rows)

    def filled(values, blank):
        return jnp.asarray(np.concatenate([np.asarray(values), np.full(missing, blank)]))

    owner = np.concatenate([[known.index(f) for f in rows.firm_ids], np.zeros(missing, int)])
    owned = jnp.asarray(np.eye(len(known))[owner])
    traits = np.zeros((size, len(TRAITS)))
    traits[: len(rows)] = rows[TRAITS].to_numpy()
    offers = Offers(
        quality=filled(delta, 0.0),
        traits=jnp.asarray(traits),
        marginal_cost=filled(np.asarray(costs) * THOUSAND, 10_000.0),
        credit=jnp.zeros(size),
        availability=filled(np.ones(len(rows)), 0.0),
        fixed_price=filled(np.zeros(len(rows)), 1.0),
        start_price=filled(rows.prices.to_numpy() * THOUSAND, 10_000.0),
        market_size=jnp.ones(()),
        price_level=jnp.ones(()),
        nests=nests,
    )
    return Market(buyers_of(people, year), offers, Ownership(owned, owned))
