"""Sections of the report on what to choose: terms and plant."""

from typing import Any

from framerail.report import deal_figures
from framerail.report.facts import paired, searched
from framerail.report.page import figure, paragraph, section, table
from framerail.report.spread import share, spread
from framerail.report.study_tables import site_figures
from framerail.report.view import INCUMBENT, START_UP, View, usable
from framerail.report.words import at_path, dollars, listed, millions, percent, title
from framerail.scenario_file import leaf_schema


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
    answer = _lead(view, lead)
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
        rows.append(
            [
                _NAMES[figure_name].format(
                    start_up=view.partners[START_UP], incumbent=view.partners[INCUMBENT]
                )
                + (", $ million" if unit == "dollar" else ""),
                *cells,
            ]
        )
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


_NAMES = {
    "incumbent_gain": "{incumbent}'s gain",
    "start_up_gain": "{start_up}'s gain",
    "incumbent_program_npv": "{incumbent}'s program, present value",
    "incumbent_peak_funding": "{incumbent}'s peak funding",
    "plant_utilization": "Utilization of the whole plant",
}


def _lead(view: View, lead: dict[str, Any]) -> str:
    """Which plant is better, by how much and how surely."""
    found = lead["incumbent_gain"]
    first, second = lead["site"].title(), lead["over"].title()
    if found["mean"] == 0 and found["p5"] == found["p95"]:
        return f"{first} and {second} come out the same in every draw."
    told = (
        f"{first} leaves {view.partners[INCUMBENT]} better off than {second} in "
        f"{percent(found['share_positive'])} of paired draws, by {dollars(found['mean'])} on "
        f"average (5% to 95%: {dollars(found['p5'])} to {dollars(found['p95'])})."
    )
    if not lead["even"]:
        return told
    error = dollars(lead["standard_error"])
    return f"{told} With a standard error of {error} the two come out even."


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
        "electricity_price",
        "gas_price",
        "inbound_distance",
        "pack_distance",
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
