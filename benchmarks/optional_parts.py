"""What caps and owners would cost a year's market: `python benchmarks/optional_parts.py`.

Prints seconds to compile and milliseconds to solve one model year of the reference market plain,
with caps on rivals, and with owners by make; and in how many draws a rival of the reference case
would sell more than its maker has announced to be able to build, which is when a cap would bind.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

import framerail as fr
from framerail.market import (
    QUICK,
    Caps,
    Habits,
    calibrate,
    capped_equilibrium,
    draw_buyers,
    equilibrium,
    makes_of,
    offers_in_year,
    owners_path,
    ownership_of,
    product_table,
)
from framerail.studies.sampling import column_indices, sample_leaves, sobol_points, with_columns

NEAR = QUICK._replace(loose=1e-7, corrections=0)
"""From a start near the answer: mixing to the end."""
SCENARIO = fr.read_scenario("nissan-fisker")
COLUMNS = column_indices(SCENARIO)
TABLE = product_table(SCENARIO.market.products)
YEARS = (2026.0, 2030.0, 2035.0)
CAPACITY = {
    ("lightning-er", "lightning-sr"): 150_000.0,
    ("r1t",): 150_000.0,
    ("cybertruck",): 125_000.0,
}
"""Announced trucks a year (data/plant/ramps.csv); Rivian's is of all its models."""
DRAWS = 256
CREDIT = 7_500.0


def year_market(row, year):
    drawn = with_columns(SCENARIO, COLUMNS, row)
    market = drawn.market
    table = product_table(market.products)
    buyers, ownership = draw_buyers(market.preferences, drawn.buyer_nodes), ownership_of(table)
    level = (1 + drawn.program.inflation) ** (year - market.calibration_year)
    known = calibrate(market, table, buyers, ownership)
    offers = offers_in_year(
        market, table, known, jnp.asarray(year), price_level=level,
        entrant_cost=known.marginal_cost, credit=CREDIT * table.electric, entry=1 - table.entrant,
    )  # fmt: skip
    return buyers.at_price_level(offers.price_level), offers, ownership


def timed(label, function, arguments):
    began = time.process_time()
    program = jax.jit(function).lower(*arguments).compile()
    compiled = time.process_time() - began
    jax.block_until_ready(program(*arguments))
    began, turns = time.process_time(), 0
    while time.process_time() - began < 2.0:
        jax.block_until_ready(program(*arguments))
        turns += 1
    solved = (time.process_time() - began) / turns * 1e3
    size = sum(1 for line in str(jax.make_jaxpr(function)(*arguments)).splitlines() if "=" in line)
    print(f"{label:34s} {compiled:6.2f} s to compile  {solved:8.2f} ms  {size:6d} equations")


def costs():
    buyers, offers, ownership = jax.jit(year_market, static_argnums=1)(
        jnp.asarray(sample_leaves(SCENARIO, np.full((1, len(SCENARIO.uncertainty)), 0.5))[0]),
        YEARS[1],
    )
    start = offers.start_price
    member = np.zeros((len(CAPACITY), len(TABLE.names)))
    for k, names in enumerate(CAPACITY):
        member[k, [TABLE.index(name) for name in names]] = 1.0
    makes = makes_of(TABLE.brands, TABLE.electric)
    kinds = makes.electric.shape[0]
    stock = jnp.full(kinds, 1.0 / kinds)
    habits = Habits(*(jnp.asarray(v) for v in (1.5, 0.5, 0.5, 6.0)))
    path = jax.tree_util.tree_map(lambda leaf: leaf[None], offers)
    timed("plain", lambda b, o: equilibrium(b, o, ownership, start, NEAR), (buyers, offers))
    for part, label in ((1.0, "caps out of reach"), (0.1, "caps that bind")):
        volume = part * jnp.asarray(list(CAPACITY.values()))
        caps = Caps(jnp.asarray(member), volume)
        timed(
            f"{len(CAPACITY)} {label}",
            lambda b, o, c=caps: capped_equilibrium(b, o, ownership, c, start, NEAR),
            (buyers, offers),
        )
    timed(
        f"owners of {kinds} kinds",
        lambda b, o: owners_path(b, o, ownership, makes, habits, stock, NEAR),
        (buyers, path),
    )


def binding():
    points = sobol_points(DRAWS, len(SCENARIO.uncertainty), 29)
    rows = jnp.asarray(sample_leaves(SCENARIO, points))

    def one(row):
        sold = []
        for year in YEARS:
            buyers, offers, ownership = year_market(row, year)
            sold.append(equilibrium(buyers, offers, ownership, offers.start_price, NEAR).quantity)
        return jnp.stack(sold)

    quantity = np.asarray(jax.jit(lambda r: jax.lax.map(one, r))(rows))
    for names, capacity in CAPACITY.items():
        volume = quantity[:, :, [TABLE.index(name) for name in names]].sum(axis=2)
        over = ", ".join(
            f"{year:.0f} {np.mean(volume[:, k] > capacity):.0%} "
            f"(median {np.median(volume[:, k]):,.0f})"
            for k, year in enumerate(YEARS)
        )
        print(f"{'+'.join(names)} above {capacity:,.0f} a year: {over}")


if __name__ == "__main__":
    costs()
    binding()
