"""Policy regimes, their content rules and the events that change them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from framerail.program import (
    ConsumerCredit,
    EmissionCredit,
    FuelEconomyCredit,
    ImportDuty,
    Imposition,
    LeaseCredit,
    PartsDuty,
    PolicyInputs,
    Politics,
    ProductionCredit,
    Repeal,
    StateCredit,
    buyer_credit,
    event_date,
    joint_draw,
    maker_credit,
    policy_path,
    qualifying_share,
    standing,
)

path_of = jax.jit(policy_path)


def scalar(value):
    return jnp.asarray(float(value))


def scalars(**values):
    return {name: scalar(value) for name, value in values.items()}


def repeal(hazard=0.1, earliest=2025.0, enacted=2100.0, draw=0.5):
    return Repeal(*map(scalar, (hazard, earliest, enacted, draw)))


def politics(realized=1.0, common=0.5, together=1.0):
    return Politics(*map(scalar, (realized, common, together)))


def consumer(end, **changed):
    values = {
        "amount": 7500, "price_cap": 80_000, "starts": 2023, "ends": 2033, "mineral_content": 1,
        "component_content": 0, "content_spread": 0.01, "foreign_entity": 0,
        "foreign_entity_rule": 2025, "buyer_share": 0.8,
    }  # fmt: skip
    rules = {"2023": scalar(0.4), "2027": scalar(0.8)}
    return ConsumerCredit(
        **scalars(**(values | changed)), mineral_rule=rules, component_rule=rules, repeal=end
    )


def state(**changed):
    values = {"amount": 4000, "buyer_share": 0.25, "starts": 2024, "ends": 2028}
    return StateCredit(
        instrument="state credit", **scalars(**(values | changed)), repeal=repeal(hazard=0.0)
    )


def duty(**changed):
    values = {"rate": 0.25, "imported_share": 0.4, "starts": 2025, "ends": 2036}
    return PartsDuty(
        instrument="section 232",
        **scalars(**(values | changed)),
        imposition=Imposition(*map(scalar, (0.1, 2025.0, 2100.0, 0.5))),
    )


def policy(hazard=0.1, realized=0.0, draw=0.5, enacted=2100.0, together=1.0):
    end = repeal(hazard, 2025.0, enacted)
    return PolicyInputs(
        realized=scalar(realized),
        repeal_draw=scalar(draw),
        repeal_together=scalar(together),
        consumer=consumer(end),
        consumer_reforms={},
        lease=LeaseCredit(*map(scalar, (7500, 2023, 2033, 0.3, 0.8)), end),
        production=ProductionCredit(*map(scalar, (35, 10, 2023, 2030, 0.25, 1, 1)), end),
        emission=EmissionCredit(*map(scalar, (50, 200, 225_865)), end),
        fuel_economy=FuelEconomyCredit(*map(scalar, (16, 30, 60, 0)), end),
        states={},
        import_duty=ImportDuty(scalar(0.25)),
        parts_duties={},
    )


def test_the_draw_is_the_distribution_of_the_date():
    # Exponential waiting time: median ln 2 / hazard after the earliest date.
    np.testing.assert_allclose(event_date(repeal(), scalar(0.5)), 2025 + np.log(2) / 0.1)
    np.testing.assert_allclose(event_date(repeal(), scalar(0.0)), 2025.0)
    np.testing.assert_allclose(event_date(repeal(enacted=2025.75), scalar(0.9)), 2025.75)
    assert float(event_date(repeal(hazard=0.0), scalar(0.99))) == 2100.0
    assert np.isfinite(event_date(repeal(), scalar(1.0)))


def test_expected_value_is_the_mean_of_the_draws(grid):
    draws = (jnp.arange(4000) + 0.5) / 4000
    drawn = jax.jit(
        jax.vmap(lambda u: standing(repeal(), Politics(scalar(1), u, scalar(1)), grid))
    )(draws)
    expected = standing(repeal(), politics(realized=0.0), grid)
    np.testing.assert_allclose(jnp.mean(drawn, axis=0), expected, atol=5e-4)


def test_point_value_does_not_depend_on_the_draw(grid):
    low, high = (path_of(policy(draw=u), grid) for u in (0.05, 0.95))
    np.testing.assert_array_equal(low.consumer_credit, high.consumer_credit)


def test_a_repeal_ends_the_credit_inside_its_quarter(grid):
    path = path_of(policy(hazard=0.0, enacted=2025.85), grid)
    full = 7500 * 0.5 * 0.8
    np.testing.assert_allclose(path.consumer_credit[6:9], [full, 0.4 * full, 0.0], atol=1e-6)


def test_statute_of_30d_ends_with_2032(grid):
    path = path_of(policy(hazard=0.0), grid)
    np.testing.assert_allclose(path.consumer_credit[grid.start_of_quarter < 2033.0], 3_000.0)
    np.testing.assert_allclose(path.consumer_credit[grid.start_of_quarter >= 2033.0], 0.0)


def test_45x_steps_down_as_the_statute_says(grid):
    path = path_of(policy(hazard=0.0), grid)
    yearly = (path.cell_credit + path.module_credit)[::4]
    np.testing.assert_allclose(yearly[:10], [45] * 6 + [33.75, 22.5, 11.25, 0], atol=1e-9)
    np.testing.assert_allclose(maker_credit(path, scalar(113))[0], 5_085)


def test_the_price_cap_is_a_cliff_for_buyers_and_none_for_lessees(grid):
    path = path_of(policy(hazard=0.0), grid)
    below = buyer_credit(path, jnp.full(56, 80_000.0))[0]
    above = buyer_credit(path, jnp.full(56, 80_000.01))[0]
    np.testing.assert_allclose(below, 0.7 * 3_000 + 0.3 * 6_000)
    np.testing.assert_allclose(above, 0.3 * 6_000)


def test_emission_credit_is_price_times_lifetime_megagrams(grid):
    path = path_of(policy(hazard=0.0), grid)
    np.testing.assert_allclose(path.emission_credit, 50 * 200 * 225_865 / 1e6)


@pytest.mark.parametrize("realized", [0.0, 1.0])
def test_hazard_and_draw_have_the_right_derivative(realized, grid, finite_difference):
    @jax.jit
    def worth(hazard, draw):
        end = Repeal(hazard, scalar(2025.0), scalar(2100.0), scalar(0.5))
        other = dataclasses.replace(
            policy(realized=realized), consumer=consumer(end), repeal_draw=draw
        )
        mine = path_of(other, grid)
        return jnp.sum(mine.consumer_credit)

    by_hazard, by_draw = jax.jit(jax.grad(worth, argnums=(0, 1)))(scalar(0.1), scalar(0.4))
    np.testing.assert_allclose(
        by_hazard, finite_difference(lambda h: worth(scalar(h), scalar(0.4)), 0.1, 1e-5), rtol=1e-5
    )
    reference = finite_difference(lambda u: worth(scalar(0.1), scalar(u)), 0.4, 1e-5)
    np.testing.assert_allclose(by_draw, reference, rtol=1e-5, atol=1e-9)
    assert (abs(reference) > 0) == (realized == 1.0)


def test_regimes_change_with_one_another_as_far_as_they_lean_on_the_common_draw():
    common, own = jax.random.uniform(jax.random.key(5), (2, 20_000))

    @jax.jit
    def drawn(together, own):
        return jax.vmap(lambda c, u: joint_draw(Politics(scalar(1), c, together), u))(common, own)

    for together in (0.0, 0.6, 1.0):
        first, second = (drawn(scalar(together), each) for each in (own, own[::-1]))
        # Each regime's own date keeps its distribution, whatever the dependence.
        deciles = np.quantile(np.asarray(first), np.arange(0.1, 1.0, 0.1))
        np.testing.assert_allclose(deciles, np.arange(0.1, 1.0, 0.1), atol=0.012)
        scores = [norm.ppf(np.clip(u, 1e-9, 1 - 1e-9)) for u in (first, second)]
        np.testing.assert_allclose(np.corrcoef(*scores)[0, 1], together**2, atol=0.02)


def test_own_draws_let_one_regime_fall_and_another_stand(grid):
    early, late = repeal(draw=0.01), repeal(draw=0.99)
    apart = dataclasses.replace(
        policy(realized=1.0, together=0.0),
        consumer=consumer(early),
        lease=dataclasses.replace(policy().lease, repeal=late),
    )
    path = path_of(apart, grid)
    assert float(path.consumer_credit[12]) == 0.0
    assert float(path.lease_credit[12]) > 0.0
    alike = path_of(dataclasses.replace(apart, repeal_together=scalar(1.0)), grid)
    assert float(alike.consumer_credit[12]) > 0.0


def test_half_the_credit_for_each_content_rule_by_year(grid):
    credit = consumer(repeal(), mineral_content=0.7, component_content=0.9)
    share = qualifying_share(credit, grid)[::4]
    np.testing.assert_allclose(share[:5], [1, 1, 1, 0.5, 0.5], atol=1e-9)
    at_the_edge = qualifying_share(consumer(repeal(), mineral_content=0.8), grid)
    np.testing.assert_allclose(at_the_edge[12], 0.25)


def test_a_foreign_entity_s_content_earns_nothing_from_its_date(grid):
    share = qualifying_share(consumer(repeal(), foreign_entity=0.3), grid)
    np.testing.assert_allclose(np.asarray(share)[[3, 4]], [0.5, 0.35])


def test_fuel_economy_credit_is_the_penalty_saved(grid):
    # Fleets are averaged harmonically: one truck of N at 60 lifts a fleet at 30 by 15/N.
    before, trucks = 30.0, 1e6
    after = (trucks + 1) / (trucks / before + 1 / 60.0)
    saved = 16.0 * (after - before) * 10.0 * (trucks + 1)
    credit = FuelEconomyCredit(*map(scalar, (16, 30, 60, 1)), repeal(hazard=0.0))
    plain = policy(hazard=0.0)
    path = path_of(dataclasses.replace(plain, fuel_economy=credit), grid)
    np.testing.assert_allclose(path.fuel_economy_credit, saved, rtol=1e-5)
    np.testing.assert_allclose(
        path.emission_credit - path.fuel_economy_credit,
        path_of(plain, grid).emission_credit,
    )


def test_states_pay_purchasers_and_lessees_while_they_pay(grid):
    with_state = dataclasses.replace(policy(hazard=0.0), states={"a": state()})
    path = path_of(with_state, grid)
    np.testing.assert_allclose(np.asarray(path.state_credit)[[0, 15, 16]], [1000, 1000, 0])
    price = jnp.full(56, 90_000.0)
    extra = buyer_credit(path, price) - buyer_credit(path_of(policy(hazard=0.0), grid), price)
    np.testing.assert_allclose(extra, path.state_credit)


@pytest.mark.parametrize("realized", [0.0, 1.0])
def test_a_duty_on_parts_comes_as_likely_as_believed(realized, grid):
    def path(draw):
        taxed = dataclasses.replace(
            policy(realized=realized), repeal_draw=draw, parts_duties={"a": duty()}
        )
        return path_of(taxed, grid).parts_duty

    draws = (jnp.arange(2000) + 0.5) / 2000
    mean = jnp.mean(jax.vmap(path)(draws), axis=0)
    chance = 1 - np.exp(-0.1 * np.maximum(grid.middle - 2025.0, 0))
    np.testing.assert_allclose(mean[:48], 0.1 * chance[:48], atol=1e-4)
    np.testing.assert_allclose(mean[48:], 0.0)


def test_a_reform_has_its_own_cap_and_amount(grid):
    now = dataclasses.replace(policy(hazard=0.0).consumer, ends=scalar(2027))
    reform = consumer(
        repeal(hazard=0.0), starts=2027, amount=4000, price_cap=55_000, component_content=1
    )
    both = dataclasses.replace(policy(hazard=0.0), consumer=now, consumer_reforms={"b": reform})
    assert both.faults() == ()
    path = path_of(both, grid)
    np.testing.assert_allclose(np.asarray(path.consumer_credit)[[11, 12]], [3000, 3200])
    np.testing.assert_allclose(np.asarray(path.price_caps)[[11, 12]], [80_000, 55_000])


@pytest.mark.parametrize("together", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("draw", [0.0, 0.3, 1.0])
def test_every_leaf_has_a_finite_derivative(together, draw, grid, whole):
    half = dataclasses.replace(
        whole, realized=scalar(0.5), repeal_draw=scalar(draw), repeal_together=scalar(together)
    )
    slopes = worth_of_all(half, grid)
    assert all(np.isfinite(slope).all() for slope in jax.tree.leaves(slopes))
    assert float(slopes.consumer.mineral_content) > 0
    assert float(slopes.states["a"].amount) > 0
    assert float(slopes.fuel_economy.penalty) > 0


@jax.jit
def worth_of_all(inputs, grid):
    return jax.grad(lambda p: sum(map(jnp.sum, jax.tree.leaves(path_of(p, grid)))))(inputs)


@pytest.fixture
def whole():
    base = policy()
    return dataclasses.replace(
        base,
        consumer=consumer(repeal(), mineral_content=0.75, content_spread=0.1),
        fuel_economy=dataclasses.replace(base.fuel_economy, additional=scalar(0.2)),
        states={"a": state()},
        parts_duties={"a": duty()},
    )


def test_faults_name_a_regime_that_ends_before_it_starts():
    wrong = dataclasses.replace(policy().consumer, ends=scalar(2022))
    assert wrong.faults()[0].startswith("ends: the regime ends before it starts")
    assert policy().faults() == ()
    assert consumer(repeal()).faults() == ()
    by_name = dataclasses.replace(consumer(repeal()), mineral_rule={"soon": scalar(0.5)})
    assert by_name.faults()[0].startswith("mineral_rule: expected shares by calendar year")
    backwards = dataclasses.replace(policy().production, steps_down=scalar(2020))
    assert backwards.faults()[0].startswith("steps_down:")


def test_faults_name_regimes_of_one_instrument_that_overlap():
    twice = dataclasses.replace(
        policy(),
        consumer_reforms={"later": consumer(repeal(), starts=2030, ends=2036)},
        states={
            "a": state(),
            "b": state(starts=2027, ends=2030),
            "c": state(starts=2030, ends=2031),
        },
        parts_duties={"x": duty(ends=2028), "y": duty(starts=2028)},
    )
    assert twice.faults() == (
        "consumer and consumer_reforms.later: '30D' is in force twice from 2030.00; end the "
        "first no later than the second starts",
        "states.a and states.b: 'state credit' is in force twice from 2027.00; end the first no "
        "later than the second starts",
    )
