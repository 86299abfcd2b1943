"""Figures of the trucks: against their rivals, what they cost, whom they take sales from."""

import numpy as np
import plotly.graph_objects as go

from framerail.report.spread import bands
from framerail.report.style import (
    GAIN,
    GROUP_COLORS,
    INCUMBENT_COLOR,
    INK,
    LOSS,
    QUIET,
    START_UP_COLOR,
    finite,
    new_figure,
)
from framerail.report.view import INCUMBENT, START_UP, View

GROUPS: dict[str, tuple[str, ...]] = {
    "battery pack": ("pack",),
    "motors, inverters, gearboxes": ("machines", "inverters", "gearboxes"),
    "charging, wiring, thermal": (
        "charger",
        "charge_cord",
        "low_voltage_battery",
        "high_voltage_harness",
        "low_voltage_harness",
        "coolant_circuit",
        "hvac",
    ),
    "body and chassis": (
        "structure",
        "closures",
        "bed_equipment",
        "suspension",
        "wheels_and_tires",
        "brakes",
        "steering",
        "glass",
        "lighting",
        "paint_and_fluids",
    ),
    "interior and electronics": (
        "seats",
        "interior_trim",
        "infotainment",
        "driver_assistance",
        "body_electrics",
        "restraints",
    ),
    "labor and plant": ("labor", "plant_energy", "consumables"),
    "freight and warranty": ("inbound_logistics", "outbound_freight", "warranty", "recalls"),
}
"""Cost elements as a reader groups them; together they are all of `ELEMENTS`."""
SHOWN = 12
"""Products in the figure of sales taken."""


def rivals(view: View) -> go.Figure:
    """Range against price of every electric pickup in the year of the largest output."""
    best, market = view.best_year, view.study.point.both.market
    price, sold = np.asarray(market.price[best]), np.asarray(market.quantity[best])
    own = dict(zip(view.trucks, np.asarray(view.study.headline.range_miles), strict=True))
    figure = new_figure(
        f"Where do the trucks stand among electric pickups in {view.years[best]:.0f}?", height=480
    )
    products = view.scenario.market.products
    kinds = (
        (view.partners[START_UP], START_UP_COLOR),
        (view.partners[INCUMBENT], INCUMBENT_COLOR),
        ("rivals", QUIET),
    )
    top = max(float(sold[view.products.index(name)]) for name in _electric(view, sold))
    for kind, color in kinds:
        names = [n for n in _electric(view, sold) if _kind(view, n) == kind]
        places = [view.products.index(name) for name in names]
        if not names:
            continue
        figure.add_scatter(
            x=finite(price[places] / 1e3),
            y=finite([float(own.get(name, products[name].range)) for name in names]),
            mode="markers+text",
            text=names,
            textposition=[("top center", "bottom center")[k % 2] for k in range(len(names))],
            textfont={"size": 12},
            marker={
                "color": color,
                "opacity": 0.75,
                "size": finite(8 + 34 * np.sqrt(sold[places] / top)),
                "line": {"color": "white", "width": 1},
            },
            name=kind,
            customdata=finite(sold[places]),
            hovertemplate="%{text}: $%{x:.1f}k, %{y:.0f} mi, %{customdata:,.0f} a year"
            "<extra></extra>",
        )
    figure.update_xaxes(title_text="price, $ thousand (area of the mark: sales a year)")
    figure.update_yaxes(title_text="EPA label range, mi")
    return figure


def _electric(view: View, sold: np.ndarray) -> list[str]:
    products = view.scenario.market.products
    return [
        name
        for place, name in enumerate(view.products)
        if products[name].powertrain == "electric"
        and products[name].body != "car"
        and sold[place] > 0.5
    ]


def _kind(view: View, name: str) -> str:
    seller = view.seller(name)
    return seller if seller in view.partners else "rivals"


def taken(view: View) -> go.Figure:
    """Sales that other products lose to the scenario's trucks, with their spread."""
    mean, low, _, high = bands(view.of("taken"))
    ranked = [p for p in np.argsort(-mean).tolist() if view.products[p] not in view.trucks]
    places = ranked[:SHOWN][::-1]
    mine = [view.seller(view.products[place]) == view.partners[INCUMBENT] for place in places]
    figure = new_figure(
        "Whom do the new trucks take sales from?", height=430, top=44, showlegend=False
    )
    figure.add_bar(
        y=[f"{view.products[place]} ({view.seller(view.products[place])})" for place in places],
        x=finite(mean[places]),
        orientation="h",
        marker={"color": [LOSS if own else QUIET for own in mine]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": finite(np.maximum(high[places] - mean[places], 0.0)),
            "arrayminus": finite(np.maximum(mean[places] - low[places], 0.0)),
            "color": INK,
            "thickness": 1,
            "width": 3,
        },
        hovertemplate="%{y}: %{x:,.0f} a year<extra></extra>",
    )
    name = view.partners[INCUMBENT]
    figure.update_xaxes(
        title_text="sales lost a year, mean over the program (line: 10th to 90th percentile; "
        f"red: {name}'s own)"
    )
    figure.update_yaxes(title_text="")
    return figure


def unit_cost(view: View) -> go.Figure:
    """Cost of each truck by group of elements in the year of the largest output."""
    best, world = view.best_year, view.study.point.both
    figure = new_figure(
        f"What does each truck cost to make in {view.years[best]:.0f}, and what does it sell for?",
        height=430,
        top=44,
        barmode="stack",
    )
    figure.update_layout(
        legend={
            "orientation": "v",
            "x": 1.02,
            "y": 1,
            "xref": "paper",
            "yref": "paper",
            "traceorder": "normal",
        }
    )
    for (group, elements), color in zip(GROUPS.items(), GROUP_COLORS, strict=True):
        values = sum(np.asarray(getattr(world.cost, name)[best]) for name in elements)
        figure.add_bar(
            y=list(view.trucks),
            x=finite(np.asarray(values) / 1e3),
            orientation="h",
            name=group,
            marker={"color": color, "line": {"color": "white", "width": 1}},
            hovertemplate=f"{group}: $%{{x:.1f}}k<extra>%{{y}}</extra>",
        )
    places = [view.products.index(name) for name in view.trucks]
    for values, symbol, name in (
        (np.asarray(world.market.price[best])[places], "diamond", "price to the buyer"),
        (np.asarray(world.cost.net_variable[best]), "line-ns-open", "cost after production credit"),
    ):
        figure.add_scatter(
            y=list(view.trucks),
            x=finite(values / 1e3),
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 14, "color": INK, "line": {"width": 2, "color": INK}},
            hovertemplate=f"{name}: $%{{x:.1f}}k<extra>%{{y}}</extra>",
        )
    figure.update_xaxes(title_text="$ thousand a truck, inputs at their medians")
    return figure


def volumes(view: View) -> go.Figure:
    """Trucks built by year over the draws, all trucks together and ordered beside it."""
    figure = new_figure("How many trucks are ordered, and how many are built?", height=340)
    for field, name, color in (
        ("demand", "ordered", QUIET),
        ("output", "built", GAIN),
    ):
        mean, low, _, high = bands(view.of(field).sum(axis=2))
        figure.add_bar(
            x=[f"{year:.0f}" for year in view.years],
            y=finite(mean / 1e3),
            name=f"{name}: mean (line: 10th to 90th percentile)",
            marker={"color": color},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": finite(np.maximum(high - mean, 0.0) / 1e3),
                "arrayminus": finite(np.maximum(mean - low, 0.0) / 1e3),
                "color": INK,
                "thickness": 1,
                "width": 3,
            },
            hovertemplate=f"{name} %{{x}}: %{{y:.1f}} thousand<extra></extra>",
        )
    figure.update_xaxes(title_text="model year")
    figure.update_yaxes(title_text="thousand trucks, all variants")
    return figure
