"""One UDDS: a batch, one design, and the gradient; every parameter of every design its own.

One core: `taskset -c 0 env XLA_FLAGS=--xla_cpu_multi_thread_eigen=false pytest -s FILE`.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import framerail as fr
from framerail.vehicle import simulate_energy

BATCH = 256


@pytest.fixture(scope="module", params=["float32", "float64"])
def case(request):
    """Design, batch of designs, and their simulation, in one float type."""
    scenario = fr.read_scenario("nissan-fisker")
    given = (
        scenario.vehicle.designs["nissan-awd"],
        scenario.cycles["udds"],
        scenario.vehicle.procedure.conditions,
    )
    design, cycle, conditions = jax.tree.map(lambda leaf: leaf.astype(request.param), given)
    factors = jnp.linspace(0.9, 1.1, BATCH, dtype=request.param)
    batch = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (BATCH,)), design)
    batch = eqx.tree_at(lambda d: d.mass, batch, batch.mass * factors)
    return request.param, design, batch, lambda d: simulate_energy(d, cycle, conditions)


def _seconds(benchmark, function, argument):
    """Median and best time of a compiled call, s."""
    compiled = jax.jit(function)
    jax.block_until_ready(compiled(argument))
    benchmark.pedantic(lambda: jax.block_until_ready(compiled(argument)), rounds=20)
    return benchmark.stats["median"], benchmark.stats["min"]


def test_batch(benchmark, case):
    name, _, batch, simulate = case
    median, best = _seconds(benchmark, jax.vmap(simulate), batch)
    print(f"\n{name}: {BATCH / median:,.0f} vehicle-UDDS per second (best {BATCH / best:,.0f})")


def test_one_design(benchmark, case):
    name, design, _, simulate = case
    median, best = _seconds(benchmark, simulate, design)
    print(f"\n{name}: one design {1e3 * median:.2f} ms (best {1e3 * best:.2f})")


def test_batch_gradient(benchmark, case):
    name, _, batch, simulate = case
    gradient = jax.vmap(jax.grad(lambda d: simulate(d).terminal_energy))
    median, best = _seconds(benchmark, gradient, batch)
    print(f"\n{name}: gradient of the batch {1e3 * median:.1f} ms (best {1e3 * best:.1f})")
