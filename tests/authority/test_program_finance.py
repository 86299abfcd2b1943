"""Finance against published tables and numpy-financial."""

import jax.numpy as jnp
import numpy as np
import numpy_financial as npf
import pytest

from framerail.program import annuity, irr, macrs_rates, mirr, npv

# IRS Publication 946, Appendix A, Table A-1 (half-year convention), percent by year.
PUBLICATION_946 = {
    3: [33.33, 44.45, 14.81, 7.41],
    5: [20.00, 32.00, 19.20, 11.52, 11.52, 5.76],
    7: [14.29, 24.49, 17.49, 12.49, 8.93, 8.92, 8.93, 4.46],
    10: [10.00, 18.00, 14.40, 11.52, 9.22, 7.37, 6.55, 6.55, 6.56, 6.55, 3.28],
    15: [5.00, 9.50, 8.55, 7.70, 6.93, 6.23, 5.90, *[5.90, 5.91] * 4, 2.95],
    20: [3.750, 7.219, 6.677, 6.177, 5.713, 5.285, 4.888, 4.522, *[4.462, 4.461] * 6, 2.231],
}


@pytest.mark.parametrize("life", sorted(PUBLICATION_946))
def test_macrs_reproduces_publication_946(life):
    # The table is rounded so that it sums to 100; a unit of its last digit either way.
    digit = 0.001 if life == 20 else 0.01
    np.testing.assert_allclose(
        100 * macrs_rates(life), PUBLICATION_946[life], rtol=0, atol=digit * 1.01
    )
    assert macrs_rates(life).sum() == pytest.approx(1.0, abs=1e-14)


def projects(count=40, length=56):
    """Investments first, income later, of many sizes; some lose money."""
    generator = np.random.default_rng(20240301)
    for _ in range(count):
        outlay = -generator.uniform(20, 200, size=generator.integers(1, 14))
        income = generator.uniform(0, 60, size=length - outlay.size)
        yield np.concatenate([outlay, income])


def test_npv_and_irr_agree_with_numpy_financial():
    compared = 0
    for flows in projects():
        at = jnp.asarray(flows)
        np.testing.assert_allclose(npv(jnp.asarray(0.023), at), npf.npv(0.023, flows), rtol=1e-9)
        mine = irr(at, periods_per_year=4.0)
        reference = npf.irr(flows)
        annual = (1 + reference) ** 4 - 1
        assert bool(mine.exists) == (-0.5 < annual < 10)
        if mine.exists:
            assert float(mine.value) == pytest.approx(reference, abs=1e-9)
            compared += 1
    assert compared >= 35


@pytest.mark.parametrize(
    "flows",
    [
        [-100, 39, 59, 55, 20],
        [-100, 0, 0, 74],
        [-100, 100, 0, -7],
        [-100, 100, 0, 7],
        [-5, 10.5, 1, -8, 1],
    ],
)
def test_irr_agrees_on_numpy_financials_own_examples(flows):
    mine = irr(jnp.asarray(flows, dtype=float))
    assert float(mine.value) == pytest.approx(npf.irr(flows), abs=1e-9)


def test_no_rate_is_an_outcome_and_no_nan():
    for flows in ([100.0, 50.0, 20.0], [-100.0, -50.0, -20.0], [0.0, 0.0, 0.0]):
        mine = irr(jnp.asarray(flows))
        assert not mine.exists
        assert float(mine.value) == 0
        assert np.isnan(npf.irr(flows))  # the peer answers NaN


def test_two_rates_are_said():
    # (1 - 1.1 d)(1 - 1.4 d): the textbook strip mine, rates 10% and 40%.
    mine = irr(jnp.asarray([-100.0, 250.0, -154.0]))
    assert bool(mine.several)
    assert float(mine.value) == pytest.approx(0.10, abs=1e-9)


def test_mirr_agrees_with_numpy_financial():
    for flows in projects(10):
        mine = mirr(jnp.asarray(flows), jnp.asarray(0.03), jnp.asarray(0.02))
        assert float(mine) == pytest.approx(npf.mirr(flows, 0.03, 0.02), abs=1e-9)
    assert float(mirr(jnp.asarray([1.0, 2.0]), jnp.asarray(0.1), jnp.asarray(0.1))) == 0


def test_annuity_agrees_with_numpy_financial_and_its_limits():
    for rate in (-0.02, 1e-6, 0.01, 0.1, 1.0):
        for periods in (1, 8, 120):
            mine = annuity(jnp.asarray(rate), jnp.asarray(float(periods)))
            # npf loses digits to cancellation at small rates: compare with the plain sum there.
            plain = np.sum((1 + rate) ** -np.arange(1.0, periods + 1))
            assert float(mine) == pytest.approx(plain, rel=1e-9)
            if rate > 1e-3:
                assert float(mine) == pytest.approx(-npf.pv(rate, periods, 1), rel=1e-9)
    for rate in (0.0, 1e-12, -1e-12):
        assert float(annuity(jnp.asarray(rate), jnp.asarray(40.0))) == pytest.approx(40, rel=1e-9)
    endless = annuity(jnp.asarray(0.08), jnp.asarray(1e6))
    assert float(endless) == pytest.approx(1 / 0.08, rel=1e-9)
