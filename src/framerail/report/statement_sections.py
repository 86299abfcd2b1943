"""Section of the report on the partners' books: worth, waterfall, the three statements by year."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from framerail.program import CONTRIBUTION, Books
from framerail.report.page import figure, folded, paragraph, section, table
from framerail.report.statement_tables import (
    MEASURES,
    STATEMENT_TITLES,
    STATEMENTS,
    full_cost_rows,
    lines,
    measure,
)
from framerail.report.style import GAIN, INK, LOSS, PARTNER_COLORS, finish, finite
from framerail.report.view import INCUMBENT, START_UP, View
from framerail.report.words import dollars, millions, number, percent, title, whole

ORDER = (INCUMBENT, START_UP)
MILLION = 1e6
CONTRIBUTION_WORDS = "Contribution"
_WORDS = {
    "npv": "net present value, $ million",
    "npv_real": "the same in prices of the valuation date, $ million",
    "irr": "internal rate of return (IRR)",
    "mirr": "modified rate of return (MIRR)",
    "profitability": "net present value per dollar of peak funding",
    "payback": "payback, years",
    "discounted_payback": "discounted payback, years",
    "peak_funding": "peak funding, $ million",
    "break_even_volume": "break-even volume, multiple of the plan",
    "break_even_price": "break-even price, multiple of the plan",
}
_ITEMS = {
    "price": "Price after the dealer's margin",
    "variable": "Variable cost after the production credit",
    "contribution": "Contribution",
    "fixed_cost": "Fixed cost of the line per truck",
    "selling": "Selling and administration per truck",
    "full": "Full cost",
    "margin": "Margin on full cost",
}
_TOTALS_OF_TRUCKS = {"contribution", "full", "margin"}
_TOTALS = {
    "gross_profit", "operating_income", "net_income", "operating", "free_cash_flow", "assets",
    "liabilities", "equity",
}  # fmt: skip


def statements(view: View) -> str:
    """What each partner's share is worth, where it comes from, and its three statements."""
    kept = [view.books[place] for place in ORDER]
    gap = max(
        float(residual)
        for one in kept
        for residual in (one.statements.balance_residual, one.statements.cash_residual)
    )
    parts = [
        f"{view.partners[place]}'s share is worth {dollars(float(one.appraisal.npv))}"
        for place, one in zip(ORDER, kept, strict=True)
    ]
    answer = (
        f"{' and '.join(parts)} with every input at its median and before payments between "
        f"them; the statements tie out to {'less than a cent' if gap < 0.01 else dollars(gap)}."
    )
    folds = [
        folded(
            f"{view.partners[place]}: {STATEMENT_TITLES[name]} by year",
            _by_year(view, place, name),
        )
        for place in ORDER
        for name in STATEMENTS
    ]
    return section(
        "statements",
        "What do the partners' books say?",
        answer,
        _worth(view),
        figure(waterfall(view), "waterfall"),
        _per_truck(view),
        _full_cost(view),
        *folds,
        paragraph(
            "Each share is kept like a division: it holds no cash, its parent funds every "
            "shortfall and takes every surplus, and it bears no interest. By quarter: "
            "tables/statements.csv, tables/appraisal.csv and tables/waterfall.csv.",
            "note",
        ),
    )


def _shown(view: View, place: int, name: str) -> str:
    value = measure(view, place, name)
    if value is None:
        return "none"
    if name == "payback" and int(view.cash[place].outcome) & 4:
        return "none"
    if MEASURES[name] == "dollar":
        return millions(value)
    return percent(value) if MEASURES[name] == "1/year" else number(value, 3)


def _worth(view: View) -> str:
    rows = [[_WORDS[name], *(_shown(view, place, name) for place in ORDER)] for name in MEASURES]
    for place in ORDER:
        home = view.books[place].home
        if home is None:
            continue
        currency = view.scenario.program.finance[view.partners[place].lower()].reports_in
        for words, value in (
            (f"net present value at home, billion {currency}", home.npv),
            (f"the same with every dollar sold forward, billion {currency}", home.npv_hedged),
        ):
            cells = [number(float(value) / 1e9, 3) if at == place else "" for at in ORDER]
            rows.append([words, *cells])
    return table(
        ("measure", *(view.partners[place] for place in ORDER)), rows, numbers=(1, 2),
        caption="What each share is worth, at the medians, before payments between the partners",
    )  # fmt: skip


def _steps(kept: Books) -> tuple[list[str], list[float], list[str]]:
    """Names, amounts in $ million and kinds of the bars; the contribution is a bar of its own."""
    steps = kept.appraisal.waterfall
    amounts = np.asarray(steps.amount, float) / MILLION
    bars = [
        (title(name), float(amount), "relative")
        for name, amount in zip(steps.names, amounts, strict=True)
    ]
    some = [k for k, (_, amount, _) in enumerate(bars) if abs(amount) >= 0.05]
    before = [bars[k] for k in some if k < CONTRIBUTION]
    after = [bars[k] for k in some if k >= CONTRIBUTION]
    total = [(CONTRIBUTION_WORDS, 0.0, "total"), *after, ("Net present value", 0.0, "total")]
    names, values, kinds = zip(*before, *total, strict=True)
    return list(names), list(values), list(kinds)


def waterfall(view: View) -> go.Figure:
    """From revenue to net present value, each partner's share."""
    drawn = make_subplots(
        rows=1, cols=2, subplot_titles=[view.partners[place] for place in ORDER],
        horizontal_spacing=0.16,
    )  # fmt: skip
    for column, place in enumerate(ORDER, start=1):
        names, amounts, kinds = _steps(view.books[place])
        drawn.add_trace(
            go.Waterfall(
                orientation="h",
                y=names,
                x=finite(amounts),
                measure=kinds,
                increasing={"marker": {"color": GAIN}},
                decreasing={"marker": {"color": LOSS}},
                totals={"marker": {"color": PARTNER_COLORS[place]}},
                connector={"line": {"color": INK, "width": 0.5}},
                showlegend=False,
                hovertemplate="%{y}: $%{delta:,.0f} million<extra></extra>",
            ),
            row=1,
            col=column,
        )
    finish(drawn, "Where does the value come from? (present value)", height=520, top=76)
    drawn.update_yaxes(autorange="reversed")
    drawn.update_xaxes(title_text="$ million")
    return drawn


def _per_truck(view: View) -> str:
    """The waterfall per truck: contribution first, then what volume must still pay."""
    names = list(view.books[INCUMBENT].appraisal.waterfall.names)
    columns: list[list[str]] = []
    for place in ORDER:
        steps = view.books[place].appraisal.waterfall
        amount, each = np.asarray(steps.amount, float), np.asarray(steps.per_truck, float)
        columns.append([millions(float(x)) for x in amount])
        columns.append([number(float(round(x)), 6) for x in each])

    def total(words: str, count: int) -> list[str]:
        cells = [words]
        for place in ORDER:
            steps = view.books[place].appraisal.waterfall
            cells.append(millions(float(np.sum(np.asarray(steps.amount)[:count]))))
            each = float(np.sum(np.asarray(steps.per_truck)[:count]))
            cells.append(number(float(round(each)), 6))
        return cells

    rows = [[title(name), *(column[k] for column in columns)] for k, name in enumerate(names)]
    rows.insert(CONTRIBUTION, total(CONTRIBUTION_WORDS, CONTRIBUTION))
    rows.append(total("Net present value", len(names)))
    head = ["element"]
    for place in ORDER:
        head += [f"{view.partners[place]}, $ million", "$ a truck"]
    return folded(
        "The waterfall in figures, with each element per truck",
        table(head, rows, numbers=range(1, 5), own=[CONTRIBUTION, len(rows) - 1]),
    )


def _full_cost(view: View) -> str:
    """Contribution says whether one truck more is worth building, full cost whether all are."""
    rows = [
        [_ITEMS.get(item, f"  {title(item)} per truck"), *(whole(float(x)) for x in values)]
        for item, values in full_cost_rows(view)
    ]
    own = [k for k, (item, _) in enumerate(full_cost_rows(view)) if item in _TOTALS_OF_TRUCKS]
    return table(
        ("$ a truck, life mean", *view.trucks), rows, numbers=range(1, 1 + len(view.trucks)),
        own=own, caption="Contribution and full cost, both partners' fixed cost over all trucks",
    )  # fmt: skip


def _by_year(view: View, place: int, name: str) -> str:
    """A statement with years as columns, $ million: flows summed, balances at the year's end."""
    found = lines(getattr(view.books[place].statements, name))
    years = np.floor(view.quarters[::4] + 1e-6).astype(int)
    rows: list[list[Any]] = []
    own = []
    for line, values in found.items():
        quarterly = values.reshape(-1, 4)
        yearly = quarterly[:, -1] if name == "balance" else quarterly.sum(axis=1)
        if np.max(np.abs(yearly)) < 5e4:
            continue
        if line in _TOTALS:
            own.append(len(rows))
        rows.append([title(line), *(millions(float(value)) for value in yearly)])
    head = ("$ million", *(str(year) for year in years))
    return table(head, rows, numbers=range(1, len(head)), own=own, kind="long")
