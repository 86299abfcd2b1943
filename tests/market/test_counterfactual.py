"""What-if verbs on a small random market; prices against PyBLP are in tests/authority."""

import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    EXACT,
    Market,
    Ownership,
    change_attributes,
    change_costs,
    change_credits,
    choose,
    compare,
    concentration,
    entry,
    equilibrium,
    gross_utility,
    merger,
    pass_through,
    pricing_pressure,
    recover_costs,
    repeal_credits,
    reprice,
    solve,
    with_firms,
    with_merger,
    with_sales_tax,
    withdraw,
)

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
MARKET = Market(*READING["small_market"](5))
BASE = solve(MARKET)
NONE = jnp.zeros(8)


def newcomer(like=2):
    return jax.tree_util.tree_map(
        lambda leaf: leaf if leaf.ndim == 0 else leaf[like][None], MARKET.offers
    )


def test_nothing_changes_nothing():
    told = compare(MARKET, MARKET)
    for change in (told.price_change, told.quantity_change, told.profit_change):
        np.testing.assert_allclose(change, 0.0, atol=1e-5)
    assert float(told.concentration_before) == pytest.approx(float(told.concentration_after))


def test_entry_takes_sales_and_helps_buyers():
    wider = with_firms(MARKET, 1)
    owned = jnp.zeros((1, 4)).at[0, 3].set(1.0)
    told = entry(wider, newcomer(), Ownership(owned, owned))
    assert float(told.before.quantity[-1]) == 0 < float(told.after.quantity[-1])
    np.testing.assert_allclose(told.before.quantity[:-1], BASE.quantity, rtol=1e-9)
    assert bool(jnp.all(told.quantity_change[:-1] < 0))
    assert float(told.profit_change[3]) > 0 > float(told.profit_change[:3].max())
    assert float(told.consumer_surplus_change) > 0


def test_newcomers_of_unknown_firms_are_refused():
    owned = jnp.ones((1, 4)) / 4
    with pytest.raises(ValueError, match="with_firms"):
        entry(MARKET, newcomer(), Ownership(owned, owned))


def test_entry_undone_by_withdrawal():
    wider = with_firms(MARKET, 1)
    owned = jnp.zeros((1, 4)).at[0, 3].set(1.0)
    there = entry(wider, newcomer(), Ownership(owned, owned))
    gone = withdraw(MARKET, NONE.at[4].set(1.0))
    assert float(gone.after.quantity[4]) == 0
    assert float(gone.consumer_surplus_change) < 0 < float(there.consumer_surplus_change)


def test_merger_raises_prices_unless_costs_fall():
    told = merger(MARKET, 0, 1)
    merged = np.asarray(MARKET.ownership.control[:, :2].sum(axis=1)) > 0
    assert float(told.price_change[merged].min()) > 0
    assert float(told.concentration_after) > float(told.concentration_before)
    assert float(told.profit_change[0]) > 0 == float(told.profit_change[1])
    saved = merger(MARKET, 0, 1, saving=0.2)
    assert float(saved.price_change[merged].max()) < float(told.price_change[merged].max())


def test_compensating_saving_keeps_prices():
    """Werden's costs, solved for in full, leave every merging product's price where it was."""
    today = READING["changed"](MARKET.offers, start_price=BASE.price)
    market = recover_costs(Market(MARKET.buyers, today, MARKET.ownership))
    np.testing.assert_allclose(market.offers.marginal_cost, today.marginal_cost, rtol=1e-9)
    after = with_merger(market, 0, 1)
    utility = gross_utility(market.buyers, market.offers)
    utility -= market.buyers.sensitivity[:, None] * BASE.price[None, :]
    choice = choose(utility, market.offers.availability)
    cost = market.offers.marginal_cost
    pressure = pricing_pressure(
        market.buyers, choice, BASE.price, cost, market.ownership, after.ownership, NONE
    )
    merged = np.asarray(market.ownership.control[:, :2].sum(axis=1)) > 0
    assert float(pressure.upward[merged].min()) > 0
    np.testing.assert_allclose(pressure.upward[~merged], 0.0, atol=1e-9)
    np.testing.assert_allclose(pressure.gross_index * BASE.price, pressure.upward, rtol=1e-12)
    kept = merger(market, 0, 1, saving=pressure.compensating_saving)
    np.testing.assert_allclose(kept.price_change, 0.0, atol=1e-6)


def test_reprice_holds_some_and_lets_the_rest_answer():
    target = BASE.price.at[0].add(-2_000.0)
    told = reprice(MARKET, target, NONE.at[0].set(1.0))
    assert float(told.after.price[0]) == float(target[0])
    assert float(jnp.max(jnp.abs(told.price_change[1:]))) > 1.0
    alone = reprice(MARKET, target, 1.0)
    np.testing.assert_allclose(alone.price_change, (target - BASE.price), atol=1e-6)
    assert float(alone.quantity_change[0]) > 0


def test_better_products_sell_more():
    told = change_attributes(MARKET, quality=NONE.at[3].set(0.5))
    assert float(told.quantity_change[3]) > 0
    flat = change_attributes(MARKET, traits=0.0 * MARKET.offers.traits)
    assert float(jnp.max(jnp.abs(flat.quantity_change))) > 0


def test_credits_and_taxes():
    none = repeal_credits(MARKET)
    held = MARKET.offers.credit > 0
    assert float(none.quantity_change @ held) < 0
    # A unit tax on buyers is a cost on sellers: the wedge is all that counts.
    taxed = change_credits(MARKET, MARKET.offers.credit - 1_000.0)
    dearer = change_costs(MARKET, amount=1_000.0)
    np.testing.assert_allclose(taxed.after.price + 1_000.0, dearer.after.price, atol=1e-6)
    np.testing.assert_allclose(taxed.after.quantity, dearer.after.quantity, rtol=1e-9)


def test_sales_tax_is_the_firms_own_problem_written_out():
    """Each firm's price maximizes its profit net of tax, against a numerical search."""
    rate = jnp.linspace(0.0, 0.12, 8)
    taxed = with_sales_tax(MARKET, rate)
    solved = solve(taxed)

    def profit(price, firm):
        utility = gross_utility(MARKET.buyers, MARKET.offers)
        utility -= MARKET.buyers.sensitivity[:, None] * price[None, :]
        share = MARKET.buyers.weight @ choose(utility, MARKET.offers.availability).bought
        margin = price / (1 + rate) - MARKET.offers.marginal_cost
        return (share * margin) @ MARKET.ownership.cash[:, firm]

    for firm in range(3):
        slope = jax.grad(profit)(solved.price, firm)
        own = np.asarray(MARKET.ownership.control[:, firm]) > 0
        np.testing.assert_allclose(slope[own], 0.0, atol=1e-10)


def test_pass_through_is_the_slope_of_prices():
    matrix = pass_through(MARKET)
    step = 10.0
    up = change_costs(MARKET, amount=NONE.at[2].set(step)).after.price
    down = change_costs(MARKET, amount=NONE.at[2].set(-step)).after.price
    np.testing.assert_allclose(matrix[:, 2], (up - down) / (2 * step), atol=1e-7)
    assert 0.3 < float(matrix[2, 2]) < 1.5


def test_concentration_of_equal_firms():
    eye = jnp.eye(4)
    assert float(concentration(jnp.full(4, 7.0), Ownership(eye, eye))) == pytest.approx(2_500.0)
    assert float(concentration(jnp.zeros(4), Ownership(eye, eye))) == 0


def test_markets_of_other_sizes_are_refused():
    smaller = Market(*READING["small_market"](5, products=7))
    with pytest.raises(ValueError, match="availability of zero"):
        compare(MARKET, smaller)


def test_exact_solves_to_a_billionth_of_a_dollar():
    solved = equilibrium(*READING["small_market"](9), jnp.full(8, 80_000.0), EXACT)
    assert float(jnp.max(jnp.abs(solved.first_order_residual))) < 1e-9
