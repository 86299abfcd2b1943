"""Ten thousand random equilibria, counted: `python benchmarks/equilibria_robustness.py`.

PyBLP's 1988 automobile market (150 products, 200 buyers) under random costs (10 %), qualities
(0.25 utils) and price sensitivities (10 %), solved from observed prices and, to look for other
equilibria, from half as high again. Needs the extra `estimate` for the data.

A draw is accepted when its raw first-order residual is below 1e-9 $ and every price is a local
maximum of its firm's profit. Of two equilibria the one reached from observed prices counts:
continuation from the market that was seen. On every 10th draw the equilibrium is compared with
the one that plain steps of the markup map reach, and on every 125th each product's price is
searched on a grid, the others held: a better answer means that the point is no equilibrium.

A run appends every chunk to `--file` and goes on after the last one it finds there.
"""

import argparse
import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from framerail.market import EXACT, Market, choose, equilibrium, gross_utility, respond

HERE = Path(__file__)
SPEED = runpy.run_path(str(HERE.with_name("test_market_speed.py")))
CARS = SPEED["CARS"]
CHUNK, EVERY, PLAIN = 250, 125, 10
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


def plain_prices(market, draw):
    """Where unmixed steps of the markup map lead from observed prices, and how many."""
    here = SPEED["moved"](market, draw)
    cost = here.offers.marginal_cost

    def turn(state):
        markup, _, count = state
        asked = respond(here.buyers, here.offers, here.ownership, markup).markup
        return asked, jnp.max(jnp.abs(asked - markup)), count + 1

    begin = (market.offers.start_price - cost, jnp.asarray(jnp.inf), 0)
    markup, _, count = jax.lax.while_loop(lambda s: (s[1] > 1e-6) & (s[2] < 5_000), turn, begin)
    return cost + markup, count


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


def chunk_of(market, run, improve, plain, seed):
    """One row per draw: what `report` reads."""
    rng = np.random.default_rng(seed)
    draws = (
        jnp.asarray(np.exp(0.1 * rng.standard_normal((CHUNK, 150)))),
        jnp.asarray(0.25 * rng.standard_normal((CHUNK, 150))),
        jnp.asarray(np.exp(0.1 * rng.standard_normal(CHUNK))),
    )
    price, *rest = (np.asarray(part) for part in run(draws))
    extra = np.full((CHUNK, 4), np.nan)
    for k in range(0, CHUNK, PLAIN):
        told, count = plain(tuple(part[k] for part in draws))
        extra[k, :2] = np.max(np.abs(np.asarray(told) - price[k])), count
    for k in range(0, CHUNK, EVERY):
        gain = np.asarray(improve(tuple(part[k] for part in draws), jnp.asarray(price[k])))
        extra[k, 2:] = np.sum(gain > 1e-9), gain.max()
    return np.column_stack([*rest, extra])


def report(rows):
    residual, outcome, other, other_outcome, apart, steps, off, plain, better, gain = rows.T
    good = (outcome == 0) & (residual < 1e-9)
    both = good & (other_outcome == 0) & (other < 1e-9)
    many = both & (apart > APART)
    print(f"draws {len(good)}, accepted {good.sum()}: raw residual at most ", end="")
    print(f"{residual[good].max():.1e} $")
    print(
        f"not converged {np.sum(outcome.astype(int) & 2 > 0)}, at a minimum "
        f"{np.sum(outcome.astype(int) & 8 > 0)}; map evaluations: median {np.median(steps):.0f}, "
        f"99 % {np.quantile(steps, 0.99):.0f}, largest {steps.max():.0f}"
    )
    print(f"two equilibria from two starts: {many.sum()} of {both.sum()} ({many.mean():.2%})")
    seen = np.isfinite(off)
    print(
        f"not where plain steps lead: {np.sum(off[seen] > APART)} of {seen.sum()}; plain steps: "
        f"median {np.median(plain[seen]):.0f}, largest {plain[seen].max():.0f}"
    )
    searched = np.isfinite(gain)
    print(
        f"grid of best answers, {searched.sum()} draws x 150 products: "
        f"{np.nansum(better):.0f} products in {np.sum(better[searched] > 0)} draws have a better "
        f"price, by at most {np.nanmax(gain):.1e} of their firm's profit"
    )


def main(count, first, file):
    market = base_market()
    run = run_of(market)
    improve = eqx.filter_jit(lambda draw, price: better_answers(market, draw, price))
    plain = eqx.filter_jit(lambda draw: plain_prices(market, draw))
    done = np.loadtxt(file, ndmin=2) if file.exists() else np.empty((0, 10))
    for k in range(len(done) // CHUNK, count // CHUNK):
        rows = chunk_of(market, run, improve, plain, (first, k))
        with file.open("a") as stream:
            np.savetxt(stream, rows)
        print(f"{(k + 1) * CHUNK} of {count}", flush=True)
    report(np.loadtxt(file, ndmin=2)[:count])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--file", type=Path, default=Path("equilibria.txt"))
    chosen = parser.parse_args()
    main(chosen.draws, chosen.first, chosen.file)
