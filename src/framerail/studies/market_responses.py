"""How the calibrated pickup market answers, beside published answers; and how many buyers do.

Evaluated at the medians of the scenario's inputs. The published figures: Grieco, Murry and
Yurukoglu (2024) for elasticities and Maritz's second choices, Ford's survey of Lightning buyers,
Allcott et al. (2024) for the repeal of credits. Second choices of Frontier, Silverado and Tacoma
buyers, the truck correlation and the Lightning survey set `spread_of_pickup`, `spread_of_size`
and `electric_pickup_attachment` (`benchmarks/second_choices.py`); those of F-Series buyers, the
elasticities and the repeal set no parameter.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.market import (
    Buyers,
    Calibration,
    MarketInputs,
    ProductTable,
    calibrate,
    choose,
    draw_buyers,
    elasticities,
    equilibrium,
    first_and_second,
    market_shares,
    offers_in_year,
    ownership_of,
    product_table,
    second_choices,
    traits,
    utilities,
)
from framerail.quantities import Scalar
from framerail.scenario import Scenario
from framerail.scenario_file import read_scenario
from framerail.studies.vehicle_use_cases import ValidationRow

MANY = 8_192
"""Sobol' buyers against which the default population is shown."""
_CREDIT = 7_500.0
_YEARS = (2028.0, 2034.0)
_COST = {"rwd": 42_000.0, "awd": 51_000.0}
"""Cost of the scenario's trucks in the convergence table, dollars of the calibration year."""


SURVEYED = {
    1999: "f-150 frontier ram-1500 ranger sierra-1500 silverado-1500 tacoma tundra",
    2005: "canyon colorado f-150 frontier ram-1500 ranger ridgeline sierra-1500 silverado-1500 "
    "tacoma titan tundra",
    2015: "canyon colorado f-150 frontier ram-1500 sierra-1500 silverado-1500 tacoma titan tundra",
}
"""Today's nameplates that were on sale in the years of the second-choice surveys, from general
knowledge; those that are gone (S-10, Sonoma, Dakota) have no row here."""


class SecondChoices(eqx.Module):
    """Second choices by removal with the choice set of the survey's year, today's trucks.

    The outside good is another light vehicle, as it is in the surveys, and counts as one.
    """

    truck_correlation: Float[Array, ""]
    """Between first and second choices being a pickup, among all light vehicles, 2015."""
    frontier: Float[Array, ""]
    """Part of Frontier buyers to Tacoma or Colorado, 2015."""
    silverado: Float[Array, ""]
    """Part of Silverado buyers to F-Series or Ram, 1999."""
    tacoma: Float[Array, ""]
    """Part of Tacoma buyers to Frontier or F-Series, 2005."""
    f_series: Float[Array, ""]
    """Part of F-Series buyers to Silverado or Ram, 2015; left out where the others are used."""
    from_outside_pickups: Float[Array, ""]
    """Part of Lightning buyers who take no pickup when electric pickups are removed, 2023."""


class Responses(eqx.Module):
    """Answers of the calibrated market."""

    own_elasticity: Float[Array, ""]
    """Sales-weighted, of pickups, to their own price."""
    market_elasticity: Float[Array, ""]
    """Of all pickups together to all their prices."""
    to_silverado_and_ram: Float[Array, ""]
    """Part of F-150 buyers' second choices within the market, by removal."""
    from_outside_pickups: Float[Array, ""]
    """Part of Lightning buyers who take no pickup when electric pickups are removed."""
    repeal: Float[Array, ""]
    """Relative change of electric sales when a full credit goes, prices answering."""


def _net_utility(
    inputs: MarketInputs, table: ProductTable, buyers: Buyers, known: Calibration
) -> tuple[Float[Array, " product"], Float[Array, "buyer product"]]:
    net = table.price - inputs.credit_take_up * table.credit
    return net, utilities(buyers, known.quality, traits(table, inputs.preferences), net)


@eqx.filter_jit
def responses(inputs: MarketInputs, nodes: Float[Array, "buyer dimension"]) -> Responses:
    """Answers of the market of the calibration year with the buyers of a rule."""
    table = product_table(inputs.products)
    ownership, buyers = ownership_of(table), draw_buyers(inputs.preferences, nodes)
    known = calibrate(inputs, table, buyers, ownership)
    net, utility = _net_utility(inputs, table, buyers, known)
    choice = choose(utility, table.observed)
    pickups = table.pickup * table.observed
    shares = market_shares(buyers, choice) * pickups
    own = jnp.diagonal(elasticities(buyers, choice, net))
    dearer = utility - 0.01 * buyers.sensitivity[:, None] * (net * pickups)[None, :]
    after = market_shares(buyers, choose(dearer, table.observed)) @ pickups
    return Responses(
        own_elasticity=own @ shares / jnp.sum(shares),
        market_elasticity=(after / jnp.sum(shares) - 1) / 0.01,
        to_silverado_and_ram=_f_150(table, buyers, utility),
        from_outside_pickups=_lightning(table, buyers, utility),
        repeal=_repeal(inputs, table, buyers, known),
    )


def _next(
    name: str,
    others: tuple[str, ...],
    year: int,
    market: tuple[ProductTable, Buyers, Float[Array, "buyer product"]],
) -> Float[Array, ""]:
    """Part of the buyers of `name` whose second choice is one of `others`."""
    table, buyers, utility = market
    place = table.index(name)
    removed = jnp.zeros(len(table.names)).at[place].set(1.0)
    row = second_choices(buyers, utility, _on_sale(table, year), removed)[place]
    return sum((row[table.index(other)] for other in others), start=jnp.zeros(()))


def _on_sale(table: ProductTable, year: int) -> Float[Array, " product"]:
    pickups = jnp.asarray([float(name in SURVEYED[year].split()) for name in table.names])
    return table.observed * jnp.where(table.pickup > 0, pickups, 1.0)


def _truck_correlation(
    table: ProductTable, buyers: Buyers, utility: Float[Array, "buyer product"]
) -> Float[Array, ""]:
    """Whoever has no pickup as first choice has one as second as often as the other way round."""
    pairs = first_and_second(buyers, utility, _on_sale(table, 2015))
    first = jnp.sum(pairs, axis=1) @ table.pickup
    both = table.pickup @ pairs[:, :-1] @ table.pickup
    return (both / first - first) / (1 - first)


@eqx.filter_jit
def second_choice_moments(
    inputs: MarketInputs, nodes: Float[Array, "buyer dimension"]
) -> SecondChoices:
    """What the surveys asked, of the calibrated market."""
    table = product_table(inputs.products)
    ownership, buyers = ownership_of(table), draw_buyers(inputs.preferences, nodes)
    known = calibrate(inputs, table, buyers, ownership)
    _, utility = _net_utility(inputs, table, buyers, known)
    market = (table, buyers, utility)
    return SecondChoices(
        truck_correlation=_truck_correlation(*market),
        frontier=_next("frontier", ("tacoma", "colorado"), 2015, market),
        silverado=_next("silverado-1500", ("f-150", "ram-1500"), 1999, market),
        tacoma=_next("tacoma", ("frontier", "f-150"), 2005, market),
        f_series=_next("f-150", ("silverado-1500", "ram-1500"), 2015, market),
        from_outside_pickups=_lightning(*market),
    )


def _f_150(
    table: ProductTable, buyers: Buyers, utility: Float[Array, "buyer product"]
) -> Float[Array, ""]:
    place = table.index("f-150")
    removed = jnp.zeros(len(table.names)).at[place].set(1.0)
    row = second_choices(buyers, utility, table.observed, removed)[place]
    named = row[table.index("silverado-1500")] + row[table.index("ram-1500")]
    return named / jnp.sum(row[:-1])


def _lightning(
    table: ProductTable, buyers: Buyers, utility: Float[Array, "buyer product"]
) -> Float[Array, ""]:
    removed = table.electric * table.pickup * table.observed
    rows = second_choices(buyers, utility, table.observed, removed)
    outside = rows[:, -1] + rows[:, :-1] @ (1 - table.pickup)
    places = jnp.asarray([table.index(name) for name in ("lightning-sr", "lightning-er")])
    sales = table.sales[places]
    return outside[places] @ sales / jnp.sum(sales)


def _repeal(
    inputs: MarketInputs, table: ProductTable, buyers: Buyers, known: Calibration
) -> Float[Array, ""]:
    def sold(credit: Float[Array, " product"]) -> Scalar:
        offers = offers_in_year(
            inputs,
            table,
            known,
            inputs.calibration_year,
            price_level=jnp.ones(()),
            entrant_cost=known.marginal_cost,
            credit=credit,
            entry=table.observed,
        )
        found = equilibrium(buyers, offers, ownership_of(table), offers.start_price)
        return found.quantity @ table.electric

    return sold(0.0 * table.electric) / sold(_CREDIT * table.electric) - 1


@eqx.filter_jit
def entrant_sales(
    scenario: Scenario, nodes: Float[Array, "buyer dimension"], present: Float[Array, " product"]
) -> Float[Array, "year product"]:
    """Sales of two years with the scenario's entrants at stated costs and as announced.

    **Arguments:** `present` is one for the products that come to the market, zero for the others.
    """
    inputs = scenario.market
    table = product_table(inputs.products)
    for name in table.names:
        if inputs.products[name].evidence == "entrant":
            table = table.replaced(name, launch=jnp.asarray(2026.5), end=jnp.asarray(2037.0))
    ownership, buyers = ownership_of(table), draw_buyers(inputs.preferences, nodes)
    known = calibrate(inputs, table, buyers, ownership)
    cost = jnp.asarray([_COST["rwd" if name.endswith("rwd") else "awd"] for name in table.names])

    def sold(year: float) -> Float[Array, " product"]:
        level = (1 + scenario.program.inflation) ** (year - inputs.calibration_year)
        offers = offers_in_year(
            inputs,
            table,
            known,
            jnp.asarray(year),
            price_level=level,
            entrant_cost=cost * level,
            credit=0.0 * table.credit,
            entry=present,
        )
        here = buyers.at_price_level(offers.price_level)
        return equilibrium(here, offers, ownership, offers.start_price).quantity

    return jnp.stack([sold(year) for year in _YEARS])


def entrant_volumes(
    scenario: Scenario, nodes: Float[Array, "buyer dimension"]
) -> Float[Array, " year"]:
    """Trucks a year of the scenario's entrants together, at stated costs and as announced."""
    table = product_table(scenario.market.products)
    return entrant_sales(scenario, nodes, jnp.ones(len(table.names))) @ table.entrant


def responses_check() -> tuple[ValidationRow, ...]:
    """Elasticities, second choices and repeal, at the default buyers and at many."""
    rows = []
    for told, scenario in (
        ("default buyers", read_scenario("nissan-fisker")),
        (f"{MANY:,} buyers", read_scenario("nissan-fisker", buyers=MANY)),
    ):
        found = responses(scenario.market, scenario.buyer_nodes)
        asked = second_choice_moments(scenario.market, scenario.buyer_nodes)
        for what, value, published, low, high in (
            ("own-price elasticity of pickups", found.own_elasticity, -5.36, -6.5, -4.0),
            ("elasticity of all pickups together", found.market_elasticity, -1.29, -1.5, -0.4),
            ("F-150 to Silverado and Ram", found.to_silverado_and_ram, 0.64, 0.55, 1.0),
            ("the same of all vehicles, trucks of 2015", asked.f_series, 0.64, 0.55, 1.0),
            ("Lightning buyers outside pickups", found.from_outside_pickups, 0.50, 0.50, 1.0),
            ("electric sales after repeal", found.repeal, -0.27, -0.35, -0.20),
        ):
            value, bar = float(value), f"{low:g} to {high:g}"
            met = low <= value <= high
            rows.append(ValidationRow(f"{what}, {told}", "", value, published, bar, met))
        for what, value, published in (
            ("truck correlation of second choices", asked.truck_correlation, 0.872),
            ("Frontier to Tacoma and Colorado", asked.frontier, 0.69),
            ("Silverado to F-Series and Ram", asked.silverado, 0.76),
            ("Tacoma to Frontier and F-Series", asked.tacoma, 0.35),
        ):
            rows.append(ValidationRow(f"{what}, {told}, used", "", float(value), published))
    return tuple(rows)


def buyers_check() -> tuple[ValidationRow, ...]:
    """What doubling the designed buyers does to the scenario's trucks together, at the medians."""
    scenario, rows = read_scenario("nissan-fisker"), []
    counts = (64, 128, 256)
    found = [
        entrant_volumes(scenario, read_scenario("nissan-fisker", buyers=count).buyer_nodes)
        for count in counts
    ]
    for k in range(len(counts) - 1):
        for year, few, more in zip(_YEARS, found[k], found[k + 1], strict=True):
            change = float(more / few - 1)
            what = f"entrants' volume in {year:.0f}, {counts[k]} to {counts[k + 1]} buyers"
            met = abs(change) < 0.01
            rows.append(ValidationRow(what, "relative", change, 0.0, "below 1 %", met))
    return tuple(rows)
