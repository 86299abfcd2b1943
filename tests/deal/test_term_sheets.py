"""Whole term sheets: every clause that has a cash effect is settled, and faults are named."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pydantic
import pytest

from framerail.deal import Terms, contract, open_book, settle_at
from framerail.deal.clauses import Ladder, distribute
from framerail.numerics.calendar import quarter_grid

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
INPUTS = READING["reference_inputs"]()
PARTNERS = INPUTS.partners
TERMS = pydantic.TypeAdapter(Terms)
number = jnp.float64


def sheet(name):
    raw = READING["_toml"]("scenarios", "parts", f"{name}.toml")["deal"]["terms"]
    return TERMS.validate_python(READING["plain"](raw))


def moved(grid, first):
    """The round program on a calendar of another year, with partners as of then."""
    flows = READING["program"](READING["GRID"])
    start = number(first + 2.5)
    flows = eqx.tree_at(
        lambda f: (f.program.start_of_production, f.program.incumbent_investment),
        flows,
        (start, 3.0 * flows.program.incumbent_investment),
    )
    later = first - 2024.0
    shift = [
        lambda p: p.start_up.franchise.date,
        *(lambda p, k=k: p.start_up.debts[k].maturity for k in PARTNERS.start_up.debts),
    ]
    partners = eqx.tree_at(
        lambda p: [where(p) for where in shift],
        PARTNERS,
        [where(PARTNERS) + later for where in shift],
    )
    return flows, partners, quarter_grid(first, 14)


# Leaves that are dates, or that only tell when or whether something may happen.
WITHOUT_OWN_CASH = ("date", "deadline", "maturity", "expiry", "start", "end", "lock_up",
                    "long_stop", "release", "floor_price")  # fmt: skip
"""`floor_price` moves money below it only: see `test_the_floor_of_a_note`."""


@pytest.mark.parametrize(
    ("name", "first", "clauses"),
    [
        ("deal-vw-rivian", 2024.0, 18),
        ("deal-gm-nikola", 2020.0, 4),
        ("deal-foxconn-lordstown", 2022.0, 7),
    ],
)
def test_no_clause_with_cash_effect_is_lost(name, first, clauses):
    """Every amount, price, share and probability of the file moves somebody's money."""
    terms = sheet(name)
    assert terms.faults() == ()
    flows, partners, grid = moved(None, first)
    made = contract(terms, flows.program, grid)
    assert len(made.transfers) + len(made.holdings) + len(made.claims) == clauses
    everything = eqx.tree_at(lambda p: p.start_up.tax_rate, partners, number(0.1))

    def books(sheet):
        book = open_book(sheet, flows, everything, INPUTS.survival.with_deal, grid)
        times = jnp.asarray([2.5, 6.5, 11.5, 56.0])
        found = jax.vmap(lambda t: settle_at(sheet, flows, everything, book, t, grid))(times)
        return found, book

    found, _ = jax.jit(books)(terms)
    assert float(jnp.abs(jnp.sum(found.ledger, axis=1)).max()) < 0.01

    @jax.jit
    def figure(sheet, weights):
        found, book = books(sheet)
        return weights[:24] @ found.value.ravel() + weights[24:] @ jnp.append(book.cash, book.put)

    # A random mix of all figures: its slope is zero only where every one's is.
    weights = jnp.asarray(np.random.default_rng(2).standard_normal(24 + 2 * 56))
    slopes = jax.grad(figure)(terms, weights)
    for path, slope in jax.tree_util.tree_leaves_with_path(slopes):
        leaf = jax.tree_util.keystr(path)
        assert np.isfinite(slope), leaf
        # The share capital is what clauses refer to, and no clause itself.
        if not leaf.endswith(WITHOUT_OWN_CASH) and not leaf.startswith(".capital."):
            assert float(slope) != 0.0, f"{leaf} moves nothing"


def test_the_floor_of_a_note():
    """Below the floor a note turns into no more shares."""
    program, grid = READING["program"]().program, READING["GRID"]

    def shares(price):
        terms = eqx.tree_at(lambda t: t.capital.price, sheet("deal-vw-rivian"), number(price))
        return float(contract(terms, program, grid).holdings["note: first"].shares)

    found = [shares(price) for price in (20.0, 10.0, 8.0, 3.0)]
    assert found == pytest.approx([1e9 / 14.6, 1e8, 1.25e8, 1.25e8])


def test_premium_buys_fewer_shares():
    terms = sheet("deal-vw-rivian")
    made = contract(terms, READING["program"]().program, READING["GRID"])
    financial = made.holdings["milestone shares: financial"]
    assert float(financial.shares) == pytest.approx(0.8 * 1e9 / (14.60 * 1.33))


def test_refused_below_a_dollar():
    """The second tranche: clearance times the chance of a price above the floor."""
    terms = sheet("deal-foxconn-lordstown")
    flows, _, grid = moved(None, 2022.0)
    paid = float(contract(terms, flows.program, grid).transfers["milestone: second"].payment.sum())
    years, sigma = 2023.35 - 2022.85, 0.9
    spread = sigma * np.sqrt(years)
    draw = np.random.default_rng(1).standard_normal(400_000)
    above = np.mean(1.76 * np.exp(-(spread**2) / 2 + spread * draw) > 1.0)
    assert paid == pytest.approx(47.3e6 * 0.9 * above, rel=0.005)


def test_conditions_chain_and_long_stop():
    terms = sheet("deal-foxconn-lordstown")
    flows, _, grid = moved(None, 2022.0)

    def preferred(sheet):
        made = contract(sheet, flows.program, grid)
        return float(made.transfers["milestone: preferred"].payment.sum())

    assert preferred(terms) == pytest.approx(70e6 * 0.6 * 0.9 * 0.5, rel=0.15)
    short = eqx.tree_at(lambda t: t.long_stop, terms, number(2023.0))
    assert preferred(short) < 1.0


LADDER = Ladder(
    owed={"first": jnp.full(1, 100.0), "second": jnp.full(1, 100.0), "trade": jnp.full(1, 200.0),
          "bridge": jnp.full(1, 50.0), "junior": jnp.full(1, 80.0)},
    rank={"first": "secured", "second": "secured", "trade": "unsecured",
          "bridge": "super-senior", "junior": "subordinated"},
    senior_to={"first": ("second",), "second": (), "trade": (), "bridge": (), "junior": ()},
)  # fmt: skip


@pytest.mark.parametrize(
    ("pool", "free", "wanted"),
    [
        # bridge, first, second, trade, junior
        (40.0, 0.0, (40, 0, 0, 0, 0)),
        (180.0, 0.0, (50, 100, 30, 0, 0)),
        # 100 without a lien: 80 - 50 bridge leaves 30 under the lien for the first; its 70 and
        # the second's 100 rank with trade's 200 for the other 100.
        (180.0, 100.0, (50, 30 + 70 / 370 * 100, 100 / 370 * 100, 200 / 370 * 100, 0)),
        (480.0, 0.0, (50, 100, 100, 200, 30)),
    ],
)
def test_the_ladder_pays_by_rank_and_lien(pool, free, wanted):
    paid = distribute(jnp.full(1, pool), jnp.full(1, free), LADDER)
    found = [float(paid[k][0]) for k in ("bridge", "first", "second", "trade", "junior")]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    assert sum(found) == pytest.approx(min(pool, 530.0))


def faults(**clauses):
    return " | ".join(TERMS.validate_python(clauses).faults())


def test_faults_are_named_with_their_cure():
    circle = {
        "a": {"probability": 1, "date": 2024.0, "requires": ("b",)},
        "b": {"probability": 1, "date": 2024.0, "requires": ("a",)},
    }
    assert "a -> b -> a is circular" in faults(conditions=circle)
    upfront = {"amount": 1e6, "date": 2024.5, "requires": ("signature",)}
    assert "define conditions.signature" in faults(upfront=upfront)
    note = {
        "face": 1e8, "issue_discount": 0.0, "coupon": 0.0, "date": 2024.0, "maturity": 2026.0,
        "conversion_price": 8.0, "floor_price": 1.0, "rank": "secured", "put_on_delisting": 1.0,
        "cross_default": True, "senior_to": ("bridge",),
    }  # fmt: skip
    bridge = {
        "lender": "creditors", "draws": {"first": {"face": 1e7, "date": 2024.3}},
        "issue_discount": 0.1, "base_rate": 0.05, "spread": 0.12, "maturity": 2024.6,
        "rank": "super-senior", "senior_to": ("first",),
    }  # fmt: skip
    capital = {"outstanding": 1e9, "price": 0.7, "volatility": 1.5, "date": 2024.2}
    found = faults(convertible_notes={"first": note}, bridge=bridge, capital=capital)
    assert "a security senior to itself; take one `senior_to` out" in found
    assert "add terms.capital" in faults(convertible_notes={"first": note})
    late = {
        "number": 1e7, "strike": 0.01, "expiry": 2025.0,
        "vesting": {"sop": {"share": 1.0, "date": 2026.0, "probability": 0.5}},
    }  # fmt: skip
    assert "the option expires before it starts" in faults(warrants=late, capital=capital)
    swapped = {**bridge, "maturity": 2024.1, "senior_to": ()}
    assert "falls due before it is drawn" in faults(bridge=swapped)


def test_a_tranche_without_a_test_is_named():
    tranche = {"amount": 1e6, "date": 2025.0, "deadline": 2026.0, "probability": 1.0}
    with pytest.raises(pydantic.ValidationError) as error:
        TERMS.validate_python({"milestones": {"launch": tranche}})
    places = [".".join(map(str, each["loc"])) for each in error.value.errors()]
    assert any("milestones" in place and "launch.test" in place for place in places)


def test_a_clause_must_not_bear_a_debts_name():
    terms = TERMS.validate_python({"bridge": {
        "lender": "creditors", "draws": {}, "issue_discount": 0.1, "base_rate": 0.05,
        "spread": 0.12, "maturity": 2024.6, "rank": "super-senior"}})  # fmt: skip
    named = eqx.tree_at(
        lambda p: p.start_up.debts,
        PARTNERS,
        {"bridge": PARTNERS.start_up.debts["notes-2025"]},
    )
    with pytest.raises(ValueError, match="rename one"):
        open_book(terms, READING["program"](), named, INPUTS.survival.with_deal, READING["GRID"])
