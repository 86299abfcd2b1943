"""Pack prices against the BloombergNEF survey: forecast 2019 to 2025 from 2010 to 2018.

Three ways (`studies/pack_prices.py`): in time, by Wright's law on the volumes that came, and on
those expected in 2018. Metal content is the deck's own; metals stay at their price of the last
observed year; both memories are those published for other technologies: nothing is fitted to the
years scored. Without the split of metals the law in time covers 5 of 7 years.
"""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from framerail.cost import experience_forecast, trend_forecast
from framerail.cost.battery_pack import pack_cost_per_kwh
from framerail.cost.world_packs import experience_factor_of_packs
from framerail.studies.pack_prices import (
    LATER_DEFLATORS,
    WAYS,
    experience,
    forecast,
    real_prices,
    yearly_volume,
)

READING = runpy.run_path(str(Path(__file__).parents[1] / "cost" / "reading.py"))
DECK = READING["reference_inputs"]().deck


@pytest.mark.parametrize("way", WAYS)
def test_ninety_percent_interval_covers_six_of_seven_years(way):
    assert forecast(way).covered >= 6


@pytest.mark.parametrize("way", WAYS)
def test_coverage_does_not_hang_on_the_exact_metal_content(way):
    assert min(forecast(way, metal_weight=weight).covered for weight in (0.7, 1.3)) >= 6


def test_the_trend_alone_covers_only_five():
    assert forecast("time", metal_weight=0.0).covered == 5


def test_coverage_by_volume_does_not_hang_on_packs_legacy_or_memory():
    for built in (experience(size=0.75), experience(size=1.25), experience(legacy=0.0)):
        assert forecast(built=built).covered >= 6
    assert min(forecast(memory=memory).covered for memory in (0.0, 0.63)) >= 6


def test_the_learning_rate_is_near_the_published_ones():
    """BloombergNEF 18 % per doubling of packs; Ziegler and Trancik (2021) 20 % of cells. What was
    built before 2010 moves the estimate most."""
    low, high = (
        1 - 2 ** -forecast(built=experience(legacy=legacy)).exponent for legacy in (0.0, 1.0)
    )
    assert 0.15 < low < 0.20 < high < 0.28


def test_own_volumes_meet_the_stated_ones():
    """2020 lies between 2019 and the IEA's 2021, and sales times assumed packs of the cars of 2023
    come within a fifth of the 690 GWh in the IEA's data of 2025."""
    yearly = yearly_volume()
    assert yearly[2019] < yearly[2020] < yearly[2021] == 330.0
    cars = 9.5 * 56 + 4.3 * 11
    assert cars == pytest.approx(690.0, rel=0.2)


@pytest.mark.parametrize("way", WAYS)
def test_interval_says_something(way):
    """Covering by being wide would be worthless: two years out it is within a factor of 1.5."""
    found = forecast(way)
    assert found.high[1] / found.center[1] < 1.5
    assert found.center[1] / found.low[1] < 1.5


def test_wright_without_memory_is_the_textbook_prediction_interval():
    """q = 0: variance s^2 (h + X_h^2 / sum x^2) of a regression through the origin."""
    log_experience = jnp.log(jnp.asarray([1.0, 2.0, 3.5, 7.0, 9.0]))
    log_price = jnp.asarray([5.0, 4.7, 4.6, 4.2, 4.15])
    later = jnp.log(jnp.asarray([12.0, 20.0]))
    found = experience_forecast(log_price, log_experience, later, 0.0)
    x, y = np.diff(log_experience), np.diff(log_price)
    slope = float(np.linalg.lstsq(x[:, None], y, rcond=None)[0][0])
    variance = np.sum((y - slope * x) ** 2) / 3
    ahead = np.asarray(later) - np.log(9.0)
    expected = np.sqrt(variance * (np.array([1.0, 2.0]) + ahead**2 / np.sum(x**2)))
    assert float(found.exponent) == pytest.approx(-slope, rel=1e-12)
    np.testing.assert_allclose(found.scale, expected, rtol=1e-12)
    np.testing.assert_allclose(found.center, 4.15 + slope * ahead, rtol=1e-12)


@pytest.mark.parametrize("memory", [0.0, 0.19])
def test_coverage_of_wrights_law_on_simulated_industries(memory):
    """Simulate the model itself: the 90 % interval five years out covers about 90 %."""
    rng = np.random.default_rng(11)
    growth = rng.uniform(0.2, 0.8, (600, 15))
    v = rng.normal(0.0, 0.1, (600, 16))
    path = np.cumsum(-0.3 * growth + v[:, 1:] + memory * v[:, :-1], axis=1)
    experience_path = np.cumsum(growth, axis=1)
    run = jax.jit(jax.vmap(lambda price, *e: experience_forecast(price, *e, memory)))
    found = run(*map(jnp.asarray, (path[:, :10], experience_path[:, :10], experience_path[:, 10:])))
    width = stats.t.ppf(0.95, df=8) * np.asarray(found.scale[:, -1])
    inside = np.abs(path[:, -1] - np.asarray(found.center[:, -1])) < width
    assert 0.86 < inside.mean() < 0.94


def test_the_scenarios_packs_learn_with_the_worlds_output():
    """The published curve at the median growth; a doubling more is worth the exponent."""
    world = DECK.pack.world
    later = jnp.asarray(7.0)
    assert float(experience_factor_of_packs(world, later)) == pytest.approx(1.0, abs=1e-9)
    fast = eqx.tree_at(lambda w: w.growth, world, jnp.asarray(0.35))
    built = [
        float(world.cumulative)
        + float(world.annual) * (np.exp(np.log1p(g) * 7.0) - 1) / np.log1p(g)
        for g in (0.35, float(world.published_growth))
    ]
    expected = (built[0] / built[1]) ** -float(world.exponent)
    assert float(experience_factor_of_packs(fast, later)) == pytest.approx(expected, rel=1e-9)
    still = eqx.tree_at(lambda w: w.growth, world, jnp.asarray(0.0))
    slope = jax.grad(lambda w: experience_factor_of_packs(w, later))(still)
    assert all(bool(jnp.isfinite(leaf)) for leaf in jax.tree_util.tree_leaves(slope))
    assert float(slope.growth) < 0


def test_one_year_ahead_without_memory_is_the_textbook_prediction_interval():
    """q = 0, h = 1: the prediction interval for the next draw of a normal sample."""
    prices = real_prices()
    history = np.log([prices[year] for year in range(2010, 2019)])
    changes = np.diff(history)
    expected = changes.std(ddof=1) * np.sqrt(1 + 1 / len(changes))
    ours = trend_forecast(jnp.asarray(history), jnp.asarray([1.0]), 0.0)
    assert float(ours.scale[0]) == pytest.approx(expected, rel=1e-12)
    assert float(ours.drift) == pytest.approx((history[-1] - history[0]) / 8, rel=1e-12)


@pytest.mark.parametrize("memory", [0.0, 0.63])
def test_coverage_on_simulated_walks(memory):
    """Simulate the model itself: the 90 % interval five years out covers about 90 %."""
    rng = np.random.default_rng(7)
    covered, walks, m, h = 0, 600, 16, 5
    for _ in range(walks):
        shocks = rng.normal(0.0, 0.1, m + h + 1)
        changes = -0.1 + shocks[1:] + memory * shocks[:-1]
        path = np.cumsum(np.concatenate([[0.0], changes]))
        forecast = trend_forecast(jnp.asarray(path[: m + 1]), jnp.asarray([float(h)]), memory)
        width = stats.t.ppf(0.95, df=m - 1) * float(forecast.scale[0])
        covered += abs(path[m + h] - float(forecast.center[0])) < width
    assert 0.84 < covered / walks < 0.95


def test_our_pack_cost_of_2023_is_near_the_survey():
    """BEV packs $128 (world), North America 11 % above, against our NMC-LFP range, 2023 dollars."""
    pack, prices = DECK.pack, DECK.prices
    to_2023 = float(prices.index_2023 / prices.index_2022)
    costs = [
        float(pack_cost_per_kwh(pack, jnp.asarray(75.0), jnp.asarray(share), jnp.asarray(2023.0)))
        * to_2023
        for share in (0.0, 1.0)
    ]
    assert min(costs) < 128 * 1.11 < max(costs) * 1.05


def test_our_pack_cost_of_2025_lies_between_the_survey_and_north_america():
    """2025 surveys: BEV packs $99, North America 44 % above China's $84, so about $121."""
    pack, prices = DECK.pack, DECK.prices
    to_2025 = LATER_DEFLATORS[2025] / float(prices.index_2022)
    lfp, nmc = (
        float(pack_cost_per_kwh(pack, jnp.asarray(90.0), jnp.asarray(share), jnp.asarray(2025.0)))
        * to_2025
        for share in (1.0, 0.0)
    )
    assert 99 < lfp < 130
    assert 115 < nmc < 150
