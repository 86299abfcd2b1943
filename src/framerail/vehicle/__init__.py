"""What a battery-electric vehicle can do: energy, range, acceleration.

`simulate_energy` drives a speed trace and accounts for every joule, `range_label` is the EPA
window sticker, `performance` is full throttle. Each is a pure function of one design: `jax.vmap`
gives batches, `jax.grad` slopes with respect to every number of the design.
"""

from framerail.vehicle.columns import COLUMNS as COLUMNS
from framerail.vehicle.columns import TEXT_COLUMNS as TEXT_COLUMNS
from framerail.vehicle.columns import Column as Column
from framerail.vehicle.columns import header_faults as header_faults
from framerail.vehicle.columns import specification as specification
from framerail.vehicle.columns import specification_faults as specification_faults
from framerail.vehicle.component_offsets import OFFSETS as OFFSETS
from framerail.vehicle.component_offsets import design_with_offsets as design_with_offsets
from framerail.vehicle.component_offsets import offset_defaults as offset_defaults
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
