"""Figures of the deal: gains of the partners, survival, zone of agreement, plants."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from framerail.report.facts import paired
from framerail.report.spread import bands, share, spread
from framerail.report.style import (
    GAIN,
    INCUMBENT_COLOR,
    INK,
    LOSS,
    QUIET,
    band,
    finish,
    finite,
    new_figure,
    see_through,
)
from framerail.report.view import INCUMBENT, START_UP, View
from framerail.report.words import dollars, percent
from framerail.report.zone_figure import TermAxis, zone_figure

MILLION = 1e6


def _bins(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts per bin with an edge at zero; the outermost percent on each side is folded in."""
    count = int(np.clip(2 * np.sqrt(values.size), 12, 40))
    low, high = np.percentile(values, (1, 99)) if values.size else (-1.0, 1.0)
    low, high = min(low, 0.0), max(high, 0.0)
    width = max((high - low) / count, 1e-9)
    edges = width * np.arange(np.floor(low / width), np.ceil(high / width) + 1)
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0], edges


def gains(view: View) -> go.Figure:
    """Distributions of both partners' gains, expected and realized."""
    rows = (("expected over the failure", False), ("one realization", True))
    roles = (("incumbent", INCUMBENT), ("start-up", START_UP))
    titles = [
        f"{view.partners[place]}: {text}<br>{_in_short(view.gain(role, realized=realized))}"
        for text, realized in rows
        for role, place in roles
    ]
    figure = make_subplots(
        rows=2, cols=2, subplot_titles=titles, vertical_spacing=0.24, horizontal_spacing=0.09
    )
    for row, (_, realized) in enumerate(rows, start=1):
        for column, (role, _) in enumerate(roles, start=1):
            values = view.gain(role, realized=realized) / MILLION
            counts, edges = _bins(values)
            middles = (edges[1:] + edges[:-1]) / 2
            figure.add_bar(
                x=finite(middles),
                y=finite(counts / max(values.size, 1)),
                width=finite(np.diff(edges)),
                marker={
                    "color": [GAIN if middle > 0 else LOSS for middle in middles],
                    "line": {"color": "white", "width": 0.5},
                },
                hovertemplate="$%{x:,.0f} million: %{y:.1%} of draws<extra></extra>",
                showlegend=False,
                row=row,
                col=column,
            )
            figure.add_shape(
                type="line",
                x0=spread(values).mean,
                x1=spread(values).mean,
                y0=0,
                y1=1,
                yref="y domain",
                line={"color": INK, "width": 1.5},
                row=row,
                col=column,
            )
    finish(
        figure,
        "What does each partner gain by the deal, and how often does it lose?",
        height=600,
        top=92,
        bargap=0,
    )
    figure.update_xaxes(title_text="gain, $ million", row=2)
    figure.update_yaxes(title_text="share of draws", tickformat=".0%", col=1)
    figure.update_yaxes(tickformat=".0%", col=2)
    return figure


def _in_short(values: np.ndarray) -> str:
    """Mean and chance of a loss, below a panel's title."""
    found = spread(values)
    return (
        f"<span style='font-size:12px'>mean {dollars(found.mean)} (line), "
        f"loses in {percent(1 - found.positive)}</span>"
    )


def both_sides(view: View) -> go.Figure:
    """Every draw as a point: the incumbent's gain against the start-up's."""
    mine, theirs = view.gain("incumbent") / MILLION, view.gain("start-up") / MILLION
    start_up, incumbent = view.partners
    figure = new_figure("Do both gain in the same futures?", height=420, top=44)
    figure.add_scatter(
        x=finite(mine),
        y=finite(theirs),
        mode="markers",
        marker={"size": 5, "color": see_through(INCUMBENT_COLOR, 0.55)},
        hovertemplate=f"{incumbent} %{{x:,.0f}}, {start_up} %{{y:,.0f}} $ million<extra></extra>",
        showlegend=False,
    )
    corners = (
        (1, 1, "both gain", (mine > 0) & (theirs > 0)),
        (0, 1, f"only {start_up} gains", (mine <= 0) & (theirs > 0)),
        (0, 0, "both lose", (mine <= 0) & (theirs <= 0)),
        (1, 0, f"only {incumbent} gains", (mine > 0) & (theirs <= 0)),
    )
    for x, y, text, marked in corners:
        figure.add_annotation(
            text=f"<b>{text}: {percent(share(marked))}</b>",
            x=x,
            y=y,
            xref="paper",
            yref="paper",
            xanchor="right" if x else "left",
            yanchor="top" if y else "bottom",
            showarrow=False,
            bgcolor="rgba(255,255,255,0.85)",
        )
    figure.update_xaxes(title_text=f"{incumbent}'s gain, $ million", range=_range(mine))
    figure.update_yaxes(title_text=f"{start_up}'s gain, $ million", range=_range(theirs))
    return figure


def _range(values: np.ndarray) -> list[float]:
    """Axis from the 1st to the 99th percentile, zero included, with some air."""
    low, high = np.percentile(values, (0.5, 99.5)) if values.size else (-1.0, 1.0)
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    air = 0.08 * (high - low)
    return [low - air, high + air]


def survival(view: View) -> go.Figure:
    """Probability of having failed by quarter, with and without the deal."""
    name = view.partners[START_UP]
    figure = new_figure(f"How likely has {name} failed by each date?", height=430, top=96)
    ends = view.quarters + 0.25
    worlds = (
        ("with the deal", "default_with", INCUMBENT_COLOR, "bottom"),
        ("without the deal", "default_without", LOSS, "top"),
    )
    for text, field, color, _ in worlds:
        mean, low, _, high = bands(view.of(field))
        band(figure, ends, low, high, color, f"{text}: 10th to 90th percentile of draws")
        figure.add_scatter(
            x=finite(ends),
            y=finite(mean),
            mode="lines",
            line={"color": color, "width": 2.5},
            name=f"{text}: mean",
            hovertemplate="%{x:.2f}: %{y:.0%}<extra>" + text + "</extra>",
        )
    date = view.start_of_production
    figure.add_vline(x=date, line={"color": INK, "width": 1, "dash": "dot"})
    figure.add_annotation(
        text="first truck (medians)",
        x=date,
        y=0.02,
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        xshift=4,
    )
    figure.update_xaxes(title_text="end of quarter", range=[ends[0], 2032.0], dtick=1)
    figure.update_yaxes(
        title_text="probability of having failed", tickformat=".0%", range=[0, 1.02]
    )
    return figure


def planned_cash(view: View) -> go.Figure:
    """The start-up's cash on plan, with and without the deal, at the medians."""
    name, deal = view.partners[START_UP], view.study.point.deal
    shown = view.quarters < min(view.start_of_production + 2.0, view.quarters[-1])
    floor = float(view.scenario.deal.partners.start_up.minimum_cash) / MILLION
    figure = new_figure(f"How long does {name}'s cash last on plan?", height=340)
    for text, company, color in (
        ("with the deal", deal.survival, INCUMBENT_COLOR),
        ("without the deal", deal.survival_without, LOSS),
    ):
        figure.add_scatter(
            x=finite((view.quarters + 0.25)[shown]),
            y=finite(np.asarray(company.planned_cash)[shown] / MILLION),
            mode="lines",
            line={"color": color, "width": 2.5},
            name=f"{text}, no new money raised",
            hovertemplate="%{x:.2f}: $%{y:,.0f} million<extra>" + text + "</extra>",
        )
    figure.add_hline(
        y=floor,
        line={"color": INK, "width": 1, "dash": "dot"},
        annotation_text=f"minimum cash {dollars(floor * MILLION)}",
        annotation_position="top right",
    )
    figure.update_xaxes(title_text="end of quarter", dtick=1)
    figure.update_yaxes(title_text="cash, $ million")
    return figure


def zone(view: View) -> go.Figure | None:
    """Gain of the worse-off partner over upfront payment and royalty, with both zero contours."""
    found, terms = view.study.zone, view.scenario.deal.terms
    if found is None:
        return None
    start_up, incumbent = view.partners
    best = "even (Nash) split" if bool(found.exists) else "least bad for the worse-off side"
    marks = [(float(found.nash.upfront), float(found.nash.royalty), "star", best)]
    if terms.upfront is not None and terms.royalty is not None:
        here = (float(terms.upfront.amount), float(terms.royalty.per_unit))
        marks.append((*here, "circle", "terms assumed"))
    axes = (
        TermAxis("upfront payment, $ million", 1.0 / MILLION, "$", " million upfront"),
        TermAxis("royalty, $ per truck", 1.0, "$", " a truck"),
    )
    return zone_figure(found, (incumbent, start_up), axes, marks)


def sites(view: View) -> go.Figure | None:
    """Paired difference of the incumbent's gain between the first two plants."""
    names = sorted(view.study.sites)
    if len(names) < 2:
        return None
    first, second = names[0], names[1]
    values = (
        paired(view.study.sites[first], view.study.sites[second], "gain", view.party("incumbent"))
        / MILLION
    )
    if not np.any(values):
        return None
    counts, edges = _bins(values)
    middles = (edges[1:] + edges[:-1]) / 2
    figure = new_figure(
        f"Does {view.partners[INCUMBENT]} gain more by building in {first.title()} "
        f"or in {second.title()}?",
        height=340,
        top=44,
        bargap=0,
    )
    figure.add_bar(
        x=finite(middles),
        y=finite(counts / max(values.size, 1)),
        width=finite(np.diff(edges)),
        marker={
            "color": [INCUMBENT_COLOR if middle > 0 else QUIET for middle in middles],
            "line": {"color": "white", "width": 0.5},
        },
        hovertemplate="$%{x:,.0f} million: %{y:.1%} of draws<extra></extra>",
        showlegend=False,
    )
    for x, name, chance in (
        (1, first, share(values > 0)),
        (0, second, share(values < 0)),
    ):
        figure.add_annotation(
            text=f"<b>{name.title()} better in {percent(chance)}</b>",
            x=x, y=1, xref="paper", yref="paper", showarrow=False, yanchor="top",
            xanchor="right" if x else "left", bgcolor="rgba(255,255,255,0.85)",
        )  # fmt: skip
    figure.update_xaxes(
        title_text=f"gain in {first.title()} less gain in {second.title()}, same draw, $ million"
    )
    figure.update_yaxes(title_text="share of draws", tickformat=".0%")
    return figure
