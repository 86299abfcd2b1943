"""Ten thousand random equilibria, counted: `python benchmarks/equilibria_robustness.py`.

PyBLP's 1988 automobile market (150 products, 200 buyers) under random costs (10 %), qualities
(0.25 utils) and price sensitivities (10 %), solved from observed prices and, to look for other
equilibria, from half as high again. Needs the extra `estimate` for the data.

A draw is accepted when its raw first-order residual is below 1e-9 $ and every price is a local
maximum of its firm's profit. Of two equilibria the one reached from observed prices counts:
continuation from the market that was seen. On every 100th draw each product's price is searched
on a grid, the others held: a better answer means that the point is no equilibrium.
"""

import argparse
import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from framerail.market import EXACT, Market, choose, equilibrium, gross_utility

HERE = Path(__file__)
SPEED = runpy.run_path(str(HERE.with_name("test_market_speed.py")))
CARS = SPEED["CARS"]
CHUNK, EVERY = 250, 100
GRID = np.concatenate([np.linspace(0.7, 2.0, 40), np.geomspace(2.1, 12.0, 40)])
APART = 1.0
"""Dollars by which two answers differ when they are two equilibria."""


def base_market() -> Market:
    cars, people = CARS["data"]()
    results = CARS["solved"](cars, people)
    here = (cars.market_ids == SPEED["YEAR"]).to_numpy()
    costs = results.compute_costs(market_id=SPEED["YEAR"])[:, 0]
    rows = cars[here].reset_index(drop=True)
    return SPEED["our_market"](
        (rows, people, results.delta[here, 0], costs), SPEED["population"](people, 200)
    )


def run_of(market):
    moved = SPEED["moved"]

    def solve(here, start):
        return equilibrium(here.buyers, here.offers, here.ownership, start, EXACT)

    def one(draw):
        here = moved(market, draw)
        first = solve(here, market.offers.start_price)
        second = solve(here, 1.5 * market.offers.start_price)
        return (
            first.price,
            jnp.max(jnp.abs(first.first_order_residual)),
            first.outcome,
            jnp.max(jnp.abs(second.first_order_residual)),
            second.outcome,
            jnp.max(jnp.abs(first.price - second.price)),
            first.iterations,
        )

    return jax.jit(lambda draws: jax.lax.map(one, draws))


def better_answers(market, draw, price):
    """Products whose firm earns more at another price on the grid, the others held."""
    here = SPEED["moved"](market, draw)
    gross = gross_utility(here.buyers, here.offers)
    mine = here.ownership.matrix()

    def profit(j, own):
        trial = price.at[j].set(own)
        utility = gross - here.buyers.sensitivity[:, None] * trial[None, :]
        share = here.buyers.weight @ choose(utility, here.offers.availability).bought
        return (share * (trial - here.offers.marginal_cost)) @ mine[j]

    def gain(j):
        asked = jax.lax.map(
            lambda f: profit(j, f * here.offers.marginal_cost[j]), jnp.asarray(GRID)
        )
        return jnp.max(asked) / profit(j, price[j]) - 1

    return jax.lax.map(gain, jnp.arange(price.shape[0]))


def main(count, first):
    market = base_market()
    run = run_of(market)
    improve = eqx.filter_jit(lambda draw, price: better_answers(market, draw, price))
    rng = np.random.default_rng(first)
    told, gains = [], []
    for _ in range(count // CHUNK):
        draws = (
            jnp.asarray(np.exp(0.1 * rng.standard_normal((CHUNK, 150)))),
            jnp.asarray(0.25 * rng.standard_normal((CHUNK, 150))),
            jnp.asarray(np.exp(0.1 * rng.standard_normal(CHUNK))),
        )
        price, *rest = (np.asarray(part) for part in run(draws))
        told.append(np.column_stack(rest))
        for k in range(0, CHUNK, EVERY):
            draw = tuple(part[k] for part in draws)
            gains.append(np.asarray(improve(draw, jnp.asarray(price[k]))))
    residual, outcome, other, other_outcome, apart, steps = np.concatenate(told).T
    good = (outcome == 0) & (residual < 1e-9)
    both = good & (other_outcome == 0) & (other < 1e-9)
    many = both & (apart > APART)
    gain = np.stack(gains)
    print(f"draws {len(good)}, first seed {first}")
    print(f"accepted {good.sum()}: raw residual at most {residual[good].max():.1e} $")
    print(
        f"not converged {np.sum(outcome.astype(int) & 2 > 0)}, at a minimum "
        f"{np.sum(outcome.astype(int) & 8 > 0)}; map evaluations: median {np.median(steps):.0f}, "
        f"99 % {np.quantile(steps, 0.99):.0f}, largest {steps.max():.0f}"
    )
    print(f"two equilibria from two starts: {many.sum()} of {both.sum()} ({many.mean():.2%})")
    print(
        f"grid of best answers, {len(gain)} draws x 150 products: {np.sum(gain > 1e-9)} products "
        f"have a better price, by at most {gain.max():.1e} of their firm's profit"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=1)
    chosen = parser.parse_args()
    main(chosen.draws, chosen.first)
