"""Tables of the trucks: what they do, cost and sell, and the rivals that they meet."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from framerail.cost import ELEMENTS
from framerail.report.spread import bands
from framerail.report.table_kind import SPREAD_COLUMNS, TableKind, spread_row
from framerail.report.view import View

Row = tuple[Any, ...]


def truck_figures(view: View) -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    """Figures by truck: name -> unit, value at the medians, values of the usable draws."""
    point = view.study.headline
    names = {
        "range": ("mile", "range_miles"),
        "consumption": ("kWh/mile", "consumption"),
        "zero_to_sixty": ("s", "zero_to_sixty"),
        "price": ("dollar/truck", "price"),
        "unit_cost": ("dollar/truck", "unit_cost"),
        "real_price": ("dollar/truck", "real_price"),
        "real_unit_cost": ("dollar/truck", "real_unit_cost"),
    }
    found = {
        key: (unit, np.asarray(getattr(point, field)), view.of(field))
        for key, (unit, field) in names.items()
    }
    output, draws = np.asarray(point.output), view.of("output")
    # Every draw's own best year: production starts later in some draws than at the medians.
    found["best_year_output"] = ("truck/year", output.max(axis=0), draws.max(axis=1))
    found["total_output"] = ("truck", output.sum(axis=0), draws.sum(axis=1))
    return found


def _trucks(view: View) -> Iterator[Row]:
    for figure, (unit, point, draws) in truck_figures(view).items():
        for place, truck in enumerate(view.trucks):
            row = spread_row(draws[:, place])
            yield truck, view.seller(truck), figure, unit, float(point[place]), *row


def _unit_cost(view: View) -> Iterator[Row]:
    cost = view.study.point.both.cost
    for element in (*ELEMENTS, "production_credit", "net_variable"):
        values = np.asarray(getattr(cost, element))
        for row, year in enumerate(view.years):
            for place, truck in enumerate(view.trucks):
                yield truck, int(year), element, float(values[row, place])


def _market(view: View) -> Iterator[Row]:
    both, neither = view.study.point.both.market, view.study.point.neither
    products = view.scenario.market.products
    price, quantity = np.asarray(both.price), np.asarray(both.quantity)
    markup, before = np.asarray(both.markup), np.asarray(neither.quantity)
    for row, year in enumerate(view.years):
        for place, name in enumerate(view.products):
            own = name in view.trucks
            yield (
                int(year),
                name,
                products[name].firm,
                products[name].brand,
                products[name].powertrain,
                float(price[row, place]) if quantity[row, place] > 0.5 else None,
                float(quantity[row, place]),
                0.0 if own else float(before[row, place]),
                float(markup[row, place]) if quantity[row, place] > 0.5 else None,
            )


def _volumes(view: View) -> Iterator[Row]:
    for figure in ("output", "demand"):
        found = bands(view.of(figure))
        for row, year in enumerate(view.years):
            for place, truck in enumerate(view.trucks):
                yield int(year), truck, figure, *(float(band[row, place]) for band in found)


def _rivals(view: View) -> Iterator[Row]:
    best, market = view.best_year, view.study.point.both.market
    taken = view.of("taken")
    ranges = dict(zip(view.trucks, np.asarray(view.study.headline.range_miles), strict=True))
    sprint = dict(zip(view.trucks, np.asarray(view.study.headline.zero_to_sixty), strict=True))
    for place, name in enumerate(view.products):
        product = view.scenario.market.products[name]
        sold = float(market.quantity[best, place])
        yield (
            name,
            product.firm,
            product.powertrain,
            product.body,
            "entrant" if name in view.trucks else product.evidence,
            float(ranges.get(name, product.range)),
            float(sprint.get(name, product.zero_to_sixty)),
            float(product.towing),
            float(product.payload),
            float(market.price[best, place]) if sold > 0.5 else None,
            sold,
            *spread_row(taken[:, place]),
        )


TRUCK_TABLES = (
    TableKind(
        "trucks",
        "What each truck of the scenario can do, costs and sells for.",
        {
            "truck": "name of the truck",
            "firm": "company that sells it",
            "figure": "range, consumption, zero_to_sixty, price, unit_cost (variable cost after "
            "the production credit), real_price and real_unit_cost (in dollars of the valuation "
            "year), best_year_output (each draw's own best year) or total_output",
            "unit": "unit of the figure",
            "at_medians": "value with every input at its median",
            **SPREAD_COLUMNS,
        },
        _trucks,
    ),
    TableKind(
        "unit_cost",
        "Variable cost of one truck by element and model year, inputs at their medians.",
        {
            "truck": "name of the truck",
            "model_year": "calendar year",
            "element": "cost element; production_credit is negative; net_variable is the sum",
            "dollars_per_truck": "nominal dollars per truck",
        },
        _unit_cost,
    ),
    TableKind(
        "market",
        "Equilibrium price and volume of every product by model year, inputs at their medians.",
        {
            "model_year": "calendar year",
            "product": "name of the product",
            "firm": "company that sells it",
            "brand": "badge",
            "powertrain": "combustion, hybrid or electric",
            "price": "nominal dollars; empty when not on sale",
            "sales": "trucks ordered in the year, the scenario's trucks on the market",
            "sales_without": "trucks ordered in the year, none of the scenario's trucks on sale",
            "markup": "price less marginal cost, nominal dollars; empty when not on sale",
        },
        _market,
    ),
    TableKind(
        "volumes",
        "Trucks built and ordered by model year over the draws.",
        {
            "model_year": "calendar year",
            "truck": "name of the truck",
            "figure": "output (trucks built) or demand (trucks ordered)",
            "mean": "mean over usable draws, trucks a year",
            "p10": "10th percentile, trucks a year",
            "p50": "median, trucks a year",
            "p90": "90th percentile, trucks a year",
        },
        _volumes,
    ),
    TableKind(
        "rivals",
        "Every product with its attributes, its price and sales in the best year, and the sales "
        "that it loses to the scenario's trucks.",
        {
            "product": "name of the product",
            "firm": "company that sells it",
            "powertrain": "combustion, hybrid or electric",
            "body": "full-size, midsize or compact pickup, or car",
            "evidence": "observed, supply-limited, announced or entrant (a truck of the scenario)",
            "range_mi": "EPA label range in the calibration year, miles; zero without a plug",
            "zero_to_sixty_s": "seconds",
            "towing_lb": "pounds",
            "payload_lb": "pounds",
            "price": "nominal dollars in the year of the largest output; empty when not on sale",
            "sales": "trucks in that year, inputs at their medians",
            **{key: f"sales lost a year, {text}" for key, text in SPREAD_COLUMNS.items()},
        },
        _rivals,
    ),
)
