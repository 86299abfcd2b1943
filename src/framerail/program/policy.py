"""Federal policy as dated regimes, each with the hazard of its repeal.

Two readings of the same belief: the *expected* value of a regime in a quarter (its value times
the probability that it still stands: smooth, used for the point estimate and for gradients), and
the *realized* one, in which one political draw decides when each regime is repealed. One draw
serves all regimes (they fall together, the likeliest first), because one law would repeal them.
At the middle draw a regime is repealed ln 2 / hazard years after the earliest date: within the
program's life or not, as the hazard has it.
"""

from typing import Annotated

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, fraction_before, fraction_between
from framerail.quantities import (
    Declared,
    DollarPerKilowattHour,
    Fraction,
    PositiveDollar,
    Quantity,
    Scalar,
    Year,
)

PerYear = Annotated[Scalar, Quantity("1/year", 0.0, 5.0)]
DollarPerMegagram = Annotated[Scalar, Quantity("dollar/Mg", 0.0, 1_000.0)]
GramPerMile = Annotated[Scalar, Quantity("g/mile", 0.0, 2_000.0)]
LifetimeMile = Annotated[Scalar, Quantity("mile", 0.0, 1e6)]


class Repeal(Declared):
    """How a regime may end before its statutory date."""

    hazard: PerYear
    """Probability per year of repeal, once it is possible, as believed at the as-of date."""
    earliest: Year
    """Date from which repeal is possible."""
    enacted: Year
    """Date of a repeal that is law at the as-of date; 2100 means none."""


class ConsumerCredit(Declared):
    """Section 30D: the buyer's credit, bounded by price, income and sourcing."""

    amount: PositiveDollar
    """Credit for a truck that meets every sourcing rule."""
    price_cap: PositiveDollar
    """Suggested retail price above which nothing is paid (pickups)."""
    starts: Year
    """First date of the regime."""
    ends: Year
    """Statutory last date."""
    qualifying_share: Fraction
    """Share of the amount that the truck earns under the mineral, component and entity rules."""
    buyer_share: Fraction
    """Share of purchasers under the income limits."""
    repeal: Repeal
    """Its repeal."""


class LeaseCredit(Declared):
    """Section 45W: the lessor's credit, free of price and sourcing rules."""

    amount: PositiveDollar
    """Credit per leased truck under 14,000 lb."""
    starts: Year
    """First date of the regime."""
    ends: Year
    """Statutory last date."""
    lease_share: Fraction
    """Share of trucks that go out through a lease."""
    pass_through: Fraction
    """Share of the credit that reaches the customer."""
    repeal: Repeal
    """Its repeal."""


class ProductionCredit(Declared):
    """Section 45X: the maker's credit per kilowatt-hour of cells and modules."""

    cells: DollarPerKilowattHour
    """Credit for cells made in the United States."""
    modules: DollarPerKilowattHour
    """Credit for modules made in the United States."""
    starts: Year
    """First date of the regime."""
    steps_down: Year
    """First 1 January on which the credit is reduced."""
    step: Fraction
    """Reduction each year from then on, as a share of the full credit."""
    cell_share: Fraction
    """Share of the cell credit that reaches the truck maker (the cell maker owns it)."""
    module_share: Fraction
    """Share of the module credit that reaches the truck maker."""
    repeal: Repeal
    """Its repeal."""


class EmissionCredit(Declared):
    """Greenhouse-gas credits of the light-truck fleet: earned per electric truck, sold or saved."""

    price: DollarPerMegagram
    """Value of a credit."""
    target: GramPerMile
    """Fleet target that an electric truck undercuts to zero."""
    lifetime: LifetimeMile
    """Statutory lifetime miles of a light truck."""
    repeal: Repeal
    """End of the market."""


class ImportDuty(Declared):
    """Duty on light trucks built outside the United States (the 1963 proclamation)."""

    rate: Fraction
    """Ad valorem rate; avoided by building in the United States."""


class PolicyInputs(Declared):
    """Policy as believed at the scenario's date."""

    realized: Fraction
    """0: expected values; 1: the drawn repeal. Between the two, their mixture."""
    repeal_draw: Fraction
    """The political draw, uniform on 0 to 1: the probability that repeal came that early."""
    consumer: ConsumerCredit
    """30D."""
    lease: LeaseCredit
    """45W."""
    production: ProductionCredit
    """45X."""
    emission: EmissionCredit
    """Greenhouse-gas credits."""
    import_duty: ImportDuty
    """Duty on imported light trucks."""

    def faults(self) -> tuple[str, ...]:
        """Regimes that end before they start."""
        return tuple(
            f"{name}.ends: the regime ends before it starts; choose a date after starts"
            for name, regime in (("consumer", self.consumer), ("lease", self.lease))
            if regime.ends <= regime.starts
        )


class PolicyPath(eqx.Module):
    """Policy by quarter, per truck or per kilowatt-hour, before the truck's own price is known.

    Attributes:
        consumer_credit: 30D averaged over purchasers (dollars per purchased truck).
        price_cap: 30D's price cap (dollars).
        lease_credit: 45W as it reaches a lessee (dollars per leased truck).
        lease_share: share of trucks leased (0 to 1).
        cell_credit: 45X cells that reach the truck maker (dollars/kWh).
        module_credit: 45X modules that reach the truck maker (dollars/kWh).
        emission_credit: dollars per truck.
        import_duty: ad valorem rate on a truck built abroad.
    """

    consumer_credit: Float[Array, "quarter"]
    price_cap: Scalar
    lease_credit: Float[Array, "quarter"]
    lease_share: Scalar
    cell_credit: Float[Array, "quarter"]
    module_credit: Float[Array, "quarter"]
    emission_credit: Float[Array, "quarter"]
    import_duty: Scalar


def repeal_date(repeal: Repeal, draw: Scalar) -> Scalar:
    """Date at which a regime falls if the political draw is `draw` (decimal year, at most 2100).

    Exponential waiting time from the earliest date; the draw is its distribution function.
    """
    patience = -jnp.log1p(-jnp.minimum(draw, 1.0 - 1e-12))
    hazard = jnp.maximum(repeal.hazard, 1e-9)
    drawn = jnp.minimum(repeal.earliest + patience / hazard, 2100.0)
    return jnp.minimum(drawn, repeal.enacted)


def standing(
    repeal: Repeal, draw: Scalar, realized: Scalar, grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """How far a regime still stands in each quarter (0 to 1).

    Expected: probability of survival at mid-quarter. Realized: share of the quarter before the
    drawn repeal. `realized` mixes the two.
    """
    waited = jnp.maximum(grid.middle - repeal.earliest, 0.0)
    expected = jnp.exp(-repeal.hazard * waited) * fraction_before(repeal.enacted, grid)
    drawn = fraction_before(repeal_date(repeal, draw), grid)
    return (1.0 - realized) * expected + realized * drawn


def policy_path(policy: PolicyInputs, grid: QuarterGrid) -> PolicyPath:
    """Value of every regime in every quarter."""

    def stands(repeal: Repeal) -> Float[Array, "quarter"]:
        return standing(repeal, policy.repeal_draw, policy.realized, grid)

    consumer, lease, production = policy.consumer, policy.lease, policy.production
    consumer_credit = consumer.amount * consumer.qualifying_share * consumer.buyer_share
    in_force = fraction_between(consumer.starts, consumer.ends, grid)
    lease_force = fraction_between(lease.starts, lease.ends, grid)
    # The statute steps on 1 January; a grid quarter lies in one calendar year.
    year = jnp.floor(grid.start_of_quarter + 1e-6)
    steps = jnp.maximum(year - production.steps_down + 1.0, 0.0)
    left = jnp.clip(1.0 - production.step * steps, 0.0, 1.0)
    maker = left * (1.0 - fraction_before(production.starts, grid)) * stands(production.repeal)
    emission = policy.emission
    megagrams = emission.target * emission.lifetime / 1e6
    return PolicyPath(
        consumer_credit=consumer_credit * in_force * stands(consumer.repeal),
        price_cap=consumer.price_cap,
        lease_credit=lease.amount * lease.pass_through * lease_force * stands(lease.repeal),
        lease_share=lease.lease_share,
        cell_credit=production.cells * production.cell_share * maker,
        module_credit=production.modules * production.module_share * maker,
        emission_credit=emission.price * megagrams * stands(emission.repeal),
        import_duty=policy.import_duty.rate,
    )


def buyer_credit(path: PolicyPath, price: Float[Array, "quarter"]) -> Float[Array, "quarter"]:
    """Credit that the average customer sees at a suggested retail price (dollars per truck).

    Purchasers get 30D up to the price cap and nothing above it (a cliff, kept exact); lessees get
    what the lessor passes on of 45W at any price.
    """
    purchase = jnp.where(price <= path.price_cap, path.consumer_credit, 0.0)
    return (1.0 - path.lease_share) * purchase + path.lease_share * path.lease_credit


def maker_credit(path: PolicyPath, energy: Scalar) -> Float[Array, "quarter"]:
    """45X per truck with a pack of `energy` kWh (dollars per truck)."""
    return (path.cell_credit + path.module_credit) * energy
