import runpy
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import pytest

from framerail.market import Market, market_faults, share_faults

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
