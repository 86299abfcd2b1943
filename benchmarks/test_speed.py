"""Draws per second and vehicle cycles per second: `pytest benchmarks -s`."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import framerail as fr
from framerail.studies.rows import CHUNK, evaluate_rows
from framerail.studies.sampling import sample_leaves, sobol_points
from framerail.vehicle import simulate_energy

BATCH = 256


@pytest.fixture(scope="module")
def scenario():
    return fr.read_scenario("nissan-fisker")


def test_draws_per_second(benchmark, scenario):
    points = sobol_points(2 * CHUNK, len(scenario.uncertainty), 1)
    rows = sample_leaves(scenario, points)
    evaluate_rows(scenario, rows, step="warm-up")
    benchmark.pedantic(lambda: evaluate_rows(scenario, rows, step="draws"), rounds=3)
    print(f"\n{2 * CHUNK / benchmark.stats['median']:.1f} draws per second")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vehicle_cycles_per_second(benchmark, scenario, dtype):
    design = scenario.vehicle.designs["nissan-awd"]
    cycle, conditions = scenario.cycles["udds"], scenario.vehicle.procedure.conditions
    design, cycle, conditions = jax.tree_util.tree_map(
        lambda leaf: leaf.astype(dtype), (design, cycle, conditions)
    )
    factors = jnp.linspace(0.9, 1.1, BATCH, dtype=dtype)

    def one(factor):
        heavier = eqx.tree_at(lambda d: d.mass, design, design.mass * factor)
        return simulate_energy(heavier, cycle, conditions).terminal_energy

    batch = jax.jit(jax.vmap(one))
    batch(factors).block_until_ready()
    benchmark.pedantic(lambda: batch(factors).block_until_ready(), rounds=10)
    print(f"\n{dtype}: {BATCH / benchmark.stats['median']:,.0f} vehicle-UDDS per second")
