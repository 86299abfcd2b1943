"""Who buys: published tastes with their standard errors, and a population drawn from them.

Random-coefficients logit. Buyer i's utility of product j is

    u_ij = quality_j + sum_k taste_ik trait_jk - sensitivity_i (price_j - credit_j) + e_ij

with e_ij extreme value, the outside good (any other light vehicle) at zero, and
`quality_j` the mean utility before price (`calibration.attribute_value` plus a residual).
Mean tastes are written as willingness to pay, in dollars, and enter utility times the median
buyer's price sensitivity, as in the willingness-to-pay space of Forsythe et al. (2023).
"""

import dataclasses
from typing import Annotated, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Float

from framerail.market.demographics import (
    FLEET_TASTES,
    GROUP_TASTES,
    Demographics,
    Fleet,
)
from framerail.quantities import Declared, Dollar, Fraction, PositiveNumber, Quantity, Scalar

PerDollar = Annotated[Scalar, Quantity("1/dollar", 1e-6, 1e-2)]
DollarPerMileOfRange = Annotated[Scalar, Quantity("dollar/mile", 0.0, 1_000.0)]
DollarPerSecond = Annotated[Scalar, Quantity("dollar/s", 0.0, 20_000.0)]
MileOfDriving = Annotated[Scalar, Quantity("mile", 0.0, 1_000_000.0)]
DollarPerPound = Annotated[Scalar, Quantity("dollar/lb", -10.0, 50.0)]
DollarPerYear = Annotated[Scalar, Quantity("dollar/year", -10_000.0, 10_000.0)]

TASTES = ("pickup", "electric", "size", "us-brand", "electric-pickup")
"""Traits with a random coefficient, in array order."""
NODE_DIMENSION = len(TASTES) + 1
"""Uniform numbers needed per buyer: one per taste and one for income."""
RULE_DIMENSION = NODE_DIMENSION + 2
"""Columns of a designed rule: standard scores (`TASTES`, income), opposed mark, weight."""
NODE_MULTIPLE = 4
"""The number of nodes is a multiple of this; a power of two keeps Sobol' points balanced."""


class _Stratum(NamedTuple):
    """A part of the nodes, drawn where its class's interesting buyers are."""

    quarters: int
    opposed: bool
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


# Electric pickups sell to one buyer in a thousand, far out in several tastes at once: plain
# sampling would spend nearly all nodes on buyers who never consider one. Each stratum is a normal
# proposal in standardized tastes (order of TASTES, then income); importance weights (balance
# heuristic of Veach and Guibas, 1995) make every expectation the same as under plain sampling.
# Centers are near the conditional means of buyers of electric pickups in the reference case.
_STRATA = (
    _Stratum(1, False, (0.4, 0.2, 0.0, 0.0, 0.0, 0.0), (1.1, 1.1, 1.0, 1.0, 1.0, 1.0)),
    _Stratum(2, False, (0.9, 1.4, 0.1, 0.0, 0.9, 0.3), (0.75, 0.75, 1.0, 1.0, 1.0, 1.0)),
    _Stratum(1, True, (0.9, 0.0, 0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)),
)


class Preferences(Declared):
    """Tastes of US new-vehicle buyers, in dollars of the calibration year."""

    price_sensitivity: PerDollar
    """Loss of utility per dollar of price, for a buyer of median income."""
    income_spread: PositiveNumber
    """Standard deviation of the log of household income among new-vehicle buyers."""
    income_elasticity: PositiveNumber
    """Price sensitivity falls with income to this power."""
    value_of_range: DollarPerMileOfRange
    """Willingness to pay for a mile of electric range, at 300 miles; it falls as 1/range."""
    value_of_acceleration: DollarPerSecond
    """Willingness to pay for a second less to 60 mph."""
    value_of_operating_cost: MileOfDriving
    """Willingness to pay for a lower operating cost: dollars per (dollar/mile)."""
    value_of_towing: DollarPerPound
    """Willingness to pay for a pound of towing capacity."""
    value_of_payload: DollarPerPound
    """Willingness to pay for a pound of payload."""
    value_of_size: Dollar
    """Willingness to pay for a log point more of footprint, among pickups."""
    cost_of_age: DollarPerYear
    """Willingness to pay for a design one year younger."""
    value_of_electric: Dollar
    """Willingness to pay for a battery-electric rather than a combustion truck, at 300 miles."""
    value_of_us_brand: Dollar
    """Willingness to pay for an American brand over the rest."""
    value_of_japan_brand: Dollar
    """Willingness to pay for a Japanese brand over the rest."""
    spread_of_pickup: PositiveNumber
    """Standard deviation of the taste for pickups, utils."""
    spread_of_electric: PositiveNumber
    """Standard deviation of the taste for electric vehicles, utils."""
    spread_of_size: PositiveNumber
    """Standard deviation of the taste for size, utils per log point of footprint."""
    spread_of_us_brand: PositiveNumber
    """Standard deviation of the taste for American brands, utils."""
    spread_of_electric_pickup: PositiveNumber
    """Standard deviation of the taste for electric pickups as a kind of their own, utils."""
    electric_pickup_attachment: Fraction
    """How much of a buyer's taste for pickups an electric pickup satisfies: one, it is a pickup
    like any other; zero, its buyers come from elsewhere."""
    opposed_share: Fraction
    """Part of buyers who would not buy electric under any plausible technology."""
    opposition: PositiveNumber
    """Loss of utility of an electric vehicle for those buyers, utils."""
    demographics: Demographics | None = None
    """Groups of households that differ in income, place or age; left out, one group."""
    fleet: Fleet | None = None
    """Buyers that are no households; left out, none."""


class Buyers(eqx.Module):
    """A population of `buyer` (I) types."""

    weight: Float[Array, " buyer"]
    """Part of all buyers; sums to one."""
    sensitivity: Float[Array, " buyer"]
    """Loss of utility per dollar; positive when demand slopes down."""
    taste: Float[Array, "buyer trait"]
    """Deviation from the mean taste for each of `TASTES`, utils per unit of the trait."""
    demographics: Float[Array, "buyer demographic"] | None = None
    """`DEMOGRAPHICS` of each buyer against the mean household; none without groups."""
    fleet: Float[Array, " buyer"] | None = None
    """One for fleets; none without them."""

    def at_price_level(self, level: Scalar) -> "Buyers":
        """The same buyers with incomes and prices `level` times those of the calibration year."""
        return dataclasses.replace(self, sensitivity=self.sensitivity / level)

    def with_fleet_share(self, share: Scalar | None) -> "Buyers":
        """The same buyers where fleets are this part of all; none leaves their part."""
        if share is None or self.fleet is None:
            return self
        now = self.weight @ self.fleet
        of_fleet = share / jnp.where(now > 0, now, 1.0)
        of_household = (1 - share) / jnp.where(now < 1, 1 - now, 1.0)
        factor = jnp.where(self.fleet > 0, of_fleet, of_household)
        return dataclasses.replace(self, weight=self.weight * factor)


def _spread_nodes(
    nodes: Float[Array, "buyer dimension"],
) -> tuple[Float[Array, "buyer dimension"], Float[Array, " buyer"], Float[Array, " buyer"]]:
    """Standard normal scores from the strata, their weights within each class, class marks."""
    quarter = nodes.shape[0] // NODE_MULTIPLE
    normal = ndtri(nodes)
    center = jnp.concatenate([_rows(s.mean, s.quarters * quarter) for s in _STRATA])
    width = jnp.concatenate([_rows(s.deviation, s.quarters * quarter) for s in _STRATA])
    opposed = jnp.concatenate([jnp.full(s.quarters * quarter, float(s.opposed)) for s in _STRATA])
    score = center + width * normal
    weight = jnp.zeros(nodes.shape[0])
    for group in (False, True):
        strata = [s for s in _STRATA if s.opposed is group]
        density = sum((s.quarters * _density_ratio(score, s) for s in strata), start=0.0)
        raw = jnp.where(opposed == float(group), 1 / density, 0.0)
        weight = weight + raw / jnp.sum(raw)
    return score, weight, opposed


def _rows(values: tuple[float, ...], count: int) -> Float[Array, "row dimension"]:
    return jnp.tile(jnp.asarray(values)[None, :], (count, 1))


def _density_ratio(
    score: Float[Array, "buyer dimension"], stratum: _Stratum
) -> Float[Array, " buyer"]:
    """Density of a stratum's proposal over the standard normal density."""
    deviation = jnp.asarray(stratum.deviation)[None, :]
    standardized = (score - jnp.asarray(stratum.mean)[None, :]) / deviation
    exponent = 0.5 * (score**2 - standardized**2) - jnp.log(deviation)
    return jnp.exp(jnp.sum(exponent, axis=1))


def draw_buyers(preferences: Preferences, nodes: Float[Array, "buyer dimension"]) -> Buyers:
    """Population from the nodes of a quadrature.

    Some nodes stand for the opposed class, so that its share moves weights (smoothly) and not
    buyers. Uniform nodes fall into strata, most of them near the buyers of electric pickups. A
    designed rule (`data/market/buyers.csv`, docs/decisions/0016-designed-buyers.md) needs some
    fifty times fewer buyers for the same error.

    **Arguments:**

    - `preferences`: the tastes.
    - `nodes`: either quasi-Monte Carlo points strictly inside (0, 1), `NODE_DIMENSION` columns
      and a multiple of `NODE_MULTIPLE` rows, best a power of two; or a designed rule of
      `RULE_DIMENSION` columns, in which the weights of each class sum to any positive number.

    Raises:
        ValueError: when the nodes have another shape.
    """
    count, dimension = nodes.shape
    if dimension == RULE_DIMENSION:
        normal, opposed, raw = nodes[:, :NODE_DIMENSION], nodes[:, -2], nodes[:, -1]
        of_class = jnp.where(opposed > 0, raw @ opposed, raw @ (1 - opposed))
        within = raw / of_class
    elif dimension == NODE_DIMENSION and count % NODE_MULTIPLE == 0:
        normal, within, opposed = _spread_nodes(nodes)
    else:
        raise ValueError(
            f"expected nodes of shape (a multiple of {NODE_MULTIPLE}, {NODE_DIMENSION}) or "
            f"(any, {RULE_DIMENSION}), got {nodes.shape}"
        )
    share = preferences.opposed_share
    weight = within * (opposed * share + (1 - opposed) * (1 - share))
    spread = jnp.stack(
        [
            preferences.spread_of_pickup,
            preferences.spread_of_electric,
            preferences.spread_of_size,
            preferences.spread_of_us_brand,
            preferences.spread_of_electric_pickup,
        ]
    )
    taste = normal[:, :-1] * spread[None, :]
    taste = taste.at[:, TASTES.index("electric")].add(-preferences.opposition * opposed)
    log_income = preferences.income_spread * normal[:, -1]
    sensitivity = preferences.price_sensitivity * jnp.exp(
        -preferences.income_elasticity * log_income
    )
    households = Buyers(weight=weight, sensitivity=sensitivity, taste=taste)
    return _with_fleets(_in_groups(households, preferences), households, preferences)


def _in_groups(buyers: Buyers, preferences: Preferences) -> Buyers:
    """Every buyer once in every group of households, if there are groups."""
    groups = preferences.demographics
    if groups is None:
        return buyers
    values, response = groups.centered(), groups.responses()
    count, size = values.shape[0], buyers.weight.shape[0]
    shift = values @ response[:, : len(GROUP_TASTES)]
    # Income itself moves the price sensitivity as it does between households of one group.
    slope = values @ response[:, -1] - preferences.income_elasticity * groups.log_income()

    def over_groups(rows: Float[Array, "group buyer"]) -> Float[Array, " all"]:
        return rows.reshape(count * size)

    taste = buyers.taste[None, :, :] + shift[:, None, :]
    return Buyers(
        weight=over_groups(groups.shares()[:, None] * buyers.weight[None, :]),
        sensitivity=over_groups(jnp.exp(slope)[:, None] * buyers.sensitivity[None, :]),
        taste=taste.reshape(count * size, -1),
        demographics=jnp.repeat(values, size, axis=0),
    )


def _with_fleets(buyers: Buyers, households: Buyers, preferences: Preferences) -> Buyers:
    """Fleets beside the buyers, if there are fleets: as varied, but of one price sensitivity."""
    fleet = preferences.fleet
    if fleet is None:
        return buyers
    size = households.weight.shape[0]
    shift = jnp.zeros(len(TASTES))
    for name, value in zip(FLEET_TASTES, (fleet.pickup, fleet.electric), strict=True):
        shift = shift.at[TASTES.index(name)].set(value)
    each = jnp.full(size, preferences.price_sensitivity * fleet.price_response)
    values = buyers.demographics
    return Buyers(
        weight=jnp.concatenate(
            [(1 - fleet.share) * buyers.weight, fleet.share * households.weight]
        ),
        sensitivity=jnp.concatenate([buyers.sensitivity, each]),
        taste=jnp.concatenate([buyers.taste, households.taste + shift[None, :]]),
        demographics=None
        if values is None
        else jnp.concatenate([values, jnp.zeros((size, values.shape[1]))]),
        fleet=jnp.concatenate([jnp.zeros(buyers.weight.shape[0]), jnp.ones(size)]),
    )


def fleet_share_in(preferences: Preferences, years: Scalar) -> Scalar | None:
    """Part of the buyers that are fleets, `years` after the calibration year; none without."""
    fleet = preferences.fleet
    return None if fleet is None else jnp.clip(fleet.share + fleet.growth * years, 0.0, 1.0)
