import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    TASTES,
    calibrate,
    draw_buyers,
    equilibrium,
    estimated_buyers,
    offers_in_year,
    ownership_of,
    product_table,
)
from framerail.market.estimates import ProblemEstimates

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
# Shares, incomes and ages are assumed; rural x truck is Grieco, Murry and Yurukoglu (2024).
GROUPS = {
    "country": {"share": 0.2, "income": 0.85, "rural": 0.9, "age": "54 year"},
    "suburb": {"share": 0.5, "income": 1.1, "rural": 0.1, "age": "52 year"},
    "city": {"share": 0.3, "income": 1.0, "rural": 0.0, "age": "45 year"},
}
RURAL = {"pickup": 3.007}
FLEET = {"share": 0.18, "growth": -0.01, "price_response": 1.3, "pickup": 1.0, "electric": -0.5}
NODES = READING["nodes"](64)


def inputs_with(**tables):
    raw = READING["raw_market"]()
    raw["preferences"] |= tables
    return READING["reference_inputs"](raw)


def market_of(inputs):
    table = product_table(inputs.products)
    buyers = draw_buyers(inputs.preferences, NODES)
    ownership = ownership_of(table)
    return table, buyers, ownership, calibrate(inputs, table, buyers, ownership)


def test_groups_leave_the_mean_tastes_and_spread_them():
    plain = draw_buyers(inputs_with().preferences, NODES)
    inputs = inputs_with(demographics={"groups": GROUPS, "rural": RURAL, "age": {"electric": -0.4}})
    buyers = draw_buyers(inputs.preferences, NODES)
    assert buyers.weight.shape == (3 * 64,)
    assert float(buyers.weight.sum()) == pytest.approx(1.0)
    np.testing.assert_allclose(
        buyers.weight @ buyers.taste, plain.weight @ plain.taste, rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(buyers.weight @ buyers.demographics, 0.0, atol=1e-14)
    # Cities first: names are sorted. Rural and urban differ by pi; incomes move sensitivity.
    pickup = buyers.taste[:, TASTES.index("pickup")].reshape(3, 64)
    np.testing.assert_allclose(pickup[1] - pickup[0], 0.9 * 3.007, rtol=1e-12)
    slope = buyers.sensitivity.reshape(3, 64)
    power = float(inputs.preferences.income_elasticity)
    np.testing.assert_allclose(slope[1] / slope[0], 0.85**-power, rtol=1e-12)


def test_groups_are_the_estimates_pi():
    """The same by way of `estimated_buyers`: tastes are nodes sigma + demographics pi."""
    pi = {"pickup": 3.007, "size": -0.7}
    inputs = inputs_with(
        demographics={"groups": GROUPS, "rural": pi, "age": {"electric": -0.4, "price": 0.1}}
    )
    p = inputs.preferences
    ours = draw_buyers(p, NODES)
    alone = draw_buyers(inputs_with().preferences, NODES)
    matrix = np.zeros((6, 3))  # traits in the order of TASTES, then price
    matrix[TASTES.index("pickup"), 1], matrix[TASTES.index("size"), 1] = 3.007, -0.7
    matrix[TASTES.index("electric"), 2] = -0.4
    estimates = ProblemEstimates(
        sigma=jnp.eye(6),
        pi=jnp.asarray(matrix),
        beta=jnp.zeros(0),
        gamma=jnp.zeros(0),
        covariance=jnp.zeros((0, 0)),
    )
    rows = jnp.concatenate([alone.taste, -alone.sensitivity[:, None]], axis=1)
    theirs = estimated_buyers(
        estimates,
        ours.weight,
        jnp.tile(rows, (3, 1)),
        ours.demographics,
        price_column=5,
        dollars=1.0,
    )
    np.testing.assert_allclose(ours.taste, theirs.taste, rtol=1e-12, atol=1e-12)


def test_rural_households_buy_the_pickups():
    inputs = inputs_with(demographics={"groups": GROUPS, "rural": RURAL})
    table, buyers, ownership, calibration = market_of(inputs)
    assert int(calibration.outcome) == 0
    assert float(calibration.share_residual) < 1e-12
    offers = READING["offers_of_calibration_year"](inputs, table, calibration)
    solved = equilibrium(buyers, offers, ownership, table.price)
    seen = np.asarray(table.observed) > 0
    np.testing.assert_allclose(solved.quantity[seen], table.sales[seen], rtol=1e-9)


def test_shares_of_groups_must_sum_to_one():
    groups = GROUPS | {"city": GROUPS["city"] | {"share": 0.4}}
    inputs = inputs_with(demographics={"groups": groups})
    assert inputs.preferences.demographics.faults() == (
        "shares of the groups sum to 1.1; they must sum to 1",
    )


def test_fleets_have_their_part_of_every_year():
    inputs = inputs_with(fleet=FLEET)
    table, buyers, _, calibration = market_of(inputs)
    assert float(buyers.weight @ buyers.fleet) == pytest.approx(0.18)
    assert float(calibration.share_residual) < 1e-12
    later = buyers.with_fleet_share(jnp.asarray(0.10))
    assert float(later.weight.sum()) == pytest.approx(1.0)
    assert float(later.weight @ later.fleet) == pytest.approx(0.10)
    zero = jnp.zeros(len(table.names))

    def offers(year):
        return offers_in_year(
            inputs,
            table,
            calibration,
            jnp.asarray(year),
            price_level=zero[0] + 1,
            entrant_cost=calibration.marginal_cost,
            credit=zero,
            entry=zero + 1,
        )

    assert float(offers(2023.0).fleet_share) == pytest.approx(0.18)
    assert float(offers(2030.0).fleet_share) == pytest.approx(0.11)
    assert float(offers(2050.0).fleet_share) == 0.0


def test_a_year_with_more_fleets_sells_more_of_what_fleets_like():
    """Fleets like pickups here, and pay less heed to brand of drive: their share moves sales
    toward combustion pickups, and the derivative in the share is the resolved difference."""
    inputs = inputs_with(fleet=FLEET)
    table, buyers, ownership, calibration = market_of(inputs)
    offers = READING["offers_of_calibration_year"](inputs, table, calibration)

    @jax.jit
    def pickups(share):
        given = eqx.tree_at(lambda o: o.fleet_share, offers, share, is_leaf=lambda x: x is None)
        solved = equilibrium(buyers, given, ownership, table.price)
        return solved.quantity @ (table.pickup * (1 - table.electric)) / 1e6

    share = jnp.asarray(0.18)
    sold = float(jnp.sum(table.sales * table.pickup * (1 - table.electric))) / 1e6
    assert float(pickups(share)) == pytest.approx(sold, rel=1e-8)
    slope = float(jax.grad(pickups)(share))
    step = 1e-4
    difference = (float(pickups(share + step)) - float(pickups(share - step))) / (2 * step)
    assert slope > 0
    assert slope == pytest.approx(difference, rel=1e-6)


def test_what_is_left_out_leaves_no_leaf():
    preferences = inputs_with().preferences
    assert preferences.demographics is None
    assert preferences.fleet is None
    assert len(jax.tree_util.tree_leaves(draw_buyers(preferences, NODES))) == 3
