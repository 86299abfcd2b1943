import jax
import jax.numpy as jnp
import pytest

from framerail.market import (
    LeaseOffer,
    blended_credit,
    lease_credit,
    lease_payment,
    monthly_payment,
)

npf = pytest.importorskip("numpy_financial")
PRICE = jnp.asarray(60_000.0)


def offer(**changed):
    given = {"term": 36.0, "rate": 0.06, "residual": 0.55, "credit": 7_500.0, "pass_through": 0.8}
    return LeaseOffer(**{key: jnp.asarray(value) for key, value in (given | changed).items()})


def test_payments_are_those_of_numpy_financial():
    ours = monthly_payment(
        PRICE,
        jnp.asarray(33_000.0),
        jnp.asarray(0.06),
        jnp.asarray(36.0),
        reduction=jnp.asarray(6_000.0),
    )
    assert float(ours) == pytest.approx(-npf.pmt(0.005, 36, 54_000.0, -33_000.0), rel=1e-12)
    assert float(lease_payment(PRICE, offer())) == pytest.approx(float(ours), rel=1e-12)


def test_without_interest_the_loss_of_value_is_paid_in_equal_parts():
    flat = lease_payment(PRICE, offer(rate=0.0))
    assert float(flat) == pytest.approx((60_000 - 6_000 - 33_000) / 36)
    slope = jax.grad(lambda rate: lease_payment(PRICE, offer(rate=rate)))(0.0)
    assert bool(jnp.isfinite(slope))


def test_on_the_buyers_own_terms_a_lease_is_worth_the_credit_passed_on():
    cut = lease_credit(PRICE, offer(), buyer_rate=jnp.asarray(0.06), resale=jnp.asarray(0.55))
    assert float(cut) == pytest.approx(0.8 * 7_500.0, rel=1e-12)


def test_cheap_money_and_a_generous_residual_are_worth_more():
    own = {"buyer_rate": jnp.asarray(0.08), "resale": jnp.asarray(0.50)}
    plain = float(lease_credit(PRICE, offer(), **own))
    # The residual is borne by the lessor: its present value, at the buyer's rate, is the support.
    support = float(
        lease_credit(PRICE, offer(rate=0.08), **own)
        - lease_credit(PRICE, offer(rate=0.08, residual=0.50), **own)
    )
    assert support == pytest.approx(0.05 * 60_000 / (1 + 0.08 / 12) ** 36, rel=1e-12)
    assert plain > 6_000 + support


def test_the_mean_buyer_gets_the_mean_credit():
    given = blended_credit(jnp.asarray(3_000.0), jnp.asarray(6_000.0), jnp.asarray(0.3))
    assert float(given) == pytest.approx(3_900.0)
