"""Draws of a deal per second: `pytest benchmarks/test_deal_speed.py -s`.

A term sheet of ten instruments over fifteen years of quarters (60 periods): a path of the
start-up's cash, settlement of its failure time and every party's value, for 10,000 draws.
"""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pydantic
import pytest

from framerail.deal import (
    PathDraws,
    Terms,
    default_time_of_path,
    open_book,
    path_steps,
    settle_at,
)
from framerail.deal.cash_plan import put_on_delisting
from framerail.numerics.calendar import quarter_grid

READING = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "deal" / "reading.py"))
INPUTS = READING["reference_inputs"]()
GRID = quarter_grid(2024.0, 15)
DRAWS, CHUNK = 10_000, 250

EXTRA = {
    "capital": {"outstanding": 5e8, "price": 0.7, "volatility": 1.2, "date": 2024.2},
    "convertible_notes": {"series-a": {
        "face": 5e7, "issue_discount": 0.1, "coupon": 0.05, "date": 2024.25, "maturity": 2027.0,
        "conversion_price": 1.2, "floor_price": 0.4, "rank": "secured", "put_on_delisting": 1.0,
        "cross_default": True}},
    "warrants": {"number": 2e7, "strike": 0.01, "expiry": 2030.0, "vesting": {
        "launch": {"share": 1.0, "date": 2026.5, "probability": 0.7}}},
    "take_or_pay": {"buyer": "start-up", "floor": 15_000.0, "shortfall": 2_000.0, "cap": 4e7,
                    "start": 2027.0, "end": 2031.0},
    "bridge": {"lender": "creditors", "draws": {"first": {"face": 4e7, "date": 2024.25}},
               "issue_discount": 0.1, "base_rate": 0.05, "spread": 0.12, "maturity": 2024.75,
               "rank": "super-senior"},
}  # fmt: skip
"""With upfront, two tranches, royalty, build fee, stake, cost sharing and step-in: over ten."""


def _inputs():
    terms = READING["plain"](READING["raw_deal"]())["terms"] | EXTRA
    sheet = pydantic.TypeAdapter(Terms).validate_python(terms)
    return eqx.tree_at(lambda i: i.terms, INPUTS, sheet)


def _draw(inputs, flows, upfront, royalty, draws):
    inputs = eqx.tree_at(
        lambda i: (i.terms.upfront.amount, i.terms.royalty.per_unit), inputs, (upfront, royalty)
    )
    start_up, setting = inputs.partners.start_up, inputs.survival
    book = open_book(inputs.terms, flows, inputs.partners, setting.with_deal, GRID)
    time = default_time_of_path(
        start_up.cash, start_up.minimum_cash, book.plan.net + flows.start_up + book.cash,
        put_on_delisting(start_up, GRID) + book.put, setting.cash_shock, setting.with_deal, GRID,
        draws, setting.investor_horizon, setting.alive_on,
    )  # fmt: skip
    return settle_at(inputs.terms, flows, inputs.partners, book, time, GRID).value


@pytest.mark.filterwarnings("ignore")
def test_ten_thousand_draws_of_a_ten_instrument_deal(benchmark):
    inputs, flows = _inputs(), READING["program"](GRID)
    draw, steps = np.random.default_rng(6), path_steps(60)
    lanes = (
        jnp.asarray(draw.uniform(0.0, 3e8, DRAWS)),
        jnp.asarray(draw.uniform(0.0, 3e3, DRAWS)),
        PathDraws(
            known=jnp.asarray(draw.random(DRAWS)),
            **{
                key: jnp.asarray(draw.standard_normal((DRAWS, steps)))
                for key in ("cash", "able", "size")
            },
            **{
                key: jnp.asarray(draw.random((DRAWS, steps)))
                for key in ("touch", "delisting", "waiver", "raising")
            },
        ),
    )

    @jax.jit
    def run(lanes):
        return jax.lax.map(lambda lane: _draw(inputs, flows, *lane), lanes, batch_size=CHUNK)

    assert GRID.quarters == 60
    assert bool(jnp.all(jnp.isfinite(run(lanes))))
    benchmark.pedantic(lambda: run(lanes).block_until_ready(), rounds=3)
    print(f"\n{DRAWS} draws x {GRID.quarters} periods: {benchmark.stats['median']:.2f} s")
