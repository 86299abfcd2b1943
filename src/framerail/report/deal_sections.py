"""Sections of the report on the deal: decision, gains, survival, terms, plants."""

from typing import Any

import numpy as np

from framerail.report import deal_figures
from framerail.report.facts import paired, searched
from framerail.report.page import figure, paragraph, section, table, tiles
from framerail.report.spread import share, spread
from framerail.report.study_tables import site_figures
from framerail.report.view import INCUMBENT, START_UP, View, usable
from framerail.report.words import at_path, dollars, listed, millions, number, percent, title
from framerail.scenario_file import leaf_schema

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
    loss = paid["loss_if_start_up_fails"]
    rows = [
        [title(clause), millions(amount)]
        for clause, amount in paid["by_clause_at_medians"].items()
        if abs(amount) >= 0.5
    ]
    return (
        "<h3>Where does the money go?</h3>"
        + paragraph(text)
        + paragraph(
            f"If {start_up} fails before production, {incumbent} is worse off than with a partner "
            f"that lives by {dollars(loss['mean'])} on average (5% to 95%: {dollars(loss['p5'])} "
            f"to {dollars(loss['p95'])})."
        )
        + table(
            ("clause", "expected total"), rows, numbers=(1,),
            caption=f"Expected payments from {incumbent} to {start_up}, $ million, undiscounted, "
            "at the medians (negative: the other way)",
        )
    )  # fmt: skip


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


def agreed(view: View, headline: dict[str, Any]) -> str:
    """The zone of agreement and the recommended structure."""
    found, zone = headline["zone"], view.study.zone
    question = "Is there a zone of agreement, and which structure splits it?"
    if found is None or zone is None:
        return section(
            "zone", question,
            "The term sheet lacks an upfront payment or a royalty, so no zone was searched.",
        )  # fmt: skip
    start_up, incumbent = view.partners
    names = {
        "nash": "even split (Nash)" if found["exists"] else "least bad for the worse-off side",
        "kalai_smorodinsky": "equal share of each side's best (Kalai-Smorodinsky)",
        "incumbent_best": f"best for {incumbent} that {start_up} accepts",
        "start_up_best": f"best for {start_up} that {incumbent} accepts",
    }
    rows = [
        [text, dollars(found[key]["upfront"]), dollars(found[key]["royalty"]),
         millions(found[key]["incumbent_gain"]), millions(found[key]["start_up_gain"])]
        for key, text in names.items()
        if found["exists"] or key == "nash"
    ]  # fmt: skip
    terms = searched(zone)
    if found["exists"]:
        best = found["nash"]
        answer = (
            f"Yes, on {percent(found['agreeable_share'])} of the pairs searched ({terms}): "
            f"the even split pays {dollars(best['upfront'])} upfront and "
            f"{dollars(best['royalty'])} a truck."
        )
    else:
        answer = f"No: nowhere in {terms} are both partners better off at the medians."
    return section(
        "zone",
        question,
        answer,
        figure(deal_figures.zone(view), "zone"),
        table(
            ("terms", "upfront", "royalty a truck", f"{incumbent}, $ million",
             f"{start_up}, $ million"),
            rows, numbers=range(1, 5), caption="Candidates for a term sheet",
        ),
        _structure(view, headline),
        paragraph(
            "Gains are evaluated through the whole chain with every other input at its median, so "
            "a pair of terms changes the start-up's chance to live as well as who gets what. "
            "Points lie on the grid searched.",
            "note",
        ),
    )  # fmt: skip


def _structure(view: View, headline: dict[str, Any]) -> str:
    """The other clauses of the term sheet, which the search holds at their medians."""
    terms = view.scenario.deal.terms
    found = headline["zone"]
    rows = []
    if found["exists"]:
        rows.append(["Upfront payment", dollars(found["nash"]["upfront"]), "from the search above"])
        rows.append(["Royalty a truck", dollars(found["nash"]["royalty"]), "from the search above"])
    held = [
        *((f"milestones.{key}.amount", f"Milestone: {key.replace('-', ' ')}")
          for key in sorted(terms.milestones or {})),
        ("equity.amount", "Equity purchase"),
        ("build_fee.markup", "Build fee: markup on cost"),
        ("cost_sharing.engineering_by_incumbent", "Platform engineering borne by the incumbent"),
        ("cost_sharing.investment_by_start_up", "Plant and tooling borne by the start-up"),
        ("step_in.fee", "Step-in fee to the estate"),
    ]  # fmt: skip
    for path, text in held:
        node: Any = terms
        for part in path.split("."):
            node = None if node is None else (
                node.get(part) if isinstance(node, dict) else getattr(node, part)
            )  # fmt: skip
        if node is not None:
            full = f"deal.terms.{path}"
            unit = "dollar" if path.endswith(("amount", "fee")) else "dimensionless"
            shown = at_path(full, float(node), unit)
            if not leaf_schema(full) and unit == "dimensionless":
                shown = percent(float(node))
            rows.append([text, shown, "held as in the scenario"])
    caption = "Recommended structure" if found["exists"] else "Clauses held in the search"
    return table(("clause", "value", "where from"), rows, numbers=(1,), caption=caption)


def compared(view: View, headline: dict[str, Any]) -> str:
    """The plants, on the same draws."""
    sites = view.study.sites
    names, place = sorted(sites), view.party("incumbent")
    question = f"{listed([n.title() for n in names])}: which plant?" if len(names) != 2 else (
        f"{names[0].title()} or {names[1].title()}?"
    )  # fmt: skip
    lead = headline["sites"]["lead"]
    if lead is None:
        return section("sites", question, "The scenario has one plant, so there is no comparison.")
    found = lead["incumbent_gain"]
    answer = (
        f"{lead['site'].title()} leaves {view.partners[INCUMBENT]} better off than "
        f"{lead['over'].title()} in {percent(found['share_positive'])} of paired draws, by "
        f"{dollars(found['mean'])} on average (5% to 95%: {dollars(found['p5'])} to "
        f"{dollars(found['p95'])})."
    )
    rows = []
    for figure_name, (unit, field, axis) in site_figures(view).items():
        cells = []
        for name in names:
            values = usable(sites[name], field)
            seen = spread(values if axis is None else values[:, axis])
            cells.append(
                f"{millions(seen.mean)} ({millions(seen.p10)} to {millions(seen.p90)})"
                if unit == "dollar"
                else f"{percent(seen.mean)} ({percent(seen.p10)} to {percent(seen.p90)})"
            )
        rows.append([title(figure_name) + (", $ million" if unit == "dollar" else ""), *cells])
    draws = paired(sites[names[0]], sites[names[-1]], "gain", place).size
    return section(
        "sites",
        question,
        answer,
        figure(deal_figures.sites(view), "sites"),
        table(
            ("figure", *(name.title() for name in names)), rows,
            numbers=range(1, len(names) + 1), caption="Mean (10th to 90th percentile)",
        ),
        _plants(view, names),
        paragraph(
            f"Both plants are evaluated on the same {draws:,} draws of everything that is not the "
            f"plant's own; {view.partners[INCUMBENT]} gains in "
            f"{listed([_chance(view, name, place) for name in names])} of them.",
            "note",
        ),
    )  # fmt: skip


def _chance(view: View, name: str, place: int) -> str:
    values = usable(view.study.sites[name], "gain")[:, place]
    return f"{percent(share(values > 0))} ({name.title()})"


def _plants(view: View, names: list[str]) -> str:
    """What tells the plants apart, from the scenario."""
    keys = (
        "installed_capacity",
        "plant_capacity",
        "other_output",
        "share_available",
        "conversion_per_annual_truck",
        "conversion_fixed",
        "lost_output",
        "launch_cost",
        "labor_hours",
        "wage",
        "inbound_logistics",
        "program_fixed_cost",
        "incentive_fraction",
    )
    plants = view.scenario.plant.sites
    rows = [
        [title(key), *(at_path(f"plant.sites.{name}.{key}", float(getattr(plants[name], key)))
                       for name in names)]
        for key in keys
        if hasattr(plants[names[0]], key)
    ]  # fmt: skip
    return table(
        ("plant input (median)", *(name.title() for name in names)), rows,
        numbers=range(1, len(names) + 1), caption="What tells the plants apart",
    )  # fmt: skip
