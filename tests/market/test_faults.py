import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from framerail.market import (
    OUTCOMES,
    QUICK,
    Caps,
    Market,
    Nests,
    cap_faults,
    equilibrium,
    market_faults,
    share_faults,
)
from framerail.numerics.outcome import describe

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
MARKET = Market(*READING["small_market"](5))


def test_a_sound_market_has_no_faults():
    assert market_faults(MARKET) == ()
    assert market_faults(Market(*READING["small_market"](3, partial=True))) == ()
    assert share_faults(jnp.asarray([0.2, 0.3])) == ()


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (lambda m: m.offers.start_price, jnp.nan, "products [2] have no price"),
        (lambda m: m.offers.availability, 1.5, "availability of products [2]"),
        (lambda m: m.offers.marginal_cost, jnp.inf, "marginal_cost of products [2]"),
        (lambda m: m.buyers.sensitivity, -2e-5, "buyer 2 gains 2e-05 utils per dollar"),
        (lambda m: m.buyers.weight, -0.1, "weights of buyers [2]"),
        (lambda m: m.ownership.control, 0.0, "products [2] have no owner among the firms"),
        (lambda m: m.ownership.cash, 0.9, "products [2] are outside [0, 1] or sum above one"),
        (lambda m: m.ownership.cash, 0.0, "whoever prices products [2] earns nothing"),
    ],
)
def test_each_fault_is_named(place, value, said):
    broken = eqx.tree_at(place, MARKET, place(MARKET).at[2].set(value))
    found = market_faults(broken)
    assert len(found) == 1
    assert said in found[0]


def test_shares_without_an_outside_good_are_named():
    found = share_faults(jnp.asarray([0.7, 0.4, 0.0]))
    assert "products [2] are not above zero" in found[0]
    assert "sum to 1.1" in found[1]


PAIRS = jnp.asarray([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4)


@pytest.mark.parametrize(
    ("member", "correlation", "said"),
    [
        (PAIRS, [0.4, 1.0], "correlation of nests [1] is outside [0, 1)"),
        (PAIRS.at[0].set(0.0), [0.4, 0.2], "products [0] are in no nest"),
        (jnp.eye(8)[:, :2].at[2:, 1].set(1.0), [0.4, 0.2], "nests [0] have one product"),
    ],
)
def test_each_fault_of_nests_is_named(member, correlation, said):
    nests = Nests(member, jnp.asarray(correlation))
    given = eqx.tree_at(lambda m: m.offers.nests, MARKET, nests, is_leaf=lambda x: x is None)
    found = market_faults(given)
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    ("member", "volume", "said"),
    [
        (jnp.eye(8)[:2], [0.0, 5.0], "volumes of caps [0] are not above zero"),
        (jnp.zeros((1, 8)), [5.0], "caps [0] hold for no product"),
        (jnp.ones((2, 8)), [5.0, 7.0], "caps [1] repeat the products"),
        (jnp.ones((1, 7)), [5.0], "caps are over 7 products, the market has 8"),
    ],
)
def test_each_fault_of_caps_is_named(member, volume, said):
    found = cap_faults(Caps(member, jnp.asarray(volume)), MARKET)
    assert len(found) == 1
    assert said in found[0]


def test_a_market_without_a_converged_equilibrium_says_so_with_its_residual():
    hasty = QUICK._replace(max_iterations=2, corrections=0)
    solved = jax.jit(equilibrium, static_argnums=4)(
        MARKET.buyers, MARKET.offers, MARKET.ownership, 3 * MARKET.offers.start_price, hasty
    )
    said = describe(int(solved.outcome), OUTCOMES)
    assert "market_not_converged" in [one.name for one in said]
    assert float(jnp.max(jnp.abs(solved.first_order_residual))) > hasty.tolerance
    assert bool(jnp.all(jnp.isfinite(solved.price)))


def test_demand_that_slopes_up_is_an_outcome_of_the_equilibrium_too():
    slope = MARKET.buyers.sensitivity.at[2].set(-2e-5)
    buyers = eqx.tree_at(lambda b: b.sensitivity, MARKET.buyers, slope)
    solved = jax.jit(equilibrium, static_argnums=4)(
        buyers, MARKET.offers, MARKET.ownership, MARKET.offers.start_price, QUICK
    )
    said = [one.name for one in describe(int(solved.outcome), OUTCOMES)]
    assert "market_demand_slopes_up" in said
