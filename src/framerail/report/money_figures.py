"""Figures of money and of what moves it: cash by quarter, peak funding, drivers."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from framerail.report.spread import bands
from framerail.report.style import (
    HIGH,
    INK,
    LOW,
    PARTNER_COLORS,
    band,
    finish,
    finite,
    new_figure,
)
from framerail.report.view import INCUMBENT, START_UP, View
from framerail.report.words import at_path, label
from framerail.studies import Driver

MILLION = 1e6
SHOWN = 14
"""Drivers in a tornado."""


def cash(view: View) -> go.Figure:
    """Quarterly and cumulative cash of each partner before payments between them."""
    order = (INCUMBENT, START_UP)
    titles = [f"{view.partners[place]}: {text}" for text in
              ("each quarter", "cumulative") for place in order]  # fmt: skip
    figure = make_subplots(
        rows=2, cols=2, subplot_titles=titles, vertical_spacing=0.17, horizontal_spacing=0.09
    )
    flows = view.of("free_cash_flow") / MILLION
    ends = view.quarters + 0.25
    for column, place in enumerate(order, start=1):
        mine, color = flows[:, place], PARTNER_COLORS[place]
        for row, values in ((1, mine), (2, np.cumsum(mine, axis=1))):
            mean, low, middle, high = bands(values)
            where = {"row": row, "col": column, "showlegend": row == 1 and column == 1}
            band(figure, ends, low, high, color, "10th to 90th percentile", **where)
            figure.add_scatter(
                x=finite(ends), y=finite(mean), mode="lines", name="mean",
                line={"color": color, "width": 2.5},
                hovertemplate="%{x:.2f}: $%{y:,.0f} million<extra>mean</extra>", **where,
            )  # fmt: skip
            figure.add_scatter(
                x=finite(ends), y=finite(middle), mode="lines", name="median",
                line={"color": color, "width": 1.2, "dash": "dot"},
                hovertemplate="%{x:.2f}: $%{y:,.0f} million<extra>median</extra>", **where,
            )  # fmt: skip
    finish(
        figure,
        "What does the program cost and bring, by quarter? (before payments between the partners)",
        height=600,
        top=96,
    )
    figure.update_yaxes(title_text="$ million", col=1)
    figure.update_xaxes(title_text="end of quarter", row=2)
    return figure


def after_settlement(view: View) -> go.Figure:
    """Expected cumulative cash of each partner after the payments, at the medians."""
    deal = view.study.point.deal
    figure = new_figure(
        "And after the payments between them, allowing for the failure?", height=340
    )
    total = np.asarray(deal.ledger) + np.asarray(deal.external)
    for role, place in (("incumbent", INCUMBENT), ("start-up", START_UP)):
        figure.add_scatter(
            x=finite(view.quarters + 0.25),
            y=finite(np.cumsum(total[view.party(role)]) / MILLION),
            mode="lines",
            line={"color": PARTNER_COLORS[place], "width": 2.5},
            name=f"{view.partners[place]}, expected cumulative cash",
            hovertemplate="%{x:.2f}: $%{y:,.0f} million<extra></extra>",
        )
    figure.update_xaxes(title_text="end of quarter")
    figure.update_yaxes(title_text="$ million, inputs at their medians")
    return figure


def ranked(view: View, target: str) -> list[Driver]:
    """Drivers by the size of their first-order swing, the largest first."""
    return sorted(view.study.drivers, key=lambda d: -max(map(abs, d.swing(target))))


def tornado(view: View, target: str, question: str, axis: str, scale: float) -> go.Figure:
    """First-order change of a target from each input's 10th to its 90th percentile."""
    shown = [d for d in ranked(view, target)[:SHOWN] if any(d.swing(target))][::-1]
    names = [
        f"{label(d.path, view.names)}<br><span style='font-size:11px;color:#5c6670'>"
        f"{at_path(d.path, d.low, d.unit)} to {at_path(d.path, d.high, d.unit)}</span>"
        for d in shown
    ]
    figure = new_figure(question, height=150 + 42 * max(len(shown), 3), barmode="overlay")
    for place, name, color in ((0, "input at its 10th percentile", LOW),
                               (1, "input at its 90th percentile", HIGH)):  # fmt: skip
        figure.add_bar(
            y=names,
            x=finite([d.swing(target)[place] / scale for d in shown]),
            orientation="h",
            name=name,
            marker={"color": color},
            hovertemplate="%{y}: %{x:,.3g}<extra>" + name + "</extra>",
        )
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    figure.update_xaxes(title_text=axis)
    figure.update_yaxes(tickfont={"size": 12})
    return figure
