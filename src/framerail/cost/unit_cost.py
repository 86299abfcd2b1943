"""The unit cost of one truck in one model year, by element.

Direct cost only: materials, conversion, logistics, warranty. No fixed plant cost, no
engineering, no overhead, no profit, no dealer margin: those belong to plant and program.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from framerail.cost.bill_of_materials import (
    MATERIALS,
    PublishedCosts,
    VehicleContents,
    published_costs,
)
from framerail.cost.conversion import SiteRates, conversion_costs
from framerail.cost.inputs import CostDeck
from framerail.cost.learning import GROUPS, group_factors
from framerail.cost.price_index import from_dollars_of_2020, from_dollars_of_2022
from framerail.cost.warranty import warranty_costs
from framerail.numerics.outcome import Outcome, flag

OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        "pack_outside_curve",
        "The pack is smaller than 20 kWh or larger than 250 kWh, outside the cost curves' range.",
        "Use a pack of 20 to 250 kWh, or replace the curve's coefficients.",
    ),
    Outcome(
        "year_outside_curve",
        "The model year is before 2023 or after 2055, outside the cost curves' range.",
        "Use model years 2023 to 2055.",
    ),
    Outcome(
        "no_machine",
        "The truck has no drive machine.",
        "Give the rear or the front machine a power above 0 kW.",
    ),
)


class CostCircumstances(eqx.Module):
    """What a model year brings: calendar, volumes, labor, price level, credit; all scalars."""

    model_year: Float[Array, ""]
    """Model year as a decimal year."""
    platform_cumulative: Float[Array, ""]
    """Trucks built on the platform before, both brands together."""
    top_hat_cumulative: Float[Array, ""]
    """Trucks built before with this brand's body."""
    platform_annual: Float[Array, ""]
    """Trucks a year on the platform, both brands together."""
    top_hat_annual: Float[Array, ""]
    """Trucks a year with this brand's body."""
    labor_hours: Float[Array, ""]
    """Conversion labor per truck, hours, from the site."""
    wage: Float[Array, ""]
    """Labor cost per hour with benefits, dollars of the model year, from the site."""
    electricity_price: Float[Array, ""]
    """Electricity at the site, dollars of the model year per kWh."""
    gas_price: Float[Array, ""]
    """Natural gas at the site, dollars of the model year per therm."""
    inbound_distance: Float[Array, ""]
    """Mean distance from the suppliers to the plant, miles."""
    pack_distance: Float[Array, ""]
    """Distance from the pack plant to the plant, miles."""
    haul_distance: Float[Array, ""]
    """Mean distance from the plant to the dealers, miles."""
    price_level: Float[Array, ""]
    """General price level of the model year over that of 2023."""
    credit_per_kwh: Float[Array, ""]
    """Production credit on cells and modules (45X) that reaches the program, dollars per kWh: what
    the truck maker gets of it is the policy's to say."""


ELEMENTS: tuple[str, ...] = (
    *(name for name, _ in MATERIALS),
    "labor",
    "plant_energy",
    "consumables",
    "inbound_logistics",
    "outbound_freight",
    "warranty",
    "recalls",
)
"""Names of the elements in order; their sum is the variable cost."""


_PLACE = {name: i for i, name in enumerate(ELEMENTS)}
_OF_GROUP = tuple(GROUPS.index(group) for _, group in MATERIALS)
_IS_STRUCTURE = tuple(name == "structure" for name, _ in MATERIALS)


class UnitCost(eqx.Module):
    """Cost of one truck by element, dollars of the model year.

    Every element is nonnegative and can be read by its name in `ELEMENTS` (`cost.pack`,
    `cost.labor`); `production_credit` is a negative cost and stands apart.
    """

    by_element: Float[Array, "element"]
    """All elements in the order of `ELEMENTS`: one array, so that a compiler does not derive every
    element anew."""
    production_credit: Float[Array, ""]
    """Production credit (45X) that reaches the program; zero or negative."""
    material: Float[Array, ""]
    """All parts, the pack included."""
    manufacturing: Float[Array, ""]
    """Material, conversion and inbound logistics: the value of finished inventory."""
    variable: Float[Array, ""]
    """Sum of all elements, before the production credit."""
    net_variable: Float[Array, ""]
    """`variable` plus the (negative) production credit."""
    residual: Float[Array, ""]
    """Sum of elements less the sum of subtotals; zero."""
    outcome: Int[Array, ""]
    """Bit mask of `OUTCOMES`."""

    def __getattr__(self, name: str) -> Any:
        """One element by its name; leading axes of a batch stay."""
        if name not in _PLACE:
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'")
        return self.by_element[..., _PLACE[name]]

    def elements(self) -> tuple[tuple[str, Float[Array, "..."]], ...]:
        """Elements in the order of a report, name and value; their sum is `variable`."""
        return tuple((name, self.by_element[..., i]) for name, i in _PLACE.items())


def material_costs(
    deck: CostDeck, published: PublishedCosts, circumstances: CostCircumstances
) -> Float[Array, "material"]:
    """Costs of all parts by `MATERIALS`, dollars of the model year."""
    factors = group_factors(
        deck.learning,
        deck.commonality,
        jnp.stack([circumstances.platform_cumulative, circumstances.top_hat_cumulative]),
        jnp.stack([circumstances.platform_annual, circumstances.top_hat_annual]),
    )
    nominal = jnp.where(
        jnp.array(_IS_STRUCTURE),
        published.structure_in_2020 * from_dollars_of_2020(deck.prices, circumstances.price_level),
        published.in_2022 * from_dollars_of_2022(deck.prices, circumstances.price_level),
    )
    return nominal * factors[jnp.array(_OF_GROUP)]


def _outcome(contents: VehicleContents, year: Float[Array, ""]) -> Int[Array, ""]:
    energy = contents.pack_energy
    return (
        flag((energy < 20.0) | (energy > 250.0), 0)
        | flag((year < 2023.0) | (year > 2055.0), 1)
        | flag(contents.rear_power + contents.front_power <= 0.0, 2)
    )


def unit_cost(
    deck: CostDeck, contents: VehicleContents, circumstances: CostCircumstances
) -> UnitCost:
    """Direct cost of one truck in one model year, by element.

    Pure and differentiable; `vmap` over trucks and years.

    **Arguments:**

    - `deck`: coefficients (`CostInputs.deck`).
    - `contents`: what the truck is made of.
    - `circumstances`: year, volumes, labor, price level and credit.
    """
    published = published_costs(
        deck.pack, deck.electric, deck.glider, contents, circumstances.model_year
    )
    return unit_cost_from(deck, contents, published, circumstances)


def unit_cost_from(
    deck: CostDeck,
    contents: VehicleContents,
    published: PublishedCosts,
    circumstances: CostCircumstances,
) -> UnitCost:
    """`unit_cost` from the parts at their published rates, which do not depend on volume.

    A solver that varies volumes computes `published_costs` once per truck and year.
    """
    parts = material_costs(deck, published, circumstances)
    to_nominal = from_dollars_of_2022(deck.prices, circumstances.price_level)
    pack = parts[0]
    material = jnp.sum(parts)
    site = SiteRates(
        labor=circumstances.labor_hours * circumstances.wage,
        electricity_price=circumstances.electricity_price,
        gas_price=circumstances.gas_price,
        inbound_distance=circumstances.inbound_distance,
        pack_distance=circumstances.pack_distance,
        haul_distance=circumstances.haul_distance,
    )
    made = conversion_costs(deck.conversion, site, material - pack, pack, to_nominal)
    plant = made.labor + made.plant_energy + made.consumables
    manufacturing = material + plant + made.inbound_logistics
    reserve = warranty_costs(
        deck.warranty, manufacturing, pack, circumstances.platform_cumulative, to_nominal
    )
    variable = manufacturing + made.outbound_freight + reserve.warranty + reserve.recalls
    credit = -circumstances.credit_per_kwh * contents.pack_energy
    others = [getattr(made, name) for name in ELEMENTS[len(MATERIALS) : -2]]
    by_element = jnp.concatenate([parts, jnp.stack([*others, reserve.warranty, reserve.recalls])])
    return UnitCost(
        by_element=by_element,
        production_credit=credit,
        material=material,
        manufacturing=manufacturing,
        variable=variable,
        net_variable=variable + credit,
        residual=jnp.sum(by_element) - variable,
        outcome=_outcome(contents, circumstances.model_year),
    )
