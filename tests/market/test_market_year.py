import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    EXACT,
    attribute_value,
    capped_credit,
    choose,
    equilibrium,
    gross_utility,
    market_shares,
    offers_in_year,
    traits,
)

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
INPUTS, TABLE, BUYERS, OWNERSHIP, CALIBRATION = READING["calibrated"]()
INFLATION = 1.023  # a year; the program's, in a scenario
NONE = jnp.zeros(len(TABLE.names))
ALL = jnp.ones(len(TABLE.names))


def offers(year, inputs=INPUTS, table=TABLE, credit=NONE, entry=ALL):
    return offers_in_year(
        inputs,
        table,
        CALIBRATION,
        jnp.asarray(year),
        price_level=jnp.asarray(INFLATION ** (year - 2023.0)),
        entrant_cost=CALIBRATION.marginal_cost,
        credit=credit,
        entry=entry,
    )


def test_calibration_year_comes_back():
    solved = equilibrium(
        BUYERS,
        READING["offers_of_calibration_year"](INPUTS, TABLE, CALIBRATION),
        OWNERSHIP,
        TABLE.price * 1.1,
    )
    seen = np.asarray(TABLE.observed) > 0
    np.testing.assert_allclose(solved.price[seen], TABLE.price[seen], atol=1e-6)
    np.testing.assert_allclose(solved.quantity[seen], TABLE.sales[seen], rtol=1e-9)
    assert int(solved.outcome) == int(CALIBRATION.outcome) == 0
    assert float(CALIBRATION.share_residual) < 1e-12


def test_unobserved_rivals_would_ask_their_list_price():
    everyone = READING["changed"](
        READING["offers_of_calibration_year"](INPUTS, TABLE, CALIBRATION),
        availability=1 - TABLE.entrant,
    )
    markup = TABLE.price - CALIBRATION.marginal_cost
    utility_check = equilibrium(BUYERS, everyone, OWNERSHIP, TABLE.price)
    place = TABLE.index("scout")
    assert float(markup[place]) > 0
    assert float(utility_check.price[place]) == pytest.approx(float(TABLE.price[place]), rel=0.02)


def test_launch_and_end_cut_the_year():
    table = TABLE.replaced("alaska-rwd", launch=jnp.asarray(2026.25))
    on_sale = offers(2026.0, table=table).availability
    assert float(on_sale[TABLE.index("alaska-rwd")]) == pytest.approx(0.75)
    assert float(offers(2025.0).availability[TABLE.index("alaska-rwd")]) == 0
    assert float(offers(2024.0).availability[TABLE.index("titan")]) == pytest.approx(0.6)
    assert float(offers(2025.0).availability[TABLE.index("titan")]) == 0


def test_rival_comes_only_with_luck():
    def scout(luck):
        inputs = eqx.tree_at(lambda tree: tree.rivals["scout"].luck, INPUTS, jnp.asarray(luck))
        return float(offers(2030.0, inputs=inputs).availability[TABLE.index("scout")])

    assert scout(0.1) == 1
    assert scout(0.95) == 0


def test_costs_follow_inflation_and_learning():
    later = offers(2028.0)
    level = float(later.price_level)
    assert level == pytest.approx(INFLATION**5)
    truck, electric = TABLE.index("f-150"), TABLE.index("r1t")
    before = CALIBRATION.marginal_cost
    assert float(later.marginal_cost[truck]) == pytest.approx(float(before[truck]) * level)
    learned = (1 - float(INPUTS.trends.rival_cost_decline)) ** 5
    assert float(later.marginal_cost[electric]) == pytest.approx(
        float(before[electric]) * level * learned
    )


def test_attribute_values_are_the_published_ones():
    def value(table):
        return attribute_value(table, INPUTS.preferences, INPUTS.energy, jnp.zeros(()))

    place = TABLE.index("alaska-awd")
    base = TABLE.replaced("alaska-awd", range=jnp.asarray(300.0))
    mile = value(base.replaced("alaska-awd", range=jnp.asarray(301.0))) - value(base)
    assert float(mile[place]) == pytest.approx(float(INPUTS.preferences.value_of_range), rel=2e-3)
    second = value(base.replaced("alaska-awd", zero_to_sixty=base.zero_to_sixty[place] + 1))
    assert float((second - value(base))[place]) == pytest.approx(
        -float(INPUTS.preferences.value_of_acceleration)
    )
    cent = 0.01 / float(INPUTS.energy.electricity)
    dearer = value(base.replaced("alaska-awd", electricity_use=base.electricity_use[place] + cent))
    assert float((dearer - value(base))[place]) == pytest.approx(
        -0.01 * float(INPUTS.preferences.value_of_operating_cost)
    )


def test_electric_pickups_are_attached_to_pickups_in_part():
    columns = traits(TABLE, INPUTS.preferences)
    attachment = float(INPUTS.preferences.electric_pickup_attachment)
    assert float(columns[TABLE.index("r1t"), 0]) == pytest.approx(attachment)
    assert float(columns[TABLE.index("f-150"), 0]) == 1
    assert float(columns[TABLE.index("leaf"), 0]) == 0


def test_capped_credit_is_full_below_half_at_and_none_above_the_cap():
    price = jnp.asarray([60_000.0, 80_000.0, 100_000.0])
    given = capped_credit(jnp.full(3, 7_500.0), price, jnp.full(3, 80_000.0), jnp.asarray(2_000.0))
    np.testing.assert_allclose(given, [7_500.0, 3_750.0, 0.0], atol=1.0)


def test_gradient_of_profit_runs_from_attributes_through_calibration(finite_difference):
    """One path: range, price sensitivity and observed sales to Fisker's profit in 2028."""
    nodes = READING["nodes"](64)
    program = runpy.run_path(str(Path(__file__).with_name("reading.py")))
    market = program["calibrated"].__globals__

    def profit(inputs, miles):
        table = market["product_table"](inputs.products).replaced("alaska-awd", range=miles)
        buyers = market["draw_buyers"](inputs.preferences, nodes)
        calibration = market["calibrate"](inputs, table, buyers, OWNERSHIP)
        given = offers_in_year(
            inputs,
            table,
            calibration,
            jnp.asarray(2028.0),
            price_level=jnp.asarray(INFLATION**5),
            entrant_cost=jnp.full(len(TABLE.names), 45_000.0),
            credit=7_500.0 * TABLE.electric,
            entry=ALL,
        )
        later = buyers.at_price_level(given.price_level)
        solved = equilibrium(later, given, OWNERSHIP, given.start_price)
        return solved.variable_profit[TABLE.firms.index("Fisker")] / 1e6

    run = jax.jit(profit)
    by_inputs, by_miles = jax.jit(jax.grad(profit, argnums=(0, 1)))(INPUTS, jnp.asarray(310.0))
    slope = finite_difference(lambda m: run(INPUTS, jnp.asarray(m)), 310.0, 0.05)
    assert float(by_miles) == pytest.approx(slope, rel=1e-6)
    places = (
        lambda tree: tree.preferences.price_sensitivity,
        lambda tree: tree.preferences.opposed_share,
        lambda tree: tree.preferences.spread_of_electric,
        lambda tree: tree.products["r1t"].sales,
        lambda tree: tree.products["lightning-sr"].price,
        lambda tree: tree.trends.market_growth,
        lambda tree: tree.energy.gasoline,
    )
    for place in places:
        at = float(place(INPUTS))
        slope = finite_difference(
            lambda v, place=place: run(
                eqx.tree_at(place, INPUTS, jnp.asarray(v)), jnp.asarray(310.0)
            ),
            at,
            1e-4 * abs(at),
        )
        assert float(place(by_inputs)) == pytest.approx(slope, rel=2e-6, abs=1e-9)
    assert all(bool(jnp.isfinite(leaf)) for leaf in jax.tree_util.tree_leaves(by_inputs))


def test_far_starts_lead_to_the_same_prices():
    """No second equilibrium is found in the reference case's 2030, from starts far apart; and no
    firm has a better price for any product on a grid from cost to four times cost."""
    given = offers(2030.0)
    later = BUYERS.at_price_level(given.price_level)
    solve = jax.jit(equilibrium, static_argnums=4)
    first = solve(later, given, OWNERSHIP, given.start_price, EXACT)
    assert int(first.outcome) == 0
    for factor in (0.7, 1.5, 3.0):
        other = solve(later, given, OWNERSHIP, factor * given.start_price, EXACT)
        np.testing.assert_allclose(other.price, first.price, atol=1e-6)
    gross = gross_utility(later, given)

    def profit(j, price):
        trial = first.price.at[j].set(price)
        utility = gross - later.sensitivity[:, None] * trial[None, :]
        share = market_shares(later, choose(utility, given.availability))
        return (share * (trial - given.marginal_cost)) @ OWNERSHIP.matrix()[j]

    grid = given.marginal_cost[:, None] * jnp.linspace(1.0, 4.0, 61)[None, :]
    places = jnp.arange(len(TABLE.names))
    best = jax.jit(jax.vmap(jax.vmap(profit, (None, 0)), (0, 0)))(places, grid).max(axis=1)
    now = jax.vmap(profit)(places, first.price)
    answers = np.asarray(given.availability * (1 - given.fixed_price)) > 0
    assert np.all(np.asarray(best)[answers] <= np.asarray(now)[answers] * (1 + 1e-12))
