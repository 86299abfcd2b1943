"""How every figure looks: one palette, one typeface, axes with units, no ornament."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

INCUMBENT_COLOR = "#1f4e79"
START_UP_COLOR = "#d17a22"
GAIN, LOSS = "#2a8c82", "#b8433a"
LOW, HIGH = "#c9b48a", "#4f81b0"
QUIET, INK, GRID = "#8a929b", "#22272e", "#e4e7eb"
PARTNER_COLORS = (START_UP_COLOR, INCUMBENT_COLOR)
"""Colors of the partners in the order of program figures: start-up, incumbent."""
GROUP_COLORS = ("#1f4e79", "#4f81b0", "#8fb3d4", "#c9b48a", "#d17a22", "#8a929b", "#5c6670")
"""Colors of parts of a whole."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False}


def new_figure(question: str, *, height: int = 380, top: int = 80, **layout: Any) -> go.Figure:
    """An empty figure whose title is the question that it answers."""
    figure = go.Figure()
    finish(figure, question, height=height, top=top, **layout)
    return figure


def finish(figure: go.Figure, question: str, *, height: int, top: int = 80, **layout: Any) -> None:
    """Give a figure its title and the common look; `top` is the room for title and legend."""
    figure.update_layout(
        template="none",
        title={
            "text": f"<b>{question}</b>",
            "font": {"size": 14},
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 1 - 8 / height,
            "yanchor": "top",
            "yref": "container",
        },
        font={"family": FONT, "size": 13, "color": INK},
        height=height,
        margin={"l": 70, "r": 30, "t": top, "b": 55},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hoverlabel={"font": {"family": FONT}},
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 1 - 34 / height,
            "yanchor": "top",
            "yref": "container",
        },
        bargap=0.25,
    )
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": QUIET,
        "zerolinewidth": 1,
        "linecolor": GRID,
        "ticks": "",
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": 13}},
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    figure.update_layout(**layout)


def finite(values: Any) -> list[Any]:
    """Values as a plain list; refuses what is not finite, so that no figure shows a hole."""
    array = np.asarray(values, dtype=float)
    if not np.all(np.isfinite(array)):
        raise ValueError("a figure got a value that is not finite")
    return array.tolist()


def band(
    figure: go.Figure,
    x: Any,
    low: Any,
    high: Any,
    color: str,
    name: str,
    **place: Any,
) -> None:
    """A shaded band between two lines."""
    along = [*finite(x), *finite(x)[::-1]]
    around = [*finite(high), *finite(low)[::-1]]
    figure.add_scatter(
        x=along,
        y=around,
        fill="toself",
        fillcolor=see_through(color, 0.18),
        line={"width": 0},
        mode="lines",
        name=name,
        hoverinfo="skip",
        **place,
    )


def see_through(color: str, opacity: float) -> str:
    """A hex color with an opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def in_html(figure: go.Figure, name: str) -> str:
    """The figure as a piece of a page that holds plotly.js already."""
    return figure.to_html(
        full_html=False, include_plotlyjs=False, div_id=f"figure-{name}", config=CONFIG
    )
