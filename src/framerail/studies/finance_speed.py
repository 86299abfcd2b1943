"""Evaluations of the finance layer per second, batched.

One evaluation is one partner's share: tax with losses, working capital, free cash flow and present
value (`present_value`); `cash_flow` adds rate of return, payback, peak funding, values by line and
the residuals of all identities.
"""

import dataclasses
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp

from framerail.numerics.calendar import QuarterGrid, fraction_between, spread
from framerail.program import Streams, cash_flow, no_streams, present_value
from framerail.scenario_file import read_scenario

BATCH, CHUNKS, ROUNDS = 2_048, 16, 5
"""Draws of a call, calls of a round, rounds of which the best counts."""


def streams(price: Any, cost: Any, volume: Any, start: Any, grid: QuarterGrid) -> Streams:
    """A program's streams from four figures."""
    sales = volume * fraction_between(start, start + 7.5, grid)
    outlay = {
        name: spread(jnp.asarray(amount), begin + 0.0 * start, start, grid)
        for name, amount, begin in (
            ("engineering", 350e6, 2024.25),
            ("tooling", 180e6, 2025.5),
            ("conversion", 250e6, 2025.4),
        )
    }
    return dataclasses.replace(
        no_streams(grid),
        revenue=price * sales,
        materials=cost * sales,
        warranty=1_200.0 * sales,
        selling=0.08 * price * sales,
        production_credit=900.0 * sales,
        finished_goods=0.4 * cost * sales,
        **outlay,
    )


@dataclasses.dataclass(frozen=True)
class FinanceSpeed:
    """Evaluations of one partner's share per second."""

    what: str
    per_second: float
    """On all cores, wall time."""
    per_busy_second: float
    """Per second of processor time: what one core does alone on a shared machine."""


def finance_speed(rounds: int = ROUNDS) -> list[FinanceSpeed]:
    """Time both evaluations on draws that differ in every stream and every rate."""
    scenario = read_scenario("nissan-fisker")
    grid, finance = QuarterGrid(scenario.start_of_quarter), scenario.program.finance["fisker"]
    now = scenario.program.valuation_date
    draws = jax.random.uniform(jax.random.key(1), (CHUNKS, BATCH, 5))
    low = jnp.asarray([0.08, 40e3, 30e3, 2e3, 2026.0])
    high = jnp.asarray([0.30, 60e3, 45e3, 9e3, 2028.0])
    draws = low + draws * (high - low)

    def share(draw: jax.Array) -> tuple[Any, Streams, jax.Array]:
        own = dataclasses.replace(finance, discount_rate=draw[0])
        return own, streams(draw[1], draw[2], draw[3], draw[4], grid), draw[4]

    def value(draw: jax.Array) -> jax.Array:
        own, flows, start = share(draw)
        return present_value(own, flows, grid, valuation_date=now, start_of_production=start)

    def full(draw: jax.Array) -> tuple[jax.Array, ...]:
        own, flows, start = share(draw)
        cash = cash_flow(own, flows, grid, valuation_date=now, start_of_production=start)
        return (
            cash.npv, cash.irr, cash.payback, cash.peak_funding, cash.peak_date,
            cash.identity_residual, cash.outcome, jnp.stack(list(cash.npv_by_line.values())),
        )  # fmt: skip

    cores, found = os.cpu_count() or 1, []
    for name, function in (("present value", value), ("full cash flow with IRR", full)):
        batch = jax.jit(jax.vmap(function))
        jax.block_until_ready(batch(draws[0]))
        best = busy = float("inf")
        for _ in range(rounds):
            begin, used = time.perf_counter(), time.process_time()
            with ThreadPoolExecutor(cores) as pool:  # a chunk per core, as the Monte Carlo does
                list(pool.map(lambda rows, run=batch: jax.block_until_ready(run(rows)), draws))
            best = min(best, time.perf_counter() - begin)
            busy = min(busy, time.process_time() - used)
        count = CHUNKS * BATCH
        found.append(FinanceSpeed(name, count / best, count / busy))
    return found
