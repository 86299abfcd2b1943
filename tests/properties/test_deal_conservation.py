"""Laws that hold for any term sheet."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pydantic
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.deal import Terms, open_book, settle_at, value_deal, with_upfront_and_royalty

READING = runpy.run_path(str(Path(__file__).parents[1] / "deal" / "reading.py"))
INPUTS, GRID, NOTHING = READING["reference_inputs"](), READING["GRID"], READING["NOTHING"]
FLOWS = READING["program"]()
TERMS = pydantic.TypeAdapter(Terms)
number = jnp.asarray
few = settings(derandomize=True, max_examples=25, deadline=None)

share, money = st.floats(0.0, 1.0), st.floats(0.0, 1e9)
date = st.floats(2024.0, 2037.0)
clauses = st.fixed_dictionaries(
    {},
    optional={
        "upfront": st.fixed_dictionaries({"amount": money, "date": date}),
        "milestones": st.dictionaries(
            st.sampled_from(["first", "second", "third"]),
            st.fixed_dictionaries(
                {
                    "amount": money,
                    "test": st.sampled_from(["calendar", "start of production"]),
                    "date": date,
                    "deadline": date,
                    "probability": share,
                }
            ),
        ),
        "royalty": st.fixed_dictionaries(
            {
                "per_unit": st.floats(0.0, 20_000.0),
                "indexation": st.floats(-0.05, 0.1),
                "minimum": st.floats(0.0, 1e5),
            }
        ),
        "build_fee": st.fixed_dictionaries({"markup": share, "payment_terms": st.floats(0.0, 0.5)}),
        "equity": st.fixed_dictionaries(
            {"amount": money, "date": date, "share": share, "exit_date": date},
            optional={"anti_dilution": share},
        ),
        "consent": st.fixed_dictionaries({"raises_refused": share}),
        "cost_sharing": st.fixed_dictionaries(
            {"engineering_by_incumbent": share, "investment_by_start_up": share}
        ),
        "step_in": st.fixed_dictionaries(
            {
                "license_survival": share,
                "fee": money,
                "cost": money,
                "delay": st.floats(0.0, 5.0),
                "royalty_due": share,
            }
        ),
    },
)


def clause(**fields):
    return st.fixed_dictionaries(fields)


price, rate, units = st.floats(0.01, 50.0), st.floats(0.0, 0.2), st.floats(0.0, 1e5)
per_truck = st.floats(0.0, 50_000.0)
rank = st.sampled_from(["super-senior", "secured", "unsecured", "subordinated"])
supply = clause(units=units, price=per_truck, cost=per_truck, revenue=per_truck)
more_clauses = st.fixed_dictionaries(
    {"capital": clause(outstanding=st.floats(1e6, 2e9), price=price, volatility=rate, date=date)},
    optional={
        "conditions": clause(clearance=clause(probability=share, date=date)),
        "long_stop": date,
        "convertible_notes": st.dictionaries(
            st.sampled_from(["series-a", "series-b"]),
            clause(
                face=money, issue_discount=share, coupon=rate, date=date, maturity=date,
                conversion_price=price, floor_price=price, rank=rank, put_on_delisting=share,
                cross_default=st.booleans(), senior_to=st.sampled_from([(), ("notes-2025",)]),
            ),
        ),
        "development_fee": clause(
            gates=st.dictionaries(
                st.sampled_from(["first", "second"]),
                clause(budget=money, date=date, probability=share),
            ),
            incumbent_share=share, overrun=share, overrun_by_incumbent=share, clawback=share,
        ),
        "take_or_pay": clause(
            buyer=st.sampled_from(["start-up", "incumbent"]), floor=units, shortfall=per_truck,
            cap=money, start=date, end=date,
        ),
        "warrants": clause(
            number=st.floats(0.0, 1e8), strike=price, expiry=date,
            vesting=clause(first=clause(share=share, date=date, probability=share)),
        ),
        "in_kind": clause(
            shares=st.floats(0.0, 1e8), service_cost=money, service_value=money, start=date,
            end=date, lock_up=date,
        ),
        "credit_sharing": clause(per_truck=per_truck, share_to_incumbent=share, end=date),
        "plant_venture": clause(
            budget=money, start_up_share=share, overrun_by_start_up=share, capacity_share=share,
            capacity=units, idle_cost=per_truck, exit_date=date, exit_price=share,
        ),
        "reciprocal_supply": clause(
            start=date, end=date, from_start_up=supply, from_incumbent=supply,
            payment_terms=st.floats(0.0, 0.25),
        ),
        "bridge": clause(
            lender=st.sampled_from(["incumbent", "creditors"]),
            draws=clause(first=clause(face=money, date=date)),
            issue_discount=share, base_rate=rate, spread=rate, maturity=date, rank=rank,
        ),
        "venture_loan": clause(
            amount=money, date=date, maturity=date, interest=rate, collateral=money
        ),
        "commitment": clause(
            amount=money, date=date, probability=share, exclusivity_end=date, break_fee=money
        ),
        "asset_purchase": clause(
            bid=money, probability=share, completeness=share, cost=money,
            delay=st.floats(0.0, 5.0),
        ),
        "lien_release": clause(platform=share),
        "change_of_control": clause(rate=rate, payment=money, start=date, end=date),
        "termination": clause(rate=rate, fee=money, start=date, end=date),
    },
)  # fmt: skip


@few
@given(clauses, more_clauses, st.floats(0.0, 56.0), st.floats(0.0, 0.4), st.floats(0.0, 0.4))
def test_ledger_sums_to_zero(raw, more, time, tax, relief):
    partners = eqx.tree_at(
        lambda p: (p.start_up.tax_rate, p.incumbent.tax_rate),
        INPUTS.partners,
        (number(tax), number(relief)),
    )
    terms = TERMS.validate_python(raw | more)
    book = open_book(terms, FLOWS, partners, INPUTS.survival.with_deal, GRID)
    books = settle_at(terms, FLOWS, partners, book, number(time), GRID)
    assert np.abs(np.asarray(books.ledger).sum(axis=0)).max() < 0.01
    estate = np.asarray(book.recovered).sum(axis=0)
    assert np.all(estate <= np.asarray(book.proceeds + partners.start_up.minimum_cash) + 0.01)
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(books))


@few
@given(st.floats(0.0, 6e8), st.floats(1e5, 4e8))
def test_more_upfront_never_raises_default_risk(amount, more):
    first, second = (DEFAULTS(number(a)) for a in (amount, amount + more))
    assert np.all(np.asarray(second) <= np.asarray(first) + 1e-9)


def _cumulative(amount):
    terms = with_upfront_and_royalty(INPUTS.terms, amount, INPUTS.terms.royalty.per_unit)
    inputs = eqx.tree_at(lambda i: i.terms, INPUTS, terms)
    return value_deal(inputs, FLOWS, NOTHING, GRID).survival.cumulative


DEFAULTS = jax.jit(_cumulative)


@few
@given(
    st.floats(1e7, 3e9),
    st.floats(-3e8, 3e8),
    st.floats(2e7, 3e8),
    st.floats(0.0, 4.0),
    st.floats(0.0, 3.0),
)
def test_survival_is_a_distribution(cash, drift, shock, raises, delisting):
    inputs = eqx.tree_at(
        lambda i: (
            i.partners.start_up.cash,
            i.survival.cash_shock,
            i.survival.with_deal.raises,
            i.survival.with_deal.delisting,
        ),
        INPUTS,
        tuple(map(number, (cash, shock, raises, delisting))),
    )
    found = SURVIVAL(inputs, eqx.tree_at(lambda f: f.start_up, FLOWS, jnp.full(56, drift)))
    cumulative = np.asarray(found.cumulative)
    assert np.all(np.diff(cumulative) >= -1e-12)
    assert cumulative[0] >= 0
    assert cumulative[-1] <= 1
    assert float(found.residual) < 1e-3
    assert np.all(np.isfinite(np.asarray(found.expected_cash)))


SURVIVAL = jax.jit(lambda inputs, flows: value_deal(inputs, flows, NOTHING, GRID).survival)
