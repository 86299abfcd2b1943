"""Sections of the report on the program: trucks and rivals, cash."""

from collections.abc import Callable
from typing import Any

import numpy as np

from framerail.report import money_figures, truck_comparison, truck_figures
from framerail.report.page import figure, folded, paragraph, section, table, two_lines
from framerail.report.spread import bands, spread
from framerail.report.view import INCUMBENT, START_UP, View
from framerail.report.words import (
    dollars,
    listed,
    millions,
    percent,
    title,
    whole,
)


def trucks(view: View, headline: dict[str, Any]) -> str:
    """The trucks against their rivals: range, price, volume, margin, whom they take sales from."""
    found = headline["trucks"]
    incumbent, base = view.partners[INCUMBENT], truck_comparison.base_year(view)
    rows = []
    for name in view.trucks:
        one = found[name]
        margin = spread(_margin(view, name))
        rows.append(
            [
                name,
                one["firm"],
                _banded(one["range"], lambda value: f"{value:.0f}"),
                f"{one['consumption']['p50'] * 100:.0f}",
                f"{one['zero_to_sixty']['p50']:.1f}",
                _banded(one["price"], _hundreds),
                _banded(one["real_price"], _hundreds),
                _banded(one["real_unit_cost"], _hundreds),
                _banded(margin.as_dict(), _hundreds),
                _banded(one["best_year_output"], whole),
            ]
        )
    head = (
        "truck", "sold by", "range, mi", "kWh/100 mi", "0-60 mph, s", "price, $",
        f"price, {base} $", f"unit cost, {base} $", f"price less unit cost, {base} $",
        "built in its best year",
    )  # fmt: skip
    lost = headline["cannibalization"]
    total = spread(view.of("output").sum(axis=(1, 2)))
    answer = (
        f"The program builds {whole(total.p50)} trucks over its life at the median "
        f"({whole(total.p10)} to {whole(total.p90)}); they cost {incumbent} "
        f"{dollars(-lost['mean'])} of value in sales of its other products."
        if lost["mean"] <= 0
        else f"The program builds {whole(total.p50)} trucks over its life at the median "
        f"({whole(total.p10)} to {whole(total.p90)}); {incumbent}'s other products gain "
        f"{dollars(lost['mean'])} beside them."
    )
    return section(
        "trucks",
        "How do the trucks stand against their rivals?",
        answer,
        table(
            head,
            rows,
            numbers=range(2, 10),
            raw=(2, 5, 6, 7, 8, 9),
            caption="Median of draws, 10th to 90th percentile below",
        ),
        paragraph(
            "Price and unit cost are means over the program, weighted by output: the first price "
            f"in dollars of the years in which it is asked, the other figures in those of {base}. "
            "Unit cost is the variable cost after the production credit; dealer margin, selling "
            "expense, royalty and the plant's fixed cost are not in it. Built is each draw's own "
            "best model year.",
            "note",
        ),
        truck_comparison.nameplates(view),
        truck_comparison.price_steps(view),
        figure(truck_figures.rivals(view), "rivals"),
        _rivals(view),
        figure(truck_figures.volumes(view), "volumes"),
        figure(truck_figures.taken(view), "taken"),
        _taken(view),
        figure(truck_figures.unit_cost(view), "unit-cost"),
    )


def _margin(view: View, name: str) -> np.ndarray:
    place = view.trucks.index(name)
    return view.of("real_price")[:, place] - view.of("real_unit_cost")[:, place]


def _banded(found: dict[str, float], shown: Callable[[float], str]) -> str:
    """A median with its 10th and 90th percentile below it."""
    return two_lines(shown(found["p50"]), f"{shown(found['p10'])} to {shown(found['p90'])}")


def _hundreds(value: float) -> str:
    """A number rounded to hundreds: "45,200"."""
    return whole(round(value, -2))


def _rivals(view: View) -> str:
    """Attributes, equilibrium price and sales of every product on sale in the best year."""
    best, market = view.best_year, view.study.point.both.market
    price, sold = np.asarray(market.price[best]), np.asarray(market.quantity[best])
    before = np.asarray(view.study.point.neither.quantity[best])
    markup, products = np.asarray(market.markup[best]), view.scenario.market.products
    head = view.study.headline
    ranges = dict(zip(view.trucks, np.asarray(head.range_miles), strict=True))
    sprints = dict(zip(view.trucks, np.asarray(head.zero_to_sixty), strict=True))
    on_sale = [place for place in np.argsort(-sold).tolist() if sold[place] > 0.5]

    def row(place: int) -> list[str]:
        name = view.products[place]
        product, own = products[name], name in view.trucks
        reach = float(ranges.get(name, product.range))
        return [
            name,
            product.firm,
            f"{reach:.0f}" if reach > 0 else "",
            f"{float(sprints.get(name, product.zero_to_sixty)):.1f}",
            whole(float(product.towing)),
            whole(price[place]),
            whole(markup[place]),
            whole(sold[place]),
            "" if own else whole(before[place] - sold[place]),
        ]

    columns = ("product", "firm", "range, mi", "0-60, s", "towing, lb", "price, $",
               "markup, $", "sales a year", "lost to the trucks")  # fmt: skip
    electric = [p for p in on_sale if products[view.products[p]].powertrain == "electric"]
    others = [p for p in on_sale if p not in electric]
    year = f"{view.years[best]:.0f}"

    def shown(places: list[int], caption: str) -> str:
        mine = [k for k, p in enumerate(places) if view.seller(view.products[p]) in view.partners]
        return table(
            columns, map(row, places), numbers=range(2, 9), own=mine, caption=caption
        )  # fmt: skip

    note = (
        "Prices and sales are the market's equilibrium with every input at its median; markup is "
        "price less marginal cost. Rivals' range and acceleration are those of the calibration "
        f"year. Set off: products of {listed(sorted(view.partners))}."
    )
    return (
        shown(electric, f"Electric products on sale in {year}")
        + folded(
            f"The {len(others)} combustion and hybrid pickups on sale in {year}", shown(others, "")
        )
        + paragraph(note, "note")
    )


def _taken(view: View) -> str:
    """Own products that lose sales."""
    incumbent = view.partners[INCUMBENT]
    mean, low, _, high = bands(view.of("taken"))
    rows = [
        [name, whole(mean[place]), whole(low[place]), whole(high[place])]
        for place, name in enumerate(view.products)
        if view.seller(name) == incumbent and name not in view.trucks and abs(mean[place]) >= 0.5
    ]
    others = sum(
        mean[place]
        for place, name in enumerate(view.products)
        if view.seller(name) not in view.partners
    )
    rows.append(["all other firms' products", whole(others), "", ""])
    return table(
        ("product", "mean", "10%", "90%"), rows, numbers=range(1, 4),
        caption=f"Sales a year that {incumbent}'s own products lose to the trucks",
    )  # fmt: skip


def cash(view: View, headline: dict[str, Any]) -> str:
    """Cash flow and peak funding."""
    start_up, incumbent = view.partners
    mine, theirs = headline["partners"]["incumbent"], headline["partners"]["start_up"]
    answer = (
        f"{incumbent} must fund {dollars(mine['peak_funding']['p50'])} at the deepest point "
        f"({dollars(mine['peak_funding']['p10'])} to {dollars(mine['peak_funding']['p90'])}), "
        f"{start_up} {dollars(theirs['peak_funding']['p50'])}, before payments between them."
    )
    rows = []
    for one in (mine, theirs):
        for key, text in (("program_npv", "net present value"), ("peak_funding", "peak funding")):
            band = one[key]
            rows.append([one["name"], f"{text}, $ million",
                         *(millions(band[k]) for k in ("mean", "p10", "p50", "p90"))])  # fmt: skip
        if one["program_irr"] is None:
            rows.append([one["name"], "rate of return a year", "none in any draw", "", "", ""])
        else:
            text = f"rate of return a year (exists in {percent(one['share_with_irr'])} of draws)"
            band = one["program_irr"]
            rows.append([one["name"], text,
                         *(percent(band[k]) for k in ("mean", "p10", "p50", "p90"))])  # fmt: skip
        band = one["payback"]
        rows.append([one["name"], "payback, years from the valuation date",
                     *(f"{band[k]:.1f}" for k in ("mean", "p10", "p50", "p90"))])  # fmt: skip
    return section(
        "cash",
        "What does it cost, when, and how deep?",
        answer,
        figure(money_figures.cash(view), "cash"),
        table(
            ("partner", "figure", "mean", "10%", "50%", "90%"), rows, numbers=range(2, 6),
            caption="The program of each partner before payments between them",
        ),
        _lines(view),
        figure(money_figures.after_settlement(view), "after-settlement"),
        paragraph(
            "The calendar ends with 2037; a payback at its end means that the money does not come "
            "back within it.",
            "note",
        ),
    )  # fmt: skip


def _lines(view: View) -> str:
    """Present value by line at the medians."""
    first, second = (cash.npv_by_line for cash in view.cash)
    names = sorted(
        (name for name in first if abs(float(first[name])) + abs(float(second[name])) > 5e4),
        key=lambda name: -float(first[name]) - float(second[name]),
    )
    rows = [
        [_LINE_NAMES.get(name, title(name)), millions(float(second[name])),
         millions(float(first[name]))]
        for name in names
    ]  # fmt: skip
    rows.append(["Net present value", *(millions(float(c.npv)) for c in reversed(view.cash))])
    return table(
        ("line", view.partners[INCUMBENT], view.partners[START_UP]), rows, numbers=(1, 2),
        own=[len(rows) - 1],
        caption="Present value by line, $ million, at the medians, before payments between them",
    )  # fmt: skip


_LINE_NAMES = {
    "other_income": "Profit on the other products (cannibalization)",
    "production_credit": "Production credit (45X)",
    "conversion": "Plant conversion, net of incentives",
    "fixed_cost": "Fixed cost of the line",
    "other_cost": "Plant energy, consumables, output displaced",
    "emission_credit": "Emission credits",
    "logistics": "Freight",
}
