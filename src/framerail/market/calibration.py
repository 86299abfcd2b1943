"""From observed prices and sales to mean utilities, residual quality and marginal costs.

Berry (1994, RAND Journal of Economics 25, 242) and Berry, Levinsohn and Pakes (1995,
Econometrica 63, 841): mean utilities are the unique vector at which model shares equal observed
shares; marginal costs are prices less the markups of the first-order conditions.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.market import outcomes
from framerail.market.buyers import Buyers, Preferences
from framerail.market.choice import Choice, choose
from framerail.market.inputs import EnergyPrices, MarketInputs
from framerail.market.nests import Nests, nests_of
from framerail.market.pricing import Ownership, markups
from framerail.market.products import ProductTable
from framerail.numerics.fixed_point import fixed_point
from framerail.numerics.outcome import flag
from framerail.quantities import Scalar

REFERENCE_RANGE = 300.0
"""Miles at which the published value of range and of an electric drive are stated."""
REFERENCE_FOOTPRINT = 57.0
"""ft^2 at which the size trait is zero: a midsize pickup."""


class Calibration(eqx.Module):
    """A market whose shares, at observed prices, are the observed ones."""

    quality: Float[Array, " product"]
    """Mean utility before price in the calibration year, utils."""
    attribute_value: Float[Array, " product"]
    """Willingness to pay for the attributes, $ of the calibration year."""
    residual: Float[Array, " product"]
    """Quality beyond the attributes, $ of the calibration year."""
    marginal_cost: Float[Array, " product"]
    """$ of the calibration year; for an entrant, the cost at which its announced price would be
    optimal for the first truck (the cost stage's figure replaces it)."""
    markup: Float[Array, " product"]
    """$."""
    share_residual: Float[Array, ""]
    """Largest gap between a model share and the observed one."""
    iterations: Int[Array, ""]
    outcome: Int[Array, ""]
    """Bits of `OUTCOMES`; zero is fine."""


def market_nests(inputs: MarketInputs, table: ProductTable) -> Nests | None:
    """The scenario's nests over the products of the table; none without any."""
    return nests_of(inputs.nests, table.names) if inputs.nests else None


def size_trait(table: ProductTable) -> Float[Array, " product"]:
    """Log of footprint against a midsize pickup's; zero for cars."""
    return table.pickup * jnp.log(table.footprint / REFERENCE_FOOTPRINT)


def traits(table: ProductTable, preferences: Preferences) -> Float[Array, "product trait"]:
    """Traits with a random coefficient, in the order of `buyers.TASTES`."""
    electric_pickup = table.electric * table.pickup
    attached = preferences.electric_pickup_attachment
    return jnp.stack(
        [
            table.pickup - (1 - attached) * electric_pickup,
            table.electric,
            size_trait(table),
            table.us_brand,
            electric_pickup,
        ],
        axis=1,
    )


def operating_cost(
    table: ProductTable, gasoline: Scalar, electricity: Scalar
) -> Float[Array, " product"]:
    """Energy cost in $ per mile at given prices per gallon and per kWh."""
    return table.fuel_use * gasoline + table.electricity_use * electricity


def attribute_value(
    table: ProductTable, preferences: Preferences, energy: EnergyPrices, years: Scalar
) -> Float[Array, " product"]:
    """Willingness to pay for each product's attributes, $ of the calibration year.

    `years` counts from the calibration year and moves energy prices only.
    """
    tastes = preferences
    is_electric = table.electric > 0
    miles = jnp.where(is_electric, table.range, REFERENCE_RANGE)
    of_range = tastes.value_of_range * REFERENCE_RANGE * jnp.log(miles / REFERENCE_RANGE)
    cost = operating_cost(
        table,
        energy.gasoline * (1 + energy.gasoline_growth) ** years,
        energy.electricity * (1 + energy.electricity_growth) ** years,
    )
    return (
        table.electric * (tastes.value_of_electric + of_range)
        - tastes.value_of_acceleration * table.zero_to_sixty
        - tastes.value_of_operating_cost * cost
        + tastes.value_of_towing * table.towing
        + tastes.value_of_payload * table.payload
        + tastes.value_of_size * size_trait(table)
        - tastes.cost_of_age * table.redesign_age
        + tastes.value_of_us_brand * table.us_brand
        + tastes.value_of_japan_brand * table.japan_brand
    )


class _Inversion(NamedTuple):
    weight: Float[Array, " buyer"]
    relative: Float[Array, "buyer product"]
    log_share: Float[Array, " product"]
    observed: Float[Array, " product"]
    nests: Nests | None

    def damping(self) -> Float[Array, " product"]:
        """Part of a gap in log shares that is added: 1 - rho (Brenkers and Verboven, 2006)."""
        return self.observed * (1.0 if self.nests is None else 1 - self.nests.by_product())


def _log_shares(
    quality: Float[Array, " product"], market: _Inversion
) -> tuple[Float[Array, " product"], Choice]:
    choice = choose(market.relative + quality[None, :], market.observed, market.nests)
    return jnp.log(jnp.maximum(market.weight @ choice.shadow, 1e-300)), choice


def _contract(quality: Float[Array, " product"], market: _Inversion) -> Float[Array, " product"]:
    """Berry's map; products without observed sales stay where they are."""
    log_share, _ = _log_shares(quality, market)
    return quality + market.damping() * (market.log_share - log_share)


def _contract_slope(
    quality: Float[Array, " product"], market: _Inversion
) -> Float[Array, "product product"]:
    log_share, choice = _log_shares(quality, market)
    tilted = (choice.shadow * market.weight[:, None]).T
    slope = tilted @ choice.bought / jnp.exp(log_share)[:, None]
    if choice.nest is not None:
        # The plain step's own term cancels: 1 - (1 - rho) x 1 / (1 - rho).
        rival = choice.nest.rivalry() * (tilted @ choice.nest.bought)
        slope = market.damping()[:, None] * (slope + rival / jnp.exp(log_share)[:, None])
    # Without observed sales a product's equation is 0 = quality, which keeps the system regular.
    return jnp.where(market.observed[:, None] > 0, slope, 0.0)


class Inversion(eqx.Module):
    """Mean utilities that reproduce observed shares."""

    quality: Float[Array, " product"]
    """Utils; zero for products that are not observed."""
    share_residual: Float[Array, ""]
    """Largest gap between a model share and the observed one."""
    iterations: Int[Array, ""]


def invert_shares(
    weight: Float[Array, " buyer"],
    relative: Float[Array, "buyer product"],
    share: Float[Array, " product"],
    observed: Float[Array, " product"],
    nests: Nests | None = None,
) -> Inversion:
    """Mean utilities at which the model's shares are the observed ones.

    **Arguments:**

    - `weight`: of buyers, summing to one.
    - `relative`: each buyer's utility beyond the mean one: tastes, and price if it is not part
      of the mean.
    - `share`: observed, positive where `observed`, summing to less than one.
    - `observed`: one where a product is on sale and its share counts.
    - `nests`: products alike beyond `relative`.
    """
    share = jnp.where(observed > 0, share, 1.0)
    market = _Inversion(weight, relative, jnp.log(share), observed, nests)
    outside = jnp.maximum(1 - jnp.sum(share * observed), 1e-6)
    guess = jnp.log(share / outside) - weight @ relative
    if nests is not None:
        together = (share * observed) @ nests.member @ nests.member.T
        guess -= nests.by_product() * jnp.log(share / jnp.where(together > 0, together, share))
    guess = observed * guess
    solved = fixed_point(
        _contract,
        guess,
        market,
        tolerance=1e-9,
        loose=1e-2,
        jacobian=_contract_slope,
        corrections=3,
        max_iterations=400,
    )
    log_share, _ = _log_shares(solved.value, market)
    gap = jnp.max(observed * jnp.abs(jnp.exp(log_share) - share))
    return Inversion(solved.value, gap, solved.stats.iterations)


def _segment_mean(
    table: ProductTable, residual: Float[Array, " product"]
) -> Float[Array, " product"]:
    """Mean residual of the observed products with the same kind of drive and body."""
    alike = (
        (table.electric[:, None] == table.electric[None, :])
        & (table.pickup[:, None] == table.pickup[None, :])
    ) * table.observed[None, :]
    return alike @ residual / jnp.maximum(jnp.sum(alike, axis=1), 1.0)


def _standing(inputs: MarketInputs, table: ProductTable) -> Float[Array, " product"]:
    """Adjustments of segment, brand and product, $; read only where sales reveal nothing."""
    zero = jnp.zeros(())
    brand = jnp.stack(
        [
            inputs.brands[brand].adjustment if brand in inputs.brands else zero
            for brand in table.brands
        ]
    )
    return inputs.segment_adjustment + brand + table.quality_adjustment


def calibrate(
    inputs: MarketInputs, table: ProductTable, buyers: Buyers, ownership: Ownership
) -> Calibration:
    """Mean utilities from observed shares, costs from first-order conditions.

    A product whose sales reveal no demand (supply-limited, announced, entrant) has the mean
    residual of the observed products of its kind plus the segment's, the brand's and its own
    adjustment. The Cybertruck's first weeks say what Tesla could build, not what buyers wanted,
    so it is treated so. The cost of a rival among them is the one at which its list price is
    optimal in a market where all rivals are on sale.
    """
    preferences = inputs.preferences
    characteristics = traits(table, preferences)
    net_price = table.price - inputs.credit_take_up * table.credit
    relative = buyers.taste @ characteristics.T - buyers.sensitivity[:, None] * net_price[None, :]
    nests = market_nests(inputs, table)
    inverted = invert_shares(
        buyers.weight, relative, table.sales / inputs.market_size, table.observed, nests
    )
    value = attribute_value(table, preferences, inputs.energy, jnp.zeros(()))
    scale = preferences.price_sensitivity
    revealed = inverted.quality / scale - value
    assumed = _segment_mean(table, revealed) + _standing(inputs, table)
    residual = jnp.where(table.observed > 0, revealed, assumed)
    quality = scale * (value + residual)
    utility = quality[None, :] + relative
    now = markups(buyers, ownership, choose(utility, table.observed, nests))
    later = markups(buyers, ownership, choose(utility, 1 - table.entrant, nests))
    markup = jnp.where(table.observed > 0, now, later)
    cost = table.price - markup
    outcome = (
        flag(~(inverted.share_residual <= 1e-12), outcomes.NOT_CALIBRATED)
        | flag(jnp.any(buyers.sensitivity <= 0), outcomes.SLOPES_UP)
        | flag(
            jnp.any(cost * (1 - table.entrant) * (1 - table.fixed_price) < 0),
            outcomes.COST_BELOW_ZERO,
        )
    )
    return Calibration(
        quality=quality,
        attribute_value=value,
        residual=residual,
        marginal_cost=cost,
        markup=markup,
        share_residual=inverted.share_residual,
        iterations=inverted.iterations,
        outcome=outcome,
    )
