"""Conversion and logistics: labor, plant energy and consumables, freight in and out.

What a truck needs is in the deck, what it pays for it at a site comes with the site.
"""

from typing import Annotated

import equinox as eqx
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, Mile, PositiveDollar, Quantity, Scalar

KilowattHourPerTruck = Annotated[Scalar, Quantity("kWh/truck", 0.0, 20_000.0)]
ThermPerTruck = Annotated[Scalar, Quantity("therm/truck", 0.0, 2_000.0)]
DollarPerMile = Annotated[Scalar, Quantity("dollar/mile", 0.0, 100.0)]


class ConversionDeck(Declared):
    """Conversion and logistics per truck, 2022 dollars where not said otherwise."""

    indirect_labor: Fraction
    """Cost of indirect labor that the site's hours leave out, as a share of theirs."""
    electricity: KilowattHourPerTruck
    """Electricity of body, paint and assembly."""
    gas: ThermPerTruck
    """Natural gas of the same, ovens and heating most of it."""
    consumables: PositiveDollar
    """Consumables, variable maintenance and scrap."""
    inbound_share: Fraction
    """Inbound logistics of purchased material other than the pack, as a share of its cost, from
    the reference distance."""
    inbound_pack_share: Fraction
    """Inbound logistics of the pack, as a share of its cost, from the reference distance."""
    inbound_fixed_part: Fraction
    """Part of inbound logistics that no distance changes: packaging, handling, customs."""
    inbound_reference: Mile
    """Distance at which the two shares are stated."""
    outbound_handling: PositiveDollar
    """Loading, yards and dealer preparation."""
    outbound_per_mile: DollarPerMile
    """Rail and road freight of one truck per mile."""

    def faults(self) -> tuple[str, ...]:
        """Distances are counted in the reference distance."""
        if float(self.inbound_reference) <= 0.0:
            return ("inbound_reference: expected more than 0, such as '500 mile'",)
        return ()


class SiteRates(eqx.Module):
    """What a site pays and how far it lies, scalars; prices in dollars of the model year."""

    labor: Float[Array, ""]
    """Direct labor of one truck, hours times wage."""
    electricity_price: Float[Array, ""]
    """Per kWh."""
    gas_price: Float[Array, ""]
    """Per therm."""
    inbound_distance: Float[Array, ""]
    """Mean distance of the suppliers, miles."""
    pack_distance: Float[Array, ""]
    """Distance of the pack plant, miles."""
    haul_distance: Float[Array, ""]
    """Mean distance to the dealers, miles."""


class ConversionCosts(eqx.Module):
    """Conversion and logistics of one truck, dollars of the model year, scalars."""

    labor: Float[Array, ""]
    plant_energy: Float[Array, ""]
    consumables: Float[Array, ""]
    inbound_logistics: Float[Array, ""]
    outbound_freight: Float[Array, ""]


def conversion_costs(
    deck: ConversionDeck,
    site: SiteRates,
    material: Float[Array, ""],
    pack: Float[Array, ""],
    to_nominal: Float[Array, ""],
) -> ConversionCosts:
    """Conversion and logistics of one truck, dollars of the model year.

    **Arguments:** the deck, the `site`, purchased `material` without the pack and the `pack` in
    dollars of the model year; `to_nominal`, the factor from 2022 dollars.
    """

    def from_afar(distance: Float[Array, ""]) -> Float[Array, ""]:
        fixed = deck.inbound_fixed_part
        return fixed + (1.0 - fixed) * distance / deck.inbound_reference

    inbound = deck.inbound_share * material * from_afar(site.inbound_distance)
    inbound_pack = deck.inbound_pack_share * pack * from_afar(site.pack_distance)
    freight = deck.outbound_handling + deck.outbound_per_mile * site.haul_distance
    return ConversionCosts(
        labor=site.labor * (1.0 + deck.indirect_labor),
        plant_energy=deck.electricity * site.electricity_price + deck.gas * site.gas_price,
        consumables=deck.consumables * to_nominal,
        inbound_logistics=inbound + inbound_pack,
        outbound_freight=freight * to_nominal,
    )
