"""Capped volumes against SciPy: the conditions of Karush, Kuhn and Tucker solved by enumerating
which caps bind, and every firm's best answer found by sequential quadratic programming."""

import itertools
import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize, root

from framerail.market import Caps, capped_equilibrium, equilibrium

READING = runpy.run_path(str(Path(__file__).parents[1] / "market" / "reading.py"))
PRODUCTS = 6
FIXED = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
solved = jax.jit(capped_equilibrium)
uncapped = jax.jit(equilibrium)


def caps_of(member, part, free):
    """Caps at a part of what would be sold without them."""
    member = np.asarray(member, dtype=float)
    return Caps(jnp.asarray(member), jnp.asarray(part) * (member @ np.asarray(free.quantity)))


def sales(price, wait, buyers, offers):
    """Trucks sold and ds/dp, in numpy from the textbook."""
    weight, slope = np.asarray(buyers.weight), np.asarray(buyers.sensitivity)
    net = price + wait - np.asarray(offers.credit)
    utility = np.asarray(offers.quality) + np.asarray(buyers.taste @ offers.traits.T)
    odds = np.exp(utility - slope[:, None] * net[None, :])
    bought = odds / (1 + odds.sum(axis=1, keepdims=True))
    tilted = (weight * slope)[:, None] * bought
    jacobian = tilted.T @ bought - np.diag(tilted.sum(axis=0))
    size = float(offers.market_size)
    return size * (weight @ bought), size * jacobian


def conditions(unknown, binding, market, caps, fixed):
    """First-order conditions and binding caps; unknowns in $10,000 and shadow prices likewise."""
    buyers, offers, ownership = market
    price = 1e4 * unknown[:PRODUCTS]
    shadow = np.zeros(len(caps.volume))
    shadow[list(binding)] = 1e4 * unknown[PRODUCTS:]
    per_truck = shadow @ np.asarray(caps.member)
    sold, jacobian = sales(price, fixed * per_truck, buyers, offers)
    owned = np.asarray(ownership.control) @ np.asarray(ownership.cash).T
    margin = price - np.asarray(offers.marginal_cost) - (1 - fixed) * per_truck
    first = (np.diag(owned) * sold + (owned * jacobian.T) @ margin) / sold
    first = np.where(fixed > 0, (price - np.asarray(offers.start_price)) / 1e4, first)
    room = (np.asarray(caps.member) @ sold / np.asarray(caps.volume) - 1)[list(binding)]
    return np.concatenate([first, room])


def by_enumeration(market, caps, fixed, start):
    """Prices and shadow prices of the one set of binding caps whose signs are right."""
    count = len(caps.volume)
    for size in range(count + 1):
        for binding in itertools.combinations(range(count), size):
            guess = np.concatenate([start / 1e4, np.full(size, 0.3)])
            found = root(conditions, guess, (binding, market, caps, fixed), tol=1e-13)
            shadow = np.zeros(count)
            shadow[list(binding)] = 1e4 * found.x[PRODUCTS:]
            wait = fixed * (shadow @ np.asarray(caps.member))
            sold, _ = sales(1e4 * found.x[:PRODUCTS], wait, *market[:2])
            within = np.asarray(caps.member) @ sold <= np.asarray(caps.volume) * (1 + 1e-9)
            if np.max(np.abs(found.fun)) < 1e-9 and np.all(shadow >= 0) and np.all(within):
                return 1e4 * found.x[:PRODUCTS], shadow
    raise AssertionError("no set of binding caps has the right signs")


MEMBERS = {
    "one product": [[1, 0, 0, 0, 0, 0]],
    "two products": [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]],
    "a plant for two firms": [[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]],
}
PARTS = {"tight": 0.5, "loose": 0.97, "slack": 1.3}


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("part", sorted(PARTS))
@pytest.mark.parametrize("kind", sorted(MEMBERS))
def test_prices_and_shadow_prices_solve_the_conditions(kind, part, partial):
    market = READING["small_market"](4, products=PRODUCTS, partial=partial)
    buyers, offers, ownership = market
    free = uncapped(buyers, offers, ownership, offers.start_price)
    caps = caps_of(MEMBERS[kind], PARTS[part], free)
    ours = solved(buyers, offers, ownership, caps, offers.start_price)
    assert int(ours.outcome) == 0
    assert float(jnp.max(jnp.abs(ours.residual))) < 1e-11
    price, shadow = by_enumeration(market, caps, np.zeros(PRODUCTS), np.asarray(free.price))
    np.testing.assert_allclose(ours.market.price, price, rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.shadow_price, shadow, rtol=0, atol=1e-4)
    assert bool(jnp.any(ours.shadow_price > 1.0)) == (part != "slack")


def test_a_fixed_price_is_cleared_by_a_wait():
    buyers, offers, ownership = READING["small_market"](9, products=PRODUCTS)
    offers = READING["changed"](offers, fixed_price=jnp.asarray(FIXED))
    free = uncapped(buyers, offers, ownership, offers.start_price)
    caps = caps_of([[0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]], 0.6, free)
    ours = solved(buyers, offers, ownership, caps, offers.start_price)
    assert int(ours.outcome) == 0
    assert float(ours.market.price[2]) == float(offers.start_price[2])
    assert float(ours.wait[2]) == pytest.approx(float(ours.shadow_price[0]))
    assert float(ours.wait[2]) > 100.0
    price, shadow = by_enumeration((buyers, offers, ownership), caps, FIXED, np.asarray(free.price))
    np.testing.assert_allclose(ours.market.price, price, rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.shadow_price, shadow, rtol=0, atol=1e-4)


def test_no_firm_has_a_better_price_within_its_cap():
    """Every firm's own problem, max profit subject to its cap, solved by SLSQP from cost."""
    buyers, offers, ownership = READING["small_market"](2, products=PRODUCTS)
    free = uncapped(buyers, offers, ownership, offers.start_price)
    caps = caps_of(np.eye(PRODUCTS)[:3], 0.7, free)
    ours = solved(buyers, offers, ownership, caps, offers.start_price)
    price, cost = np.asarray(ours.market.price), np.asarray(offers.marginal_cost)
    for firm in range(ownership.cash.shape[1]):
        mine = np.flatnonzero(np.asarray(ownership.cash)[:, firm])

        def outcome_of(trial, mine=mine):
            full = price.copy()
            full[mine] = 1e4 * trial
            sold, _ = sales(full, np.zeros(PRODUCTS), buyers, offers)
            return sold, full

        def loss(trial, mine=mine):
            sold, full = outcome_of(trial)
            return -(sold[mine] @ (full[mine] - cost[mine])) / 1e8

        def room(trial):
            return 1 - np.asarray(caps.member) @ outcome_of(trial)[0] / np.asarray(caps.volume)

        theirs = [k for k in range(3) if k in mine]
        answer = minimize(
            loss,
            1.3 * cost[mine] / 1e4,
            method="SLSQP",
            constraints=[{"type": "ineq", "fun": lambda t, k=k: room(t)[k]} for k in theirs],
            options={"ftol": 1e-15, "maxiter": 500},
        )
        np.testing.assert_allclose(1e4 * answer.x, price[mine], rtol=2e-4)
