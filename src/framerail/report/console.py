"""What a run says on the terminal: the decision, then a small table per question; 80 columns."""

from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from framerail.report.console_table import console_table, spaced
from framerail.report.summary import summary
from framerail.report.view import View, view
from framerail.report.words import at_path, dollars, millions, percent, title, whole
from framerail.studies import Study


def console_summary(study: Study) -> Group:
    """The decision in three sentences, then the figures behind it, readable at 80 columns."""
    of = view(study)
    found = summary(of)
    parts: list[Any] = [Text(of.scenario.about.title, style="bold"), Text("")]
    parts += [Padding(Text(text), (0, 0, 1, 0)) for text in found["decision"]["sentences"]]
    parts += [_gains(found), _survival(found)]
    parts += [_terms(found, of)] if found["zone"] else []
    parts += [_sites(found)] if found["sites"]["lead"] else []
    parts += [_trucks(found), _cash(found), _drivers(found), _notes(found)]
    return Group(*parts)


def _gains(found: dict[str, Any]) -> Table:
    made = console_table(
        "Who gains, $ million", "", "mean", "5%", "50%", "95%", "worst 5%", "gains in"
    )
    rows = [(one["name"], one["gain"]) for one in
            (found["partners"]["incumbent"], found["partners"]["start_up"])]  # fmt: skip
    rows += [("both together", found["joint_gain"]), *found["third_parties"].items()]
    rows.append(("everyone", found["everyone"]))
    for name, band in rows:
        cells = (millions(band[key]) for key in ("mean", "p5", "p50", "p95", "cvar_5"))
        made.add_row(name, *cells, percent(band["share_positive"]))
    return spaced(made)


def _survival(found: dict[str, Any]) -> Table:
    lives, name = found["survival"], found["partners"]["start_up"]["name"]
    made = console_table(f"{name} fails before the first truck", "", "mean", "10%", "90%")
    for text, key in (("with the deal", "with"), ("without it", "without")):
        band = lives[f"fails_before_production_{key}"]
        made.add_row(text, *(percent(band[k]) for k in ("mean", "p10", "p90")))
    return spaced(made)


def _terms(found: dict[str, Any], of: View) -> Table:
    zone = found["zone"]
    start_up, incumbent = of.partners
    heading = (
        f"Terms (both gain on {percent(zone['agreeable_share'])} of the pairs searched)"
        if zone["exists"]
        else "Terms (no pair searched leaves both better off)"
    )
    made = console_table(heading, "", "upfront", "a truck", f"{incumbent}, $M", f"{start_up}, $M")
    names = {"nash": "even split" if zone["exists"] else "least bad"}
    if zone["exists"]:
        names |= {
            "incumbent_best": f"best for {incumbent}",
            "start_up_best": f"best for {start_up}",
        }
    for key, text in names.items():
        point = zone[key]
        made.add_row(
            text,
            dollars(point["upfront"]),
            dollars(point["royalty"]),
            millions(point["incumbent_gain"]),
            millions(point["start_up_gain"]),
        )
    return spaced(made)


def _sites(found: dict[str, Any]) -> Table:
    incumbent = found["partners"]["incumbent"]["name"]
    made = console_table(
        f"Plant: {incumbent}'s gain, $ million", "", "mean", "10%", "90%", "gains in"
    )
    for name, band in found["sites"]["incumbent_gain"].items():
        cells = (millions(band[key]) for key in ("mean", "p10", "p90"))
        made.add_row(name.title(), *cells, percent(band["share_positive"]))
    lead = found["sites"]["lead"]
    band = lead["incumbent_gain"]
    made.add_row(
        f"{lead['site'].title()} less {lead['over'].title()}",
        *(millions(band[key]) for key in ("mean", "p10", "p90")),
        f"ahead {percent(band['share_positive'])}",
    )
    return spaced(made)


def _trucks(found: dict[str, Any]) -> Table:
    made = console_table(
        f"Trucks (medians of draws; dollars of {found['scenario']['as_of'][:4]})",
        "",
        "mi",
        "0-60 s",
        "price",
        "unit cost",
        "best year",
    )
    for name, one in found["trucks"].items():
        made.add_row(
            name,
            f"{one['range']['p50']:.0f}",
            f"{one['zero_to_sixty']['p50']:.1f}",
            dollars(round(one["real_price"]["p50"], -2)),
            dollars(round(one["real_unit_cost"]["p50"], -2)),
            whole(one["best_year_output"]["p50"]),
        )
    return spaced(made)


def _cash(found: dict[str, Any]) -> Table:
    made = console_table(
        "Program before payments between partners, $ million", "", "NPV mean", "10%", "90%",
        "peak funding", "rate of return",
    )  # fmt: skip
    for role in ("incumbent", "start_up"):
        one = found["partners"][role]
        rate = one["program_irr"]
        made.add_row(
            one["name"],
            *(millions(one["program_npv"][key]) for key in ("mean", "p10", "p90")),
            millions(one["peak_funding"]["p50"]),
            "none" if rate is None else percent(rate["p50"]),
        )
    return spaced(made)


def _drivers(found: dict[str, Any]) -> Table:
    incumbent = found["partners"]["incumbent"]["name"]
    made = console_table(
        f"What moves {incumbent}'s gain, $ million", "input", "from", "to", "gain moves"
    )
    for one in found["drivers"][:8]:
        low, high = (
            at_path(one["path"], one[key], one["unit"]).replace(" million", "M")
            for key in ("low", "high")
        )
        moves = (f"{millions(one[f'incumbent_gain_at_{key}'])}" for key in ("low", "high"))
        made.add_row(one["label"], low, high, " / ".join(moves))
    return spaced(made)


def _notes(found: dict[str, Any]) -> Text:
    draws = found["draws"]
    lines = [f"{draws['usable']:,} of {draws['run']:,} draws usable, seed {draws['seed']}."]
    bad = [name for name, one in found["audits"].items() if one["worst"] > one["limit"]]
    lines.append(
        "Books balance in every usable draw."
        if not bad
        else f"Audits beyond rounding: {', '.join(title(name) for name in bad)}; see the report."
    )
    return Text("\n".join(lines), style="dim")
