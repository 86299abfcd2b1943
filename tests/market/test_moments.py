import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    Buyers,
    Nests,
    buyer_means,
    choose,
    first_and_second,
    fit_moments,
    invert_shares,
    second_choice_correlation,
    utilities,
)

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
BUYERS, OFFERS, _ = READING["small_market"](5, buyers=30)
PRICE, ALL = OFFERS.start_price, jnp.ones(8)
TRAIT = OFFERS.traits[:, 0]
RURAL = jnp.concatenate([jnp.full(30, -0.2), jnp.full(30, 0.8)])  # a fifth rural, less the mean
SHARE = choose(utilities(BUYERS, OFFERS.quality, OFFERS.traits, PRICE), ALL).bought
SHARE = BUYERS.weight @ SHARE


def test_second_choices_are_those_of_removal_in_turn():
    utility = utilities(BUYERS, OFFERS.quality, OFFERS.traits, PRICE)
    pairs = np.asarray(first_and_second(BUYERS, utility, ALL))
    bought = np.asarray(choose(utility, ALL).bought)
    weight = np.asarray(BUYERS.weight)
    for j in range(8):
        left = bought / (1 - bought[:, [j]])
        left[:, j] = 0
        np.testing.assert_allclose(pairs[j, :8], (weight * bought[:, j]) @ left, rtol=1e-10)
    np.testing.assert_allclose(pairs.sum(axis=1), weight @ bought, rtol=1e-12)
    inside = pairs[:, :8] / pairs[:, :8].sum()
    first, second = inside.sum(axis=1), inside.sum(axis=0)
    t = np.asarray(TRAIT)
    product = np.sum(inside * np.outer(t, t)) - (first @ t) * (second @ t)
    spread = np.sqrt((first @ t**2 - (first @ t) ** 2) * (second @ t**2 - (second @ t) ** 2))
    ours = float(second_choice_correlation(jnp.asarray(pairs), TRAIT))
    assert ours == pytest.approx(product / spread, rel=1e-10)


def test_nests_make_second_choices_alike():
    """At the same shares, the more alike a nest is, the more second choices stay in it."""
    member = jnp.stack([TRAIT, 1 - TRAIT], axis=1)
    relative = BUYERS.taste @ OFFERS.traits.T - BUYERS.sensitivity[:, None] * PRICE[None, :]

    @jax.jit
    def alike(correlation):
        nests = Nests(member, jnp.full(2, correlation))
        quality = invert_shares(BUYERS.weight, relative, SHARE, ALL, nests).quality
        pairs = first_and_second(BUYERS, relative + quality[None, :], ALL, nests)
        return second_choice_correlation(pairs, TRAIT)

    utility = utilities(BUYERS, OFFERS.quality, OFFERS.traits, PRICE)
    plain = float(second_choice_correlation(first_and_second(BUYERS, utility, ALL), TRAIT))
    assert float(alike(0.0)) == pytest.approx(plain, rel=1e-8)
    assert plain < float(alike(0.4)) < float(alike(0.8))


def population(parameters):
    """Two groups of households; parameters are pi of rural on the first trait and its spread."""
    pi, spread = parameters
    score = BUYERS.taste[:, 0] / 2.0
    taste = jnp.stack([spread * score, BUYERS.taste[:, 1]], axis=1)
    taste = jnp.concatenate([taste, taste]).at[:, 0].add(pi * RURAL)
    weight = jnp.concatenate([0.8 * BUYERS.weight, 0.2 * BUYERS.weight])
    return Buyers(weight, jnp.tile(BUYERS.sensitivity, 2), taste, demographics=RURAL[:, None])


def moments(parameters):
    """Part rural among buyers of the trait, and how alike second choices are; shares are held."""
    buyers = population(parameters)
    relative = buyers.taste @ OFFERS.traits.T - buyers.sensitivity[:, None] * PRICE[None, :]
    quality = invert_shares(buyers.weight, relative, SHARE, ALL).quality
    utility = relative + quality[None, :]
    rural = buyer_means(buyers, choose(utility, ALL), buyers.demographics, TRAIT)[0]
    alike = second_choice_correlation(first_and_second(buyers, utility, ALL), TRAIT)
    return jnp.stack([rural, alike])


fit = jax.jit(lambda *given: fit_moments(moments, *given))
TRUTH = jnp.asarray([3.0, 2.5])


def test_parameters_are_found_again_from_their_moments():
    observed = jax.jit(moments)(TRUTH)
    error, wide = jnp.full(2, 1e-3), jnp.full(2, 1e3)
    found = fit(observed, error, jnp.asarray([1.0, 1.5]), wide)
    np.testing.assert_allclose(found.value, TRUTH, rtol=1e-5)
    np.testing.assert_allclose(found.predicted, observed, atol=1e-8)
    assert int(found.steps) < 40
    slope = jax.jit(jax.jacfwd(moments))(TRUTH)
    exact = np.linalg.inv(np.asarray(slope.T @ slope) / 1e-6 + np.eye(2) / 1e6)
    np.testing.assert_allclose(found.covariance, exact, rtol=1e-3)


def test_precise_published_values_outweigh_vague_moments():
    observed = jax.jit(moments)(TRUTH)
    start = jnp.asarray([1.0, 1.5])
    kept = fit(observed, jnp.full(2, 10.0), start, jnp.full(2, 0.01))
    np.testing.assert_allclose(kept.value, start, atol=1e-4)
    between = fit(observed, jnp.full(2, 0.02), start, jnp.full(2, 0.3))
    assert bool(jnp.all((between.value > start) & (between.value < TRUTH)))
    assert float(between.gradient) < 1e-6
