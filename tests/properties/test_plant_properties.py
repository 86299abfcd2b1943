"""Properties of production: trucks are conserved, dates move it smoothly."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.numerics.calendar import quarter_grid
from framerail.plant import Launch, OrderRules, Site, order_book, produce

GRID = quarter_grid(2024.0, 14)
QUIET = settings(derandomize=True, max_examples=25, deadline=None)
_NUMBERS = (
    *(60.0, 7.5, 2.0, 240.0, 0.95, 0.5, 45_000.0, 410_000.0, 380_000.0, 0.8, 5e3, 6e3),
    *(80e6, 1.25, 4e3, 60e6, 23.0, 1.5, 55.0, 0.07, 0.6, 600.0, 450.0, 650e6, 30e6, 0.1, 2003.4),
)
SITE = Site(*map(jnp.asarray, _NUMBERS))
# Orders swell and ebb, so that crews come and go, overtime is worked and stock ages.
SLUMP = (GRID.middle > 2031.0) & (GRID.middle < 2031.75)
SEASON = jnp.where(SLUMP, 0.2, 1.0 + 0.3 * jnp.sin(2.5 * GRID.middle))
SHAPE = jnp.where((GRID.middle > 2027.0) & (GRID.middle < 2034.5), SEASON, 0.0)
ORDERS = jnp.stack([3_000.0 * SHAPE, 2_500.0 * SHAPE], axis=1)


@jax.jit
def value(point):
    """Discounted value of a plan, from `NAMES`."""
    launch, rules = Launch(*point[2:5]), OrderRules(*point[5:])
    made = produce(SITE, launch, rules, ORDERS, point[0], point[1], GRID)
    weight = jnp.exp(-0.1 * (GRID.middle - 2024.0))
    sold = made.trucks.deliveries - 5.0 * made.trucks.markdown
    income = 9e3 * jnp.sum(sold, axis=1)
    cost = (
        SITE.wage * made.labor_hours * jnp.sum(made.trucks.output, axis=1)
        + made.program_fixed_cost
        + made.investment.conversion
        + made.investment.launch
        + made.displaced_contribution
        + made.staffing.total
        - made.fixed_cost_absorbed
    )
    return jnp.sum(weight * (income - cost)) / 1e6


gradient = jax.jit(jax.grad(value))
LATER = (0.03, 0.1, 0.5, 0.5, 0.25, 0.08)
POINT = np.array([2027.13, 2033.9, 0.8, 0.3, 0.7, 0.1, 0.15, *LATER])
NAMES = ["start", "end", "time_to_half", "time_constant", "realized", "cancellation", "stock"]
NAMES += ["markdown", "overtime", "premium", "adding", "dropping", "change_time"]


@pytest.mark.parametrize("index", range(len(NAMES)), ids=NAMES)
def test_gradient_agrees_with_finite_difference(index, finite_difference):
    slope = gradient(jnp.asarray(POINT))[index]

    def along(x):
        return value(jnp.asarray(POINT).at[index].set(x))

    reference = finite_difference(along, POINT[index], 1e-5)
    assert abs(reference) > 1e-6  # the leaf matters, so the comparison can fail
    np.testing.assert_allclose(slope, reference, rtol=1e-5)


@QUIET
@given(
    volumes=st.lists(st.floats(0, 8_000), min_size=12, max_size=12),
    capacity=st.floats(0, 6_000),
    cancellation=st.floats(0, 1),
    stock=st.floats(0, 0.5),
    overtime=st.floats(0, 0.3),
    adjusting=st.floats(0, 2),
)
def test_orders_and_trucks_are_conserved(
    volumes, capacity, cancellation, stock, overtime, adjusting
):
    orders = jnp.asarray(volumes).reshape(6, 2)
    running = jnp.array([0.0, 0.4, 1.0, 1.0, 0.7, 0.0])
    limit = capacity * running
    numbers = (cancellation, stock, 0.03, overtime, 0.5, adjusting, adjusting / 2, 0.08)
    flow = order_book(orders, limit, running, OrderRules(*map(jnp.asarray, numbers)))
    for leaf in jax.tree.leaves(flow):
        assert float(jnp.min(leaf)) >= -1e-9
    most = limit * flow.crews * (1 + overtime)
    np.testing.assert_array_less(jnp.sum(flow.output, axis=1), most * (1 + 1e-9) + 1e-6)
    assert float(jnp.max(flow.crews)) <= 1
    assert bool(jnp.all(flow.aged <= flow.stock + 1e-9))
    # What was granted and what is still due is 3% for every aged truck and quarter.
    assert float(jnp.sum(flow.markdown)) <= 0.03 * float(jnp.sum(flow.aged)) + 1e-9
    total = jnp.sum(orders, axis=0)
    served = jnp.sum(flow.deliveries + flow.cancelled, axis=0) + flow.backlog[-1]
    np.testing.assert_allclose(served, total, atol=1e-6)
    np.testing.assert_allclose(
        jnp.sum(flow.output, axis=0), jnp.sum(flow.deliveries, axis=0) + flow.stock[-1], atol=1e-6
    )


@QUIET
@given(delay=st.floats(0.05, 2.0))
def test_a_later_start_delivers_less(delay):
    launch = Launch(jnp.asarray(0.8), jnp.asarray(0.3), jnp.asarray(0.6))
    rules = OrderRules(*map(jnp.asarray, (0.1, 0.1, *LATER)))

    def delivered(start):
        made = produce(SITE, launch, rules, ORDERS, start, jnp.asarray(2034.0), GRID)
        return float(jnp.sum(made.trucks.deliveries))

    assert delivered(jnp.asarray(2027.0 + delay)) < delivered(jnp.asarray(2027.0))


def test_production_is_continuous_across_the_turn_of_a_quarter():
    for index in (0, 1):
        at = np.round(POINT[index] * 4) / 4
        below = value(jnp.asarray(POINT).at[index].set(at - 1e-7))
        above = value(jnp.asarray(POINT).at[index].set(at + 1e-7))
        np.testing.assert_allclose(below, above, atol=1e-3)


def test_sites_can_be_stacked_and_mapped():
    pair = jax.tree.map(lambda leaf: jnp.stack([leaf, 0.5 * leaf]), SITE)
    launch = Launch(*map(jnp.asarray, (0.8, 0.3, 0.9)))
    rules = OrderRules(*map(jnp.asarray, (0.1, 0.1, *LATER)))
    both = jax.vmap(
        lambda site: produce(
            site, launch, rules, ORDERS, jnp.asarray(2027.0), jnp.asarray(2034.0), GRID
        )
    )(pair)
    assert both.trucks.output.shape == (2, 56, 2)


CORNERS = {
    "nothing realized": {4: 0.0},
    "no stock, no overtime, no cut": {6: 0.0, 7: 0.0, 8: 0.0},
    "crews at once": {10: 0.0, 11: 0.0},
    "starts and ends at once": {0: 2030.0, 1: 2030.0},
    "every waiting order leaves": {5: 1.0},
}


@pytest.mark.parametrize("changes", CORNERS.values(), ids=CORNERS.keys())
def test_values_and_slopes_are_finite_at_corners(changes):
    point = POINT.copy()
    for index, number in changes.items():
        point[index] = number
    assert np.isfinite(float(value(jnp.asarray(point))))
    assert np.isfinite(np.asarray(gradient(jnp.asarray(point)))).all()


def test_no_orders_cost_crews_but_build_nothing():
    launch = Launch(*map(jnp.asarray, (0.8, 0.3, 0.6)))
    rules = OrderRules(*map(jnp.asarray, (0.1, 0.1, *LATER)))
    start, end = jnp.asarray(2027.0), jnp.asarray(2034.0)

    def cost(nothing):
        made = produce(SITE, launch, rules, nothing, start, end, GRID)
        return jnp.sum(made.staffing.total), made

    slope, made = jax.grad(cost, has_aux=True)(jnp.zeros_like(ORDERS))
    assert float(jnp.sum(made.trucks.output)) == 0
    assert float(made.trucks.crews[40]) < 0.01
    assert float(jnp.sum(made.staffing.crew_change)) > 0
    assert np.isfinite(np.asarray(slope)).all()
