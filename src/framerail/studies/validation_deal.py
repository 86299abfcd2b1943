"""The deal stage beside published values, peers and what happened.

Every function returns `Comparison`s; `DEAL_CHECKS` names them all. Published values are bundled
(`data/deal/option_vectors.csv`, `longstaff_schwartz.csv`).
"""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.deal import (
    DealInputs,
    PartnerFlows,
    SharedProgram,
    Terms,
    first_passage_probability,
    nash_split,
    open_book,
    settle_at,
)
from framerail.deal.options import (
    Kind,
    antithetic,
    compound_option,
    estimate,
    european,
    exchange_option,
    follow,
    geometric_paths,
    merton,
    right_to_invest,
    stopping_policy,
)
from framerail.numerics.calendar import QuarterGrid, fraction_after, quarter_grid, spread
from framerail.quantities import Scalar
from framerail.scenario_file import read_rows
from framerail.studies.deal_backtests import QUESTIONS, backtest, scores
from framerail.studies.startup_panel import score_panel
from framerail.studies.validation_geske import (
    CASE,
    Bivariate,
    by_formula,
    by_quadrature,
    owen,
    west,
)

CLOSED_FORM = 1e-6
"""Bar of every closed form."""
_PATHS, _PER_YEAR = 10_000, 50
_OUTER: tuple[Kind, ...] = ("put", "call")


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One figure that must not exceed its bar; None where nothing is asked."""

    what: str
    predicted: str
    measured: str
    figure: float
    bar: float | None


def _numbers(inputs: str) -> dict[str, float]:
    found = re.findall(r"(\w+)=(-?\.?\d+\.?\d*)", inputs)
    return {key: float(value) for key, value in found}


def _number(value: float) -> Scalar:
    return jnp.asarray(value, jnp.float64)


def _vectors(test: str) -> list[tuple[dict[str, float], str, float]]:
    return [
        (_numbers(row["inputs"]), row["quantity"], float(row["value"]))
        for row in read_rows("deal/option_vectors.csv")
        if row["test"] == test
    ]


def _largest(what: str, pairs: Sequence[tuple[float, float]]) -> Comparison:
    """The largest gap of several pairs of found and wanted."""
    found, wanted = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    told = f"{what}, {len(pairs)}" if len(pairs) > 1 else what
    return Comparison(told, f"{found:.8g}", f"{wanted:.8g}", abs(found - wanted), CLOSED_FORM)


def closed_forms() -> list[Comparison]:
    """Merton, Black-Cox, cash first passage, Dixit-Pindyck, Margrabe, Nash, Geske."""
    wanted = {name: value for _, name, value in _vectors("merton")}
    firm = merton(*map(_number, (3.0, 0.8, 0.05, 1.0, 10.0)))
    mine = {"V0": firm.assets, "sigV": firm.volatility, "PD=N(-d2)": firm.default}
    made = [_largest("Merton (1974)", [(float(mine[k]), wanted[k]) for k in mine])]
    touched = []
    for given, _, value in _vectors("black_cox_first_passage"):
        drift = given["r"] - given["q"] - given["sig"] ** 2 / 2
        way = math.log(given["V"] / given["K"])
        found = first_passage_probability(*map(_number, (way, drift, given["sig"], given["T"])))
        touched.append((float(found), value))
    made.append(_largest("Black-Cox (1976)", touched))
    ran_out = []
    for given, _, value in _vectors("cash_runway_first_passage"):
        burn, sigma = -given["burn_per_month"], given["sigma_per_sqrt_month"]
        at = (given["cash"], burn, sigma, given["months"])
        ran_out.append((float(first_passage_probability(*map(_number, at))), value))
    made.append(_largest("cash first passage", ran_out))
    rule = right_to_invest(*map(_number, (1.0, 1.0, 0.04, 0.04, 0.2)))
    known = {name: value for _, name, value in _vectors("real_option_wait")}
    seen = {"beta1": rule.exponent, "Vstar": rule.trigger, "F(V)": rule.value}
    made.append(_largest("Dixit-Pindyck (1994)", [(float(seen[k]), known[k]) for k in seen]))
    swap = exchange_option(*map(_number, (22.0, 20.0, 0.06, 0.04, 0.2, 0.15, 0.5, 0.1)))
    made.append(_largest("Margrabe (1978)", [(float(swap), _vectors("margrabe")[0][2])]))
    split = nash_split(_number(100.0), jnp.asarray([10.0, 25.0]), jnp.asarray([0.7, 0.3]))
    made.append(_largest("Nash, power 0.7", [(float(split[0]), 55.5), (float(split[1]), 44.5)]))
    return made + _geske()


def _geske(below: Bivariate | None = None) -> list[Comparison]:
    """Against ways of its own (`validation_geske`) or, given one, another bivariate normal; the
    published values carry an error of theirs."""
    given = [_number(CASE[k]) for k in ("S", "X1", "X2", "t1", "t2", "r", "b", "sig")]
    found = {outer: float(compound_option(outer, "call", *given)) for outer in _OUTER}
    if below is not None:
        pairs = [(found[outer], by_formula(outer, below)) for outer in _OUTER]
        return [_largest("Geske (1979), QuantLib's Genz-West", pairs)]
    ways = {"quadrature": by_quadrature, "Owen's T": lambda outer: by_formula(outer, owen)}
    made = [
        _largest(f"Geske (1979), {name}", [(found[outer], way(outer)) for outer in _OUTER])
        for name, way in ways.items()
    ]
    printed = [value for _, _, value in _vectors("geske_compound")]
    published = list(zip(found.values(), printed, strict=True))
    table = _largest("Geske, printed values (five-point formula)", published)
    return [*made, dataclasses.replace(table, bar=None)]


def simulated() -> list[Comparison]:
    """All rows of Longstaff and Schwartz (2001), table 1, against the Bermudan lattice."""
    draw = np.random.default_rng(1998)
    normals = [jnp.asarray(draw.standard_normal((_PATHS, 2 * _PER_YEAR))) for _ in range(2)]
    apart, errors = [], []
    for row in read_rows("deal/longstaff_schwartz.csv"):
        dates = _PER_YEAR * int(row["years"])
        at = (_number(float(row[key])) for key in ("spot", "volatility", "years"))
        found, error = american_put(*at, *(each[:, :dates] for each in normals))
        apart.append(abs(float(found) - float(row["bermudan"])))
        errors.append(apart[-1] / float(error))
    kept = sum(gap < 0.02 and ratio < 3.0 for gap, ratio in zip(apart, errors, strict=True))
    told = f"{kept} of {len(apart)}"
    return [
        Comparison("Longstaff-Schwartz table 1, gap", told, "lattice", max(apart), 0.02),
        Comparison("the same in standard errors", told, "lattice", max(errors), 3.0),
    ]


@eqx.filter_jit
def american_put(
    spot: Scalar,
    volatility: Scalar,
    years: Scalar,
    fitting: Float[Array, "path date"],
    pricing: Float[Array, "path date"],
) -> tuple[Scalar, Scalar]:
    """Value and standard error of the put of table 1, the European put as control."""
    rate, strike, step = _number(0.06), _number(40.0), _number(1.0 / _PER_YEAR)
    time = step * jnp.arange(1.0, fitting.shape[1] + 1)
    discount = jnp.exp(-rate * time)

    def problem(normals: Array) -> tuple[Any, Any]:
        paths = geometric_paths(spot, rate, volatility, step, antithetic(normals))
        payoff = jnp.maximum(strike - paths, 0.0)
        left = years - time[None, :]
        bond = european("put", paths, strike, rate, rate, volatility, left) * discount[None, :]
        return (paths[..., None], payoff, jnp.zeros_like(payoff), discount), (payoff > 0, bond)

    given, (counted, traded) = problem(fitting)
    policy = stopping_policy(*given, degree=5, counted=counted, martingale=traded)
    given, (counted, traded) = problem(pricing)
    found = follow(policy, *given, counted=counted, martingale=traded)
    mean = european("put", spot, strike, rate, rate, volatility, years)
    return estimate(found.sample, found.control, mean, antithetic=True)


def quantlib(ql: Any) -> list[Comparison]:
    """Compound options beside QuantLib, given as a module; None where it is not installed."""
    if ql is None:
        return [Comparison("QuantLib", "", "not installed", 0.0, None)]
    today, g = ql.Date(1, 3, 2024), CASE
    ql.Settings.instance().evaluationDate = today
    day = ql.Actual365Fixed()

    def flat(rate: float) -> Any:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, day))

    sigma = ql.BlackVolTermStructureHandle(
        ql.BlackConstantVol(today, ql.NullCalendar(), g["sig"], day)
    )
    spot = ql.QuoteHandle(ql.SimpleQuote(g["S"]))
    process = ql.BlackScholesMertonProcess(spot, flat(g["r"] - g["b"]), flat(g["r"]), sigma)
    kinds: dict[Kind, Any] = {"call": ql.Option.Call, "put": ql.Option.Put}
    worst = ("", 0.0, 0.0, 0.0)
    for outer in kinds:
        for inner in kinds:
            option = ql.CompoundOption(
                ql.PlainVanillaPayoff(kinds[outer], g["X2"]), ql.EuropeanExercise(today + 91),
                ql.PlainVanillaPayoff(kinds[inner], g["X1"]), ql.EuropeanExercise(today + 182),
            )  # fmt: skip
            option.setPricingEngine(ql.AnalyticCompoundOptionEngine(process))
            at = (g["S"], g["X1"], g["X2"], 91 / 365, 182 / 365, g["r"], g["b"], g["sig"])
            found, peer = float(compound_option(outer, inner, *map(_number, at))), option.NPV()
            gap = 100.0 * abs(found / peer - 1.0)
            if gap >= worst[3]:
                worst = (f"{outer} on {inner}", found, peer, gap)
    what = f"QuantLib compound, {worst[0]}, %"
    made = Comparison(what, f"{worst[1]:.6g}", f"{worst[2]:.6g}", worst[3], 0.5)
    return [made, *_geske(west(ql))]


def panel() -> list[Comparison]:
    """Start-ups that filed within a year, each forecast by a model without its company."""
    score = score_panel()
    size = f"{len(score.forecasts)} observations"
    told = f"{score.model:.3f}"
    return [
        Comparison("panel: Brier against base rate", told, size, score.model, score.base_rate),
        Comparison("panel: Brier against runway", told, size, score.model, score.naive),
    ]


def backtests() -> list[Comparison]:
    """Seventeen cases: sixteen deals by question, and the panel of start-ups as the last."""
    found = scores(backtest())
    cases = len({each.case for each in backtest()})
    made = [
        Comparison(f"{question}: minus log score, {found[question][0]} cases",
                   f"{-found[question][1]:.3f}", f"base {-found[question][2]:.3f}",
                   -found[question][1], -found[question][2])
        for question in QUESTIONS
    ]  # fmt: skip
    told = f"{cases} deals, 1 panel"
    return [*made, Comparison("cases of 17 not scored", told, "", 17.0 - cases - 1.0, 0.0)]


def round_program(grid: QuarterGrid) -> PartnerFlows:
    """A round program for checks of the books: trucks from mid-2026."""
    start = _number(2026.5)
    rate = jnp.clip((grid.middle - start) / 2, 0.0, 1.0) * fraction_after(start, grid)
    own, partner = 8_000.0 * rate, 5_000.0 * rate
    engineering = spread(_number(350e6), _number(2024.25), start, grid)
    investment = spread(_number(450e6), _number(2024.75), start, grid)
    build = 42_000.0 * partner
    discount = jnp.exp(-0.1 * (grid.middle - 2024.0))
    return PartnerFlows(
        SharedProgram(own, partner, build, engineering, investment, start),
        5_500.0 * own - build - investment,
        46_000.0 * partner - engineering,
        5_000.0 * own - investment - 0.3 * engineering,
        discount,
        discount,
        discount,
    )


def conservation(deal: DealInputs, sheets: Mapping[str, Terms]) -> list[Comparison]:
    """Largest imbalance of the ledger over quarters and failure dates, dollars."""
    grid = quarter_grid(2024.0, 14)
    flows = round_program(grid)
    times = jnp.arange(0.5, grid.quarters + 0.5, 2.0)
    made = []
    for name, terms in sheets.items():
        book = open_book(terms, flows, deal.partners, deal.survival.with_deal, grid)
        ledger = jax.vmap(
            lambda at, t=terms, b=book: settle_at(t, flows, deal.partners, b, at, grid).ledger
        )(times)
        gap = float(jnp.abs(jnp.sum(ledger, axis=1)).max())
        made.append(Comparison(f"cash conserved: {name}, $", "", "", gap, 0.01))
    return made


DEAL_CHECKS: dict[str, Callable[[], list[Comparison]]] = {
    "closed-forms": closed_forms,
    "longstaff-schwartz": simulated,
    "panel": panel,
    "backtests": backtests,
}
"""Checks that need no scenario, in the order of the table."""
