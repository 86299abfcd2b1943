"""Conversion and logistics: labor, plant energy and consumables, freight in and out."""

from typing import Annotated

import equinox as eqx
from jaxtyping import Array, Float

from framerail.quantities import Declared, Fraction, PositiveDollar, Quantity, Scalar

DollarPerMile = Annotated[Scalar, Quantity("dollar/mile", 0.0, 100.0)]


class ConversionDeck(Declared):
    """Conversion and logistics per truck, 2022 dollars where not said otherwise."""

    indirect_labor: Fraction
    """Cost of indirect labor that the site's hours leave out, as a share of theirs."""
    energy: PositiveDollar
    """Electricity and gas of body, paint and assembly."""
    consumables: PositiveDollar
    """Consumables, variable maintenance and scrap."""
    inbound_share: Fraction
    """Inbound logistics of purchased material other than the pack, as a share of its cost."""
    inbound_pack_share: Fraction
    """Inbound logistics of the pack, as a share of its cost."""
    outbound_handling: PositiveDollar
    """Loading, yards and dealer preparation."""
    outbound_per_mile: DollarPerMile
    """Rail and road freight of one truck per mile."""


class ConversionCosts(eqx.Module):
    """Conversion and logistics of one truck, dollars of the model year, scalars."""

    labor: Float[Array, ""]
    plant_energy: Float[Array, ""]
    consumables: Float[Array, ""]
    inbound_logistics: Float[Array, ""]
    outbound_freight: Float[Array, ""]


def conversion_costs(
    deck: ConversionDeck,
    labor: Float[Array, ""],
    material: Float[Array, ""],
    pack: Float[Array, ""],
    haul_distance: Float[Array, ""],
    to_nominal: Float[Array, ""],
) -> ConversionCosts:
    """Conversion and logistics of one truck, dollars of the model year.

    **Arguments:** direct `labor` cost (hours times wage), purchased `material` without the pack,
    the `pack`, all in dollars of the model year; `haul_distance` in miles; `to_nominal`, the
    factor from 2022 dollars.
    """
    freight = deck.outbound_handling + deck.outbound_per_mile * haul_distance
    return ConversionCosts(
        labor=labor * (1.0 + deck.indirect_labor),
        plant_energy=deck.energy * to_nominal,
        consumables=deck.consumables * to_nominal,
        inbound_logistics=deck.inbound_share * material + deck.inbound_pack_share * pack,
        outbound_freight=freight * to_nominal,
    )
