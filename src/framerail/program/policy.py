"""Federal and state policy as dated regimes: what they are worth in every quarter.

A regime counts from its first to its statutory last date, times how far it still stands
(`political_event`). Regimes are what was law, and how likely a change was thought, at the
scenario's date; law that came later is data for validation only.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid, fraction_before, fraction_between
from framerail.program.political_event import Politics, all_standing
from framerail.program.regimes import (
    ConsumerCredit,
    EmissionCredit,
    FuelEconomyCredit,
    ImportDuty,
    LeaseCredit,
    PartsDuty,
    ProductionCredit,
    StateCredit,
    overlaps,
)
from framerail.quantities import Declared, Fraction, Scalar

_SECTION_30D = "30D"


class PolicyInputs(Declared):
    """Policy as believed at the scenario's date."""

    realized: Fraction
    """0: expected values; 1: the drawn dates. Between the two, their mixture."""
    repeal_draw: Fraction
    """The political draw that all regimes share, uniform on 0 to 1: low is early change."""
    repeal_together: Fraction
    """How far regimes change together: 0 each by its own draw, 1 all by the political draw."""
    consumer: ConsumerCredit
    """30D."""
    consumer_reforms: dict[str, ConsumerCredit]
    """Regimes of 30D before or after that one; none may overlap."""
    lease: LeaseCredit
    """45W."""
    production: ProductionCredit
    """45X."""
    emission: EmissionCredit
    """Greenhouse-gas credits."""
    fuel_economy: FuelEconomyCredit
    """Fuel-economy credits."""
    states: dict[str, StateCredit]
    """States' credits for buyers."""
    import_duty: ImportDuty
    """Duty on imported light trucks."""
    parts_duties: dict[str, PartsDuty]
    """Duties on imported parts that may come."""

    def faults(self) -> tuple[str, ...]:
        """Regimes of one instrument that overlap."""
        consumer = {"consumer": self.consumer} | {
            f"consumer_reforms.{name}": one for name, one in self.consumer_reforms.items()
        }
        found = overlaps({k: (_SECTION_30D, one.starts, one.ends) for k, one in consumer.items()})
        for table, regimes in (("states", self.states), ("parts_duties", self.parts_duties)):
            found += overlaps(
                {f"{table}.{k}": (o.instrument, o.starts, o.ends) for k, o in regimes.items()}
            )
        return found

    @property
    def politics(self) -> Politics:
        """How the regimes' changes are drawn."""
        return Politics(self.realized, self.repeal_draw, self.repeal_together)


class PolicyPath(eqx.Module):
    """Policy by quarter, per truck or per kilowatt-hour, before the truck's own price is known.

    Attributes:
        consumer_credit: 30D averaged over purchasers (dollars per purchased truck).
        price_cap: 30D's price cap as it is law (dollars).
        price_caps: the cap of the regime in force (dollars); the law's where none is.
        lease_credit: 45W as it reaches a lessee (dollars per leased truck).
        lease_share: share of trucks leased (0 to 1).
        state_credit: states' credits averaged over the nation's buyers (dollars per truck).
        cell_credit: 45X cells that reach the truck maker (dollars/kWh).
        module_credit: 45X modules that reach the truck maker (dollars/kWh).
        emission_credit: greenhouse-gas and fuel-economy credits (dollars per truck).
        fuel_economy_credit: the latter alone (dollars per truck).
        import_duty: ad valorem rate on a truck built abroad.
        parts_duty: duties on imported parts as a share of all purchased parts.
    """

    consumer_credit: Float[Array, "quarter"]
    price_cap: Scalar
    price_caps: Float[Array, "quarter"]
    lease_credit: Float[Array, "quarter"]
    lease_share: Scalar
    state_credit: Float[Array, "quarter"]
    cell_credit: Float[Array, "quarter"]
    module_credit: Float[Array, "quarter"]
    emission_credit: Float[Array, "quarter"]
    fuel_economy_credit: Float[Array, "quarter"]
    import_duty: Scalar
    parts_duty: Float[Array, "quarter"]


def policy_path(policy: PolicyInputs, grid: QuarterGrid) -> PolicyPath:
    """Value of every regime in every quarter."""
    zero = jnp.zeros(grid.quarters)

    def in_force(one: Any) -> Float[Array, "quarter"]:
        return fraction_between(one.starts, one.ends, grid)

    lease, production, emission = policy.lease, policy.production, policy.emission
    consumers = [policy.consumer, *_in_order(policy.consumer_reforms)]
    states, duties = _in_order(policy.states), _in_order(policy.parts_duties)
    always = (lease, production, emission, policy.fuel_economy)
    events = [one.repeal for one in (*always, *consumers, *states)]
    rows = all_standing([*events, *(one.imposition for one in duties)], policy.politics, grid)
    leases, makers, emissions, fleets = rows[: len(always)]
    of_consumers = rows[len(always) : len(always) + len(consumers)]
    of_states, of_duties = rows[len(always) + len(consumers) : len(events)], rows[len(events) :]
    consumer = sum(
        (
            one.amount * one.buyer_share * qualifying_share(one, grid) * in_force(one) * stands
            for one, stands in zip(consumers, of_consumers, strict=True)
        ),
        start=zero,
    )
    cap = policy.consumer.price_cap
    raised = sum((in_force(one) * (one.price_cap - cap) for one in consumers), start=zero)
    local = sum(
        (
            one.amount * one.buyer_share * in_force(one) * stands
            for one, stands in zip(states, of_states, strict=True)
        ),
        start=zero,
    )
    duty = sum(
        (
            one.rate * one.imported_share * in_force(one) * (1.0 - stands)
            for one, stands in zip(duties, of_duties, strict=True)
        ),
        start=zero,
    )
    maker = _phase_out(production, grid) * makers
    fuel_economy = _fuel_economy(policy.fuel_economy) * fleets
    megagrams = emission.target * emission.lifetime / 1e6
    return PolicyPath(
        consumer_credit=consumer,
        price_cap=cap,
        price_caps=cap + raised,
        lease_credit=lease.amount * lease.pass_through * in_force(lease) * leases,
        lease_share=lease.lease_share,
        state_credit=local,
        cell_credit=production.cells * production.cell_share * maker,
        module_credit=production.modules * production.module_share * maker,
        emission_credit=emission.price * megagrams * emissions + fuel_economy,
        fuel_economy_credit=fuel_economy,
        import_duty=policy.import_duty.rate,
        parts_duty=duty,
    )


def _in_order(regimes: dict[str, Any]) -> list[Any]:
    return [regimes[name] for name in sorted(regimes)]


def qualifying_share(credit: ConsumerCredit, grid: QuarterGrid) -> Float[Array, "quarter"]:
    """Share of the amount that the trucks earn under the content and foreign-entity rules.

    Half of it for each rule that a truck's content meets; contents are normal about their means,
    so the share is smooth in them. A truck with a foreign entity's content earns nothing.
    """
    minerals = _met(credit.mineral_content, credit.content_spread, credit.mineral_rule, grid)
    components = _met(credit.component_content, credit.content_spread, credit.component_rule, grid)
    barred = credit.foreign_entity * (1.0 - fraction_before(credit.foreign_entity_rule, grid))
    return (minerals + components) / 2 * (1.0 - barred)


def _met(
    content: Scalar, spread: Scalar, rule: dict[str, Scalar], grid: QuarterGrid
) -> Float[Array, "quarter"]:
    """Probability that a content meets the year's least share; before the first year, one."""
    years = np.asarray([float(key) for key in sorted(rule)])
    least = jnp.stack([jnp.full((), -10.0), *(rule[key] for key in sorted(rule))])
    asked = least[jnp.searchsorted(jnp.asarray(years), grid.start_of_quarter + 1e-6)]
    return ndtr((content - asked) / jnp.maximum(spread, 1e-6))


def _phase_out(production: ProductionCredit, grid: QuarterGrid) -> Float[Array, "quarter"]:
    # The statute steps on 1 January; a grid quarter lies in one calendar year.
    year = jnp.floor(grid.start_of_quarter + 1e-6)
    steps = jnp.maximum(year - production.steps_down + 1.0, 0.0)
    left = jnp.clip(1.0 - production.step * steps, 0.0, 1.0)
    return left * (1.0 - fraction_before(production.starts, grid))


def _fuel_economy(credit: FuelEconomyCredit) -> Scalar:
    """Penalty that one more truck saves: its pull on the fleet's harmonic mean, in tenths."""
    pull = credit.target * (1.0 - credit.target / credit.equivalent)
    return credit.penalty * 10.0 * pull * credit.additional


def buyer_credit(path: PolicyPath, price: Float[Array, "quarter"]) -> Float[Array, "quarter"]:
    """Credit that the average customer sees at a suggested retail price (dollars per truck).

    Purchasers get 30D up to the price cap and nothing above it (a cliff, kept exact); lessees get
    what the lessor passes on of 45W at any price; both get their state's.
    """
    purchase = jnp.where(price <= path.price_caps, path.consumer_credit, 0.0)
    federal = (1.0 - path.lease_share) * purchase + path.lease_share * path.lease_credit
    return federal + path.state_credit


def maker_credit(path: PolicyPath, energy: Scalar) -> Float[Array, "quarter"]:
    """45X per truck with a pack of `energy` kWh (dollars per truck)."""
    return (path.cell_credit + path.module_credit) * energy
