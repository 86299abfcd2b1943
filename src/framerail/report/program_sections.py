"""Sections of the report on the program: trucks and rivals, cash, drivers, break-even."""

from typing import Any

import numpy as np

from framerail.report import money_figures, truck_figures
from framerail.report.page import figure, folded, paragraph, section, table, two_lines
from framerail.report.spread import bands, spread
from framerail.report.view import INCUMBENT, START_UP, View
from framerail.report.words import (
    at_path,
    dollars,
    label,
    listed,
    meaning,
    millions,
    number,
    percent,
    title,
    whole,
)
from framerail.studies import BreakEven

TORNADO_ROWS = 20
"""Drivers in the table beside the tornado."""


def trucks(view: View, headline: dict[str, Any]) -> str:
    """The trucks against their rivals: range, price, volume, margin, whom they take sales from."""
    found = headline["trucks"]
    start_up, incumbent = view.partners
    year = f"{view.years[view.best_year]:.0f}"
    rows = []
    for name in view.trucks:
        one = found[name]
        margin = spread(_margin(view, name))
        rows.append([
            name,
            one["firm"],
            f"{one['range']['p50']:.0f} ({one['range']['p10']:.0f} to {one['range']['p90']:.0f})",
            f"{one['consumption']['p50'] * 100:.0f}",
            f"{one['zero_to_sixty']['p50']:.1f}",
            _dollars_band(one["price"]),
            _dollars_band(one["unit_cost"]),
            _dollars_band(margin.as_dict()),
            f"{whole(one['best_year_output']['p50'])} ({whole(one['best_year_output']['p10'])} to "
            f"{whole(one['best_year_output']['p90'])})",
        ])  # fmt: skip
    head = (
        "truck", "sold by", "range, mi", "kWh/100 mi", "0-60 mph, s", "price, $", "unit cost, $",
        "price less unit cost, $", f"built in {year}",
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
        table(head, rows, numbers=range(2, 9), caption="Median of draws (10th to 90th percentile)"),
        paragraph(
            "Price and unit cost are means over the program, weighted by output, in nominal "
            "dollars. Unit cost is the variable cost after the production credit; dealer margin, "
            "selling expense, royalty and the plant's fixed cost are not in it.",
            "note",
        ),
        figure(truck_figures.rivals(view), "rivals"),
        _rivals(view),
        figure(truck_figures.volumes(view), "volumes"),
        figure(truck_figures.taken(view), "taken"),
        _taken(view),
        figure(truck_figures.unit_cost(view), "unit-cost"),
    )


def _margin(view: View, name: str) -> np.ndarray:
    place = view.trucks.index(name)
    return view.of("price")[:, place] - view.of("unit_cost")[:, place]


def _dollars_band(found: dict[str, float]) -> str:
    middle, low, high = (whole(found[key] / 100) for key in ("p50", "p10", "p90"))
    return f"{_hundreds(middle)} ({_hundreds(low)} to {_hundreds(high)})"


def _hundreds(text: str) -> str:
    """Hundreds as a full number: "452" is 45,200."""
    sign, digits = ("\N{MINUS SIGN}", text[1:]) if text[:1] == "\N{MINUS SIGN}" else ("", text)
    return f"{sign}{int(digits.replace(',', '')) * 100:,}"


def _rivals(view: View) -> str:
    """Attributes, equilibrium price and sales of every product on sale in the best year."""
    best, market = view.best_year, view.study.point.both.market
    price, sold = np.asarray(market.price[best]), np.asarray(market.quantity[best])
    before = np.asarray(view.study.point.neither.quantity[best])
    markup, products = np.asarray(market.markup[best]), view.scenario.market.products
    head = view.study.headline
    ranges = dict(zip(view.trucks, np.asarray(head.range_miles), strict=True))
    sprints = dict(zip(view.trucks, np.asarray(head.zero_to_sixty), strict=True))
    on_sale = [place for place in np.argsort(-sold) if sold[place] > 0.5]

    def row(place: int) -> list[str]:
        name = view.products[place]
        product, own = products[name], name in view.trucks
        reach = float(ranges.get(name, product.range))
        return [
            name,
            product.firm,
            product.powertrain,
            f"{reach:.0f}" if reach > 0 else "",
            f"{float(sprints.get(name, product.zero_to_sixty)):.1f}",
            whole(float(product.towing)),
            whole(price[place]),
            whole(markup[place]),
            whole(sold[place]),
            "" if own else whole(sold[place] - before[place]),
        ]

    columns = ("product", "firm", "powertrain", "range, mi", "0-60, s", "towing, lb", "price, $",
               "markup, $", "sales a year", "change by the trucks")  # fmt: skip
    electric = [p for p in on_sale if products[view.products[p]].powertrain == "electric"]
    others = [p for p in on_sale if p not in electric]
    year = f"{view.years[best]:.0f}"

    def shown(places: list[int], caption: str) -> str:
        mine = [k for k, p in enumerate(places) if view.seller(view.products[p]) in view.partners]
        return table(
            columns, map(row, places), numbers=range(3, 10), own=mine, caption=caption
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


def drivers(view: View, headline: dict[str, Any]) -> str:
    """What moves the decision, from exact derivatives of the whole chain."""
    start_up, incumbent = view.partners
    top = headline["drivers"][:3]
    answer = (
        f"{incumbent}'s gain moves most with {listed([item['label'] for item in top])}."
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


def _signed(value: float) -> str:
    text = number(value, 2)
    return f"+{text}" if value > 0 else text


def break_even(view: View, headline: dict[str, Any]) -> str:
    """What would have to be true for the incumbent to break even."""
    entries = view.study.break_evens
    incumbent = view.partners[INCUMBENT]
    reached = [entry for entry in entries if entry.value is not None]
    gain = float(view.study.headline.gain[view.party("incumbent")])
    state = f"With every input at its median {incumbent} gains {dollars(gain)}."
    if not reached:
        answer = (
            f"{state} None of the {len(entries)} largest drivers alone, anywhere in its range, "
            f"changes the sign."
        )
    else:
        best = max(reached, key=lambda entry: entry.probability)
        answer = (
            f"{state} {len(reached)} of the {len(entries)} largest drivers can turn the sign "
            f"alone; the likeliest is {label(best.path, view.names)}, which would have to be "
            f"{_crossing(best)} (chance {percent(best.probability)})."
        )
    rows = [
        [
            two_lines(label(entry.path, view.names), meaning(entry.path)),
            at_path(entry.path, entry.median, entry.unit),
            "no value in its range" if entry.value is None else _crossing(entry),
            "" if entry.value is None else percent(entry.probability),
            _strip(entry),
            f"{at_path(entry.path, entry.low, entry.unit)} to "
            f"{at_path(entry.path, entry.high, entry.unit)}",
        ]
        for entry in entries
    ]
    return section(
        "break-even",
        "What would have to be true to break even?",
        answer,
        table(
            ("input", "median", f"{incumbent} breaks even at", "chance to gain",
             "range (bar), median (line), break-even (dot)", "range tried"),
            rows, numbers=(1, 2, 3), raw=(0, 4), caption="One input at a time, all else at medians",
        ),
    )  # fmt: skip


def _crossing(entry: BreakEven) -> str:
    return "" if entry.value is None else at_path(entry.path, entry.value, entry.unit)


def _strip(entry: BreakEven) -> str:
    """Median and break-even within the range tried, drawn."""
    width = max(entry.high - entry.low, 1e-300)

    def place(value: float) -> str:
        return f"{min(max((value - entry.low) / width, 0.0), 1.0) * 100:.1f}%"

    dot = "" if entry.value is None else f'<u style="left:{place(entry.value)}"></u>'
    return f'<div class="strip"><i></i><s style="left:{place(entry.median)}"></s>{dot}</div>'


