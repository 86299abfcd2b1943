"""Modes of regeneration: what the driver's feet ask of the machines on one and the same trace.

On a prescribed trace the mode cannot change the wheels' force; it decides who gives the braking.
Of a braking force F machines are asked for c min(F, max(0, s F + m ((1 - s) b_l - s b_f))), where c
is the vehicle's capture, s the pedal's share, and one of the decelerations b_l (lift-off) and b_f
(friction first) is zero: c F up to m b_l and c s of the rest beyond it, or nothing up to m b_f and
c s of the rest. Every limit of `powertrain.regeneration_limit` still holds. Creep torque against
the held brake is left out: it costs less than 0.2 % of a city cycle.
"""

import equinox as eqx
import jax.numpy as jnp

from framerail.quantities import Declared, Fraction, MeterPerSecond
from framerail.vehicle.design import Acceleration, VehicleDesign

REGENERATION_MODES: tuple[str, ...] = ("blended", "coast", "lift-off", "one-pedal")
"""`blended`: the pedal asks machines first, whether or not the accelerator's lift does, as a test
of the EPA lists is taken; `coast`: nothing on lift-off, and the pedal's first part is friction;
`lift-off`: blended, with part of it on lift-off; `one-pedal`: machines alone on lift-off, down to
standstill, and a pedal of friction."""


class RegenerationMode(Declared):
    """What a mode sets; capture and limits stay the vehicle's own."""

    lift_off: Acceleration
    """Deceleration that lifting the accelerator asks of the machines alone."""
    friction_first: Acceleration
    """Deceleration by friction brakes alone before the pedal asks anything of the machines."""
    pedal_share: Fraction
    """Part of the brake pedal's demand that is asked of the machines."""
    fade_out_speed: MeterPerSecond
    """Below this speed there is no regeneration."""
    full_speed: MeterPerSecond
    """From this speed regeneration is complete; linear in between."""

    def faults(self) -> tuple[str, ...]:
        """One kind of pedal, and a blend with a width."""
        found = []
        if float(self.lift_off) > 0.0 and float(self.friction_first) > 0.0:
            found.append("lift_off and friction_first exclude each other; set one of them to zero")
        if float(self.full_speed) <= float(self.fade_out_speed):
            found.append("full_speed must lie above fade_out_speed")
        return tuple(found)


def with_regeneration_mode(design: VehicleDesign, mode: RegenerationMode) -> VehicleDesign:
    """The design driven in `mode`; a stronger lift-off raises the highest deceleration asked."""
    rule = design.regeneration
    return eqx.tree_at(
        lambda d: [
            d.regeneration.lift_off,
            d.regeneration.friction_first,
            d.regeneration.pedal_share,
            d.regeneration.max_deceleration,
            d.regeneration.fade_out_speed,
            d.regeneration.full_speed,
        ],
        design,
        [
            mode.lift_off,
            mode.friction_first,
            mode.pedal_share,
            jnp.maximum(rule.max_deceleration, mode.lift_off),
            mode.fade_out_speed,
            mode.full_speed,
        ],
    )
