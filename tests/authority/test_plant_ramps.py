"""The hierarchical launch study: leave one launch out, simulate and recover, the engine's curve."""

import jax.numpy as jnp
import numpy as np
import pytest

from framerail.plant import logistic_output
from framerail.studies.launch_ramps import Ramp, curve, fit_population, read_ramps
from framerail.studies.launch_score import failure_rate, leave_one_out

NAMED = ("rivian-normal", "ford-lightning", "tesla-cybertruck", "fisker-ocean")


@pytest.fixture(scope="module")
def scored():
    return leave_one_out(read_ramps())


def test_four_named_launches_are_covered_at_the_fourth_and_eighth_quarter(scored):
    held = {name: all(one.covered for one in scored if one.launch == name) for name in NAMED}
    assert sum(held.values()) >= 3, held


def test_eighty_percent_intervals_cover_about_eighty_percent_of_all_launches(scored):
    known = [one for one in scored if not np.isnan(one.actual)]
    assert len(known) == 15
    assert 0.6 <= np.mean([one.covered for one in known]) <= 0.95


def test_forecast_beats_the_announced_capacity(scored):
    """The plan as announced (all of the capacity) against the median of the forecast."""
    known = [one for one in scored if not np.isnan(one.actual)]
    ours = np.mean([abs(one.median - one.actual) for one in known])
    plan = np.mean([abs(1.0 - one.actual) for one in known])
    assert ours < 0.7 * plan


def test_ignoring_failures_of_makers_misses_the_ocean():
    """Without failures the Ocean's eighth quarter, in which nothing was built, is missed."""
    ramps = [one for one in read_ramps() if one.name in NAMED]
    found = {one.launch: one for one in leave_one_out(ramps, quarters=(8,), failures=False)}
    assert not found["fisker-ocean"].covered
    assert failure_rate("fisker-ocean") > 3 * failure_rate("ford-lightning")


def test_the_study_and_the_plant_stage_share_one_curve():
    begin, end = np.array([-0.2, 0.1, 0.9, 2.0]), np.array([0.05, 0.35, 1.4, 2.25])
    half, constant = 0.8, 0.3
    mine = curve(np.log([0.7, half, constant]), begin, end)
    engine = logistic_output(
        jnp.asarray(begin), jnp.asarray(end), jnp.asarray(half), jnp.asarray(constant)
    )
    np.testing.assert_allclose(mine, 0.7 * np.asarray(engine) / (end - begin), rtol=1e-12)


def simulated(launches: int, limited: bool) -> list[Ramp]:
    """Launches drawn from a known population; with `limited`, demand cuts some periods."""
    source = np.random.default_rng(7)
    begin = np.arange(0.0, 2.5, 0.25)
    found = []
    for k in range(launches):
        point = np.log([0.5, 0.8, 0.25]) + [0.4, 0.3, 0.3] * source.standard_normal(3)
        root = np.sqrt(curve(point, begin, begin + 0.25)) + 0.04 * source.standard_normal(10)
        share = np.maximum(root, 0.0) ** 2
        cut = (begin > 1.2) & limited & (k % 2 == 0)
        held_back = np.where(cut, 0.5 * share, share)
        kinds = np.where(cut, "demand", "supply")
        found.append(Ramp(f"{k}", 1e5, 0.0, begin, begin + 0.25, held_back * 2.5e4, kinds))
    return found


@pytest.mark.parametrize("limited", [False, True])
def test_a_known_population_is_recovered(limited):
    population = fit_population(simulated(16, limited), "supply")
    np.testing.assert_allclose(np.exp(population.center), [0.5, 0.8, 0.25], rtol=0.25)
    np.testing.assert_allclose(population.spread, [0.4, 0.3, 0.3], rtol=0.4)
    assert population.error == pytest.approx(0.04, rel=0.2)


def test_taking_demand_for_supply_understates_the_plant():
    ramps = simulated(16, True)
    as_built, as_supply = (fit_population(ramps, target) for target in ("built", "supply"))
    assert as_built.center[0] < as_supply.center[0] - 0.05
