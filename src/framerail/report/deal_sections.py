"""Sections of the report on the deal: decision, gains, survival."""

from typing import Any

import numpy as np

from framerail.report import deal_figures
from framerail.report.page import figure, paragraph, section, table, tiles
from framerail.report.view import START_UP, View
from framerail.report.words import date, dollars, millions, number, percent, title

_SPREAD_HEAD = ("mean", "5%", "50%", "95%", "worst 5%", "gains in")


def _spread_cells(found: dict[str, float]) -> list[str]:
    keys = ("mean", "p5", "p50", "p95", "cvar_5")
    return [*(millions(found[key]) for key in keys), percent(found["share_positive"])]


def decided(view: View, headline: dict[str, Any]) -> str:
    """The decision in three sentences, with the figures behind them."""
    draws, start_up, incumbent = headline["draws"], *view.partners
    said = headline["decision"]
    lives = headline["survival"]
    inner = "".join(paragraph(text) for text in said["sentences"])
    items = [
        (percent(said["incumbent_gains"]), f"{incumbent} gains on the terms assumed"),
        (percent(said["start_up_gains"]), f"{start_up} gains"),
        (percent(said["both_gain"]), "both gain in the same draw"),
        (
            percent(lives["fails_before_production_with"]["mean"]),
            f"{start_up} fails before its first truck, with the deal",
        ),
        (
            percent(lives["fails_before_production_without"]["mean"]),
            f"{start_up} fails before that date without the deal",
        ),
    ]
    note = (
        f"Probabilities are shares of {draws['usable']:,} Monte Carlo draws over "
        f"{len(view.scenario.uncertainty)} uncertain inputs (seed {draws['seed']}). "
        "Gains are values with the deal less values without it, in dollars at the valuation date."
    )
    warning = ""
    if draws["unusable"]:
        text = (
            f"{draws['unusable']:,} of {draws['run']:,} draws gave no usable figures and are left "
            "out of every mean and percentile; the outcomes at the end say why."
        )
        warning = f'<div class="warning">{paragraph(text)}</div>'
    return section(
        "decision",
        "The decision",
        "",
        f'<div class="decision">{inner}</div>',
        tiles(items),
        warning,
        paragraph(note, "note"),
    )


def gained(view: View, headline: dict[str, Any]) -> str:
    """What each partner gains and risks; third parties; where the check goes."""
    start_up, incumbent = view.partners
    mine = headline["partners"]["incumbent"]
    answer = (
        f"{incumbent}'s expected gain lies between {dollars(mine['gain']['p5'])} and "
        f"{dollars(mine['gain']['p95'])} in nine draws of ten; in the worst twentieth it averages "
        f"{dollars(mine['gain']['cvar_5'])}."
    )
    rows = []
    for role in ("incumbent", "start_up"):
        partner = headline["partners"][role]
        for key, text in (("gain", "expected"), ("realized_gain", "realized")):
            rows.append([partner["name"], text, *_spread_cells(partner[key])])
    rows.append(["both together", "expected", *_spread_cells(headline["joint_gain"])])
    for party, found in headline["third_parties"].items():
        rows.append([party, "expected", *_spread_cells(found)])
    rows.append(["everyone", "expected", *_spread_cells(headline["everyone"])])
    return section(
        "gains",
        "What does each partner gain and risk?",
        answer,
        figure(deal_figures.gains(view), "gains"),
        table(
            ("party", "gain", *_SPREAD_HEAD), rows, numbers=range(2, 8),
            caption="Gains by party, $ million",
        ),
        paragraph(
            f"Expected gains average over the date at which {start_up} may fail; realized gains "
            "take one drawn date. “Worst 5%” is the mean of the lowest twentieth of draws "
            "(conditional value at risk).",
            "note",
        ),
        figure(deal_figures.both_sides(view), "both-sides"),
        _check(view, headline),
    )  # fmt: skip


def _check(view: View, headline: dict[str, Any]) -> str:
    """Where the check goes, as far as the books show it."""
    start_up, incumbent = view.partners
    paid = headline["payments"]
    check, others = paid["check"]["mean"], headline["third_parties"]
    creditors = sum(others[party]["mean"] for party in ("creditors", "suppliers"))
    schedule = view.study.point.schedule
    shared = sum(
        float(np.sum(np.asarray(flows["shared"])))
        for flows in (schedule.engineering, schedule.tooling)
        if "shared" in flows
    )
    text = (
        f"The check is {dollars(check)} in expectation (upfront license, milestones and equity, "
        f"weighted by the chance that each is paid). {start_up}'s creditors and suppliers are "
        f"better off by {dollars(creditors)} on average, which is "
        f"{percent(creditors / check) if check > 0 else 'no part'} of it; developing and tooling "
        f"the shared platform would take {dollars(shared)} at the medians."
    )
    if "investors" in others:
        mean = others["investors"]["mean"]
        text += (
            f" Those who put new money into {start_up} on the strength of the deal "
            f"{'gain' if mean > 0 else 'lose'} {dollars(abs(mean))} on average."
        )
    rows = [
        [title(clause), millions(amount)]
        for clause, amount in paid["by_clause_at_medians"].items()
        if abs(amount) >= 0.5
    ]
    return (
        "<h3>Where does the money go?</h3>"
        + paragraph(text)
        + paragraph(_loss(view, paid["loss_if_start_up_fails"]))
        + table(
            ("clause", "expected total"), rows, numbers=(1,),
            caption=f"Expected payments from {incumbent} to {start_up}, $ million, undiscounted, "
            "at the medians (negative: the other way)",
        )
    )  # fmt: skip


def _loss(view: View, loss: dict[str, float]) -> str:
    """What the start-up's failure does to the incumbent, whichever sign it has."""
    start_up, incumbent = view.partners
    reach = f"(5% to 95%: {dollars(loss['p5'])} to {dollars(loss['p95'])})"
    if loss["mean"] >= 0:
        return (
            f"A failure of {start_up} before production costs {incumbent} {dollars(loss['mean'])} "
            f"on average against a partner that lives {reach}."
        )
    return (
        f"A failure of {start_up} before production spares {incumbent} {dollars(-loss['mean'])} on "
        f"average against a partner that lives (cost of the failure, 5% to 95%: "
        f"{dollars(loss['p5'])} to {dollars(loss['p95'])}): the program itself loses it money."
    )


def survives(view: View, headline: dict[str, Any]) -> str:
    """Does the start-up live to start of production?"""
    found, name = headline["survival"], view.partners[START_UP]
    with_it = found["fails_before_production_with"]["mean"]
    without = found["fails_before_production_without"]["mean"]
    answer = (
        f"{name} lives to its first truck with probability {percent(1 - with_it)} with the deal "
        f"and {percent(1 - without)} without it."
    )
    means = {
        field: view.of(field).mean(axis=0) if view.of(field).size else np.zeros(len(view.quarters))
        for field in ("default_with", "default_without")
    }
    gap = means["default_without"] - means["default_with"]
    widest = int(np.argmax(gap))
    if gap[widest] >= 0.05:
        answer += (
            f" The check buys most time by the end of {date(view.quarters[widest])}: "
            f"{percent(means['default_with'][widest])} have failed by then with it, "
            f"{percent(means['default_without'][widest])} without."
        )
    rows = [
        [f"end of {year:.0f}", percent(means["default_with"][place]),
         percent(means["default_without"][place])]
        for year in range(int(view.quarters[0]), min(int(view.quarters[-1]), 2031) + 1)
        for place in [int(np.argmin(np.abs(view.quarters + 0.25 - (year + 1))))]
    ]  # fmt: skip
    runway = (
        f"On plan, without new money, cash lasts {number(found['runway_quarters_without']['p50'])} "
        f"quarters without the deal and {number(found['runway_quarters_with']['p50'])} with it "
        "(medians over draws, counted from January of the first year; the calendar's length means "
        "that it never runs out)."
    )
    return section(
        "survival",
        f"Does {name} live to start of production?",
        answer,
        figure(deal_figures.survival(view), "survival"),
        table(
            ("by", "failed, with the deal", "failed, without"), rows, numbers=(1, 2),
            caption="Mean probability of having failed",
        ),
        figure(deal_figures.planned_cash(view), "planned-cash"),
        paragraph(runway),
    )  # fmt: skip
