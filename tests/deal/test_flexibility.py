"""Flexibilities against closed forms and against what must hold."""

import jax.numpy as jnp
import numpy as np
import pytest

from framerail.deal import efficient_frontier, solve_bargain, value_moved
from framerail.deal.options import (
    abandon,
    best_tranches,
    buy_later,
    compound_option,
    european,
    exercise_map,
    expand,
    geometric_paths,
    right_to_invest,
    splits,
    stage,
    switch,
    wait,
)

number = jnp.float64
PATHS, DATES, STEP = 20_000, 16, 0.25
RATE, SIGMA = 0.05, 0.4
TIME = STEP * np.arange(1, DATES + 1)
DISCOUNT = jnp.exp(-RATE * TIME)
NORMALS = jnp.asarray(np.random.default_rng(9).standard_normal((PATHS, DATES)))


def paths(start=100.0, drift=RATE, sigma=SIGMA):
    return geometric_paths(number(start), number(drift), number(sigma), number(STEP), NORMALS)


def test_an_option_used_at_the_end_only_is_european():
    """Expanding at a price that falls due at the last date only."""
    value = paths()
    cost = jnp.full_like(value, 1e9).at[:, -1].set(110.0)
    found = expand(value[..., None], value, cost, DISCOUNT)
    wanted = european("call", number(100.0), *map(number, (110.0, RATE, RATE, SIGMA, 4.0)))
    assert abs(float(found.worth - wanted)) < 3 * float(found.standard_error)
    assert float(found.chance[:-1].sum()) == 0.0


def test_waiting_approaches_the_perpetual_right():
    """Sixteen quarters with a payout: between the right used at the end only and the perpetual."""
    value = paths(drift=RATE - 0.04)
    start = jnp.full((PATHS, 1), 100.0)
    value = jnp.concatenate([start, value], axis=1)
    discount = jnp.concatenate([jnp.ones(1), DISCOUNT])
    found = wait(value[..., None], value, jnp.full_like(value, 100.0), discount)
    forever = right_to_invest(*map(number, (100.0, 100.0, RATE, 0.04, SIGMA)))
    assert float(found.without) == pytest.approx(0.0)
    at_the_end = european("call", *map(number, (100.0, 100.0, RATE, RATE - 0.04, SIGMA, 4.0)))
    assert float(at_the_end) < float(found.worth) < float(forever.value)


def test_abandoning_is_worth_its_salvage_at_least_and_a_put_at_the_end():
    value = paths()
    cash = jnp.zeros_like(value).at[:, -1].set(value[:, -1])
    salvage = jnp.full_like(value, -1e9).at[:, -1].set(90.0)
    found = abandon(value[..., None], cash, salvage, DISCOUNT)
    put = european("put", number(100.0), *map(number, (90.0, RATE, RATE, SIGMA, 4.0)))
    assert abs(float(found.worth - put)) < 3 * float(found.standard_error)
    always = abandon(value[..., None], cash, jnp.full_like(value, 90.0), DISCOUNT)
    assert float(always.worth) > float(found.worth)
    assert float(always.value) > 90.0 * float(DISCOUNT[0])


def test_a_program_worth_keeping_is_never_abandoned():
    cash = jnp.full((PATHS, DATES), 10.0)
    found = abandon(paths()[..., None], cash, jnp.full((PATHS, DATES), -5.0), DISCOUNT)
    assert abs(float(found.worth)) < 1e-9
    assert float(found.chance.sum()) == 0.0


def test_switching_takes_the_better_plant():
    here = paths() / DATES
    there = jnp.full_like(here, 110.0 / DATES)
    free = switch(paths()[..., None], here, there, jnp.zeros_like(here), DISCOUNT)
    dear = switch(paths()[..., None], here, there, jnp.full_like(here, 1e3), DISCOUNT)
    assert float(free.worth) > 0.0
    assert abs(float(dear.worth)) < 1e-9
    assert float(free.value) >= float(there[0] @ DISCOUNT) - 3 * float(free.standard_error)


def test_staging_is_a_compound_option():
    """Two tranches: the first buys the right to pay the second (Geske)."""
    value = geometric_paths(number(100.0), number(RATE), number(SIGMA), number(1.0), NORMALS[:, :2])
    tranches = jnp.asarray([12.0, 95.0])
    discount = jnp.exp(-RATE * jnp.asarray([1.0, 2.0]))
    found = stage(value[..., None], tranches, value[:, -1], discount, degree=4)
    wanted = compound_option("call", "call", *map(number, (
        100.0, 95.0, 12.0, 1.0, 2.0, RATE, RATE, SIGMA)))  # fmt: skip
    assert abs(float(found.value - wanted)) < 3 * float(found.standard_error) + 0.05
    assert float(found.worth) > 0.0


def test_assets_can_be_bought_only_once_for_sale():
    value = paths()
    fails = jnp.broadcast_to(jnp.arange(DATES)[None] >= 8, value.shape) & (NORMALS[:, :1] < 0.0)
    price = jnp.full_like(value, 50.0)
    found = buy_later(value[..., None], value, price, fails, number(0.5), DISCOUNT)
    assert float(found.chance[:8].sum()) == 0.0
    sure = buy_later(value[..., None], value, price, fails, number(1.0), DISCOUNT)
    assert float(sure.worth) == pytest.approx(2.0 * float(found.worth), rel=0.05)


def test_the_map_of_a_put_has_one_border():
    value = paths()
    payoff = jnp.maximum(100.0 - value, 0.0)
    found = expand(value[..., None], payoff, jnp.zeros_like(payoff), DISCOUNT, degree=4)
    states = jnp.linspace(60.0, 99.0, 40)[:, None]
    where = np.asarray(exercise_map(
        found.policy, states, lambda s: jnp.maximum(100.0 - s[:, 0], 0.0), DISCOUNT
    ))  # fmt: skip
    assert where[-1].all()  # at the last date: wherever it pays
    edge = where[8:].sum(axis=1)
    assert np.all(np.diff(edge) >= -2)  # the border rises toward the end


def test_splits_add_up():
    found = np.asarray(splits(3, 4))
    assert found.shape == (15, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_best_tranches_against_a_partner_that_may_fail():
    """Late money is lost less often, early money keeps the partner alive."""

    def gains(tranches):
        alive = 0.7 * (1.0 - jnp.exp(-tranches[0] / 20.0))
        return 150.0 * alive - tranches[0] - alive * tranches[1], alive * jnp.sum(tranches)

    best, both = best_tranches(gains, number(100.0), splits(2, 20), number(0.5))
    assert both.shape == (21, 2)
    assert 20.0 < float(best[0]) < 60.0


def test_frontier_and_solutions():
    gains = jnp.asarray([[1.0, 9.0], [5.0, 7.0], [9.0, 1.0], [4.0, 6.0], [12.0, -1.0], [5.0, 6.9]])
    np.testing.assert_array_equal(efficient_frontier(gains), [1, 1, 1, 0, 1, 0])
    found = solve_bargain(1e6 * gains, number(0.5))
    np.testing.assert_allclose(found.nash, [5e6, 7e6])
    np.testing.assert_allclose(found.kalai_smorodinsky, [5e6, 7e6])
    np.testing.assert_allclose(found.ultimatum_incumbent, [9e6, 1e6])
    np.testing.assert_allclose(found.ultimatum_start_up, [1e6, 9e6])
    nobody = solve_bargain(-1e6 * gains[:4], number(0.5))
    assert not bool(nobody.exists)
    np.testing.assert_allclose(nobody.nash, [-4e6, -6e6])


def test_terms_move_or_make_value():
    moved, made = value_moved(jnp.asarray([[-1.0, 1.0], [-1.0, 0.4], [0.5, 0.5], [-2.0, -1.0]]))
    np.testing.assert_allclose(moved, [1.0, 0.4, 0.0, 0.0])
    np.testing.assert_allclose(made, [0.0, -0.6, 1.0, -3.0])
