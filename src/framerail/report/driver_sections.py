"""Sections of the report on what moves the decision: drivers, break-even, the draws that gain."""

from typing import Any

import numpy as np

from framerail.report import money_figures
from framerail.report.page import figure, folded, paragraph, safe, section, table, two_lines
from framerail.report.view import INCUMBENT, View
from framerail.report.words import at_path, dollars, label, listed, meaning, number, percent
from framerail.studies import BreakEven

TORNADO_ROWS = 20
"""Drivers in the table beside the tornado."""
WINNER_ROWS = 10
"""Inputs shown of the draws that gain."""
FEWEST = 5
"""Draws on each side below which nothing is said of what they have in common."""
TELLING = 3.5
"""Standard errors that an input's mean rank must lie from the middle: one false alarm in 2,000."""


def drivers(view: View, headline: dict[str, Any]) -> str:
    """What moves the decision, from exact derivatives of the whole chain."""
    start_up, incumbent = view.partners
    top = headline["drivers"][:3]
    answer = (
        f"{incumbent}'s gain moves most with {listed([_quoted(item['label']) for item in top])}."
        if top
        else "No input is uncertain."
    )
    columns = (
        ("incumbent_gain", f"{incumbent}'s gain, $ million", 1e6),
        ("start_up_gain", f"{start_up}'s gain, $ million", 1e6),
        ("default_before_production", f"{start_up} fails first, points", 0.01),
    )
    rows = []
    for driver in money_figures.ranked(view, "incumbent_gain")[:TORNADO_ROWS]:
        cells = [
            f"{_signed(low / scale)} / {_signed(high / scale)}"
            for target, _, scale in columns
            for low, high in [driver.swing(target)]
        ]
        rows.append([
            two_lines(label(driver.path, view.names), meaning(driver.path)),
            *(at_path(driver.path, value, driver.unit)
              for value in (driver.low, driver.middle, driver.high)),
            *cells,
        ])  # fmt: skip
    return section(
        "drivers",
        "What moves the decision?",
        answer,
        figure(
            money_figures.tornado(
                view, "incumbent_gain", f"What moves {incumbent}'s gain?",
                "first-order change of the gain, $ million", 1e6,
            ),
            "drivers-incumbent",
        ),
        figure(
            money_figures.tornado(
                view, "default_before_production",
                f"What moves the chance that {start_up} fails before its first truck?",
                "first-order change, percentage points", 0.01,
            ),
            "drivers-default",
        ),
        folded(
            f"The {len(rows)} largest drivers with their input values",
            table(
                ("input", "10%", "median", "90%", *(text for _, text, _ in columns)), rows,
                numbers=range(1, 7), raw=(0,),
                caption="Change when the input goes to its 10th / 90th percentile",
            ),
        ),
        paragraph(
            "Changes are derivatives at the medians times the input's distance to its 10th and "
            "90th percentile: exact slopes of the whole chain, one input at a time, without the "
            "curvature that the distributions above include.",
            "note",
        ),
    )  # fmt: skip


def _quoted(text: str) -> str:
    return f"“{text}”"


def _signed(value: float) -> str:
    text = number(value, 2)
    return f"+{text}" if value > 0 else text


def break_even(view: View, headline: dict[str, Any]) -> str:
    """What would have to be true for the incumbent to break even."""
    entries = view.study.break_evens
    incumbent = view.partners[INCUMBENT]
    reached = [entry for entry in entries if entry.value is not None]
    gain = float(view.study.headline.gain[view.party("incumbent")])
    verb = "gains" if gain > 0 else "loses"
    state = f"With every input at its median {incumbent} {verb} {dollars(abs(gain))}."
    if not reached:
        answer = (
            f"{state} None of the {len(entries)} largest drivers alone, anywhere in its range, "
            f"changes the sign."
        )
    else:
        best = max(reached, key=lambda entry: entry.probability)
        answer = (
            f"{state} {len(reached)} of the {len(entries)} largest drivers can turn the sign "
            f"alone; the likeliest is {_quoted(label(best.path, view.names))}, which would have "
            f"to be {_crossing(best)} (chance {percent(best.probability)})."
        )
    rows = [
        [
            two_lines(label(entry.path, view.names), meaning(entry.path)),
            at_path(entry.path, entry.median, entry.unit),
            "no value in its range" if entry.value is None else _crossing(entry),
            "" if entry.value is None else percent(entry.probability),
            _strip(entry),
        ]
        for entry in entries
    ]
    return section(
        "break-even",
        "What would have to be true to break even?",
        answer,
        table(
            ("input", "median", f"{incumbent} breaks even at", "chance to gain",
             "range tried (bar), median (line), break-even (dot)"),
            rows, numbers=(1, 2, 3), raw=(0, 4), kind="described",
            caption="One input at a time, all else at medians",
        ),
        _winners(view),
    )  # fmt: skip


def _crossing(entry: BreakEven) -> str:
    return "" if entry.value is None else at_path(entry.path, entry.value, entry.unit)


def _strip(entry: BreakEven) -> str:
    """Median and break-even within the range tried, drawn."""
    width = max(entry.high - entry.low, 1e-300)

    def place(value: float) -> str:
        return f"{min(max((value - entry.low) / width, 0.0), 1.0) * 100:.1f}%"

    dot = "" if entry.value is None else f'<u style="left:{place(entry.value)}"></u>'
    ends = (at_path(entry.path, value, entry.unit) for value in (entry.low, entry.high))
    drawn = f'<div class="strip"><i></i><s style="left:{place(entry.median)}"></s>{dot}</div>'
    return f"{drawn}<small>{safe(' to '.join(ends))}</small>"


def _winners(view: View) -> str:
    """Inputs that tell the draws in which the incumbent gains from the others."""
    incumbent, gain = view.partners[INCUMBENT], view.gain("incumbent")
    wins = gain > 0
    few = min(int(wins.sum()), int((~wins).sum()))
    head = f"<h3>What the draws in which {incumbent} gains have in common</h3>"
    if few < FEWEST:
        return head + paragraph(
            f"{int(wins.sum()):,} of {wins.size:,} draws: too few on one side to tell."
        )
    inputs = view.study.draws.inputs[view.study.draws.valid]
    rank = (np.argsort(np.argsort(inputs, axis=0), axis=0) + 0.5) / inputs.shape[0]
    # The mean of n ranks of an input that does not matter has a standard error of 1 / sqrt(12 n).
    apart = (rank[wins].mean(axis=0) - 0.5) * np.sqrt(12.0 * wins.sum())
    leaves = view.scenario.uncertainty
    places = [p for p in np.argsort(-np.abs(apart)).tolist() if p < len(leaves)]
    telling = [p for p in places if abs(apart[p]) > TELLING][:WINNER_ROWS]
    if not telling:
        return head + paragraph("No single input stands out: gains come from combinations.")
    rows = [
        [
            two_lines(label(leaves[p].path, view.names), meaning(leaves[p].path)),
            *(
                at_path(leaves[p].path, float(np.median(inputs[marks, p])), leaves[p].unit)
                for marks in (wins, ~wins)
            ),
            percent(float(rank[wins, p].mean())),
        ]
        for p in telling
    ]
    return head + table(
        ("input", "median where it gains", "median where it does not",
         "mean percentile where it gains"),
        rows, numbers=(1, 2, 3), raw=(0,), kind="described",
        caption=f"Inputs that differ most between the {percent(float(wins.mean()))} of draws with "
        "a gain and the others (50% would be no difference)",
    )  # fmt: skip
