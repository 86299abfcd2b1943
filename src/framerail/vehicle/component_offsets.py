"""Component parameters moved from the rules' medians: how an estimate enters a design.

An offset is a change on an unbounded scale, so that every offset gives a
physical component. `studies.calibration` estimates offsets from measured energy by class and
make; here they only act.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.vehicle.design import VehicleDesign
from framerail.vehicle.specification import (
    SpecificationDefaults,
    TruckSpecification,
    design_from_specification,
)

OFFSETS: tuple[str, ...] = (
    "load_loss",
    "no_load_loss",
    "regeneration",
    "auxiliary",
    "charge_loss",
    "rolling",
    "drag",
)
"""Order of an offset's entries: loss of machine, inverter and gear under load; their loss at no
load; logit of the part of braking that machines take; auxiliary load; loss of a full recharge;
logarithms of the constant and of the quadratic part of the road load. Losses and loads are
multiplied by `growth`."""


def growth(offset: Float[Array, ""]) -> Float[Array, ""]:
    """Factor of a loss: 1 + x above zero, exp(x) below; smooth, and never negative.

    Energy is linear in a loss, so this keeps it close to linear in the offset.
    """
    return jnp.where(offset > 0.0, 1.0 + offset, jnp.exp(jnp.minimum(offset, 0.0)))


def offset_defaults(
    defaults: SpecificationDefaults, offsets: Float[Array, "offset"]
) -> SpecificationDefaults:
    """The rules' numbers with the component offsets in (all but the road load's)."""
    load, idle, capture, auxiliary, charge = (offsets[k] for k in range(5))
    losses, under_load, no_load = defaults.losses, growth(load), growth(idle)
    moved = eqx.tree_at(
        lambda m: (
            m.copper,
            m.power,
            m.inverter_efficiency,
            m.standing,
            m.speed,
            m.speed_squared,
        ),
        losses,
        (
            losses.copper * under_load,
            losses.power * under_load,
            1.0 - (1.0 - losses.inverter_efficiency) * under_load,
            losses.standing * no_load,
            losses.speed * no_load,
            losses.speed_squared * no_load,
        ),
    )
    share = defaults.regeneration_capture
    odds = share / (1.0 - share) * jnp.exp(capture)
    return eqx.tree_at(
        lambda d: (
            d.losses,
            d.gear_efficiency,
            d.regeneration_capture,
            d.auxiliary_power,
            d.charge_efficiency,
        ),
        defaults,
        (
            moved,
            1.0 - (1.0 - defaults.gear_efficiency) * under_load,
            odds / (1.0 + odds),
            defaults.auxiliary_power * growth(auxiliary),
            1.0 - (1.0 - defaults.charge_efficiency) * growth(charge),
        ),
    )


def design_with_offsets(
    spec: TruckSpecification, defaults: SpecificationDefaults, offsets: Float[Array, "offset"]
) -> VehicleDesign:
    """A complete design from one row, with its class's components.

    What the row states (auxiliary load, charge efficiency) stays as stated.

    Args:
        spec: one row (scalars).
        defaults: the rules' numbers.
        offsets: in the order of `OFFSETS`; zeros give `design_from_specification`.
    """
    design = design_from_specification(spec, offset_defaults(defaults, offsets))
    rolling, drag = jnp.exp(offsets[5]), jnp.exp(offsets[6])
    road = design.road_load
    scaled = (
        road.constant * rolling,
        road.rolling_resistance * rolling,
        road.quadratic * drag,
        road.drag_area * drag,
    )
    road = eqx.tree_at(
        lambda r: (r.constant, r.rolling_resistance, r.quadratic, r.drag_area), road, scaled
    )
    return eqx.tree_at(lambda d: d.road_load, design, jax.tree.map(jnp.asarray, road))
