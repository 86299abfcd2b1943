"""`framerail validate cost | plant | program`: each bar with what the model gives beside it.

The checks live in `studies`; here their results become lines of the same table as the vehicle's.
"""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from rich.table import Table

from framerail.engine import evaluate
from framerail.program import annuity, irr
from framerail.report.validation import Check, Line, table_of
from framerail.scenario_file import read_scenario
from framerail.studies import glider_prices, gross_loss_backtest, pack_prices
from framerail.studies.books import partner_books
from framerail.studies.finance_speed import finance_speed
from framerail.studies.launch_ramps import read_ramps
from framerail.studies.launch_score import leave_one_out
from framerail.studies.published_costs import compare_published, reference_deck, worked_checks
from framerail.studies.worked_truck import own_estimate

NAMED_LAUNCHES = ("rivian-normal", "ford-lightning", "tesla-cybertruck", "fisker-ocean")
"""Launches on which the bar of the ramps is set."""
BILLION = 1e9


def _money(value: float) -> str:
    return f"{value:,.0f}"


def _published() -> Sequence[Line]:
    found = compare_published(reference_deck())
    gaps = [abs(one.ours - one.published) for one in found]
    cases = [
        Line(one.what, _money(one.ours), f"${_money(one.published)}", gap, None, "", detail=True)
        for one, gap in zip(found, gaps, strict=True)
    ]
    return [
        *cases,
        Line(f"{len(found)} published values, $", "", "", max(gaps), 0.01, ""),
    ]


def _worked() -> Sequence[Line]:
    found = worked_checks(reference_deck())
    lines = [
        Line(
            one.what, _money(one.ours), f"${_money(one.published)}",
            100.0 * abs(one.ours / one.published - 1.0), 1.0,
        )
        for one in found
    ]  # fmt: skip
    own = own_estimate()
    low, middle, high = np.quantile(own.total, [0.1, 0.5, 0.9])
    published = found[0].published
    lines.append(
        Line(
            f"  our own, 80% {low / 1e3:.1f}-{high / 1e3:.1f}k", _money(middle),
            f"${_money(published)}", 100.0 * abs(middle / published - 1.0), None,
        )
    )  # fmt: skip
    for name, ours, theirs in own.by_group:
        gap = 100.0 * abs(ours / theirs - 1.0)
        lines.append(
            Line(f"    {name}", _money(ours), f"${_money(theirs)}", gap, None, detail=True)
        )
    return lines


def _glider() -> Sequence[Line]:
    rows = glider_prices.describe_rows(reference_deck())
    parts = np.array([[row["structure"], *row["parts"]] for row in rows])
    ours = np.array([row["parts"].sum() for row in rows])
    rule = glider_prices.price_residual(rows)
    miss = 100.0 * np.abs(glider_prices.out_of_sample(glider_prices.observe(rows)))
    span = [f"{x.min() / 1e3:.1f}-{x.max() / 1e3:.1f}k" for x in (ours, rule)]
    return [
        Line(f"{len(rows)} trims, parts at 0 or less", "", "", float((parts <= 0).sum()), 0.0, ""),
        Line(f"{miss.size} prices, other makers", "", "", float(np.median(miss)), 12.0),
        Line("glider, largest over smallest", span[0], "", ours.max() / ours.min(), None, ""),
        Line("  residual of price / 1.5", "", span[1], rule.max() / rule.min(), None, ""),
        Line("  same, EPA OMEGA, 32 trucks", "", "-1.9-45.2k", 2.0, None, " negative"),
    ]  # fmt: skip


def _packs() -> Sequence[Line]:
    lines = []
    for way in pack_prices.WAYS:
        found = pack_prices.forecast(way)
        for year, low, center, high, actual in zip(
            found.years, found.low, found.center, found.high, found.actual, strict=True
        ):
            inside = "in" if low < actual < high else "OUT"
            what = f"  {year}, {low:.0f} to {high:.0f}, {inside}"
            gap = 100.0 * abs(center / actual - 1.0)
            lines.append(Line(what, f"{center:.0f}", f"${actual:.0f}", gap, None, detail=True))
        rate = "" if found.exponent is None else f"{100 * (1 - 2**-found.exponent):.0f}%/doubling"
        what = f"packs, {way}"
        lines.append(Line(what, rate, "", float(found.covered), 7.0, "/7", low=6.0))
    return lines


def _ramps() -> Sequence[Line]:
    known = [one for one in leave_one_out(read_ramps()) if not np.isnan(one.actual)]
    cases = [
        Line(
            f"  {one.launch} q{one.quarter}, {one.low:.2f}-{one.high:.2f}", f"{one.median:.2f}",
            f"{one.actual:.2f}", abs(one.median - one.actual), None, "", detail=True,
        )
        for one in known
    ]  # fmt: skip
    held = [all(o.covered for o in known if o.launch == name) for name in NAMED_LAUNCHES]
    inside = float(sum(one.covered for one in known))
    return [
        *cases,
        Line("ramps left out, q4 and q8", "", "", float(sum(held)), 4.0, "/4", low=3.0),
        Line("  all launches, 80%", "", "", inside, None, f"/{len(known)}"),
    ]


def _gross_loss() -> Sequence[Line]:
    found = gross_loss_backtest.backtest()
    parts = ("price", "variable", "fixed_absorbed", "fixed_unabsorbed", "write_down")
    cases = []
    for k, begin in enumerate(found.begin):
        quarter = f"{int(begin)}Q{round(4 * (begin % 1)) + 1}"
        told = " ".join(f"{getattr(found, part)[k] / 1e3:+.0f}" for part in parts)
        cases.append(
            Line(
                f"{quarter} {told}", _money(found.predicted[k]), _money(found.actual[k]),
                100.0 * float(found.error[k]), None, detail=True,
            )
        )  # fmt: skip
    later, whole = found.median_error(2023.0, 2025.0), found.median_error(2022.0, 2025.0)
    return [
        Line(f"in $1000: {', '.join(parts)}", "", "", 0.0, None, "", detail=True),
        *cases,
        Line("Rivian gross loss 2022-24", "", "", 100.0 * whole, 25.0),
        Line("  2023-24, not fitted", "", "", 100.0 * later, 25.0),
    ]


def _identities() -> Sequence[Line]:
    """On the reference case at its medians; random books are property tests."""
    scenario = read_scenario("nissan-fisker")
    point = evaluate(scenario)
    lines = []
    partners = scenario.deal.partners
    firms = (partners.start_up.name, partners.incumbent.name)
    found = partner_books(scenario, point)
    for firm, part, kept in zip(
        firms,
        (point.start_up, point.incumbent),
        (found.start_up, found.incumbent),
        strict=True,
    ):
        scale = float(jnp.max(jnp.abs(part.cash.cumulative))) / BILLION
        tied = kept.statements
        for what, gap in (
            ("balance closes", tied.balance_residual),
            ("cash statement", tied.cash_residual),
            ("all ties to NPV", part.cash.identity_residual),
            ("waterfall", kept.appraisal.waterfall.residual),
        ):
            lines.append(Line(f"{firm}: {what}, $", f"of {scale:.2f}bn", "", float(gap), 0.01, ""))
    return lines


def _rates() -> Sequence[Line]:
    """Against polynomial roots (what numpy-financial does) and closed limits."""
    source = np.random.default_rng(3)
    flows = np.concatenate(
        [-source.uniform(50.0, 100.0, (50, 1)), source.uniform(5.0, 40.0, (50, 14))], axis=1
    )
    gaps = []
    for row in flows:
        roots = np.roots(row[::-1])
        real = roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)].real
        rates = 1.0 / real - 1.0
        ours = float(irr(jnp.asarray(row)).value)
        gaps.append(float(np.min(np.abs(rates - ours))))
    zero = abs(float(annuity(jnp.asarray(1e-14), jnp.asarray(12.0))) - 12.0)
    endless = abs(float(annuity(jnp.asarray(0.08), jnp.asarray(1e4))) - 1 / 0.08)
    return [
        Line("IRR of 50 flows against roots", "", "", max(gaps), 1e-9, ""),
        Line("annuity as the rate goes to zero", "", "12", zero, 1e-9, ""),
        Line("annuity without end", "", "1/rate", endless, 1e-9, ""),
    ]


def _speed() -> Sequence[Line]:
    found = finance_speed(rounds=3)
    return [
        Line(f"{one.what}, per s", "", "", one.per_second, float("inf"), "", low=1e5)
        if place == 0
        else Line(f"{one.what}, per s", "", "", one.per_second, None, "")
        for place, one in enumerate(found)
    ]


STAGES: Mapping[str, Mapping[str, Check]] = {
    "cost": {"published": _published, "worked": _worked, "glider": _glider, "packs": _packs},
    "plant": {"ramps": _ramps, "gross-loss": _gross_loss},
    "program": {"identities": _identities, "rates": _rates, "speed": _speed},
}
"""Checks of each stage in the order of its table."""


def validate_business(stage: str, names: Sequence[str] = ()) -> Table:
    """The checks of cost, plant or program; the named ones with all their cases.

    Raises:
        ScenarioError: for a name that is no check of the stage.
    """
    return table_of(STAGES[stage], names)
