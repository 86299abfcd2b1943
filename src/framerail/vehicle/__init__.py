"""What a battery-electric vehicle can do: energy, range, acceleration.

`simulate_energy` drives a speed trace and accounts for every joule, `range_label` is the EPA
window sticker, `performance` is full throttle. Each is a pure function of one design: `jax.vmap`
gives batches, `jax.grad` slopes with respect to every number of the design.
"""

from framerail.vehicle.battery_thermal import BatteryThermal as BatteryThermal
from framerail.vehicle.battery_thermal import pack_temperature_trace as pack_temperature_trace
from framerail.vehicle.battery_thermal import resistance_factor as resistance_factor
from framerail.vehicle.cabin import Cabin as Cabin
from framerail.vehicle.cabin import steady_climate_power as steady_climate_power
from framerail.vehicle.charging import CHARGE_LIMITS as CHARGE_LIMITS
from framerail.vehicle.charging import Charge as Charge
from framerail.vehicle.charging import acceptance_factor as acceptance_factor
from framerail.vehicle.charging import charge as charge
from framerail.vehicle.charging import charge_from_wall as charge_from_wall
from framerail.vehicle.charging import energy_after as energy_after
from framerail.vehicle.charging import fast_charge_power as fast_charge_power
from framerail.vehicle.charging import range_added as range_added
from framerail.vehicle.charging_inputs import Acceptance as Acceptance
from framerail.vehicle.charging_inputs import ChargeSession as ChargeSession
from framerail.vehicle.charging_inputs import FastCharging as FastCharging
from framerail.vehicle.charging_inputs import Station as Station
from framerail.vehicle.climate_drive import Climate as Climate
from framerail.vehicle.climate_drive import ClimateUse as ClimateUse
from framerail.vehicle.climate_drive import PackHeating as PackHeating
from framerail.vehicle.climate_drive import Surroundings as Surroundings
from framerail.vehicle.climate_drive import cold_battery as cold_battery
from framerail.vehicle.climate_drive import simulate_climate as simulate_climate
from framerail.vehicle.columns import COLUMNS as COLUMNS
from framerail.vehicle.columns import TEXT_COLUMNS as TEXT_COLUMNS
from framerail.vehicle.columns import Column as Column
from framerail.vehicle.columns import specification as specification
from framerail.vehicle.columns import specification_faults as specification_faults
from framerail.vehicle.cruise import Cruise as Cruise
from framerail.vehicle.cruise import cruise as cruise
from framerail.vehicle.cruise import steady_flow as steady_flow
from framerail.vehicle.design import Axle as Axle
from framerail.vehicle.design import Battery as Battery
from framerail.vehicle.design import Charger as Charger
from framerail.vehicle.design import MachineLosses as MachineLosses
from framerail.vehicle.design import OpenCircuitCurve as OpenCircuitCurve
from framerail.vehicle.design import Regeneration as Regeneration
from framerail.vehicle.design import RoadLoad as RoadLoad
from framerail.vehicle.design import VehicleDesign as VehicleDesign
from framerail.vehicle.design import loaded_mass as loaded_mass
from framerail.vehicle.design import usable_energy as usable_energy
from framerail.vehicle.drive_cycle import DriveCycle as DriveCycle
from framerail.vehicle.drive_cycle import drive_cycle as drive_cycle
from framerail.vehicle.drive_cycle import steady_cycle as steady_cycle
from framerail.vehicle.energy_simulation import EnergyUse as EnergyUse
from framerail.vehicle.energy_simulation import simulate_energy as simulate_energy
from framerail.vehicle.energy_simulation import simulate_trace as simulate_trace
from framerail.vehicle.inputs import Conditions as Conditions
from framerail.vehicle.inputs import LabelProcedure as LabelProcedure
from framerail.vehicle.inputs import VehicleInputs as VehicleInputs
from framerail.vehicle.outcomes import OUTCOMES as OUTCOMES
from framerail.vehicle.performance import LIMITING_COMPONENTS as LIMITING_COMPONENTS
from framerail.vehicle.performance import Performance as Performance
from framerail.vehicle.performance import performance as performance
from framerail.vehicle.range_label import LabelCycles as LabelCycles
from framerail.vehicle.range_label import RangeLabel as RangeLabel
from framerail.vehicle.range_label import kwh_per_100_miles as kwh_per_100_miles
from framerail.vehicle.range_label import mpge as mpge
from framerail.vehicle.range_label import range_label as range_label
from framerail.vehicle.specification import SpecificationDefaults as SpecificationDefaults
from framerail.vehicle.specification import TruckSpecification as TruckSpecification
from framerail.vehicle.specification import design_from_specification as design_from_specification
from framerail.vehicle.use_inputs import VehicleUse as VehicleUse
from framerail.vehicle.weather import RoadEffects as RoadEffects
from framerail.vehicle.weather import Trailer as Trailer
from framerail.vehicle.weather import in_weather as in_weather
from framerail.vehicle.weather import pressure_at as pressure_at
from framerail.vehicle.weather import wind_factor as wind_factor
from framerail.vehicle.weather import with_payload as with_payload
from framerail.vehicle.weather import with_trailer as with_trailer
