"""What the price stage is told: the cost of one truck more, and credits at the price asked."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import framerail as fr
from framerail.engine.circles import buyer_credits
from framerail.engine.marginal_cost import marginal_costs, seller_cost, unit_costs
from framerail.engine.setting import set_up
from framerail.engine.trucks import TruckFigures

NAMES = ("alaska-awd", "alaska-rwd", "nissan-awd", "nissan-rwd")
RWD, AWD = NAMES.index("nissan-rwd"), NAMES.index("nissan-awd")
YEAR = 3


@pytest.fixture(scope="module")
def setting():
    def four(value):
        return jnp.full(4, value)

    figures = TruckFigures(
        names=NAMES,
        range_miles=four(250.0),
        consumption=four(0.42),
        zero_to_sixty=four(5.0),
        trace_miss=four(0.0),
        audit_residual=four(0.0),
        outcome=jnp.zeros(4, jnp.int32),
    )
    return eqx.filter_jit(set_up)(fr.read_scenario("nissan-fisker"), figures)[0]


@pytest.fixture(scope="module")
def output(setting):
    years = setting.scenario.model_year.shape[0]
    return jnp.asarray(np.linspace(1_000.0, 5_000.0, 4 * years).reshape(years, 4))


@eqx.filter_jit
def _spent(setting, output, partner):
    """A partner's discounted spending on its trucks, in the buyer's price."""
    cost = seller_cost(setting, unit_costs(setting, output))
    age = setting.scenario.model_year - setting.scenario.model_year[0]
    worth = (1 + setting.discount_rate[partner]) ** -age
    return jnp.sum(worth[:, None] * cost * output * setting.own[:, partner][None, :]), worth


def test_marginal_cost_is_the_slope_of_what_the_seller_spends(setting, output):
    """Central difference of one truck, the incumbent's whole spending discounted."""
    found = eqx.filter_jit(marginal_costs)(setting, output)
    more, worth = _spent(setting, output.at[YEAR, RWD].add(1.0), 1)
    less, _ = _spent(setting, output.at[YEAR, RWD].add(-1.0), 1)
    slope = (more - less) / 2 / worth[YEAR]
    assert float(found.marginal[YEAR, RWD]) == pytest.approx(float(slope), rel=1e-6)
    average = seller_cost(setting, found.cost)
    saved = np.asarray(average - found.marginal)
    assert (saved > 0).all()
    assert (saved < 0.15 * np.asarray(average)).all()


def test_a_sellers_saving_leaves_the_other_brand_out(setting, output):
    """What the other brand's trucks save on the shared platform is not counted."""
    few = output.at[:, :2].set(1.0)
    found = eqx.filter_jit(marginal_costs)(setting, few)
    saved = seller_cost(setting, found.cost) - found.marginal
    assert float(jnp.max(saved[:, :2])) < 10.0
    assert float(jnp.min(saved[:-1, 2:])) > 100.0


def test_without_learning_and_scale_one_truck_more_costs_the_mean(setting, output):
    mature = eqx.tree_at(
        lambda s: (
            s.scenario.cost.deck.learning.exponent,
            s.scenario.cost.deck.learning.scale_exponent,
            s.scenario.cost.deck.warranty.launch_excess,
        ),
        setting,
        (jnp.zeros(()), jnp.zeros(()), jnp.zeros(())),
    )
    found = eqx.filter_jit(marginal_costs)(mature, output)
    assert np.allclose(found.marginal, seller_cost(mature, found.cost), rtol=1e-12)


def test_credit_falls_as_the_price_passes_the_cap(setting):
    """Nearly all of it well below the cap, half at it, the lease's part alone far above."""
    shape = (setting.scenario.model_year.shape[0], len(setting.table.names))
    low, at, high = (
        buyer_credits(setting, jnp.full(shape, price))[0, setting.place[RWD]]
        for price in (40_000.0, 80_000.0, 140_000.0)
    )
    policy = setting.policy
    whole = (1 - policy.lease_share) * setting.yearly.consumer[0]
    assert float(low - high) == pytest.approx(float(whole), rel=1e-3)
    assert float(at - high) == pytest.approx(float(whole) / 2, rel=1e-3)


def test_a_lessor_asks_for_no_assembly_in_north_america(setting):
    """30D does; so an imported truck's buyers get the lease's part at any price, and that alone."""
    shape = (setting.scenario.model_year.shape[0], len(setting.table.names))
    here = buyer_credits(setting, jnp.full(shape, 40_000.0))[0]
    imported = float(here[setting.table.index("ariya")])
    leased = float(setting.policy.lease_share * setting.yearly.lease[0] + setting.yearly.state[0])
    assert imported == pytest.approx(leased, rel=1e-12)
    assert float(here[setting.place[RWD]]) > imported > 0
