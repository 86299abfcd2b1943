"""What a combustion powertrain costs: the part of a rival's truck that is not glider.

Source of the rates: EPA OMEGA 2.5.0, `powertrain_cost_frm.csv` v0.21 (FEV teardowns), direct
manufacturing cost in 2022 dollars, body style pickup (`data/cost/combustion_powertrain.csv`).
It prices the powertrains of the pickups on which the glider is scored.
"""

import equinox as eqx
from jaxtyping import Array, Float


class CombustionRates(eqx.Module):
    """Rates of combustion powertrains, 2022 dollars; the data table's names are the fields."""

    inline_per_liter: Float[Array, ""]
    inline_fixed: Float[Array, ""]
    vee_per_liter: Float[Array, ""]
    vee_fixed: Float[Array, ""]
    direct_injection_inline: Float[Array, ""]
    direct_injection_vee: Float[Array, ""]
    turbocharger_inline: Float[Array, ""]
    turbocharger_vee: Float[Array, ""]
    deactivation_inline: Float[Array, ""]
    deactivation_vee: Float[Array, ""]
    valve_timing_inline: Float[Array, ""]
    valve_timing_vee: Float[Array, ""]
    diesel_engine_factor: Float[Array, ""]
    exhaust_inline: Float[Array, ""]
    exhaust_vee: Float[Array, ""]
    catalyst_per_liter: Float[Array, ""]
    diesel_aftertreatment_per_liter: Float[Array, ""]
    fuel_storage: Float[Array, ""]
    cooling_inline: Float[Array, ""]
    cooling_vee: Float[Array, ""]
    hvac: Float[Array, ""]
    low_voltage: Float[Array, ""]
    start_stop: Float[Array, ""]
    alternator: Float[Array, ""]
    transmission_per_gear: Float[Array, ""]
    transmission_fixed: Float[Array, ""]
    transfer_case: Float[Array, ""]


class CombustionPowertrain(eqx.Module):
    """Engine and transmission of one truck; flags are 0 or 1, scalars."""

    displacement: Float[Array, ""]
    """Liters."""
    vee: Float[Array, ""]
    """V engine rather than in line."""
    direct_injection: Float[Array, ""]
    turbocharged: Float[Array, ""]
    deactivation: Float[Array, ""]
    """Cylinder deactivation."""
    diesel: Float[Array, ""]
    start_stop: Float[Array, ""]
    gears: Float[Array, ""]
    """Forward gears of the automatic transmission."""
    all_wheel: Float[Array, ""]
    """Four driven wheels."""


def combustion_powertrain_cost(
    rates: CombustionRates, powertrain: CombustionPowertrain
) -> Float[Array, ""]:
    """Direct cost of engine, exhaust, fuel system, cooling, HVAC and transmission, 2022 dollars."""
    p = powertrain

    def by_bank(inline: Float[Array, ""], vee: Float[Array, ""]) -> Float[Array, ""]:
        return inline + p.vee * (vee - inline)

    block = by_bank(
        rates.inline_per_liter * p.displacement + rates.inline_fixed,
        rates.vee_per_liter * p.displacement + rates.vee_fixed,
    )
    engine = (
        block * (1.0 + p.diesel * (rates.diesel_engine_factor - 1.0))
        + p.direct_injection * by_bank(rates.direct_injection_inline, rates.direct_injection_vee)
        + p.turbocharged * by_bank(rates.turbocharger_inline, rates.turbocharger_vee)
        + p.deactivation * by_bank(rates.deactivation_inline, rates.deactivation_vee)
        + by_bank(rates.valve_timing_inline, rates.valve_timing_vee)
    )
    per_liter = rates.catalyst_per_liter + p.diesel * (
        rates.diesel_aftertreatment_per_liter - rates.catalyst_per_liter
    )
    exhaust = by_bank(rates.exhaust_inline, rates.exhaust_vee) + per_liter * p.displacement
    transmission = (
        rates.transmission_per_gear * p.gears
        + rates.transmission_fixed
        + p.all_wheel * rates.transfer_case
    )
    other = (
        rates.fuel_storage
        + by_bank(rates.cooling_inline, rates.cooling_vee)
        + rates.hvac
        + rates.low_voltage
        + rates.alternator
        + p.start_stop * rates.start_stop
    )
    return engine + exhaust + transmission + other
