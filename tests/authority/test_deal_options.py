"""Options against published tables, shared vectors, simulation and QuantLib."""

import csv
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from framerail.deal import first_passage_probability
from framerail.deal.options import (
    ConvertibleNote,
    bivariate_normal,
    bridge_survival,
    compound_option,
    convertible_value,
    estimate,
    european,
    exchange_option,
    geometric_paths,
    merton,
    right_to_invest,
)
from framerail.studies.validation_deal import american_put
from framerail.studies.validation_geske import by_formula, by_quadrature, owen, west

FACTS = Path(__file__).parents[3] / "shared" / "facts" / "program"
number = jnp.float64
PATHS, PER_YEAR = 20_000, 50


def rows(name):
    file = FACTS / name
    if not file.exists():
        return []
    with file.open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def value_of(test, quantity="value", **having):
    for row in rows("validation_vectors.csv"):
        if row["test"] == test and row["quantity"] == quantity:
            if all(word in row["inputs"] for word in having.values()):
                return float(row["value"])
    return pytest.skip("shared facts not here")


@pytest.fixture(scope="module")
def normals():
    draw = np.random.default_rng(1998)
    return [jnp.asarray(draw.standard_normal((PATHS // 2, 2 * PER_YEAR))) for _ in range(2)]


def test_longstaff_schwartz_table_one(normals):
    """All 20 rows: within three standard errors, and 0.02, of the Bermudan lattice."""
    table = rows("lsm_longstaff_schwartz_table1.csv")
    if not table:
        pytest.skip("shared facts not here")
    worst = 0.0
    for row in table:
        dates = PER_YEAR * int(row["T"])
        found, error = american_put(
            *(number(float(row[key])) for key in ("S0", "sigma", "T")),
            *(each[:, :dates] for each in normals),
        )
        apart = abs(float(found) - float(row["own_bermudan50_lattice"]))
        worst = max(worst, apart)
        assert apart < 0.02, row
        assert apart < 3 * float(error), (row, found, error)
    assert len(table) == 20
    assert worst < 0.004


def test_merton():
    firm = merton(number(3.0), number(0.8), number(0.05), number(1.0), number(10.0))
    assert float(firm.assets) == pytest.approx(value_of("merton", "V0"), abs=1e-6)
    assert float(firm.volatility) == pytest.approx(value_of("merton", "sigV"), abs=1e-6)
    assert float(firm.default) == pytest.approx(value_of("merton", "PD=N(-d2)"), abs=1e-6)
    draw = np.random.default_rng(3).standard_normal(400_000)
    ends = geometric_paths(
        firm.assets, number(0.05), firm.volatility, number(1.0), jnp.asarray(draw)[:, None]
    )[:, 0]
    default, error = estimate((ends < 10.0).astype(float))
    assert abs(float(default - firm.default)) < 3 * float(error)
    equity, error = estimate(np.exp(-0.05) * jnp.maximum(ends - 10.0, 0.0))
    assert abs(float(equity) - 3.0) < 3 * float(error)


def test_black_cox_by_bridge():
    """Monte Carlo with few dates meets the closed form because of the bridge."""
    draw = np.random.default_rng(4).standard_normal((200_000, 4))
    for v, k, r, sigma, years in ((100, 60, 0.05, 0.4, 1.0), (100, 80, 0.04, 1.2, 0.5)):
        paths = geometric_paths(
            number(v), number(r), number(sigma), number(years / 4), jnp.asarray(draw)
        )
        above = jnp.log(paths / k)
        alive = bridge_survival(above, jnp.log(v / k), number(sigma * np.sqrt(years / 4)))
        default, error = estimate(1.0 - alive)
        wanted = first_passage_probability(
            jnp.log(v / k), number(r - sigma**2 / 2), number(sigma), number(years)
        )
        assert abs(float(default - wanted)) < 3 * float(error)
        seen = float(jnp.mean(jnp.any(above <= 0.0, axis=1)))
        assert seen < float(wanted) - 0.02  # without the bridge it is missed


def test_cash_first_passage_by_bridge():
    draw = np.random.default_rng(5).standard_normal((200_000, 6))
    for cash, burn, months in ((325.5, 75.5, 3), (325.5, 75.5, 6), (120.9, 82.9, 3)):
        above = cash + jnp.cumsum(-burn + 40.0 * jnp.asarray(draw[:, :months]), axis=1)
        default, error = estimate(1.0 - bridge_survival(above, number(cash), number(40.0)))
        wanted = value_of("cash_runway_first_passage", "P(cash<=0 by T)",
                          cash=f"cash={cash};", months=f"months={months}")  # fmt: skip
        assert abs(float(default) - wanted) < 3 * float(error)


@pytest.mark.parametrize("outer", ["put", "call"])
def test_geske(outer):
    given = [number(x) for x in (500.0, 520.0, 50.0, 0.25, 0.5, 0.08, 0.05, 0.35)]
    found = float(compound_option(outer, "call", *given))
    assert found == pytest.approx(by_quadrature(outer), abs=1e-9)
    assert found == pytest.approx(by_formula(outer, owen), abs=1e-9)
    # The shared vectors carry the error of Drezner's (1978) five-point bivariate normal, 2.7e-7
    # on a probability and so 1.33e-4 on either value: QuantLib gives them with that formula, and
    # the quadrature's values to twelve digits with Genz's and West's.
    wanted = value_of("geske_compound", on=f"{outer}-on-call")
    assert wanted - found == pytest.approx(1.330e-4, abs=1e-6)
    draw = np.random.default_rng(6).standard_normal((400_000, 1))
    at = geometric_paths(number(500.0), number(0.05), number(0.35), number(0.25), jnp.asarray(draw))
    worth = european(
        "call", at[:, 0], *(number(x) for x in (520.0, 0.08, 0.05, 0.35)), number(0.25)
    )
    sign = 1.0 if outer == "call" else -1.0
    mean, error = estimate(np.exp(-0.08 * 0.25) * jnp.maximum(sign * (worth - 50.0), 0.0))
    assert abs(float(mean) - found) < 3 * float(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("outer", ["put", "call"])
def test_geske_with_quantlibs_bivariate_normals(outer):
    """Genz's and West's gives our value; Drezner's (1978) five points give the printed one."""
    ql = pytest.importorskip("QuantLib")
    given = [number(x) for x in (500.0, 520.0, 50.0, 0.25, 0.5, 0.08, 0.05, 0.35)]
    found = float(compound_option(outer, "call", *given))
    assert found == pytest.approx(by_formula(outer, west(ql)), abs=1e-9)
    coarse = by_formula(
        outer, lambda a, b, rho: ql.BivariateCumulativeNormalDistributionDr78(rho)(a, b)
    )
    assert coarse == pytest.approx(value_of("geske_compound", on=f"{outer}-on-call"), abs=1e-6)


def test_owens_bivariate_normal_is_scipys():
    for a, b, rho in ((0.3, -0.5, 0.7), (-1.0, 2.0, -0.95), (1.5, 1.2, 0.98)):
        wanted = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([a, b])
        assert owen(a, b, rho) == pytest.approx(wanted, abs=1e-6)


def test_compound_parity():
    """A call on an option less a put on it is the option less the strike's present value."""
    given = [number(x) for x in (500.0, 520.0, 50.0, 0.25, 0.5, 0.08, 0.05, 0.35)]
    for inner in ("call", "put"):
        apart = compound_option("call", inner, *given) - compound_option("put", inner, *given)
        whole = european(inner, *(number(x) for x in (500.0, 520.0, 0.08, 0.05, 0.35, 0.5)))
        assert float(apart) == pytest.approx(float(whole) - 50.0 * np.exp(-0.02), abs=1e-9)


def test_bivariate_normal_is_scipys():
    for a, b, rho in ((0.3, -0.5, 0.7), (-1.0, 2.0, -0.95), (0.0, 0.0, 0.5), (1.5, 1.2, 0.98)):
        wanted = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([a, b])
        assert float(bivariate_normal(number(a), number(b), number(rho))) == pytest.approx(
            wanted, abs=1e-6
        )


def test_dixit_pindyck():
    rule = right_to_invest(number(1.0), number(1.0), number(0.04), number(0.04), number(0.2))
    assert float(rule.exponent) == pytest.approx(value_of("real_option_wait", "beta1"), abs=1e-6)
    assert float(rule.trigger) == pytest.approx(value_of("real_option_wait", "Vstar"), abs=1e-6)
    assert float(rule.value) == pytest.approx(value_of("real_option_wait", "F(V)"), abs=1e-6)


def test_dixit_pindyck_by_simulation():
    """Value of investing at the trigger: the trigger's gain times its discounted first passage."""
    step, dates = 0.5, 400
    draw = jnp.asarray(np.random.default_rng(7).standard_normal((20_000, dates)))
    rate, sigma, trigger = 0.04, 0.2, 2.0
    paths = geometric_paths(number(1.0), number(0.0), number(sigma), number(step), draw)
    above = jnp.log(trigger / paths)
    before = jnp.concatenate([jnp.full((draw.shape[0], 1), jnp.log(2.0)), above[:, :-1]], axis=1)
    inside = (before > 0) & (above > 0)
    touch = jnp.where(inside, jnp.exp(-2 * before * above / (sigma**2 * step)), 1.0)
    alive = jnp.cumprod(1.0 - touch, axis=1)
    first = jnp.diff(1.0 - alive, axis=1, prepend=jnp.zeros((draw.shape[0], 1)))
    time = step * (jnp.arange(dates) + 0.5)
    mean, error = estimate(first @ jnp.exp(-rate * time))
    # half a step's discounting is the only bias: well below a standard error
    assert abs(float(mean) - 0.25) < 3 * float(error)


def test_margrabe():
    given = [number(x) for x in (22.0, 20.0, 0.06, 0.04, 0.2, 0.15, 0.5, 0.1)]
    found = float(exchange_option(*given))
    assert found == pytest.approx(value_of("margrabe"), abs=1e-6)
    draw = np.random.default_rng(8).standard_normal((2, 400_000))
    other = 0.5 * draw[0] + np.sqrt(0.75) * draw[1]
    one = 22 * np.exp((-0.06 - 0.02) * 0.1 + 0.2 * np.sqrt(0.1) * draw[0])
    two = 20 * np.exp((-0.04 - 0.15**2 / 2) * 0.1 + 0.15 * np.sqrt(0.1) * other)
    mean, error = estimate(jnp.asarray(np.maximum(one - two, 0.0)))
    assert abs(float(mean) - found) < 3 * float(error)


@pytest.mark.filterwarnings("ignore")  # the peer's own bindings warn on import
@pytest.mark.parametrize(("outer", "inner"), [("call", "call"), ("put", "call"), ("call", "put"),
                                              ("put", "put")])  # fmt: skip
def test_compound_is_quantlibs(outer, inner):
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 3, 2024)
    ql.Settings.instance().evaluationDate = today
    day = ql.Actual365Fixed()

    def flat(rate):
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, day))

    sigma = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.35, day))
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(500.0)), flat(0.03), flat(0.08), sigma
    )
    kinds = {"call": ql.Option.Call, "put": ql.Option.Put}
    option = ql.CompoundOption(
        ql.PlainVanillaPayoff(kinds[outer], 50.0), ql.EuropeanExercise(today + 91),
        ql.PlainVanillaPayoff(kinds[inner], 520.0), ql.EuropeanExercise(today + 182),
    )  # fmt: skip
    option.setPricingEngine(ql.AnalyticCompoundOptionEngine(process))
    found = compound_option(
        outer, inner,
        *(number(x) for x in (500.0, 520.0, 50.0, 91 / 365, 182 / 365, 0.08, 0.05, 0.35)),
    )  # fmt: skip
    assert abs(float(found) / option.NPV() - 1.0) < 2e-5  # Drezner's (1978) error again


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("spot", "sigma", "coupon", "spread", "years"),
    [(36.0, 0.2, 0.05, 0.005, 5), (50.0, 0.4, 0.0, 0.10, 2), (25.0, 0.6, 0.025, 0.15, 3)],
)
def test_convertible_is_quantlibs(spot, sigma, coupon, spread, years):
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 3, 2024)
    ql.Settings.instance().evaluationDate = today
    day, calendar = ql.Thirty360(ql.Thirty360.BondBasis), ql.NullCalendar()
    rate, payout = 0.05, 0.02

    def flat(x):
        return ql.YieldTermStructureHandle(
            ql.FlatForward(today, x, ql.Actual365Fixed(), ql.Continuous)
        )

    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)), flat(payout), flat(rate),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(today, calendar, sigma, ql.Actual365Fixed())
        ),
    )  # fmt: skip
    end = ql.Date(1, 3, 2024 + years)
    schedule = ql.Schedule(today, end, ql.Period(ql.Semiannual), calendar, ql.Unadjusted,
                           ql.Unadjusted, ql.DateGeneration.Backward, False)  # fmt: skip
    ratio = 2.0
    bond = ql.ConvertibleFixedCouponBond(
        ql.AmericanExercise(today, end), ratio, ql.CallabilitySchedule(), today, 0, [coupon], day,
        schedule, 100.0,
    )  # fmt: skip
    spread_quote = ql.QuoteHandle(ql.SimpleQuote(spread))
    bond.setPricingEngine(ql.BinomialCRRConvertibleEngine(process, 1000, spread_quote))
    note = ConvertibleNote(*(number(x) for x in (100.0, coupon, ratio, float(years), 0.0)))
    found = convertible_value(
        note, number(spot), number(sigma), number(rate), number(payout), number(spread), steps=1000
    )
    assert abs(float(found.value) / bond.NPV() - 1.0) < 0.002
