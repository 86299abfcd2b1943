"""Time of the deal stage and of survival in it: `pytest benchmarks/test_survival_speed.py -s`.

A batch of 64 draws of cash and shock over 56 quarters, forward and with a reverse pass: processor
time, least of five, and processor seconds to compile. Run on one core (`taskset -c 0`,
`XLA_FLAGS=--xla_cpu_multi_thread_eigen=false`) to compare.
"""

import runpy
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import open_book, value_deal
from framerail.deal.deal_value import both_survivals

READING = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "deal" / "reading.py"))
INPUTS, GRID = READING["reference_inputs"](), READING["GRID"]
FLOWS = READING["program"](GRID)
DRAWS = 64


def _inputs(shock, cash):
    return eqx.tree_at(
        lambda i: (i.survival.cash_shock, i.partners.start_up.cash), INPUTS, (shock, cash)
    )


def _survival(shock, cash):
    inputs = _inputs(shock, cash)
    book = open_book(inputs.terms, FLOWS, inputs.partners, inputs.survival.with_deal, GRID)
    return both_survivals(inputs, FLOWS, book, GRID)


def _deal(shock, cash):
    return value_deal(_inputs(shock, cash), FLOWS, READING["NOTHING"], GRID)


def _later_failure(shock, cash):
    both = _survival(shock, cash)
    return sum(each.cumulative[8] + jnp.sum(each.new_money) / 1e9 for each in both)


CASES = {
    "survival": _survival,
    "survival, gradient": jax.grad(_later_failure, argnums=(0, 1)),
    "deal": _deal,
    "deal, gradient": jax.grad(lambda *x: jnp.sum(_deal(*x).gain[:2]) / 1e9, argnums=(0, 1)),
}


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("name", CASES)
def test_deal_stage(benchmark, name):
    draw = np.random.default_rng(0)
    given = (
        jnp.asarray(98e6 * 1.35 ** draw.standard_normal(DRAWS)),
        jnp.asarray(draw.uniform(150e6, 700e6, DRAWS)),
    )
    begun = time.process_time()
    run = jax.jit(jax.vmap(CASES[name])).lower(*given).compile()
    took = time.process_time() - begun
    found = run(*given)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(found))
    benchmark.pedantic(lambda: jax.block_until_ready(run(*given)), rounds=5)
    each = 1e3 * benchmark.stats["min"] / DRAWS
    print(f"\n{name}: {each:.2f} ms a draw, compiled in {took:.1f} s")
