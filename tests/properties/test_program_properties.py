"""Properties of the books: cash ties, values add, derivatives are right."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.numerics.calendar import fraction_between, quarter_grid, spread
from framerail.program import (
    Currency,
    Finance,
    Streams,
    annuity,
    break_even,
    cash_flow,
    contribution_waterfall,
    home_value,
    irr,
    no_streams,
    present_value,
    statements,
)
from framerail.program.cash_flow import INFLOWS, OUTFLOWS

GRID = quarter_grid(2024.0, 14)
QUIET = settings(derandomize=True, max_examples=25, deadline=None)
DECISION = jnp.asarray(2024.1667)
NAMES = [field.name for field in dataclasses.fields(Finance) if field.name != "reports_in"]
BASE = np.array([0.11, 0.21, 0.05, 0.3, 0.8, 50e6, 2025.3, 20e6, 0.1, 0.6, 20.0, 50.0, 25.0, 1.75])
COUNT = len(NAMES)


def partner(point):
    return Finance(*[point[index] for index in range(COUNT)], reports_in="dollar")


def program(start, end, price=50_000.0):
    """Streams whose dates move."""
    sales = 7_000.0 * fraction_between(start, end, GRID)
    return dataclasses.replace(
        no_streams(GRID),
        revenue=price * sales,
        materials=36_000.0 * sales,
        warranty=1_200.0 * sales,
        selling=0.08 * price * sales,
        production_credit=900.0 * sales,
        engineering=spread(jnp.asarray(350e6), jnp.asarray(2024.25), start - 0.2, GRID),
        tooling=spread(jnp.asarray(180e6), start - 1.0, start, GRID),
        conversion=spread(jnp.asarray(250e6), start - 1.2, start, GRID),
        finished_goods=14_000.0 * sales,
    )


@jax.jit
def value(point):
    """Value in millions, from finance and [start, end, price]."""
    start, end, price = point[COUNT], point[COUNT + 1], point[COUNT + 2]
    return (
        present_value(
            partner(point),
            program(start, end, price),
            GRID,
            valuation_date=DECISION,
            start_of_production=start,
        )
        / 1e6
    )


gradient = jax.jit(jax.grad(value))
POINT = np.concatenate([BASE, [2026.63, 2034.13, 50_000.0]])
ALL = [*NAMES, "start_of_production", "end_of_production", "price"]


@pytest.mark.parametrize("index", range(len(ALL)), ids=ALL)
def test_gradient_agrees_with_finite_difference(index, finite_difference):
    slope = gradient(jnp.asarray(POINT))[index]
    dates = ("ownership_change", "start_of_production", "end_of_production")
    step = 1e-5 if ALL[index] in dates else 1e-5 * max(1e-1, abs(POINT[index]))

    def along(x):
        return value(jnp.asarray(POINT).at[index].set(x))

    reference = finite_difference(along, POINT[index], step)
    assert abs(reference * max(1e-3, abs(POINT[index]))) > 1e-3  # it matters, so this can fail
    np.testing.assert_allclose(slope, reference, rtol=2e-5)


@st.composite
def books(draw):
    """Arbitrary streams: bursts of every line at arbitrary times."""
    seed = draw(st.integers(0, 10_000))
    generator = np.random.default_rng(seed)

    def line():
        on = generator.random(56) < generator.uniform(0, 1)
        return jnp.asarray(on * generator.exponential(10 ** generator.uniform(0, 9), 56))

    streams = Streams(**{field.name: line() for field in dataclasses.fields(Streams)})
    low = np.zeros(COUNT)
    high = np.array([0.4, 0.5, 0.2, 1, 1, 1e9, 2045, 1e8, 1, 1, 90, 90, 90, 4.0])
    low[NAMES.index("ownership_change")] = 2020.0
    finance = jnp.asarray(generator.uniform(low, high))
    return streams, finance, jnp.asarray(generator.uniform(2024.0, 2037.0))


@jax.jit
def evaluate(finance, streams, start):
    return cash_flow(
        partner(finance), streams, GRID, valuation_date=DECISION, start_of_production=start
    )


@QUIET
@given(books())
def test_books_balance_whatever_the_streams(case):
    streams, finance, start = case
    result = evaluate(finance, streams, start)
    scale = sum(
        float(jnp.sum(jnp.abs(getattr(streams, field.name))))
        for field in dataclasses.fields(streams)
    )
    cent = 0.01 * max(1.0, scale / 1e9)  # a cent on a billion
    assert float(result.identity_residual) < cent
    # Cash counted from the streams alone, not from the engine's own lines.
    received = sum(float(jnp.sum(getattr(streams, name))) for name in INFLOWS)
    paid = sum(float(jnp.sum(getattr(streams, name))) for name in OUTFLOWS)
    owed = float(result.working_capital.trade[-1])
    tax = float(jnp.sum(result.income_tax.tax))
    total = float(result.cumulative[-1])
    assert abs(total - (received - paid - owed - tax)) < cent
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result))
    assert float(result.peak_funding) >= 0


@QUIET
@given(books())
def test_taxed_income_is_income_whatever_the_timing(case):
    streams, finance, start = case
    result = evaluate(finance, streams, start)
    deducted = float(jnp.sum(result.taxable_income))
    expected = (
        sum(float(jnp.sum(getattr(streams, name))) for name in INFLOWS)
        - sum(float(jnp.sum(getattr(streams, name))) for name in OUTFLOWS)
        - float(jnp.sum(streams.production_credit))
        + float(streams.finished_goods[-1])
    )
    assert deducted == pytest.approx(expected, rel=1e-9, abs=1.0)


@QUIET
@given(books(), books(), st.floats(0, 3))
def test_value_adds_up_without_tax(first, second, scale):
    # Linear but for the tax: the value of a sum is the sum of the values.
    one, finance, start = first
    two = second[0]
    free = finance.at[jnp.asarray([1, 2])].set(0.0)  # no tax, federal or state

    def worth(streams):
        return float(evaluate(free, streams, start).npv)

    both = jax.tree.map(lambda a, b: a + scale * b, one, two)
    expected = worth(one) + scale * worth(two)
    assert worth(both) == pytest.approx(expected, rel=1e-9, abs=1e-3)


@QUIET
@given(delay=st.floats(0.1, 3.0))
def test_a_later_start_moves_the_cash_and_the_deductions(delay):
    start, end = jnp.asarray(2026.0), jnp.asarray(2034.0)

    def run(begin, finish):
        return evaluate(jnp.asarray(BASE), program(begin, finish), begin)

    prompt, late = run(start, end), run(start + delay, end + delay)
    assert float(late.peak_date) >= float(prompt.peak_date)
    assert float(late.payback) > float(prompt.payback)
    before = GRID.end <= 2026.0 + delay
    assert float(jnp.sum(late.depreciation[before])) == pytest.approx(0.0, abs=1e-3)
    assert float(jnp.sum(late.depreciation)) == pytest.approx(
        float(jnp.sum(prompt.depreciation)), rel=1e-12
    )


def test_rate_of_return_and_break_even_have_implicit_derivatives(finite_difference):
    start, end = jnp.asarray(2026.6), jnp.asarray(2034.1)

    def rate(price):
        return evaluate(jnp.asarray(BASE), program(start, end, price), start).irr

    def volume(price):
        return break_even(
            partner(jnp.asarray(BASE)),
            program(start, end, price),
            GRID,
            valuation_date=DECISION,
            start_of_production=start,
        ).scale

    for function in (rate, volume):
        both = jax.jit(jax.value_and_grad(function))
        slope = both(jnp.asarray(52_000.0))[1]
        reference = finite_difference(lambda p, f=both: f(jnp.asarray(p))[0], 52_000.0, 0.5)
        assert abs(reference) > 1e-7
        np.testing.assert_allclose(slope, reference, rtol=1e-5)


def test_gradients_are_finite_where_there_is_no_rate():
    slope_of_irr = jax.jit(jax.grad(lambda x: irr(x, 4.0).value))
    for flows in (jnp.zeros(56), jnp.ones(56), -jnp.ones(56)):
        slope = slope_of_irr(flows)
        np.testing.assert_array_equal(slope, 0.0)
    assert np.isfinite(jax.grad(annuity)(jnp.asarray(0.0), jnp.asarray(8.0)))


def test_partners_can_be_stacked_and_mapped():
    pair = jnp.stack([jnp.asarray(BASE), jnp.asarray(BASE).at[0].set(0.2)])
    start = jnp.asarray(2026.6)
    streams = program(start, jnp.asarray(2034.0))
    both = jax.vmap(lambda finance: evaluate(finance, streams, start).npv)(pair)
    assert both.shape == (2,)
    assert float(both[1]) < float(both[0])


@jax.jit
def evaluate_statements(finance, streams, start, end):
    one = partner(finance)
    cash = cash_flow(one, streams, GRID, valuation_date=DECISION, start_of_production=start)
    return cash, statements(
        one, streams, cash, GRID, start_of_production=start, end_of_production=end
    )


@QUIET
@given(books(), st.floats(0, 14))
def test_statements_tie_whatever_the_streams(case, life):
    streams, finance, start = case
    cash, result = evaluate_statements(finance, streams, start, start + life)
    scale = sum(
        float(jnp.sum(jnp.abs(getattr(streams, field.name))))
        for field in dataclasses.fields(streams)
    )
    cent = 0.01 * max(1.0, scale / 1e9)
    assert float(result.balance_residual) < cent
    assert float(result.cash_residual) < cent
    income, balance = result.income, result.balance
    # From the statements alone: net income is what equity gains beside the parent's money.
    gained = jnp.diff(balance.equity - balance.funding, prepend=0.0)
    np.testing.assert_allclose(gained, income.net_income, atol=cent)
    # Discounted flows of the statement are the value.
    worth = jnp.sum(cash.discount_factor * result.cash.free_cash_flow)
    np.testing.assert_allclose(worth, cash.npv, atol=cent)
    # Tax in the books: the combined rate on income, and what the losses' allowance moves.
    assert float(jnp.min(balance.fixed_assets)) > -cent
    assert float(jnp.sum(income.depreciation)) == pytest.approx(
        float(jnp.sum(streams.tooling + streams.conversion)), abs=cent
    )
    # Only the stocks that are left over keep lifetime income from being lifetime cash.
    left = float(cash.working_capital.trade[-1] + streams.finished_goods[-1])
    brought = float(balance.funding[-1] + cash.cumulative[-1])
    lifetime = float(jnp.sum(income.net_income) - cash.cumulative[-1])
    assert lifetime == pytest.approx(left - brought, abs=cent)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result))


@QUIET
@given(books())
def test_discounted_flows_sum_to_the_value_and_cumulative_ends_at_the_total(case):
    """Summed by hand, once each: a running total added to a running total would show."""
    streams, finance, start = case
    result = evaluate(finance, streams, start)
    lines = np.stack([np.asarray(flow) for flow in result.lines.values()])
    flow = [math.fsum(column) for column in lines.T]
    cent = 0.01 * max(1.0, np.abs(lines).sum() / 1e9)
    factor = (1.0 + float(finance[0])) ** -(np.asarray(GRID.middle) - 2024.1667)
    assert float(result.npv) == pytest.approx(math.fsum(flow * factor), abs=cent)
    assert float(result.cumulative[-1]) == pytest.approx(math.fsum(lines.ravel()), abs=cent)
    np.testing.assert_allclose(np.diff(result.cumulative), flow[1:], atol=cent)
    steps = contribution_waterfall(result, jnp.zeros(56))
    assert float(steps.level[-1]) == pytest.approx(float(result.npv), abs=cent)


@QUIET
@given(books(), books())
def test_value_adds_up_with_tax_where_losses_are_relieved_at_once(first, second):
    one, finance, start = first
    at = [NAMES.index(name) for name in ("loss_relief", "opening_loss")]
    finance = finance.at[jnp.asarray(at)].set(jnp.asarray([1.0, 0.0]))
    both = jax.tree.map(jnp.add, one, second[0])
    parts = [float(evaluate(finance, streams, start).npv) for streams in (one, second[0])]
    whole = float(evaluate(finance, both, start).npv)
    assert whole == pytest.approx(sum(parts), rel=1e-9, abs=1e-3)


@QUIET
@given(books(), st.floats(2020, 2036), st.floats(0, 1e8))
def test_a_change_of_ownership_never_lowers_the_tax(case, date, limit):
    streams, finance, start = case
    at = jnp.asarray([NAMES.index(name) for name in ("ownership_change", "ownership_limit")])
    kept = evaluate(finance.at[at].set(jnp.asarray([2100.0, 0.0])), streams, start)
    sold = evaluate(finance.at[at].set(jnp.asarray([date, limit])), streams, start)
    # Paid later or never less: cumulative tax is at least what it was, in every quarter.
    more = jnp.cumsum(sold.income_tax.tax) - jnp.cumsum(kept.income_tax.tax)
    scale = max(1.0, float(jnp.max(jnp.abs(kept.taxable_income))))
    assert float(jnp.min(more)) >= -1e-9 * scale
    np.testing.assert_array_equal(kept.income_tax.loss_limited, 0.0)


@QUIET
@given(st.floats(-0.01, 0.3), st.floats(-0.01, 0.3), st.floats(0.5, 400.0), books())
def test_forwards_carry_value_between_currencies(interest, dollar_interest, spot, case):
    streams, finance, start = case
    cash = evaluate(finance, streams, start)
    values = (spot, 2024.1667, interest, dollar_interest, 0.0, 0.1, 0.0)
    currency = Currency(*map(jnp.asarray, values))
    found = home_value(partner(finance), currency, cash, GRID.middle, DECISION)
    scale = spot * float(jnp.sum(cash.discount_factor * jnp.abs(cash.free_cash_flow)))
    assert float(found.npv) == pytest.approx(float(found.npv_hedged), abs=1e-9 * scale + 1e-9)
