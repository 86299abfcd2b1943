"""Survival against closed forms (shared vectors) and against a path simulation."""

import csv
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from framerail.deal import (
    Covenant,
    MarketAccess,
    PathDraws,
    default_time_of_path,
    first_passage_probability,
    path_steps,
    survive,
)
from framerail.numerics.calendar import quarter_grid

VECTORS = Path(__file__).parents[3] / "shared" / "facts" / "program" / "validation_vectors.csv"
number = jnp.asarray
MONTHS = 3.0
SURVIVE = jax.jit(survive, static_argnames="monthly")


def vectors(test):
    if not VECTORS.exists():
        return [pytest.param({}, 0.0, marks=pytest.mark.skip(reason="shared facts not here"))]
    with VECTORS.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["test"] == test]
    return [
        ({key: float(v) for key, v in (p.split("=") for p in row["inputs"].split(";"))},
         float(row["value"]))
        for row in rows
    ]  # fmt: skip


def access(raises=0.0, amount=1e6, spread=0.5, delisting=0.0, since=2024.0):
    return MarketAccess(*map(number, (raises, amount, spread, delisting, since)))


@pytest.mark.parametrize(("given", "wanted"), vectors("black_cox_first_passage"))
def test_black_cox_first_passage(given, wanted):
    distance = jnp.log(given["V"] / given["K"])
    drift = number(given["r"] - given["q"] - given["sig"] ** 2 / 2)
    found = first_passage_probability(distance, drift, number(given["sig"]), number(given["T"]))
    assert abs(float(found) - wanted) < 1e-6


@pytest.mark.parametrize(("given", "wanted"), vectors("cash_runway_first_passage"))
def test_cash_first_passage(given, wanted):
    found = first_passage_probability(
        number(given["cash"]),
        number(-given["burn_per_month"]),
        number(given["sigma_per_sqrt_month"]),
        number(given["months"]),
    )
    assert abs(float(found) - wanted) < 1e-6


@pytest.mark.parametrize(("given", "wanted"), vectors("cash_runway_first_passage"))
def test_density_over_quarters_meets_the_closed_form(given, wanted):
    grid = quarter_grid(2024.0, 1)
    found = SURVIVE(
        number(given["cash"] * 1e6),
        number(0.0),
        jnp.full(4, -MONTHS * given["burn_per_month"] * 1e6),
        jnp.zeros(4),
        number(np.sqrt(MONTHS) * given["sigma_per_sqrt_month"] * 1e6),
        access(),
        grid,
    )
    assert abs(float(found.cumulative[int(given["months"] / MONTHS) - 1]) - wanted) < 1e-6
    assert float(found.residual) < 1e-8


@pytest.mark.parametrize(
    ("cash", "drift", "shock"), [(325.5, -100.0, 98.0), (50.0, -30.0, 98.0), (900.0, 10.0, 98.0)]
)
def test_twenty_four_quarters_meet_the_inverse_gaussian(cash, drift, shock):
    grid = quarter_grid(2024.0, 6)
    found = SURVIVE(
        number(cash * 1e6), number(0.0), jnp.full(24, drift * 1e6), jnp.zeros(24),
        number(shock * 1e6), access(), grid,
    )  # fmt: skip
    time = jnp.arange(1.0, 25.0)
    wanted = first_passage_probability(number(cash), number(drift), number(shock), time)
    np.testing.assert_allclose(found.cumulative, wanted, atol=1e-8)


def simulate(paths, drift, put, shock, reach, cash, floor, horizon, seed):
    """Path by path: Brownian bridge within a quarter, then delisting and put, then raises."""
    draw = np.random.default_rng(seed)
    money, alive, listed = np.full(paths, cash - floor), np.ones(paths, bool), np.ones(paths, bool)
    cumulative = []
    for quarter, (move, owed) in enumerate(zip(drift, put, strict=True)):
        ends = money + move + shock * draw.standard_normal(paths)
        crossed = draw.random(paths) < np.exp(
            -2 * np.maximum(money, 0) * np.maximum(ends, 0) / shock**2
        )
        alive &= (ends > 0) & ~crossed
        struck = listed & (draw.random(paths) < 1 - np.exp(-float(reach.delisting) / 4))
        alive &= ~(struck & (ends < owed))
        listed &= ~struck
        amount = float(reach.raise_amount)
        ahead = drift[quarter + 1 : quarter + 1 + round(4 * horizon)]
        lasts = 1.0
        if len(ahead):
            lasts = 1.0 - np.asarray(
                first_passage_probability(
                    jnp.maximum(ends + amount, 1.0), number(ahead.mean()), number(shock),
                    number(float(len(ahead))),
                )
            )  # fmt: skip
        chance = (1 - np.exp(-float(reach.raises) / 4)) * lasts
        raised = listed & (draw.random(paths) < chance)
        size = amount * (1 + float(reach.raise_spread) * draw.standard_normal(paths))
        below = ends + size < 0
        size = np.where(below, amount, size)
        money = np.where(raised, ends + size, ends)
        cumulative.append(1 - alive.mean())
    return np.asarray(cumulative)


@pytest.mark.parametrize("horizon", [0.0, 1.0])
def test_paths_with_raises_and_delisting(horizon):
    """200,000 paths of a company that burns, raises and may lose its listing."""
    quarters, paths = 12, 200_000
    drift = np.full(quarters, -90e6)
    drift[2] += 200e6
    put = np.where(np.arange(quarters) < 8, 990e6, 0.0)
    reach = access(raises=0.9, amount=150e6, spread=0.6, delisting=0.2)
    found = SURVIVE(
        number(325e6), number(40e6), number(drift), number(put), number(98e6), reach,
        quarter_grid(2024.0, 3), number(horizon), monthly=0,
    ).cumulative  # fmt: skip
    wanted = simulate(paths, drift, put, 98e6, reach, 325e6, 40e6, horizon, seed=11)
    error = np.sqrt(wanted * (1 - wanted) / paths)
    assert np.all(np.abs(np.asarray(found) - wanted) < 3 * error + 1e-4)


@pytest.mark.parametrize(
    ("monthly", "known", "covenant"),
    [
        (0, None, None),
        (8, None, None),
        (8, 2024.164, None),
        (4, 2024.6, Covenant(number(120e6), number(2025.0), number(0.5))),
    ],
    ids=["by quarter", "by month", "known to live", "covenant"],
)
def test_paths_of_the_library_meet_the_density(monthly, known, covenant):
    """20,000 drawn paths: by quarter within three standard errors of the marched density."""
    quarters, paths = 12, 20_000
    draw, steps = np.random.default_rng(12), path_steps(quarters, monthly)
    drift = jnp.full(quarters, -70e6).at[3].add(150e6)
    put, reach = jnp.full(quarters, 400e6), access(0.9, 150e6, 0.6, 0.3)
    given = (number(325e6), number(40e6), drift, put, number(98e6), reach, quarter_grid(2024.0, 3))
    normal, uniform = draw.standard_normal((3, paths, steps)), draw.random((4, paths, steps))
    draws = PathDraws(*(jnp.asarray(each) for each in (
        draw.random(paths), normal[0], uniform[0], uniform[1], normal[1], uniform[2], uniform[3],
        normal[2],
    )))  # fmt: skip
    date = None if known is None else number(known)

    @jax.jit
    def both(draws):
        times = jax.vmap(lambda one: default_time_of_path(
            *given, one, number(1.0), date, monthly, covenant
        ))(draws)  # fmt: skip
        found = survive(*given, number(1.0), date, monthly, covenant)
        return times, found.cumulative

    times, wanted = map(np.asarray, both(draws))
    found = np.array([(times < end).mean() for end in range(1, quarters + 1)])
    error = np.sqrt(wanted * (1 - wanted) / paths)
    assert np.all(np.abs(found - wanted) < 3 * error + 1e-3)
    assert 0.2 < wanted[-1] < 0.99
    if known is not None:
        assert times.min() > 4.0 * (known - 2024.0)  # nothing befalls it before


@pytest.mark.parametrize("known", [2024.0, 2024.164, 2024.25, 2024.9])
def test_what_is_known_is_given(known):
    """P(fail by t | alive on a date): closed form over closed form, from the date on; and the
    slope in the date is right."""
    grid, time = quarter_grid(2024.0, 3), jnp.arange(1.0, 13.0)
    cash, drift, shock = 325.5, -90.0, 98.0

    def found(date):
        return survive(
            number(cash * 1e6), number(0.0), jnp.full(12, drift * 1e6), jnp.zeros(12),
            number(shock * 1e6), access(), grid, None, date,
        ).cumulative  # fmt: skip

    def closed(date):
        def lives(quarters):
            return 1.0 - first_passage_probability(*map(number, (cash, drift, shock)), quarters)

        return 1.0 - jnp.minimum(lives(time) / lives(jnp.maximum(4.0 * (date - 2024.0), 1e-9)), 1.0)

    run = jax.jit(found)
    np.testing.assert_allclose(run(number(known)), closed(number(known)), atol=2e-8)
    if known in (2024.164, 2024.9):
        slopes = [jax.jit(jax.jacfwd(each))(number(known)) for each in (found, closed)]
        np.testing.assert_allclose(*slopes, atol=1e-6)


def test_months_see_a_raise_before_the_quarters_end():
    """200,000 paths, quarterly first and by month then: within three standard errors of the
    march by month, and far from the one by quarter."""
    quarters, paths = 4, 200_000
    draw = np.random.default_rng(13)
    cash, burn, put, shock, raises, amount, delisting = 180e6, -70e6, 250e6, 90e6, 3.0, 120e6, 0.6
    steps = [1.0] + [1.0 / 3.0] * (3 * (quarters - 1))
    money, alive, listed = np.full(paths, cash), np.ones(paths, bool), np.ones(paths, bool)
    failed = []
    for length in steps:
        ends = money + burn * length + shock * np.sqrt(length) * draw.standard_normal(paths)
        below = np.exp(-2 * np.maximum(money, 0) * np.maximum(ends, 0) / (shock**2 * length))
        alive &= (ends > 0) & (draw.random(paths) >= below)
        struck = listed & (draw.random(paths) < 1 - np.exp(-delisting * length / 4))
        # The edge of the put is blurred by 0.6 shocks, as in the model.
        alive &= ~(struck & (ends + 0.6 * shock * draw.standard_normal(paths) < put))
        listed &= ~struck
        raised = listed & (draw.random(paths) < 1 - np.exp(-raises * length / 4))
        size = amount * (1 + 0.5 * draw.standard_normal(paths))
        money = np.where(raised, ends + np.where(ends + size < 0, amount, size), ends)
        failed.append(1 - alive.mean())
    wanted = np.asarray(failed)[[0, 3, 6, 9]]
    by_month, by_quarter = (
        np.asarray(
            SURVIVE(
                number(cash), number(0.0), jnp.full(quarters, burn), jnp.full(quarters, put),
                number(shock), access(raises, amount, 0.5, delisting), quarter_grid(2024.0, 1),
                monthly=months,
            ).cumulative
        )
        for months in (8, 0)
    )  # fmt: skip
    error = np.sqrt(wanted * (1 - wanted) / paths)
    assert np.all(np.abs(by_month - wanted) < 3 * error)
    assert by_quarter[-1] > by_month[-1] + 0.02


def test_nobody_funds_a_company_that_new_money_cannot_save():
    """The same rate and size of raises: most of it where it carries the company, next to none
    where it burns the money within the horizon."""
    grid, quarters = quarter_grid(2024.0, 3), 12
    reach = access(raises=2.0, amount=150e6)

    def new_money(drift):
        return SURVIVE(
            number(200e6), number(0.0), jnp.full(quarters, drift), jnp.zeros(quarters),
            number(60e6), reach, grid, number(1.0),
        ).new_money[:6]  # fmt: skip

    believed = float((1 - np.exp(-0.5)) * 150e6)
    assert float(new_money(0.0).min()) > 0.9 * believed
    assert float(new_money(-250e6).max()) < 1e-3 * believed
    assert np.all(np.asarray(new_money(0.0)) > np.asarray(new_money(-40e6)))


def test_the_bridge_matters():
    """Looking at quarter ends only would miss failures: the model must not."""
    draw = np.random.default_rng(5).standard_normal((100_000, 8))
    ends = 200.0 - 20.0 * np.arange(1, 9) + 98.0 * np.cumsum(draw, axis=1)
    seen = np.mean(np.any(ends <= 0, axis=1))
    exact = SURVIVE(
        number(200e6), number(0.0), jnp.full(8, -20e6), jnp.zeros(8), number(98e6), access(),
        quarter_grid(2024.0, 2),
    ).cumulative[-1]  # fmt: skip
    assert float(exact) > seen + 0.05


def test_hazard_gradient_is_the_closed_forms():
    """d P / d cash of the marched density is that of the inverse Gaussian."""
    grid = quarter_grid(2024.0, 2)

    def marched(cash):
        return survive(
            cash, number(0.0), jnp.full(8, -60e6), jnp.zeros(8), number(98e6), access(), grid
        ).cumulative[-1]

    def closed(cash):
        return first_passage_probability(cash, number(-60e6), number(98e6), number(8.0))

    cash = number(400e6)
    found = jax.jit(jax.grad(marched))(cash)
    np.testing.assert_allclose(found, jax.grad(closed)(cash), rtol=1e-6)


DENSE, REACH = 400, 160.0
"""Nodes of an independent solver, and how far they reach (quarterly shocks)."""


def dense_march(cash, drift, put, shock, reach, horizon, since, monthly):
    """Cumulative failure by another road: every step the transition itself on 400 nodes over 160
    shocks, in NumPy and SciPy, conditional on being alive at `since` (quarters)."""
    points, pieces = np.polynomial.legendre.leggauss(DENSE)
    nodes, weights = REACH * (points + 1) / 2, REACH * pieces / 2
    cash, drift, put = cash / shock, np.asarray(drift) / shock, np.asarray(put) / shock
    amount, spread = (float(each) / shock for each in (
        reach.raise_amount, reach.raise_amount * reach.raise_spread))  # fmt: skip
    spread = max(spread, 0.6)

    def moves(start, move, time):
        """Density at the nodes after `time`, killed at zero."""
        apart = nodes[None, :] - np.atleast_1d(start)[:, None]
        image = -np.expm1(-2 * np.atleast_1d(start)[:, None] * nodes[None, :] / time)
        return stats.norm.pdf(apart - move, scale=np.sqrt(time)) * image

    def lives(start, move, time):
        root = np.sqrt(time)
        mirrored = np.exp(-2 * move / time * start + stats.norm.logcdf((move - start) / root))
        return stats.norm.cdf((start + move) / root) - mirrored

    jumps = stats.norm.pdf(nodes[None, :] - nodes[:, None] - amount, scale=spread) * weights
    jumps /= jumps.sum(axis=1, keepdims=True)
    planned = np.concatenate([[0.0], np.cumsum(drift)])

    def ahead(end):
        last = min(end + 4 * horizon, len(drift))
        change = np.interp([end, last], np.arange(len(drift) + 1), planned)
        return change[1] - change[0], max(last - end, 1e-3)

    first = int(since)
    total = drift[: first + 1].sum()
    listed = moves(cash, total, first + 1.0)[0] * weights
    listed /= lives(cash, total * since / (first + 1), since) if since else 1.0
    unlisted, failed, end = np.zeros(DENSE), np.zeros(len(drift)), first
    for quarter in range(first, len(drift)):
        count = 3 if 0 < quarter <= monthly and quarter > first else 1
        for _ in range(count):
            length, exposed = 1.0 / count, 1.0 / count
            if quarter == first:
                exposed = first + 1 - since
            else:
                step = moves(nodes, drift[quarter] * length, length) * weights[None, :]
                listed, unlisted = listed @ step, unlisted @ step
            end += length
            struck = listed * -np.expm1(-float(reach.delisting) * exposed / 4)
            unable = stats.norm.cdf((put[quarter] - nodes) / 0.6) if put[quarter] > 0 else 0.0
            change, time = ahead(end)
            lasts = lives(nodes + amount, change, time)
            offered = -np.expm1(-float(reach.raises) * exposed / 4)
            raising = (listed - struck) * offered * lasts
            unlisted = unlisted + struck * (1 - unable)
            listed = listed - struck - raising + raising @ jumps
        failed[quarter] = 1.0 - listed.sum() - unlisted.sum()
    return failed


@pytest.mark.parametrize(
    ("cash", "shock", "since"),
    [(325e6, 98e6, 0.656), (100e6, 98e6, 0.0), (700e6, 150e6, 0.656), (325e6, 50e6, 1.3)],
)
def test_the_march_meets_a_dense_grid(cash, shock, since):
    """Another solver, four times the nodes over more than four times the range: five parts in
    ten billion in every quarter's cumulative failure."""
    quarters = 24
    drift = np.full(quarters, -80e6)
    drift[2], drift[6], drift[10:] = 110e6, -250e6, -20e6
    put = np.where(np.arange(quarters) < 11, 990e6, 0.0)
    reach = access(raises=0.9, amount=150e6, spread=0.5, delisting=0.3)
    found = SURVIVE(
        number(cash), number(0.0), number(drift), number(put), number(shock), reach,
        quarter_grid(2024.0, 6), number(1.0), number(2024.0 + since / 4),
    ).cumulative  # fmt: skip
    wanted = dense_march(cash, drift, put, shock, reach, 1.0, since, 8)
    assert 0.1 < wanted[-1] < 1.0
    np.testing.assert_allclose(found, wanted, atol=5e-10)
