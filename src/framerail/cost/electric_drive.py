"""Electric drive, charging, distribution and thermal system.

Source of the rates: EPA OMEGA 2.5.0, `powertrain_cost_frm.csv` v0.21 (FEV teardowns), direct
manufacturing cost in 2022 dollars, body style pickup.
"""

from typing import Annotated

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from framerail.cost.learning import IndustryLearning, industry_factor
from framerail.quantities import (
    Declared,
    Kilowatt,
    PositiveDollar,
    PositiveNumber,
    Quantity,
    Scalar,
)

DollarPerKilowatt = Annotated[Scalar, Quantity("dollar/kW", 0.0, 1_000.0)]


class MachineRates(Declared):
    """A machine or inverter: rate per kW and fixed part, 2022 dollars."""

    per_kilowatt: DollarPerKilowatt
    """Cost per kW of peak power."""
    fixed: PositiveDollar
    """Cost at zero power."""


class AxleCosts(Declared):
    """An item with a cost for one driven axle and an addition for the second, 2022 dollars."""

    one_axle: PositiveDollar
    """One driven axle."""
    second_axle: PositiveDollar
    """Addition for the second driven axle."""


class ElectricDeck(Declared):
    """Coefficients of everything electric but the pack, 2022 dollars."""

    level: PositiveNumber
    """Common factor on all of it; its spread is what teardowns leave open."""
    rear_machine: MachineRates
    """Permanent-magnet machine."""
    front_machine: MachineRates
    """Second machine (induction)."""
    inverter: MachineRates
    """Inverter, one per machine."""
    gearbox: PositiveDollar
    """Single-speed gearbox with differential, one per machine."""
    presence_power: Kilowatt
    """Power below which a machine's fixed cost fades smoothly to zero; far below any product."""
    charger: DollarPerKilowatt
    """On-board charger with DC-DC converter, per kW of charger power."""
    charge_cord: PositiveDollar
    """Portable charge cord."""
    low_voltage_battery: PositiveDollar
    """12-volt battery."""
    high_voltage_harness: AxleCosts
    """High-voltage harness."""
    low_voltage_harness: AxleCosts
    """Powertrain's low-voltage harness."""
    coolant_circuit: AxleCosts
    """Coolant circuit of pack, drive and cabin."""
    hvac: PositiveDollar
    """Cabin heating, ventilation and air conditioning."""
    electric_learning: IndustryLearning
    """Machines, inverters, gearboxes, charger, cord and high-voltage harness."""
    conventional_learning: IndustryLearning
    """12-volt battery, low-voltage harness, coolant circuit and HVAC."""

    def faults(self) -> tuple[str, ...]:
        """The smooth step from no machine to a machine needs a width."""
        if float(self.presence_power) <= 0.0:
            return ("presence_power: expected more than 0, such as '20 kW'",)
        return ()


class ElectricCosts(eqx.Module):
    """Costs of the electric parts of one truck, 2022 dollars, each a scalar."""

    machines: Float[Array, ""]
    inverters: Float[Array, ""]
    gearboxes: Float[Array, ""]
    charger: Float[Array, ""]
    charge_cord: Float[Array, ""]
    low_voltage_battery: Float[Array, ""]
    high_voltage_harness: Float[Array, ""]
    low_voltage_harness: Float[Array, ""]
    coolant_circuit: Float[Array, ""]
    hvac: Float[Array, ""]


def presence(power: Float[Array, ""], threshold: Float[Array, ""]) -> Float[Array, ""]:
    """0 for no machine, 1 above `threshold` kW, a smooth step between.

    Exact at both ends, so that an absent machine costs nothing and a real one its published cost.
    """
    step = jnp.clip(power / threshold, 0.0, 1.0)
    return step * step * (3.0 - 2.0 * step)


def electric_costs(
    deck: ElectricDeck,
    rear: Float[Array, ""],
    front: Float[Array, ""],
    charger: Float[Array, ""],
    year: Float[Array, ""],
) -> ElectricCosts:
    """Costs of drive, charging, distribution and thermal system, 2022 dollars.

    **Arguments:** peak power of the `rear` and `front` machine and power of the on-board
    `charger`, kW; model `year` (industry learning).
    """
    on_rear = presence(rear, deck.presence_power)
    on_front = presence(front, deck.presence_power)
    axles = on_rear + on_front
    second = on_rear * on_front
    electric = deck.level * industry_factor(deck.electric_learning, year)
    conventional = deck.level * industry_factor(deck.conventional_learning, year)

    def by_axle(costs: AxleCosts) -> Float[Array, ""]:
        return costs.one_axle + second * costs.second_axle

    machines = (
        deck.rear_machine.per_kilowatt * rear
        + deck.rear_machine.fixed * on_rear
        + deck.front_machine.per_kilowatt * front
        + deck.front_machine.fixed * on_front
    )
    inverters = deck.inverter.per_kilowatt * (rear + front) + deck.inverter.fixed * axles
    return ElectricCosts(
        machines=electric * machines,
        inverters=electric * inverters,
        gearboxes=electric * deck.gearbox * axles,
        charger=electric * deck.charger * charger,
        charge_cord=electric * deck.charge_cord,
        low_voltage_battery=conventional * deck.low_voltage_battery,
        high_voltage_harness=electric * by_axle(deck.high_voltage_harness),
        low_voltage_harness=conventional * by_axle(deck.low_voltage_harness),
        coolant_circuit=conventional * by_axle(deck.coolant_circuit),
        hvac=conventional * deck.hvac,
    )
