"""TOML files and data tables -> `Scenario`.

The border of the library: everything that a user can get wrong in a file is found here, all at
once, and reported with its place, what was expected and the nearest valid key. Nothing behind
this border checks an input again.
"""

from framerail.scenario_file.bundle import bundled_cycles as bundled_cycles
from framerail.scenario_file.bundle import bundled_scenarios as bundled_scenarios
from framerail.scenario_file.bundle import data_text as data_text
from framerail.scenario_file.bundle import read_cycle as read_cycle
from framerail.scenario_file.bundle import read_rows as read_rows
from framerail.scenario_file.bundle import read_table as read_table
from framerail.scenario_file.cycle_file import read_cycle_file as read_cycle_file
from framerail.scenario_file.faults import Fault as Fault
from framerail.scenario_file.faults import ScenarioError as ScenarioError
from framerail.scenario_file.layers import CATALOGS as CATALOGS
from framerail.scenario_file.read import read_scenario as read_scenario
from framerail.scenario_file.read import (
    read_specification_defaults as read_specification_defaults,
)
from framerail.scenario_file.read import scenario_values as scenario_values
from framerail.scenario_file.schema import leaf_schema as leaf_schema
from framerail.scenario_file.schema import scenario_schema as scenario_schema
from framerail.scenario_file.vehicle_use import read_vehicle_use as read_vehicle_use
