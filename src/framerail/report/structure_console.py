"""What `framerail structures` says on the terminal: the answers, then a table each; 80 columns."""

from typing import Any

import numpy as np
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from framerail.report.console_table import console_table, spaced
from framerail.report.facts import paired
from framerail.report.spread import share, spread
from framerail.report.structure_answers import answer_tables, lever_verdict
from framerail.report.structure_outside import outside_console, outside_verdict, schedule_verdict
from framerail.report.structure_tables import figure_values, mean_if_fails, ranked_share
from framerail.report.words import dollars, millions, percent, title
from framerail.studies import Structures

UNSETTLED = (
    "Public facts do not settle: what the $400 million was to buy, the stake, the fee per truck, "
    "the builder's price, who pays for engineering, exclusivity and break fee, what would remain "
    "of a license in insolvency, what either side could do instead, and why the talks ended. "
    "These are assumed with ranges; the sign of a gain inside them is a result of the assumptions."
)
"""Said with every answer about the reference case."""


def structures_summary(found: Structures) -> Group:
    """Verdict and tables."""
    parts: list[Any] = [Text(found.scenario.about.title, style="bold"), Text("")]
    parts += [Padding(Text(text), (0, 0, 1, 0)) for text in verdict(found)]
    parts += [_gains(found), _money(found), _leaks(found), _failure(found), _losses(found)]
    parts += outside_console(found)
    parts += [_waiting(found), _stopping(found), _sites(found), *answer_tables(found)]
    note = f"{int(found.usable.sum()):,} of {found.usable.size:,} draws usable, seed {found.seed}."
    return Group(*parts, Text(f"{UNSETTLED}\n{note}", style="dim"))


def verdict(found: Structures) -> list[str]:
    """Which structure makes most, which one to accept, what waiting was worth."""
    incumbent = found.scenario.deal.partners.incumbent.name
    joint, mine, signed = found.best_joint, found.best_for_incumbent, found.accept
    sums = {name: found.joint(name) for name in found.names}
    gains = {name: found.gain(name) for name in found.names}
    best = float(sums[joint].mean())
    lead = "Joint value is largest" if best > 0.0 else "No structure makes value: least is lost"
    first = (
        f"{lead} with '{joint}': {dollars(best)} for both partners on average, the best structure "
        f"in {percent(ranked_share(found, sums, joint))} of draws."
    )
    told = f"{dollars(float(gains[mine].mean()))} on average"
    chance = f"a gain in {percent(share(gains[mine] > 0))} of draws"
    beside = outside_verdict(found)
    second = (
        f"{incumbent} should walk away{beside}: its best structure, '{mine}', brings {told} "
        f"({chance})."
        if signed is None
        else f"{incumbent} should accept '{signed}': {told} ({chance}){beside}."
    )
    wait = found.waiting[mine]
    against = (
        dollars(wait.option)
        if wait.option > wait.error
        else "nothing that these draws can tell from zero"
    )
    third = (
        f"Waiting three weeks with the option to leave is worth {dollars(wait.worth)} to "
        f"{incumbent} against signing '{mine}' now (standard error {dollars(wait.error)}) and "
        f"{against} against the better of signing and leaving at once, if those weeks show how "
        "near to failing the start-up is."
    )
    return [first, second, *schedule_verdict(found), *lever_verdict(found), third, _check(found)]


def _check(found: Structures) -> str:
    """Where the largest check goes."""
    values = {name: figure_values(found.of(name)) for name in found.names}
    name = max(values, key=lambda each: values[each]["paid"].mean())
    mean = {key: float(value.mean()) for key, value in values[name].items()}
    owed = mean["gain: creditors"] + mean["gain: suppliers"]
    return (
        f"Of {dollars(mean['promised'])} promised under '{name}', {dollars(mean['paid'])} would be "
        f"paid on average: {dollars(mean['bought_trucks'])} where the program goes on to build "
        f"trucks, {dollars(mean['lost_in_failure'])} to a start-up that fails before its first; "
        f"creditors and suppliers are {dollars(owed)} better off."
    )


def _gains(found: Structures) -> Table:
    partners = found.scenario.deal.partners
    made = console_table(
        "Gain over no deal, $ million", "", "mean", "10%", "90%", "gains in", "best in"
    )
    for text, party in ((partners.incumbent.name, 0), (partners.start_up.name, 1), ("both", None)):
        values = {n: found.joint(n) if party is None else found.gain(n, party) for n in found.names}
        for name in found.names:
            band = spread(values[name])
            cells = (millions(x) for x in (band.mean, band.p10, band.p90))
            best = percent(ranked_share(found, values, name))
            made.add_row(f"{text}: {name}", *cells, percent(band.positive), best)
    return spaced(made)


def _money(found: Structures) -> Table:
    made = console_table(
        "The check, $ million, undiscounted means", "", "promised", "paid", "bought trucks",
        "lost in failure", "of paid",
    )  # fmt: skip
    for name in found.names:
        values = figure_values(found.of(name))
        promised, paid, lost = (
            float(values[key].mean()) for key in ("promised", "paid", "lost_in_failure")
        )
        part = percent(lost / paid) if paid > 0 else ""
        made.add_row(name, *(millions(x) for x in (promised, paid, paid - lost, lost)), part)
    return spaced(made)


def _leaks(found: Structures) -> Table:
    parties = ("creditors", "suppliers", "investors", "government")
    made = console_table("Others' mean gain by the deal, $ million of present value", "", *parties)
    for name in found.names:
        values = figure_values(found.of(name))
        made.add_row(name, *(millions(float(values[f"gain: {one}"].mean())) for one in parties))
    return spaced(made)


def _failure(found: Structures) -> Table:
    start_up = found.scenario.deal.partners.start_up.name
    made = console_table(
        f"{start_up} has failed before the first truck, by the end of", "", "no deal", *found.names
    )
    first = found.of(found.names[0])
    columns = [first.fails_without, *(found.of(name).fails_with for name in found.names)]
    means = np.stack([np.asarray(each).mean(axis=0) for each in columns], axis=1)
    settled = int(np.argmax(np.all(means > means[-1] - 0.005, axis=1)))
    for place, start in enumerate(np.asarray(found.scenario.start_of_quarter)[: settled + 1]):
        quarter = f"{int(start)} Q{round(4 * (start % 1)) + 1}"
        made.add_row(quarter, *(f"{100 * value:.1f}%" for value in means[place]))
    made.add_row("ever", *(f"{100 * value:.1f}%" for value in means[-1]))
    return spaced(made)


def _losses(found: Structures) -> Table:
    incumbent = found.scenario.deal.partners.incumbent.name
    made = console_table(
        f"If it fails after signing, before the first truck: {incumbent}'s loss, $ million",
        "", "chance", "against walking away", "10%", "90%", "against a partner that lives",
    )  # fmt: skip
    for name in found.names:
        one = found.of(name)
        chance = float(np.asarray(one.fails_after_signing).mean())
        band = spread(-np.asarray(one.gain_if_fails))
        lives = float(np.asarray(one.headline.loss_if_default).mean())
        cells = (millions(x) for x in (-mean_if_fails(one), band.p10, band.p90, lives))
        made.add_row(name, percent(chance), *cells)
    return spaced(made)


def _waiting(found: Structures) -> Table:
    incumbent = found.scenario.deal.partners.incumbent.name
    made = console_table(
        f"Three weeks: {incumbent}'s expected gain, $ million", "", "sign now", "choose later, "
        "blind", "knowing the books", "knowing all", "waiting adds", "leaves",
    )  # fmt: skip
    for name, one in found.waiting.items():
        amounts = (one.now, one.blind, one.books, one.oracle, one.worth)
        made.add_row(name, *(millions(value) for value in amounts), percent(one.leaves))
    return spaced(made)


def _stopping(found: Structures) -> Table:
    made = console_table(
        "Freedom to stop in a later year, $ million", "", "may stop", "exit cost", "committed",
        "free", "worth", "error",
    )  # fmt: skip
    for name, cases in found.stopping.items():
        for one in cases:
            amounts = (one.exit_cost, one.committed, one.free, one.worth, one.error)
            when = "after failure" if one.after_failure else "any year"
            made.add_row(name, when, *(millions(x) for x in amounts))
    return spaced(made)


def _sites(found: Structures) -> Table:
    incumbent = found.scenario.deal.partners.incumbent.name
    made = console_table(
        f"Plant, the scenario's own terms: {incumbent}'s gain, $ million", "", "mean", "10%",
        "90%", "ahead in",
    )  # fmt: skip
    names = sorted(found.sites)
    for name in names:
        band = spread(np.asarray(found.sites[name].outputs.gain)[found.sites[name].valid, 0])
        made.add_row(title(name), *(millions(x) for x in (band.mean, band.p10, band.p90)), "")
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            ahead = paired(found.sites[first], found.sites[second], "gain", 0)
            band = spread(ahead)
            cells = (millions(x) for x in (band.mean, band.p10, band.p90))
            made.add_row(f"{title(first)} less {title(second)}", *cells, percent(band.positive))
    return spaced(made)
