import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.market import (
    QUICK,
    Habits,
    equilibrium,
    invert_shares,
    loyalty_rates,
    makes_of,
    next_stock,
    owners_market,
    owners_path,
)

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
BUYERS, OFFERS, OWNERSHIP = READING["small_market"](5, products=6, buyers=12)
ELECTRIC = jnp.asarray([0.0, 0.0, 1.0, 0.0, 1.0, 0.0])
MAKES = makes_of(("Ford", "Ford", "Ford", "Ram", "Tesla", "Ram"), ELECTRIC)
STOCK = jnp.asarray([0.2, 0.01, 0.15, 0.02, 0.62])  # Ford, its electrics, Ram, Tesla, the rest
solve = jax.jit(equilibrium, static_argnums=4)


def habits(loyalty=0.0, experience=0.0, familiarity=0.0):
    return Habits(
        loyalty=jnp.asarray(loyalty),
        experience=jnp.asarray(experience),
        familiarity=jnp.asarray(familiarity),
        holding=jnp.asarray(6.0),
    )


def test_kinds_are_makes_and_their_electrics():
    assert MAKES.member.shape == (6, 5)
    np.testing.assert_array_equal(MAKES.electric, [0, 1, 0, 1, 0])
    np.testing.assert_array_equal(MAKES.make.sum(axis=1), [1, 1, 1, 1, 0])
    np.testing.assert_array_equal(MAKES.member.sum(axis=1), np.ones(6))


def test_owners_without_habits_change_nothing():
    split = owners_market(BUYERS, OFFERS, MAKES, habits(), STOCK)
    with_owners = solve(split.buyers, split.offers, OWNERSHIP, OFFERS.start_price, QUICK)
    plain = solve(BUYERS, OFFERS, OWNERSHIP, OFFERS.start_price, QUICK)
    np.testing.assert_allclose(with_owners.price, plain.price, atol=1e-6)
    np.testing.assert_allclose(with_owners.share, plain.share, rtol=1e-10)


def test_loyal_owners_stay_and_shares_can_still_be_inverted():
    """At the same observed shares, loyalty moves who buys what and not how much is bought."""
    plain = solve(BUYERS, OFFERS, OWNERSHIP, OFFERS.start_price, QUICK)
    rates = {}
    for loyalty in (0.0, 1.5):
        split = owners_market(BUYERS, OFFERS, MAKES, habits(loyalty), STOCK)
        relative = split.buyers.taste @ split.offers.traits.T
        relative -= split.buyers.sensitivity[:, None] * (plain.price - OFFERS.credit)[None, :]
        found = invert_shares(split.buyers.weight, relative, plain.share, jnp.ones(6))
        assert float(found.share_residual) < 1e-12
        offers = READING["changed"](
            split.offers, quality=found.quality, fixed_price=jnp.ones(6), start_price=plain.price
        )
        now = solve(split.buyers, offers, OWNERSHIP, plain.price, QUICK)
        np.testing.assert_allclose(now.share, plain.share, rtol=1e-9)
        rates[loyalty] = loyalty_rates(now, type(split)(split.buyers, offers), MAKES)
    share_of_make = plain.share @ MAKES.of_product()
    np.testing.assert_allclose(rates[0.0][0], share_of_make[0], rtol=1e-9)
    assert bool(jnp.all(rates[1.5][:4] > rates[0.0][:4]))
    assert float(rates[1.5][4]) == 0


def test_the_stock_moves_toward_what_is_bought():
    share = jnp.asarray([0.1, 0.1, 0.05, 0.05, 0.1, 0.2])
    later = next_stock(STOCK, MAKES, habits(), share)
    assert float(later.sum()) == pytest.approx(1.0)
    bought = jnp.asarray([0.2, 0.05, 0.25, 0.1, 0.4])
    np.testing.assert_allclose(later, STOCK + (bought - STOCK) / 6)


def test_electric_trucks_grow_familiar():
    years = jax.tree_util.tree_map(lambda leaf: jnp.stack([leaf] * 5), OFFERS)

    @jax.jit
    def path(familiarity):
        return owners_path(
            BUYERS, years, OWNERSHIP, MAKES, habits(0.5, 1.0, familiarity), STOCK, QUICK
        )

    known, unknown = path(4.0), path(0.0)
    assert not np.any(known.outcome)
    np.testing.assert_allclose(known.stock.sum(axis=1), 1.0, rtol=1e-12)
    sold = np.asarray(known.market.share @ ELECTRIC)
    assert np.all(np.diff(np.asarray(known.stock @ MAKES.electric)) > 0)
    assert np.all(np.diff(sold) > 0)
    assert np.all(sold > np.asarray(unknown.market.share @ ELECTRIC))
    slope = jax.jit(jax.grad(lambda f: path(f).market.share[-1] @ ELECTRIC))(2.0)
    step = 1e-4
    after, before = (path(2.0 + s).market.share[-1] @ ELECTRIC for s in (step, -step))
    assert float(slope) == pytest.approx(float(after - before) / (2 * step), rel=1e-5)
