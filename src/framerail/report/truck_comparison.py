"""What a planner asks of the trucks first: whence the price, and how many beside rivals."""

import numpy as np

from framerail.report.page import paragraph, table, two_lines
from framerail.report.spread import spread
from framerail.report.view import View
from framerail.report.words import whole


def base_year(view: View) -> int:
    """Year of the valuation date, in whose dollars real figures are."""
    return int(float(view.scenario.program.valuation_date))


def price_steps(view: View) -> str:
    """From unit cost to price in the best year at the medians, beside the scenario's own price.

    Prices announced or assumed in the scenario are in dollars of its calibration year.
    """
    best, point = view.best_year, view.study.point.both
    places = [view.products.index(name) for name in view.trucks]
    price = np.asarray(point.market.price[best])[places]
    markup = np.asarray(point.market.markup[best])[places]
    cost = np.asarray(point.cost.net_variable[best])
    growth = 1 + float(view.scenario.program.inflation)
    deflator = growth ** (float(view.years[best]) - base_year(view))
    market = view.scenario.market
    to_base = growth ** (base_year(view) - float(market.calibration_year))
    rows = [
        [
            name,
            whole(cost[k] / deflator),
            whole((price[k] - markup[k] - cost[k]) / deflator),
            whole(markup[k] / deflator),
            whole(price[k] / deflator),
            whole(float(market.products[name].price) * to_base),
            whole(price[k]),
        ]
        for k, name in enumerate(view.trucks)
    ]
    year = f"{view.years[best]:.0f}"
    head = (
        "truck", "unit cost", "dealer, selling, fees, credits", "markup", "price",
        "price in the scenario", f"price, dollars of {year}",
    )  # fmt: skip
    note = (
        "Unit cost is at the volume that the trucks reach, with its learning and purchasing scale. "
        "Dealer margin and selling expense are in the third column, with the license fee, the "
        "builder's margin and duties, less emission credits and what a truck saves on the "
        "seller's later ones. The price in the scenario was announced, or assumed, before any of "
        "this; nothing is fitted to it."
    )
    caption = (
        f"From unit cost to price in {year}, inputs at their medians, dollars of {base_year(view)}"
    )
    return table(head, rows, numbers=range(1, 7), caption=caption) + paragraph(note, "note")


def nameplates(view: View) -> str:
    """Each partner's trucks together in its best year, beside sales of electric rivals."""
    output = view.of("output")
    rows = []
    for firm in view.partners:
        mine = [k for k, name in enumerate(view.trucks) if view.seller(name) == firm]
        found = spread(output[:, :, mine].sum(axis=2).max(axis=1))
        built = two_lines(whole(found.p50), f"{whole(found.p10)} to {whole(found.p90)}")
        rows.append([f"{firm}: " + ", ".join(view.trucks[k] for k in mine), "best year", built])
    products = view.scenario.market.products
    year = f"{float(view.scenario.market.calibration_year):.0f}"
    sold: dict[str, float] = {}
    for name in view.products:
        product = products[name]
        seen = product.evidence == "observed" and product.pricing == "strategic"
        if seen and product.powertrain == "electric":
            nameplate = f"{product.firm}: {name.split('-')[0]}"
            sold[nameplate] = sold.get(nameplate, 0.0) + float(product.sales)
    ranked = sorted(sold.items(), key=lambda item: -item[1])
    rows += [[name, year, whole(count)] for name, count in ranked]
    return table(
        ("nameplate", "when", "trucks a year"),
        rows,
        numbers=(2,),
        raw=(2,),
        own=range(len(view.partners)),
        caption="Built a year by nameplate, median (10th to 90th percentile below), beside "
        f"electric products' sales in {year}",
    )
