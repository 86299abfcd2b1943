"""How many buyers are enough: `python benchmarks/buyer_rules.py` prints the table of
docs/decisions/0016-designed-buyers.md; `... design 64 --seconds 230` designs a rule anew.

A rule is scored on draws of all uncertain inputs that its design has not seen (other Sobol'
scramble, trucks as announced); its reference is the mean of Sobol' populations of 32,768.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import qmc

import framerail as fr
from framerail.market import (
    NODE_DIMENSION,
    calibrate,
    choose,
    draw_buyers,
    equilibrium,
    market_shares,
    offers_in_year,
    ownership_of,
    product_table,
    second_choices,
    traits,
    utilities,
)
from framerail.market.buyers import _spread_nodes
from framerail.scenario_file.bundle import data_text
from framerail.studies.sampling import column_indices, sample_leaves, sobol_points, with_columns

BEGAN = time.monotonic()
SCENARIO = fr.read_scenario("nissan-fisker")
COLUMNS = column_indices(SCENARIO)
TABLE = product_table(SCENARIO.market.products)
YEARS = (2028.0, 2034.0)
ENTRANTS = jnp.asarray(TABLE.entrant)
ELECTRIC_PICKUPS = jnp.asarray(TABLE.electric * TABLE.pickup)
STATED = jnp.asarray([0.0, 0.0, 0.0, 230.0, 330.0])
"""Entrants' quality shift ($), credit ($), cost shift ($), short and long range (mile)."""
CLASS_PENALTY = 0.01
"""Weight of the first two moments of each class, which keep a rule a population."""
ASKED = ("f-150", "silverado-1500", "tacoma", "frontier")
"""Trucks whose buyers' second choices a rule must get right."""


def designed(count):
    """A designed rule from the package's table."""
    rows = csv.DictReader(data_text("market/buyers.csv").splitlines())
    scores = ("pickup", "electric", "size", "us_brand", "electric_pickup", "income")
    return jnp.asarray(
        [
            [float(row[k]) for k in (*scores, "opposed", "weight")]
            for row in rows
            if int(row["rule"]) == count
        ]
    )


def sobol(count, seed):
    points = qmc.Sobol(NODE_DIMENSION, scramble=True, rng=seed).random(count)
    return jnp.asarray(np.clip(points, 1e-9, 1 - 1e-9))


def seconds(market, table, known, buyers):
    """Second choices of the calibration year, and what removes the electric pickups does."""
    net = table.price - market.credit_take_up * table.credit
    utility = utilities(buyers, known.quality, traits(table, market.preferences), net)
    alone = jnp.eye(len(table.names))
    places = [table.index(name) for name in ASKED]
    rows = [
        second_choices(buyers, utility, table.observed, alone[place])[place] for place in places
    ]
    electric = ELECTRIC_PICKUPS * table.observed
    taken = second_choices(buyers, utility, table.observed, electric)
    lightning = taken[table.index("lightning-er")]
    dearer = utility - 0.01 * buyers.sensitivity[:, None] * (net * table.pickup)[None, :]
    pickups = table.pickup * table.observed
    shares = [market_shares(buyers, choose(u, table.observed)) for u in (utility, dearer)]
    together = jnp.log((shares[1] @ pickups) / (shares[0] @ pickups)) / 0.01
    return jnp.concatenate([*rows, lightning, together[None] / 3])


def path(row, truck, nodes):
    """Equilibria of two model years with the scenario's four trucks on sale, and answers of the
    calibration year."""
    drawn = with_columns(SCENARIO, COLUMNS, row)
    market = drawn.market
    table = product_table(market.products)
    for name in table.names:
        if "alaska" in name or "nissan-" in name:
            miles = truck[3] if "rwd" in name else truck[4]
            table = table.replaced(
                name, range=miles, launch=jnp.asarray(2026.5), end=jnp.asarray(2037.0)
            )
    ownership = ownership_of(table)
    buyers = draw_buyers(market.preferences, nodes)
    known = calibrate(market, table, buyers, ownership)
    known = eqx.tree_at(lambda c: c.residual, known, known.residual + table.entrant * truck[0])
    cost = jnp.asarray([42_000.0 if "rwd" in name else 51_000.0 for name in table.names])
    solved = []
    for year in YEARS:
        level = (1 + drawn.program.inflation) ** (year - market.calibration_year)
        offers = offers_in_year(
            market,
            table,
            known,
            jnp.asarray(year),
            price_level=level,
            entrant_cost=cost * level + truck[2],
            credit=truck[1] * table.electric,
            entry=jnp.ones(len(table.names)),
        )
        later = buyers.at_price_level(offers.price_level)
        found = equilibrium(later, offers, ownership, offers.start_price)
        solved.append((found, offers.availability))
    return solved, seconds(market, product_table(market.products), known, buyers)


def figures(row, truck, nodes):
    """What a rule must get right, as logs or in units of about a percent of a log."""
    firms = jnp.asarray([TABLE.firms.index(name) for name in ("Nissan", "Fisker")])
    emphasis = jnp.where(ENTRANTS > 0, 1.0, jnp.where(ELECTRIC_PICKUPS > 0, 0.7, 0.3))
    solved, asked = path(row, truck, nodes)
    parts = [3 * asked]
    for found, on_sale in solved:
        sold = jnp.where(on_sale > 0.01, jnp.log(jnp.maximum(found.quantity, 1.0)), 0.0)
        parts += [
            3 * jnp.log(found.quantity @ ENTRANTS)[None],
            emphasis * sold,
            jnp.log(found.variable_profit[firms]),
            ENTRANTS * found.price / 2_000.0,
            found.consumer_surplus[None] / 1_000.0,
        ]
    return jnp.concatenate(parts)


@jax.jit
def over_draws(rows, trucks, nodes):
    return jax.lax.map(lambda pair: figures(*pair, nodes), (rows, trucks))


@jax.jit
def volumes(rows, nodes):
    """Entrants' volumes, shape (draw, year, truck); the trucks as stated."""
    place = jnp.asarray(np.flatnonzero(np.asarray(ENTRANTS)))
    return jax.lax.map(
        lambda row: jnp.stack([found.quantity[place] for found, _ in path(row, STATED, nodes)[0]]),
        rows,
    )


def scored_draws(count=12):
    dimension = len(SCENARIO.uncertainty)
    points = np.concatenate([np.full((1, dimension), 0.5), sobol_points(16, dimension, 5)])
    return jnp.asarray(sample_leaves(SCENARIO, points[:count]))


def report():
    rows = scored_draws()
    reference = np.mean([volumes(rows, sobol(32_768, seed)) for seed in range(301, 305)], axis=0)
    total = reference.sum(axis=2)
    print(f"reference: {total[0, 0]:,.0f} trucks in 2028, {total[0, 1]:,.0f} in 2034, medians\n")
    print("| buyers | medians, 2028 | medians, 2034 | rms over draws | largest | rms by truck |")
    print("|---|---|---|---|---|---|")
    rules = [(f"{count}, designed", designed(count)) for count in (64, 128, 256)]
    rules += [(f"{count}, Sobol'", sobol(count, 2024)) for count in (128, 512, 2_048, 8_192)]
    for name, nodes in rules:
        found = np.asarray(volumes(rows, nodes))
        off, each = found.sum(axis=2) / total - 1, found / reference - 1
        print(
            f"| {name} | {off[0, 0]:+.2%} | {off[0, 1]:+.2%} | {np.sqrt((off**2).mean()):.2%} "
            f"| {np.abs(off).max():.2%} | {np.sqrt((each**2).mean()):.2%} |"
        )


def loss(free, opposed, rows, trucks, wanted):
    """Mean squared error of the figures, and of each class's first two moments."""
    score, log_weight = free
    raw = jnp.exp(log_weight)
    nodes = jnp.concatenate([score, opposed[:, None], raw[:, None]], axis=1)
    off = jnp.abs(over_draws(rows, trucks, nodes) - wanted)
    error = jnp.mean(jnp.sum(jnp.where(off < 1, off**2, 2 * off - 1), axis=1))
    for group in (0.0, 1.0):
        part = raw * (opposed == group) / jnp.sum(raw * (opposed == group))
        spread = (score * part[:, None]).T @ score - jnp.eye(NODE_DIMENSION)
        error += CLASS_PENALTY * (jnp.sum((part @ score) ** 2) + 0.5 * jnp.sum(spread**2))
    return error


def start(count, file):
    """Where a design begins: rows printed earlier, the shipped rule, or a Sobol' rule."""
    if file is not None:
        rows = [[float(v) for v in line.split(",")] for line in file.read_text().split()]
        table = jnp.asarray([[*row[2:8], row[1], row[8]] for row in rows if row[0] == count])
    else:
        table = designed(count)
    if table.shape[0] == count:
        return table[:, :NODE_DIMENSION], table[:, -1], table[:, -2]
    return _spread_nodes(sobol(count, 1))


def stated_trucks(rng, draws):
    return jnp.asarray(
        np.column_stack(
            [
                rng.normal(0.0, 6_000.0, draws),
                rng.choice([0.0, 7_500.0], draws),
                rng.normal(0.0, 4_000.0, draws),
                rng.uniform(200.0, 260.0, draws),
                rng.uniform(300.0, 380.0, draws),
            ]
        )
    )


def reference(rows, trucks, seeds, file):
    """Mean figures of Sobol' populations, kept in a file between designs if one is named."""
    if file is not None and file.exists():
        return jnp.asarray(np.load(file))
    wanted = np.mean([over_draws(rows, trucks, sobol(8_192, s)) for s in seeds], axis=0)
    if file is not None:
        np.save(file, wanted)
    return jnp.asarray(wanted)


def design(count, seconds, begin=None, kept=None, draws=160, batch=8, rate=0.03):
    """Rows of the table: Adam on nodes and log weights, until `seconds` after the start."""
    rng = np.random.default_rng(3)
    dimension = len(SCENARIO.uncertainty)
    rows = jnp.asarray(sample_leaves(SCENARIO, sobol_points(256, dimension, 99)[:draws]))
    trucks = stated_trucks(rng, draws)
    wanted = reference(rows, trucks, range(301, 303), kept)
    score, weight, opposed = start(count, begin)
    free = [score, jnp.log(weight)]
    slope = jax.jit(jax.value_and_grad(loss))
    first = [jnp.zeros_like(leaf) for leaf in free]
    second = [jnp.zeros_like(leaf) for leaf in free]
    slope(free, opposed, rows[:batch], trucks[:batch], wanted[:batch])  # compiles
    began, step = time.monotonic(), 0
    seconds, found = max(seconds - (began - BEGAN), 1.0), jnp.inf
    while (used := (time.monotonic() - began) / seconds) < 1:
        some = rng.choice(draws, batch, replace=False)
        found, gradient = slope(free, opposed, rows[some], trucks[some], wanted[some])
        step += 1
        for k, g in enumerate(gradient):
            first[k] = 0.9 * first[k] + 0.1 * g
            second[k] = 0.99 * second[k] + 0.01 * g**2
            size = jnp.sqrt(second[k] / (1 - 0.99**step)) + 1e-12
            free[k] = free[k] - rate * (1 - used) * first[k] / (1 - 0.9**step) / size
    print(f"{count}: {step} steps, last loss {float(found):.5f}", file=sys.stderr)
    for k in np.lexsort((free[0][:, 0], opposed)):
        scores = ",".join(f"{value:.6f}" for value in free[0][k])
        print(f"{count},{int(opposed[k])},{scores},{jnp.exp(free[1][k]):.9f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["report", "design"], default="report")
    parser.add_argument("count", nargs="?", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=400.0, help="of the whole command")
    parser.add_argument("--rate", type=float, default=0.03, help="step of Adam at the begin")
    parser.add_argument("--begin", type=Path, help="rows printed by an earlier design")
    parser.add_argument("--kept", type=Path, help="file that keeps the reference's figures")
    chosen = parser.parse_args()
    if chosen.what == "report":
        report()
    else:
        design(chosen.count, chosen.seconds, chosen.begin, chosen.kept, rate=chosen.rate)
