"""The pickup market over the years: rivals answer, badge twins compete, supply can be short."""

import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import QUICK, Caps, capped_equilibrium, equilibrium, offers_in_year

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
INPUTS, TABLE, BUYERS, OWNERSHIP, CALIBRATION = READING["calibrated"](count=64)
solve = jax.jit(equilibrium, static_argnums=4)
ALASKA = jnp.asarray([name.startswith("alaska") for name in TABLE.names]) * 1.0
TWINS = jnp.asarray([name.startswith("nissan-") for name in TABLE.names]) * 1.0


def market(year, entry):
    """Every truck of the scenario costs the same, so that twins differ by badge alone."""
    offers = offers_in_year(
        INPUTS,
        TABLE,
        CALIBRATION,
        jnp.asarray(year),
        price_level=jnp.asarray(1.023 ** (year - 2023)),
        entrant_cost=jnp.full(len(TABLE.names), 45_000.0),
        credit=jnp.zeros(len(TABLE.names)),
        entry=entry,
    )
    return BUYERS.at_price_level(offers.price_level), offers


def solved(entry):
    buyers, offers = market(2029.0, entry)
    found = solve(buyers, offers, OWNERSHIP, offers.start_price, QUICK)
    assert int(found.outcome) == 0
    return found


def test_badge_twins_take_more_from_each_other_than_from_anyone():
    """Sales that a twin takes, as a part of what the other sells: badge twins, then the Frontier
    of the same firm, then everyone else's combustion trucks."""
    both, alone = solved(jnp.ones_like(ALASKA)), solved(1 - ALASKA)
    lost = 1 - np.asarray(both.quantity) / np.maximum(np.asarray(alone.quantity), 1e-9)
    of_twins = 1 - float(both.quantity @ TWINS) / float(alone.quantity @ TWINS)
    assert of_twins > 0
    assert of_twins > lost[TABLE.index("frontier")] > 0
    assert of_twins > lost[TABLE.index("f-150")]
    assert float(both.quantity @ (ALASKA + TWINS)) > float(alone.quantity @ TWINS)


def test_rivals_answer_entry_with_their_prices():
    both = solved(jnp.ones_like(ALASKA))
    nobody = solved(1 - ALASKA - TWINS)
    rivals = (1 - TABLE.entrant) * (1 - TABLE.fixed_price)
    change = np.abs(np.asarray((both.price - nobody.price) * rivals))
    assert change.max() > 1.0
    assert float(both.consumer_surplus) > float(nobody.consumer_surplus)


def test_a_supply_limited_year_is_no_low_demand():
    """A truck held to half of what buyers ask for: a shadow price and a higher price, while its
    quality, and so its demand without the cap, stay what they were."""
    buyers, offers = market(2024.0, 1 - ALASKA - TWINS)
    free = solve(buyers, offers, OWNERSHIP, offers.start_price, QUICK)
    place = TABLE.index("cybertruck")
    member = jnp.zeros((1, len(TABLE.names))).at[0, place].set(1.0)
    caps = Caps(member, 0.5 * free.quantity[place][None])
    held = jax.jit(capped_equilibrium)(buyers, offers, OWNERSHIP, caps, free.price)
    assert int(held.outcome) == 0
    assert float(held.market.quantity[place]) == pytest.approx(float(caps.volume[0]), rel=1e-8)
    assert float(held.shadow_price[0]) > 1_000.0
    assert float(held.market.price[place]) > float(free.price[place])
    assert float(held.market.quantity[TABLE.index("r1t")]) > float(
        free.quantity[TABLE.index("r1t")]
    )
