"""The zone of agreement in two terms, as a map."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from framerail.deal import Zone
from framerail.report.style import INCUMBENT_COLOR, INK, START_UP_COLOR, finite, new_figure

_MILLION = 1e6


@dataclasses.dataclass(frozen=True)
class TermAxis:
    """One of the two terms: the axis's title, the factor from stored to shown values, and what
    stands before and after a value under the pointer."""

    title: str
    factor: float = 1.0
    before: str = ""
    after: str = ""

    def told(self, pointer: str) -> str:
        """A value under the pointer, which plotly calls `x` or `y`."""
        return f"{self.before}%{{{pointer}:,.6~g}}{self.after}"


def zone_figure(
    found: Zone,
    partners: tuple[str, str],
    axes: tuple[TermAxis, TermAxis],
    marks: Sequence[tuple[float, float, str, str]],
) -> go.Figure:
    """Gain of the worse-off partner over two terms, with both zero contours.

    **Arguments:** `found` with the first term along `upfront` and the second along `royalty`;
    `partners` are incumbent and start-up; `marks` are pairs in stored values with a symbol and
    what they are.
    """
    x, y = (
        finite(np.asarray(found.upfront) * axes[0].factor),
        finite(np.asarray(found.royalty) * axes[1].factor),
    )
    gains = [np.asarray(each).T / _MILLION for each in (found.incumbent_gain, found.start_up_gain)]
    figure = new_figure("Which terms leave both partners better off?", height=540, top=100)
    worse = np.minimum(*gains)
    scale = float(np.percentile(np.abs(worse), 90))
    pointed = f"{axes[0].told('x')}, {axes[1].told('y')}"
    figure.add_heatmap(
        x=x,
        y=y,
        z=[finite(row) for row in worse],
        zmid=0,
        zmin=-scale,
        zmax=scale,
        zsmooth="best",
        colorscale=[[0, "#d98c84"], [0.5, "#ffffff"], [1, "#6fb8b0"]],
        colorbar={
            "title": {
                "text": "gain of the<br>worse-off side,<br>$ million",
                "font": {"size": 12},
            },
            "len": 0.9,
        },
        hovertemplate=f"{pointed}: worse-off side %{{z:,.0f}} $ million<extra></extra>",
    )
    for values, color, name in zip(gains, (INCUMBENT_COLOR, START_UP_COLOR), partners, strict=True):
        _break_even(figure, x, y, values, color, name)
    for first, second, symbol, text in marks:
        figure.add_scatter(
            x=[first * axes[0].factor],
            y=[second * axes[1].factor],
            mode="markers",
            marker={"symbol": symbol, "size": 14, "color": INK,
                    "line": {"color": "white", "width": 1.5}},
            name=text,
            hovertemplate=f"{text}: {pointed}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text=axes[0].title, range=_padded(x))
    figure.update_yaxes(title_text=axes[1].title, range=_padded(y))
    return figure


def _break_even(
    figure: go.Figure, x: list[float], y: list[float], values: np.ndarray, color: str, name: str
) -> None:
    """The line on which a partner neither gains nor loses, and its entry in the legend."""
    crosses = values.min() < 0 < values.max()
    if crosses:
        figure.add_contour(
            x=x,
            y=y,
            z=[finite(row) for row in values],
            contours={"start": 0, "end": 0, "size": 1, "coloring": "lines"},
            colorscale=[[0, color], [1, color]],
            line={"width": 3},
            showscale=False,
            hoverinfo="skip",
            name=f"{name} breaks even",
        )
    where = "gains" if values.min() >= 0 else "loses"
    note = "breaks even on this line" if crosses else f"{where} everywhere shown"
    figure.add_scatter(
        x=[None], y=[None], mode="lines", line={"color": color, "width": 3}, name=f"{name} {note}"
    )


def _padded(values: list[float]) -> list[float]:
    """Axis with room for a mark on its edge."""
    air = 0.03 * (values[-1] - values[0])
    return [values[0] - air, values[-1] + air]


__all__ = ["TermAxis", "zone_figure"]
