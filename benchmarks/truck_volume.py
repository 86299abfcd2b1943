"""Why the trucks cost and sell what they do, at the medians: `python benchmarks/truck_volume.py`.

Prints, for the reference case: both circles from several starts (is there another equilibrium?);
each partner's best year over draws; the price of each truck from parts to what a buyer pays, in
dollars of its year and of the scenario's; what a mature volume would save; the demand that the
announced truck would meet at the announced price, and what each step to the modeled one takes
away; one change at a time from the modeled truck. Recomputes the figures of
docs/guide/truck_volume.md.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import framerail as fr
from framerail.engine.circles import (
    buyer_credits,
    volume_cost_circle,
    year_offers,
)
from framerail.engine.evaluate import FIRST_GUESS, solve_markets
from framerail.engine.marginal_cost import marginal_costs, seller_cost, unit_costs
from framerail.engine.setting import ROLES, set_up
from framerail.engine.trucks import truck_figures
from framerail.market import choose, elasticities, equilibrium
from framerail.market.calibration import attribute_value
from framerail.market.equilibrium import gross_utility
from framerail.studies import monte_carlo
from framerail.studies.sampling import column_indices, sample_leaves, sobol_points, with_columns

YEAR = 2030
DRAWS = 32
NAMEPLATE_DRAWS = 64
STARTS = (100.0, FIRST_GUESS, 30_000.0, 100_000.0, 300_000.0)
CLAIMED = {"rwd": (45_400.0, 230.0, 7.2), "awd": (58_000.0, 340.0, 3.9)}
"""Announced (August 2023; the 113 kWh price is *assumed*): dollars of 2023, miles, seconds."""


def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")


def priced_path(setting, offers, start):
    """The price equilibrium of every model year at given costs, from these prices."""

    def one(year):
        offered, price = year
        buyers = setting.buyers.at_price_level(offered.price_level)
        return equilibrium(buyers, offered, setting.ownership, price)

    return jax.vmap(one)((offers, start))


def row(name, values, form="{:>12,.0f}"):
    print(f"  {name:44s}" + "".join(form.format(float(v)) for v in values))


class Case:
    """The solved reference case and what is asked of it again and again."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.markets = eqx.filter_jit(lambda s: solve_markets(s, truck_figures(s)))(scenario)
        self.setting = self.markets.setting
        self.both = jax.tree_util.tree_map(lambda leaf: leaf[0], self.markets.worlds)
        self.names = self.markets.trucks.names
        self.place = np.asarray(self.setting.place)
        self.years = np.asarray(scenario.model_year)
        self.at = int(np.argmin(np.abs(self.years - YEAR)))
        self.level = (1 + float(self.setting.scenario.program.inflation)) ** (
            self.years[self.at] - 2023.0
        )
        self.everyone = jnp.ones(len(self.names))
        self._circle = eqx.filter_jit(volume_cost_circle)
        self._costs = eqx.filter_jit(unit_costs)
        self._marginal = eqx.filter_jit(marginal_costs)
        self._offers = eqx.filter_jit(year_offers)
        self._credits = eqx.filter_jit(buyer_credits)
        self._market = eqx.filter_jit(priced_path)
        self.marginal = self._marginal(self.setting, self.both.output).marginal

    def circle(self, guess, setting=None):
        shape = self.both.output.shape
        return self._circle(
            self.setting if setting is None else setting, self.everyone, jnp.full(shape, guess)
        )

    def cost(self, output, setting=None):
        return self._costs(self.setting if setting is None else setting, output)

    def sold(self, setting, marginal=None, price=None):
        """Markets with the trucks at a marginal cost, or at prices that they keep."""
        marginal = self.marginal if marginal is None else marginal
        offers = self._offers(setting, self.everyone)
        put = offers.marginal_cost.at[:, self.place].set(marginal)
        start = jnp.where(offers.fixed_price > 0, offers.start_price, put + self.both.market.markup)
        offers = eqx.tree_at(lambda o: (o.marginal_cost, o.start_price), offers, (put, start))
        if price is not None:
            offers = eqx.tree_at(
                lambda o: (o.fixed_price, o.start_price),
                offers,
                (
                    offers.fixed_price.at[:, self.place].set(1.0),
                    offers.start_price.at[:, self.place].set(price[None, :]),
                ),
            )
        take_up = setting.scenario.market.credit_take_up
        market = self._market(setting, offers, offers.start_price)
        for _ in range(4):  # credits depend on the price asked
            credit = take_up * self._credits(setting, market.price)
            credit = offers.credit.at[:, self.place].set(credit[:, self.place])
            offers = eqx.tree_at(lambda o: o.credit, offers, credit)
            market = self._market(setting, offers, market.price)
        return offers, market


def starts(case):
    heading("Both circles from several starts: trucks a year of each kind, over its life")
    print(" " * 46 + "".join(f"{name:>12s}" for name in case.names))
    for guess in STARTS:
        solved = case.circle(guess)
        row(f"from {guess:,.0f} ({int(solved.turns)} turns)", solved.output.sum(axis=0))


def starts_over_draws(case):
    """Whether draws of all uncertain inputs have several places where both circles close."""
    heading(f"The same over {DRAWS} draws: life output from other starts over that from 10,000")
    scenario = case.scenario
    where = column_indices(scenario)
    points = sobol_points(DRAWS, len(scenario.uncertainty), 29)
    rows_of = jnp.asarray(sample_leaves(scenario, points))
    guesses = jnp.asarray([FIRST_GUESS, 100.0, 30_000.0, 100_000.0])
    shape = case.both.output.shape

    def one(row):
        drawn = with_columns(scenario, where, row)
        setting, _ = set_up(drawn, truck_figures(drawn))

        def from_start(guess):
            solved = volume_cost_circle(setting, case.everyone, jnp.full(shape, guess))
            return jnp.sum(solved.output), solved.turns

        return jax.lax.map(from_start, guesses)

    life, turns = map(np.asarray, jax.jit(lambda r: jax.lax.map(one, r))(rows_of))
    apart = np.abs(np.log(np.maximum(life, 1.0) / np.maximum(life[:, :1], 1.0)))
    for k, guess in enumerate(np.asarray(guesses)[1:], start=1):
        some = np.flatnonzero(apart[:, k] > 0.01)
        print(f"  from {guess:9,.0f}: {len(some)} of {DRAWS} draws end more than 1% elsewhere "
              f"(largest {np.expm1(apart[:, k].max()):.1%}); "
              f"most turns {turns[:, k].max()}")  # fmt: skip
        for draw in some[:8]:
            print(f"     {life[draw, 0]:12,.0f} or {life[draw, k]:12,.0f} trucks over the life")


def nameplates(case):
    """Each partner's trucks together in its best year: at the medians and in the report's draws."""
    heading(f"Each partner's trucks together in its best year: medians, {NAMEPLATE_DRAWS} draws")
    samples = monte_carlo(case.scenario, draws=NAMEPLATE_DRAWS)
    drawn = np.asarray(samples.outputs.output)[samples.valid]
    own = np.asarray(case.setting.own)
    for firm, mine in zip(ROLES, own.T, strict=True):
        low, middle, high = np.quantile((drawn @ mine).max(axis=1), [0.1, 0.5, 0.9])
        best = (np.asarray(case.both.output) @ mine).max()
        print(f"  {firm}: medians {best:,.0f}; draws {middle:,.0f} ({low:,.0f} to {high:,.0f}), "
              f"{len(drawn)} usable")  # fmt: skip
    level = (1 + _inflation(case)) ** (case.years - 2024.0)
    price = np.asarray(case.both.market.price)[:, np.asarray(case.place)] / level[:, None]
    output = np.asarray(case.both.output)
    on_sale = np.where(output > 1, price, np.nan)
    row("lowest price in dollars of 2024", np.nanmin(on_sale, axis=0))
    row("highest", np.nanmax(on_sale, axis=0))
    row("mean over its life", (price * output).sum(axis=0) / output.sum(axis=0))


def price_parts(case):
    heading(f"From parts to price, {YEAR}, dollars of {YEAR} (last rows: of 2024)")
    print(" " * 46 + "".join(f"{name:>12s}" for name in case.names))
    world, setting, at = case.both, case.setting, case.at
    cost = world.cost
    for name, value in cost.elements():
        row(name, value[at])
    row("production credit (45X)", cost.production_credit[at])
    row("= unit cost, net variable", cost.net_variable[at])
    keep = setting.own @ setting.keep
    duty = setting.yearly.parts_duty[at] * cost.material[at]
    relief = -jnp.full(keep.shape, setting.yearly.emission[at])
    selling = setting.own @ setting.selling_per_truck
    average = seller_cost(setting, cost)[at]
    deal = average * keep - (cost.net_variable[at] + duty + relief + selling)
    row("duty on parts", duty)
    row("emission credits", relief)
    row("selling expense per truck", selling)
    row("license fee, builder's margin", deal)
    row("dealer margin and selling share", average * (1 - keep))
    row("= cost in the buyer's price", average)
    row("saved on the seller's other trucks", case.marginal[at] - average)
    row("markup", world.market.markup[at, case.place])
    price = world.market.price[at, case.place]
    row("= price", price)
    row("price in dollars of 2024", price / case.level * (1 + _inflation(case)))
    row("unit cost in dollars of 2024", cost.net_variable[at] / case.level * (1 + _inflation(case)))
    row("price over unit cost", price / cost.net_variable[at], "{:>12.2f}")


def _inflation(case):
    return float(case.setting.scenario.program.inflation)


def market_figures(case):
    heading("Price, credit, volume and own elasticity by year")
    offers, market = case.sold(case.setting)
    for k, year in enumerate(case.years):
        level = (1 + _inflation(case)) ** (year - 2023.0)
        buyers = case.setting.buyers.at_price_level(jnp.asarray(level))
        now = jax.tree_util.tree_map(lambda leaf, k=k: leaf[k], offers)
        utility = (
            gross_utility(buyers, now) - buyers.sensitivity[:, None] * market.price[k][None, :]
        )
        own = jnp.diagonal(
            elasticities(buyers, choose(utility, now.availability), market.price[k])
        )[case.place]
        row(f"{year:.0f} price", market.price[k, case.place])
        row("     credit as buyers count it", now.credit[case.place])
        row("     ordered", market.quantity[k, case.place])
        row("     built", case.both.output[k])
        row("     own elasticity", own, "{:>12.2f}")


def learned(setting):
    """The same setting with parts at their published rates: learning and scale at maturity."""
    return eqx.tree_at(
        lambda s: (
            s.scenario.cost.deck.learning.exponent,
            s.scenario.cost.deck.learning.scale_exponent,
        ),
        setting,
        (jnp.zeros(()), jnp.zeros(())),
    )


def volumes_and_cost(case):
    heading(f"Unit cost of {YEAR} when every kind is built at a steady volume, dollars of {YEAR}")
    print(" " * 46 + "".join(f"{name:>12s}" for name in case.names))
    for volume in (500.0, 2_000.0, 7_500.0, 30_000.0):
        cost = case.cost(jnp.full(case.both.output.shape, volume))
        row(f"{volume:,.0f} of each kind a year", cost.net_variable[case.at])
    mature = case.cost(case.both.output, learned(case.setting))
    row("parts at published (mature) rates", mature.net_variable[case.at])
    row("the same in dollars of 2022, material only", mature.material[case.at] / case.level / 1.036)


def with_label(setting, case, figures):
    """Trucks with the claimed range and 0-60 instead of the simulated ones."""
    table = setting.table
    for name in case.names:
        _, miles, seconds = figures[name[-3:]]
        table = table.replaced(name, range=jnp.asarray(miles), zero_to_sixty=jnp.asarray(seconds))
    return eqx.tree_at(lambda s: s.table, setting, table)


def without(setting, names):
    """Announced rivals that never come."""
    chance = [setting.scenario.market.rivals[name].probability for name in names]
    where = lambda s: [s.scenario.market.rivals[name].probability for name in names]  # noqa: E731
    return eqx.tree_at(where, setting, [jnp.zeros_like(one) - 1 for one in chance])


def demand_steps(case):
    heading(f"From the announced truck to the modeled one: orders of {YEAR}")
    print(" " * 46 + "".join(f"{name:>12s}" for name in case.names))
    setting = case.setting
    claimed = with_label(setting, case, CLAIMED)
    price = jnp.asarray([CLAIMED[name[-3:]][0] for name in case.names]) * case.level
    mature = seller_cost(setting, case.cost(case.both.output, learned(setting)))
    for name, (_, market) in {
        "announced price and label": case.sold(claimed, price=price),
        "announced price, simulated label": case.sold(setting, price=price),
        "price from mature cost": case.sold(setting, marginal=mature),
        "price from cost at its own volume": case.sold(setting),
    }.items():
        row(name, market.quantity[case.at, case.place])
        row("     at a price of", market.price[case.at, case.place])


def one_change(case):
    heading(f"One change at a time from the modeled truck (cost held): orders of {YEAR}")
    print(" " * 46 + "".join(f"{name:>12s}" for name in case.names))
    setting, rivals = case.setting, sorted(case.scenario.market.rivals)
    residual = setting.calibration.residual
    changes = {
        "as modeled": setting,
        "claimed range and 0-60": with_label(setting, case, CLAIMED),
        "no announced rival comes": without(setting, rivals),
        "brand and segment worth $10,000 more": eqx.tree_at(
            lambda s: s.calibration.residual, setting, residual.at[case.place].add(10_000.0)
        ),
    }
    for name, changed in changes.items():
        row(name, case.sold(changed)[1].quantity[case.at, case.place])


ATTRIBUTES = {
    "range": ("range",),
    "0-60": ("zero_to_sixty",),
    "energy use": ("electricity_use",),
    "towing and payload": ("towing", "payload"),
    "size": ("footprint",),
    "brand's origin": ("us_brand", "japan_brand"),
    "age": ("redesign_age",),
}


def beside(case, rival):
    heading(f"What buyers would pay more for each truck than for {rival}, dollars of 2023")
    print(" " * 46 + "".join(f"{name:>12s}" for name in case.names))
    setting, table = case.setting, case.setting.table
    inputs, there = setting.scenario.market, table.index(rival)

    def value(columns):
        fields = [name for group in columns for name in ATTRIBUTES[group]]
        changed = eqx.tree_at(
            lambda t: [getattr(t, name) for name in fields],
            table,
            [
                getattr(table, name).at[case.place].set(getattr(table, name)[there])
                for name in fields
            ],
        )
        return attribute_value(changed, inputs.preferences, inputs.energy, jnp.zeros(()))

    plain = attribute_value(table, inputs.preferences, inputs.energy, jnp.zeros(()))[case.place]
    for name in ATTRIBUTES:
        row(name, plain - value([name])[case.place])
    residual = setting.calibration.residual
    row("residual (brand, styling, dealers, ...)", residual[case.place] - residual[there])
    now = case.sold(setting)[0].credit[case.at, case.place] / case.level
    then = inputs.credit_take_up * table.credit[there]
    row(f"credit in {YEAR} less the rival's in 2023", now - then)
    price = case.both.market.price[case.at, case.place] / case.level
    row("less price, above the rival's of 2023", table.price[there] - price)


def rivals(case):
    heading(f"Electric pickups of {YEAR} in the same equilibrium")
    table, market, known = case.setting.table, case.both.market, case.setting.calibration
    electric = np.flatnonzero(np.asarray(table.electric * table.pickup) > 0)
    print(f"  {'':18s}{'2023 price':>11s}{'2023 sales':>11s}{'price':>9s}{'sales':>9s}"
          f"{'cost 2023':>11s}{'attributes':>11s}{'residual':>10s}")  # fmt: skip
    for k in electric:
        print(f"  {table.names[k]:18s}{float(table.price[k]):11,.0f}{float(table.sales[k]):11,.0f}"
              f"{float(market.price[case.at, k]):9,.0f}{float(market.quantity[case.at, k]):9,.0f}"
              f"{float(known.marginal_cost[k]):11,.0f}{float(known.attribute_value[k]):11,.0f}"
              f"{float(known.residual[k]):10,.0f}")  # fmt: skip


if __name__ == "__main__":
    reference = Case(fr.read_scenario("nissan-fisker"))
    starts(reference)
    starts_over_draws(reference)
    nameplates(reference)
    price_parts(reference)
    volumes_and_cost(reference)
    market_figures(reference)
    demand_steps(reference)
    one_change(reference)
    beside(reference, "lightning-sr")
    rivals(reference)
