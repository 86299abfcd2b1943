"""Price equilibria per second against PyBLP, same machine, same run, one thread each.

`OMP_NUM_THREADS=1 taskset -c 0 pytest benchmarks/test_market_speed.py -s`: without one core to
itself XLA spreads over all of them, and their processor time counts against it. PyBLP's 1988
automobile market: 150 products, 26 firms, float64, processor seconds, each side's least of a few
rounds. Draws shock costs (10 %), qualities (0.25 utils) and every buyer's price sensitivity (10 %).
Both solvers must agree where both find the same equilibrium.
"""

import runpy
import time
import warnings
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import Accuracy, Buyers, Market, equilibrium

pyblp = pytest.importorskip("pyblp", reason="peer not installed (extra `estimate`)")
CARS = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "authority" / "automobiles.py"))
YEAR, DRAWS, ROUNDS = 1988, 16, 5
TOLERANCE = 1e-6
"""Raw first-order residual in dollars: 1e-9 of the data's unit, $1,000. PyBLP stops where its
residual, weighted by sales, is below 1e-12; the raw one is then up to 1e-4 of $1,000."""
RAW = Accuracy(
    tolerance=TOLERANCE,
    loose=TOLERANCE,
    corrections=0,
    max_iterations=100,
    plain_until=10.0,
    plain_steps=0,
)
TIGHT = RAW._replace(tolerance=1e-9, loose=1e-9)
"""A thousand times tighter: central differences need it."""
SQUAREM = pyblp.Iteration("squarem", {"atol": 1e-12, "max_evaluations": 5_000})
FAST = {"compute_gradients": False, "compute_hessians": False}


def population(people, buyers):
    """The data's 200 agents, or more of them drawn alike."""
    heads = people[people.market_ids == YEAR].reset_index(drop=True)
    if buyers == len(heads):
        return heads
    rng = np.random.default_rng(0)
    more = heads.iloc[rng.integers(0, len(heads), buyers)].reset_index(drop=True)
    names = [f"nodes{k}" for k in range(5)]
    more[names] = rng.standard_normal((buyers, 5))
    more["income"] *= np.exp(0.05 * rng.standard_normal(buyers))
    return more.assign(weights=1 / buyers)


@pytest.fixture(scope="module")
def base():
    pyblp.options.verbose = False
    cars, people = CARS["data"]()
    results = CARS["solved"](cars, people)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        costs = results.compute_costs()[:, 0]
    here = (cars.market_ids == YEAR).to_numpy()
    rows = cars[here].reset_index(drop=True)
    return rows, people, results.delta[here, 0], costs[here]


def shocks(size, draws=DRAWS):
    rng = np.random.default_rng(7)
    return (
        np.exp(0.1 * rng.standard_normal((draws, size))),
        0.25 * rng.standard_normal((draws, size)),
        np.exp(0.1 * rng.standard_normal(draws)),
    )


def spent(run):
    began = time.process_time()
    answer = run()
    return time.process_time() - began, answer


def simulations(base, heads, cost, xi, factor):
    """One PyBLP simulation per draw, built before the clock starts."""
    rows, _, delta, costs = base
    for c, x, f in zip(cost, xi, factor, strict=True):
        pi = np.zeros((6, 1))
        pi[1, 0] = CARS["INCOME"] * f
        yield (
            costs * c,
            pyblp.Simulation(
                (
                    pyblp.Formulation("0 + delta"),
                    pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
                ),
                rows.assign(delta=delta + x),
                beta=[1.0],
                sigma=CARS["SIGMA"],
                pi=pi,
                agent_formulation=pyblp.Formulation("0 + I(1 / income)"),
                agent_data=heads,
                xi=np.zeros(len(rows)),
            ),
        )


def peer_seconds(base, heads, draws, **options):
    """Mean processor seconds per equilibrium, least of `ROUNDS` for each, and the prices."""
    total, prices = 0.0, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cost, simulation in simulations(base, heads, *draws):

            def solve(simulation=simulation, cost=cost):
                return simulation.replace_endogenous(
                    costs=cost[:, None], prices=base[0].prices.to_numpy()[:, None], **options
                )

            rounds = [spent(solve) for _ in range(ROUNDS)]
            total += min(used for used, _ in rounds)
            prices.append(rounds[0][1].product_data.prices[:, 0])
    return total / len(prices), np.stack(prices)


def our_market(base, heads):
    rows, _, delta, costs = base
    return CARS["market_of"](rows, heads, YEAR, delta, costs, sorted(set(rows.firm_ids)))


def moved(market, draw) -> Market:
    cost, xi, factor = draw
    buyers, offers = market.buyers, market.offers
    shocked = eqx.tree_at(
        lambda o: (o.marginal_cost, o.quality),
        offers,
        (offers.marginal_cost * cost, offers.quality + xi),
    )
    sensitive = Buyers(buyers.weight, buyers.sensitivity * factor, buyers.taste)
    return Market(sensitive, shocked, market.ownership)


def our_seconds(market, draws):
    @jax.jit
    def run(draws):
        def one(draw):
            here = moved(market, draw)
            start = market.offers.start_price
            found = equilibrium(here.buyers, here.offers, here.ownership, start, RAW)
            return found.price, jnp.max(jnp.abs(found.first_order_residual)), found.outcome

        return jax.lax.map(one, draws)

    given = tuple(jnp.asarray(part) for part in draws)
    jax.block_until_ready(run(given))
    rounds = [spent(lambda: jax.block_until_ready(run(given))) for _ in range(ROUNDS)]
    return min(used for used, _ in rounds) / len(draws[0]), rounds[0][1]


@pytest.mark.parametrize("buyers", [200, 2_000])
def test_time_per_equilibrium(base, buyers):
    heads = population(base[1], buyers)
    draws = shocks(len(base[0]), DRAWS if buyers == 200 else 6)
    ours, (price, residual, _) = our_seconds(our_market(base, heads), draws)
    best, theirs = peer_seconds(base, heads, draws, iteration=SQUAREM, **FAST)
    print(f"\n{buyers} buyers: {1e3 * ours:.2f} ms; PyBLP tuned {1e3 * best:.1f} ms", end="")
    print(f", {best / ours:.1f} x", end="")
    if buyers == 200:
        plain, _ = peer_seconds(base, heads, tuple(part[:4] for part in draws))
        print(f"; default call {1e3 * plain:.0f} ms, {plain / ours:.0f} x", end="")
    print(f"; raw residual at most {float(np.max(residual)):.0e} $")
    gap = np.max(np.abs(np.asarray(price) / 1_000 - theirs), axis=1)
    print(f"gap to PyBLP's prices at its tolerance: median {np.median(gap):.0e} of $1,000")
    assert np.median(gap) < 1e-3
    assert np.all(np.asarray(residual) < TOLERANCE)


def test_gradient_of_profit(base):
    market = our_market(base, population(base[1], 200))
    start = market.offers.start_price

    def profit(cost, quality):
        here = moved(market, (cost, quality, 1.0))
        found = equilibrium(here.buyers, here.offers, here.ownership, start, TIGHT)
        return found.variable_profit[9]

    ones, zeros = jnp.ones(150), jnp.zeros(150)
    cost = ones * jnp.asarray(shocks(150)[0][0])
    value = jax.jit(profit)
    both = jax.jit(jax.value_and_grad(profit, argnums=(0, 1)))
    jax.block_until_ready((value(cost, zeros), both(cost, zeros)))

    def seconds(run):
        return min(
            spent(lambda: [jax.block_until_ready(run(cost, zeros)) for _ in range(10)])[0]
            for _ in range(7)
        )

    alone, with_slopes = seconds(value), seconds(both)
    print(f"\nvalue {100 * alone:.2f} ms, with 300 slopes {100 * with_slopes:.2f} ms: ", end="")
    print(f"{with_slopes / alone:.2f} x the value")
    _, (by_cost, by_quality) = both(cost, zeros)
    worst = 0.0
    for place in (3, 40, 77, 120):
        for slopes, step, at in ((by_cost, 1e-4, 0), (by_quality, 1e-4, 1)):
            ends = []
            for sign in (1, -1):
                arguments = [cost, zeros]
                arguments[at] = arguments[at].at[place].add(sign * step)
                ends.append(float(value(*arguments)))
            difference = (ends[0] - ends[1]) / (2 * step)
            scale = max(abs(difference), 1e-3 * float(jnp.max(jnp.abs(slopes))))
            worst = max(worst, abs(float(slopes[place]) - difference) / scale)
    print(f"largest error against central differences {worst:.0e}")
    assert worst < 1e-6
