"""Known electric pickups as entrants of the same machine: `python benchmarks/entrant_backtest.py`.

Each of Lightning and R1T (year 2023), Cybertruck, Silverado EV and Sierra EV (2024) is treated as
the scenario treats its own trucks: its cost is built from its contents with the learning and
scale of its own (predicted) volume, its standing with buyers is the mean residual of the *other*
electric pickups observed in 2023 with the scenario's spreads, and its price is its maker's best
answer. Its own price and sales are not used. Three answers are printed beside what happened: the
whole machine, the same with parts at mature cost, and the volume at the actual price, which
separates an error of cost from one of demand.

Contents are the makers' and EPA's figures where they are public (vehicle facts of 2022-2024) and
*assumed* where marked; the deck of costs is the reference case's.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import framerail as fr
from framerail.cost import CostCircumstances, VehicleContents, price_level, unit_cost
from framerail.market import (
    calibrate,
    draw_buyers,
    equilibrium,
    offers_in_year,
    ownership_of,
    product_table,
)
from framerail.numerics.calendar import QuarterGrid
from framerail.program import policy_path
from framerail.studies.sampling import column_indices, sample_leaves, sobol_points, with_columns

DRAWS = 128
LIFE = 8
"""Years over which a truck more brings the later ones down the learning curve."""
START = 5_000.0
"""Trucks a year from which volume and cost settle; twenty times as many are tried too."""
TURNS = 14
"""Turns around volume and cost: each moves cost by a tenth of the one before."""
SPREAD = 13_000.0
"""Standard deviation of the observed electric pickups' residuals, dollars (as the scenario's)."""
ASSUMED_USABLE = 0.95
"""Usable over gross energy where gross is not published; *assumed* from R1T 0.955, Ocean 0.942."""


class Truck(NamedTuple):
    """What a truck of 2023 or 2024 is made of, and how it is sold."""

    gross_energy: float
    power: float
    charger: float
    gross_weight: float
    aluminum: float
    ladder: float
    trim: float
    dealers: bool


# kWh, kW, kW, kg; shares and trim levels are assumed, so are the weights of SR, Silverado, Sierra.
TRUCKS = {
    "lightning-sr": Truck(98 / ASSUMED_USABLE, 337, 11.3, 3740, 1.0, 1.0, 0.8, True),
    "lightning-er": Truck(131 / ASSUMED_USABLE, 433, 19.2, 3878, 1.0, 1.0, 1.8, True),
    "r1t": Truck(135, 510, 11.5, 3870, 0.4, 1.0, 2.0, False),
    "cybertruck": Truck(123 / ASSUMED_USABLE, 448, 11.5, 4129, 0.2, 0.0, 1.8, False),
    "silverado-ev": Truck(213.7, 420, 19.2, 4700, 0.3, 0.0, 1.3, True),
    "sierra-ev": Truck(213.7, 562, 19.2, 4700, 0.3, 0.0, 2.5, True),
}
ORDER = sorted(TRUCKS)
SEEN = ("lightning-sr", "lightning-er", "r1t")
"""Observed in 2023; the scenario gives them no spreads of their own, so they get those of the
others: $11,000 for a start-up's brand, $4,000 for a version."""
CASES = {
    "lightning": (2023.0, ("lightning-sr", "lightning-er")),
    "r1t": (2023.0, ("r1t",)),
    "cybertruck": (2024.0, ("cybertruck",)),
    "silverado-ev": (2024.0, ("silverado-ev",)),
    "sierra-ev": (2024.0, ("sierra-ev",)),
}
# Mean transaction price is the scenario's own figure for 2023 and list prices of 2024; sales of
# data/market/sales.csv. Cybertruck, Silverado EV and Sierra EV were limited by supply in 2024.
ACTUAL_SALES = {
    "lightning": 24_165,
    "r1t": 15_500,
    "cybertruck": 38_965,
    "silverado-ev": 7_428,
    "sierra-ev": 1_788,
}


class Given(NamedTuple):
    """One case for the compiled program: which products enter, and when."""

    year: jax.Array
    enters: jax.Array
    others: jax.Array
    """Observed electric pickups that are left to learn from."""


def contents(table):
    rows = [TRUCKS[name] for name in ORDER]
    zero = jnp.zeros(())
    return jax.tree_util.tree_map(
        lambda *leaves: jnp.stack(leaves),
        *[
            VehicleContents(
                pack_energy=jnp.asarray(float(one.gross_energy)),
                lfp_share=zero,
                rear_power=jnp.asarray(one.power / 2.0),
                front_power=jnp.asarray(one.power / 2.0),
                charger_power=jnp.asarray(float(one.charger)),
                footprint=table.footprint[table.index(name)],
                gross_weight=jnp.asarray(float(one.gross_weight)),
                aluminum_share=jnp.asarray(one.aluminum),
                ladder_share=jnp.asarray(one.ladder),
                trim_level=jnp.asarray(one.trim),
            )
            for name, one in zip(ORDER, rows, strict=True)
        ],
    )


def buyer_cost(scenario, table, volume, case):
    """In the buyer's price of every truck, at a steady yearly volume of each: the cost of one truck
    more; and the unit cost itself and the seller's part of the price.

    One truck more saves on the nameplate's other trucks, over `LIFE` years from the case's.
    """
    plant, commercial = scenario.plant, scenario.program.commercial
    site, deck = plant.sites[plant.chosen], scenario.cost.deck
    policy = policy_path(scenario.program.policy, QuarterGrid(scenario.start_of_quarter))
    together, made = platform(case.enters), contents(table)
    launch = jnp.stack([table.launch[table.index(name)] for name in ORDER])
    before = jnp.maximum(case.year - launch, 0.0)

    def year_cost(k, annual, cumulative):
        year = case.year + k
        level = price_level(scenario.program.inflation, year)

        def one(truck, annual, cumulative):
            circumstances = CostCircumstances(
                model_year=year,
                platform_cumulative=cumulative,
                top_hat_cumulative=cumulative,
                platform_annual=annual,
                top_hat_annual=annual,
                labor_hours=site.labor_hours,
                wage=site.wage * level,
                electricity_price=site.electricity_price * level,
                gas_price=site.gas_price * level,
                inbound_distance=site.inbound_distance,
                pack_distance=site.pack_distance,
                haul_distance=scenario.cost.haul_distance[plant.chosen],
                price_level=level,
                credit_per_kwh=policy.cell_credit[0] + policy.module_credit[0],
            )
            return unit_cost(deck, truck, circumstances).net_variable

        return jax.vmap(one)(made, annual, cumulative)

    def costs(path):
        built = path @ together.T
        cumulative = before[None, :] * built[:1] + jnp.cumsum(built, axis=0) - built / 2
        return jax.vmap(year_cost)(jnp.arange(LIFE, dtype=float), built, cumulative)

    path = jnp.tile(volume[None, :], (LIFE, 1))
    every, pull = jax.vjp(costs, path)
    worth = (1 + scenario.program.finance["nissan"].discount_rate) ** -jnp.arange(LIFE, dtype=float)
    saved = -pull(path * worth[:, None])[0][0]
    cost = every[0]
    dealers = jnp.asarray([float(TRUCKS[name].dealers) for name in ORDER])
    old, new = commercial["nissan"], commercial["fisker"]
    keep = dealers * (1 - old.dealer_margin) * (1 - old.selling_fraction) + (1 - dealers) * (
        1 - new.selling_fraction
    )
    selling = dealers * old.selling_per_truck + (1 - dealers) * new.selling_per_truck
    return (cost - saved + selling - policy.emission_credit[0]) / keep, cost, keep


def platform(enters):
    """One at [i, j] where trucks i and j of `ORDER` share a platform and both enter."""
    group = [name.split("-")[0] for name in ORDER]
    same = jnp.asarray([[float(a == b) for a in group] for b in group])
    return jnp.maximum(same * enters[:, None] * enters[None, :], jnp.eye(len(ORDER)))


def one_draw(scenario, case, luck):
    """Price, quantity and unit cost of every truck of `ORDER` by variant of the machine."""
    market = scenario.market
    table = product_table(market.products)
    place = jnp.asarray([table.index(name) for name in ORDER])
    enters = jnp.zeros(len(table.names)).at[place].set(case.enters)
    # What is known by now: the rivals launched, when they did.
    market = eqx.tree_at(
        lambda m: [m.rivals["sierra-ev"].luck, m.rivals["sierra-ev"].delay],
        market,
        [jnp.zeros(()), jnp.zeros(())],
    )
    missing = jnp.sqrt(jnp.maximum(SPREAD**2 / case.others - 7_500.0**2, 0.0))
    of_brand = jnp.asarray([float(name == "r1t") for name in ORDER])
    of_kind = jnp.asarray([float(name in SEEN) for name in ORDER])
    own = 11_000.0 * luck[1] * of_brand + 4_000.0 * luck[2:] * of_kind
    surprise = missing * luck[0] + jnp.zeros(len(table.names)).at[place].set(own)
    changed = eqx.tree_at(
        lambda t: (t.observed, t.entrant, t.quality_adjustment),
        table,
        (
            table.observed * (1 - enters),
            jnp.maximum(table.entrant, enters),
            table.quality_adjustment + enters * surprise,
        ),
    )
    buyers = draw_buyers(market.preferences, scenario.buyer_nodes)
    ownership = ownership_of(changed)
    known = calibrate(market, changed, buyers, ownership)
    revealed = calibrate(market, table, buyers, ownership)

    def solve(cost, fixed):
        offers = offers_in_year(
            market,
            changed,
            known,
            case.year,
            price_level=price_level(scenario.program.inflation, case.year),
            entrant_cost=known.marginal_cost.at[place].set(cost),
            credit=table.credit,
            entry=1 - table.entrant,
        )
        offers = eqx.tree_at(
            lambda o: (o.fixed_price, o.start_price),
            offers,
            (
                jnp.maximum(offers.fixed_price, fixed * enters),
                jnp.where(enters > 0, table.price, offers.start_price),
            ),
        )
        later = buyers.at_price_level(offers.price_level)
        return equilibrium(later, offers, ownership, offers.start_price)

    def turn(quantity, _):
        cost, _, _ = buyer_cost(scenario, table, quantity, case)
        return solve(cost, 0.0).quantity[place], None

    def settled(start):
        volume, _ = jax.lax.scan(turn, jnp.full(len(ORDER), start), None, length=TURNS)
        return volume

    volume, from_many = settled(START), settled(20 * START)
    cost, unit, keep = buyer_cost(scenario, table, volume, case)
    mature_deck = eqx.tree_at(
        lambda s: (s.cost.deck.learning.exponent, s.cost.deck.learning.scale_exponent),
        scenario,
        (jnp.zeros(()), jnp.zeros(())),
    )
    mature_cost, mature_unit, _ = buyer_cost(mature_deck, table, volume, case)
    found, mature, actual = solve(cost, 0.0), solve(mature_cost, 0.0), solve(cost, 1.0)
    recovered = revealed.marginal_cost[place] * keep
    return {
        "price": found.price[place],
        "sold": found.quantity[place],
        "mature_price": mature.price[place],
        "mature_sold": mature.quantity[place],
        "sold_at_actual": actual.quantity[place],
        "unit": unit,
        "mature_unit": mature_unit,
        "recovered": recovered,
        "list": table.price[place],
        "apart": jnp.sum(from_many * case.enters) / jnp.sum(volume * case.enters),
        "outcome": found.outcome | mature.outcome | actual.outcome,
    }


def cases():
    stacked = [
        Given(
            jnp.asarray(year),
            jnp.asarray([float(name in names) for name in ORDER]),
            jnp.asarray(float(len(set(SEEN) - set(names)))),
        )
        for year, names in CASES.values()
    ]
    return jax.tree_util.tree_map(lambda *leaves: jnp.stack(leaves), *stacked)


def predictions(draws=DRAWS):
    scenario = fr.read_scenario("nissan-fisker")
    where = column_indices(scenario)
    points = sobol_points(draws, len(scenario.uncertainty), 23)
    rows = jnp.asarray(sample_leaves(scenario, points))
    luck = jnp.asarray(np.random.default_rng(5).standard_normal((draws, len(ORDER) + 2)))

    def one(drawn):
        row, luck = drawn
        inputs = with_columns(scenario, where, row)
        return jax.vmap(lambda case: one_draw(inputs, case, luck))(cases())

    return jax.tree_util.tree_map(np.asarray, jax.jit(lambda d: jax.lax.map(one, d))((rows, luck)))


def main():
    found = predictions()
    failed = np.mean(np.any(found["outcome"] & 1, axis=1))
    print(f"{DRAWS} draws; {failed:.0%} with a market that did not converge to the last digit")
    print("\nunit cost of one truck, dollars of 2023 or 2024, medians: built from contents at its "
          "own volume, at mature rates, and recovered from price and sales")  # fmt: skip
    for k, (_, members) in enumerate(CASES.values()):
        for member in members:
            j = ORDER.index(member)
            middle = {n: np.median(found[n][:, k, j]) for n in ("unit", "mature_unit", "recovered")}
            print(f"  {member:13s} own volume {middle['unit']:8,.0f}  mature "
                  f"{middle['mature_unit']:8,.0f}  recovered {middle['recovered']:8,.0f}  ratios "
                  f"{middle['unit'] / middle['recovered']:.2f} and "
                  f"{middle['mature_unit'] / middle['recovered']:.2f}")  # fmt: skip
    apart = np.abs(np.log(found["apart"]))
    for k, name in enumerate(CASES):
        print(f"{name}: {np.mean(apart[:, k] > 0.05):.0%} of draws end elsewhere from "
              f"{20 * START:,.0f} a year than from {START:,.0f}")  # fmt: skip
    print("\nprice and sales of the nameplate, median (10 to 90 %)")
    for k, (name, (year, members)) in enumerate(CASES.items()):
        at = [ORDER.index(member) for member in members]
        actual = ACTUAL_SALES[name]
        print(f"  {name} {year:.0f}: sold {actual:,}")
        for label, price, sold in (
            ("machine", "price", "sold"),
            ("at mature cost", "mature_price", "mature_sold"),
            ("at the actual price", "list", "sold_at_actual"),
        ):
            quantity = found[sold][:, k][:, at]
            total = quantity.sum(axis=1)
            mean = (quantity * found[price][:, k][:, at]).sum(axis=1) / np.maximum(total, 1e-9)
            low, middle, high = np.quantile(total, [0.1, 0.5, 0.9])
            print(f"    {label:20s} price {np.median(mean):8,.0f} "
                  f"({np.quantile(mean, 0.1):,.0f} to {np.quantile(mean, 0.9):,.0f})  sales "
                  f"{middle:8,.0f} ({low:,.0f} to {high:,.0f})  actual at "
                  f"{np.mean(total < actual):.0%}")  # fmt: skip


if __name__ == "__main__":
    main()
