"""Policy regimes and their repeal."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.program import (
    ConsumerCredit,
    EmissionCredit,
    ImportDuty,
    LeaseCredit,
    PolicyInputs,
    ProductionCredit,
    Repeal,
    buyer_credit,
    maker_credit,
    policy_path,
    repeal_date,
    standing,
)


def scalar(value):
    return jnp.asarray(float(value))


def repeal(hazard=0.1, earliest=2025.0, enacted=2100.0):
    return Repeal(*map(scalar, (hazard, earliest, enacted)))


def policy(hazard=0.1, realized=0.0, draw=0.5, enacted=2100.0):
    end = repeal(hazard, 2025.0, enacted)
    return PolicyInputs(
        realized=scalar(realized),
        repeal_draw=scalar(draw),
        consumer=ConsumerCredit(*map(scalar, (7500, 80_000, 2023, 2033, 0.5, 0.8)), end),
        lease=LeaseCredit(*map(scalar, (7500, 2023, 2033, 0.3, 0.8)), end),
        production=ProductionCredit(*map(scalar, (35, 10, 2023, 2030, 0.25, 1, 1)), end),
        emission=EmissionCredit(*map(scalar, (50, 200, 225_865)), end),
        import_duty=ImportDuty(scalar(0.25)),
    )


def test_the_draw_is_the_distribution_of_the_date():
    # Exponential waiting time: median ln 2 / hazard after the earliest date.
    np.testing.assert_allclose(repeal_date(repeal(), scalar(0.5)), 2025 + np.log(2) / 0.1)
    np.testing.assert_allclose(repeal_date(repeal(), scalar(0.0)), 2025.0)
    np.testing.assert_allclose(repeal_date(repeal(enacted=2025.75), scalar(0.9)), 2025.75)
    assert float(repeal_date(repeal(hazard=0.0), scalar(0.99))) == 2100.0
    assert np.isfinite(repeal_date(repeal(), scalar(1.0)))


def test_expected_value_is_the_mean_of_the_draws(grid):
    draws = (jnp.arange(4000) + 0.5) / 4000
    drawn = jax.vmap(lambda u: standing(repeal(), u, scalar(1.0), grid))(draws)
    expected = standing(repeal(), scalar(0.5), scalar(0.0), grid)
    np.testing.assert_allclose(jnp.mean(drawn, axis=0), expected, atol=5e-4)


def test_point_value_does_not_depend_on_the_draw(grid):
    low, high = (policy_path(policy(draw=u), grid) for u in (0.05, 0.95))
    np.testing.assert_array_equal(low.consumer_credit, high.consumer_credit)


def test_a_repeal_ends_the_credit_inside_its_quarter(grid):
    path = policy_path(policy(hazard=0.0, enacted=2025.85), grid)
    full = 7500 * 0.5 * 0.8
    np.testing.assert_allclose(path.consumer_credit[6:9], [full, 0.4 * full, 0.0], atol=1e-6)


def test_statute_of_30d_ends_with_2032(grid):
    path = policy_path(policy(hazard=0.0), grid)
    np.testing.assert_allclose(path.consumer_credit[grid.start_of_quarter < 2033.0], 3_000.0)
    np.testing.assert_allclose(path.consumer_credit[grid.start_of_quarter >= 2033.0], 0.0)


def test_45x_steps_down_as_the_statute_says(grid):
    path = policy_path(policy(hazard=0.0), grid)
    yearly = (path.cell_credit + path.module_credit)[::4]
    np.testing.assert_allclose(yearly[:10], [45] * 6 + [33.75, 22.5, 11.25, 0], atol=1e-9)
    np.testing.assert_allclose(maker_credit(path, scalar(113))[0], 5_085)


def test_the_price_cap_is_a_cliff_for_buyers_and_none_for_lessees(grid):
    path = policy_path(policy(hazard=0.0), grid)
    below = buyer_credit(path, jnp.full(56, 80_000.0))[0]
    above = buyer_credit(path, jnp.full(56, 80_000.01))[0]
    np.testing.assert_allclose(below, 0.7 * 3_000 + 0.3 * 6_000)
    np.testing.assert_allclose(above, 0.3 * 6_000)


def test_emission_credit_is_price_times_lifetime_megagrams(grid):
    path = policy_path(policy(hazard=0.0), grid)
    np.testing.assert_allclose(path.emission_credit, 50 * 200 * 225_865 / 1e6)


@pytest.mark.parametrize("realized", [0.0, 1.0])
def test_hazard_and_draw_have_the_right_derivative(realized, grid, finite_difference):
    def worth(hazard, draw):
        path = policy_path(policy(hazard=0.1, realized=realized, draw=0.4), grid)
        other = dataclasses.replace(
            policy(realized=realized),
            consumer=dataclasses.replace(
                policy().consumer, repeal=Repeal(hazard, scalar(2025.0), scalar(2100.0))
            ),
            repeal_draw=draw,
        )
        mine = policy_path(other, grid)
        return jnp.sum(mine.consumer_credit + 0 * path.consumer_credit)

    by_hazard, by_draw = jax.grad(worth, argnums=(0, 1))(scalar(0.1), scalar(0.4))
    np.testing.assert_allclose(
        by_hazard, finite_difference(lambda h: worth(scalar(h), scalar(0.4)), 0.1, 1e-5), rtol=1e-5
    )
    reference = finite_difference(lambda u: worth(scalar(0.1), scalar(u)), 0.4, 1e-5)
    np.testing.assert_allclose(by_draw, reference, rtol=1e-5, atol=1e-9)
    assert (abs(reference) > 0) == (realized == 1.0)


def test_faults_name_a_regime_that_ends_before_it_starts():
    wrong = dataclasses.replace(
        policy(), consumer=dataclasses.replace(policy().consumer, ends=scalar(2022))
    )
    assert wrong.faults()[0].startswith("consumer.ends")
    assert policy().faults() == ()
