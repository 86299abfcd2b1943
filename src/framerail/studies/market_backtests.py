"""What the pickup market of one year says about the next, against what was sold.

The reference case's market (tastes as known on 2024-03-01) is calibrated on the sales of a base
year and solved for the next, over draws of all uncertain inputs. The model's own part among
combustion nameplates is small: rivals' attributes hardly move in a year. What does move shares is
known in advance: a design that is replaced sells less in the year of the changeover (plants
retool) and more in the year after. One number, the log-share effect of a changeover, is estimated
on the years before the forecast and applied with the announced dates (`data/market/redesigns.csv`).
The form of that rule was chosen with both scored years in view; its size was not.
"""

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.stats import norm, t

from framerail.market import (
    ProductTable,
    calibrate,
    draw_buyers,
    equilibrium,
    offers_in_year,
    ownership_of,
    product_table,
)
from framerail.scenario import Scenario
from framerail.scenario_file import read_rows, read_scenario
from framerail.studies.sampling import column_indices, sample_leaves, sobol_points, with_columns
from framerail.studies.vehicle_use_cases import ValidationRow

DRAWS = 128
FIRST, LAST = 2021, 2024
LIMITED = ("cybertruck", "silverado-ev", "sierra-ev")
"""Could not be built as fast as they sold in 2024: what was sold is at most what was wanted."""
ELECTRIC = {
    "lightning": ("lightning-sr", "lightning-er"),
    "r1t": ("r1t",),
    "cybertruck": ("cybertruck",),
    "silverado-ev": ("silverado-ev",),
    "sierra-ev": ("sierra-ev",),
}
LAUNCHES = ("lightning-er", "lightning-sr", "r1t")
"""Electric pickups whose standing with buyers the sales of 2023 reveal."""
NAIVE_SPREAD = 0.5
"""Standard deviation of the naive forecast's log error: last year's volume; *assumed*."""

Sales = dict[str, dict[int, float]]


def sales_by_year() -> Sales:
    """Units by product and calendar year."""
    sold: Sales = {}
    for row in read_rows("market/sales.csv"):
        sold.setdefault(row["product"], {})[int(row["year"])] = float(row["units"])
    return sold


def _based(table: ProductTable, sold: Sales, base: int, calibrated: int) -> ProductTable:
    """The table with sales and ages of an earlier year; cars keep theirs (not in the facts)."""
    sales, seen = table.sales, table.observed
    for place, name in enumerate(table.names):
        if table.pickup[place] > 0 and table.observed[place] > 0:
            units = sold.get(name, {}).get(base, 0.0)
            sales = sales.at[place].set(units)
            seen = seen.at[place].set(1.0 if units > 0 else 0.0)
    age = jnp.maximum(table.redesign_age - (calibrated - base), 0.0)
    return eqx.tree_at(lambda x: (x.sales, x.observed, x.redesign_age), table, (sales, seen, age))


@dataclasses.dataclass(frozen=True)
class Forecast:
    """Draws of one year's sales, arrays over draw and product."""

    table: ProductTable
    quantity: np.ndarray
    residual: np.ndarray
    """Residual quality, $."""
    value_of_dollar: np.ndarray
    """d log quantity per $ of quality, by draw and product: prices held."""


def forecast(scenario: Scenario, base: int, year: int) -> Forecast:
    """Sales of `year` from the market of `base`, over draws of all uncertain inputs."""
    where, sold = column_indices(scenario), sales_by_year()
    points = sobol_points(DRAWS, len(scenario.uncertainty), 17)
    rows = jnp.asarray(sample_leaves(scenario, points))
    calibrated = int(float(scenario.market.calibration_year))
    first = product_table(scenario.market.products)
    early = _based(first, sold, base, calibrated) if base != calibrated else first

    def one(row: Float[Array, " leaf"]) -> tuple[Array, Array, Array, Array]:
        drawn = with_columns(scenario, where, row)
        market = eqx.tree_at(lambda m: m.calibration_year, drawn.market, jnp.asarray(float(base)))
        here = product_table(market.products)
        if base != calibrated:
            columns = (early.sales, early.observed, early.redesign_age)
            here = eqx.tree_at(lambda x: (x.sales, x.observed, x.redesign_age), here, columns)
        buyers, ownership = (
            draw_buyers(market.preferences, scenario.buyer_nodes),
            ownership_of(here),
        )
        known = calibrate(market, here, buyers, ownership)
        offers = offers_in_year(
            market,
            here,
            known,
            jnp.asarray(float(year)),
            price_level=(1 + drawn.program.inflation) ** (year - base),
            entrant_cost=known.marginal_cost,
            credit=here.credit,
            entry=1 - here.entrant,
        )
        later = buyers.at_price_level(offers.price_level)
        found = equilibrium(later, offers, ownership, offers.start_price)
        sensitivity = market.preferences.price_sensitivity * jnp.ones_like(found.quantity)
        return found.quantity, known.residual, sensitivity, found.outcome

    told = jax.jit(lambda rows: jax.lax.map(one, rows))(rows)
    quantity, residual, sensitivity, outcome = (np.asarray(part) for part in told)
    if np.any(outcome & 2):
        raise RuntimeError("a market of the backtest did not converge")
    return Forecast(first, quantity, residual, sensitivity)


def changeovers(year: int, names: Sequence[str]) -> np.ndarray:
    """-1 where the design changes in the year, +1 in the year after, else zero."""
    dates = {row["product"]: int(float(row["date"])) for row in read_rows("market/redesigns.csv")}
    return np.array(
        [(dates.get(n) == year - 1) * 1.0 - (dates.get(n) == year) * 1.0 for n in names]
    )


def _shares(sold: Sales, names: Sequence[str], year: int) -> np.ndarray:
    units = np.array([sold[name][year] for name in names])
    return units / units.sum()


def _combustion(table: ProductTable, sold: Sales, years: Sequence[int]) -> list[str]:
    kept = np.asarray(table.pickup * (1 - table.electric)) > 0
    return [
        name
        for name, keep in zip(table.names, kept, strict=True)
        if keep and all(year in sold.get(name, {}) for year in years)
    ]


def changeover_effect(table: ProductTable, before: int) -> tuple[float, int]:
    """Log-share effect of a changeover by least squares on the years up to `before`, and on how
    many changeovers it rests; the mean change of a year is left free."""
    sold, marks, changes, seen = sales_by_year(), [], [], 0
    for year in range(FIRST + 1, before + 1):
        names = _combustion(table, sold, (year - 1, year))
        change = np.log(_shares(sold, names, year) / _shares(sold, names, year - 1))
        mark = changeovers(year, names)
        seen += int(np.abs(mark).sum())
        marks.append(mark - mark.mean())
        changes.append(change - change.mean())
    mark, change = np.concatenate(marks), np.concatenate(changes)
    return float(mark @ change / (mark @ mark)), seen


def combustion_rows(scenario: Scenario, year: int) -> list[ValidationRow]:
    """Weighted mean absolute error of shares, against last year's shares."""
    told, sold = forecast(scenario, year - 1, year), sales_by_year()
    names = _combustion(told.table, sold, (year - 1, year))
    places = [told.table.index(name) for name in names]
    actual, naive = _shares(sold, names, year), _shares(sold, names, year - 1)
    middle = np.median(told.quantity[:, places], axis=0)
    effect, seen = changeover_effect(told.table, year - 1)
    lifted = middle * np.exp(effect * changeovers(year, names))

    def error(units: np.ndarray) -> float:
        return 100 * float(np.abs(units / units.sum() - actual).sum())

    last, full = error(naive), error(lifted)
    head = f"combustion shares of {year} from {year - 1}"
    unit = "weighted absolute error, %"
    return [
        ValidationRow(
            f"{head}, changeovers ({effect:.2f} log points from {seen})",
            unit, full, last, "<= 12 and below last year's shares", full <= 12 and full < last,
        ),
        ValidationRow(f"{head}, without changeovers", unit, error(middle), last),
        *(
            ValidationRow(f"share of {name} in {year}", "share", float(p), float(a))
            for name, p, a in zip(names, lifted / lifted.sum(), actual, strict=True)
        ),
    ]  # fmt: skip


def _yearly_spread(table: ProductTable, before: int) -> float:
    """Standard deviation of nameplates' log share changes in the years up to `before`."""
    sold, changes = sales_by_year(), []
    for year in range(FIRST + 1, before + 1):
        names = _combustion(table, sold, (year - 1, year))
        changes.append(np.log(_shares(sold, names, year) / _shares(sold, names, year - 1)))
    return float(np.std(np.concatenate(changes)))


def electric_rows(scenario: Scenario) -> list[ValidationRow]:
    """80 % intervals and log score of electric pickups in 2024, from 2023.

    A launch's standing is drawn from the earlier launches alone: with three of them, their mean
    and Student's t of two degrees of freedom (in place of the scenario's brand and product
    spreads); a nameplate sold in 2023 moves by the year-to-year spread of nameplates.
    """
    year = LAST
    told, sold = forecast(scenario, year - 1, year), sales_by_year()
    table, rng = told.table, np.random.default_rng(1)
    spread = _yearly_spread(table, year - 1)
    launched = told.residual[:, [table.index(name) for name in LAUNCHES]]
    count = launched.shape[1]
    wide = launched.std(axis=1, ddof=1) * np.sqrt(1 + 1 / count)
    rows, model, naive, covered = [], [], [], 0
    for name, parts in ELECTRIC.items():
        actual = sum(sold[part][year] for part in parts)
        before = sum(sold[part].get(year - 1, 0.0) for part in parts)
        places = [table.index(part) for part in parts]
        drawn = np.log(np.maximum(told.quantity[:, places].sum(axis=1), 1.0))
        if name in LIMITED:
            standing = launched.mean(axis=1) + wide * t(count - 1).rvs(DRAWS, random_state=rng)
            moved = standing - told.residual[:, places[0]]
            drawn = drawn + moved * told.value_of_dollar[:, places[0]]
        drawn = drawn + spread * rng.standard_normal(DRAWS)
        low, middle, high = np.exp(np.quantile(drawn, [0.1, 0.5, 0.9]))
        inside = bool(actual <= high if name in LIMITED else low <= actual <= high)
        covered += inside
        what = f"{name} in {year}" + ", limited by supply" * (name in LIMITED)
        told_range = f"{low:,.0f} to {high:,.0f}: {'covers' if inside else 'misses'}"
        rows.append(ValidationRow(what, "trucks", float(middle), actual, told_range))
        if name not in LIMITED:
            model.append(norm.logpdf(np.log(actual), drawn.mean(), drawn.std()))
            naive.append(norm.logpdf(np.log(actual), np.log(before), NAIVE_SPREAD))
    better, other = float(np.mean(model)), float(np.mean(naive))
    what = f"electric pickups of {year}"
    return [
        ValidationRow(
            f"{what}, 80 % intervals that cover", "of 5", covered, 5, ">= 4", covered >= 4
        ),
        ValidationRow(f"{what}, log score", "", better, other, "above last year's", better > other),
        *rows,
    ]


def backtests_check() -> tuple[ValidationRow, ...]:
    """Combustion nameplates of 2023 and 2024, electric pickups of 2024."""
    scenario = read_scenario("nissan-fisker")
    return (
        *combustion_rows(scenario, 2023),
        *combustion_rows(scenario, 2024),
        *electric_rows(scenario),
    )
