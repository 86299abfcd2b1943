"""The market of one calendar year: what is on sale, how good, at what cost."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.market.buyers import fleet_share_in
from framerail.market.calibration import Calibration, attribute_value, market_nests, traits
from framerail.market.equilibrium import Offers
from framerail.market.inputs import MarketInputs
from framerail.market.products import ProductTable
from framerail.quantities import Scalar


def years_on_sale(table: ProductTable, year: Scalar) -> Float[Array, " product"]:
    """Part of the calendar year that lies between launch and end, in [0, 1]."""
    return jnp.clip(jnp.minimum(table.end, year + 1) - jnp.maximum(table.launch, year), 0.0, 1.0)


def _entered(inputs: MarketInputs, table: ProductTable) -> tuple[ProductTable, Float[Array, " J"]]:
    """The table with announced launches delayed, and which announced products come at all."""
    zero, one = jnp.zeros(()), jnp.ones(())
    rivals = inputs.rivals
    delay = jnp.stack([rivals[n].delay if n in rivals else zero for n in table.names])
    luck = jnp.stack([rivals[n].luck if n in rivals else zero for n in table.names])
    chance = jnp.stack([rivals[n].probability if n in rivals else one for n in table.names])
    comes = jnp.where(luck < chance, 1.0, 0.0)
    return eqx.tree_at(lambda t: t.launch, table, table.launch + delay), comes


def _aged(inputs: MarketInputs, table: ProductTable, years: Scalar, year: Scalar) -> ProductTable:
    """Attributes of the year: rivals' electric range grows, newcomers age from their launch.

    Products observed in the calibration year are redesigned on their own cycles, so their age is
    held at its calibration value; an entrant's attributes stay as the vehicle stage gives them.
    """
    rival = table.electric * (1 - table.entrant)
    growth = (1 + inputs.trends.rival_range_growth) ** years
    age = jnp.where(table.observed > 0, table.redesign_age, jnp.maximum(year - table.launch, 0.0))
    return eqx.tree_at(
        lambda t: (t.range, t.redesign_age),
        table,
        (table.range * jnp.where(rival > 0, growth, 1.0), age),
    )


def capped_credit(
    statutory: Float[Array, " product"],
    list_price: Float[Array, " product"],
    cap: Float[Array, " product"],
    width: Scalar,
) -> Float[Array, " product"]:
    """Credit under a price cap that trims straddle: half of a nameplate's trims are below the
    cap where its average list price equals it, and nearly all two `width`s ($) lower.

    A nameplate has a spread of trims, so the share that qualifies is smooth in its average price
    although each trim either qualifies or does not. Logistic in price.
    """
    return statutory / (1 + jnp.exp(jnp.clip((list_price - cap) / width, -60.0, 60.0)))


def offers_in_year(
    inputs: MarketInputs,
    table: ProductTable,
    calibration: Calibration,
    year: Scalar,
    *,
    price_level: Scalar,
    entrant_cost: Float[Array, " product"],
    credit: Float[Array, " product"],
    entry: Float[Array, " product"],
) -> Offers:
    """What firms offer in the calendar year that begins at `year`.

    **Arguments:**

    - `inputs`, `table`, `calibration`: the market as calibrated (the table may carry an entrant's
      attributes from the vehicle stage and its launch date).
    - `year`: start of the calendar year.
    - `price_level`: general price level of that year over the calibration year's: prices, incomes
      and combustion costs all grow with it.
    - `entrant_cost`: marginal cost in nominal $ of that year; only entrants' rows are read.
    - `credit`: statutory purchase credit by product in that year, $; `credit_take_up` applies.
    - `entry`: one, or zero for a product to take off the market.
    """
    trends = inputs.trends
    years = year - inputs.calibration_year
    delayed, comes = _entered(inputs, table)
    now = _aged(inputs, delayed, years, year)
    value = attribute_value(now, inputs.preferences, inputs.energy, years)
    quality = inputs.preferences.price_sensitivity * (value + calibration.residual)
    rival_electric = table.electric * (1 - table.entrant)
    cheaper = jnp.where(rival_electric > 0, (1 - trends.rival_cost_decline) ** years, 1.0)
    rival_cost = calibration.marginal_cost * price_level * cheaper
    cost = jnp.where(table.entrant > 0, entrant_cost, rival_cost)
    own_start = cost + calibration.markup * price_level
    fringe = table.price * price_level * cheaper
    return Offers(
        quality=quality + table.electric * trends.acceptance_growth * years,
        traits=traits(now, inputs.preferences),
        marginal_cost=cost,
        credit=inputs.credit_take_up * credit,
        availability=years_on_sale(now, year) * comes * entry,
        fixed_price=table.fixed_price,
        start_price=jnp.where(table.fixed_price > 0, fringe, own_start),
        market_size=inputs.market_size * (1 + trends.market_growth) ** years,
        price_level=price_level,
        nests=market_nests(inputs, table),
        fleet_share=fleet_share_in(inputs.preferences, years),
    )
