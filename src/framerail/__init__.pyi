from .engine import Evaluation as Evaluation
from .engine import evaluate as evaluate
from .report import console_summary as console_summary
from .report import describe_catalog as describe_catalog
from .report import run_scenario as run_scenario
from .report import run_structures as run_structures
from .report import run_vehicles as run_vehicles
from .report import run_zone as run_zone
from .report import save_run as save_run
from .report import structures_summary as structures_summary
from .report import validate_business as validate_business
from .report import validate_deal as validate_deal
from .report import validate_market as validate_market
from .report import validate_vehicle as validate_vehicle
from .report import zone_summary as zone_summary
from .scenario import Scenario as Scenario
from .scenario_file import Fault as Fault
from .scenario_file import ScenarioError as ScenarioError
from .scenario_file import bundled_cycles as bundled_cycles
from .scenario_file import bundled_scenarios as bundled_scenarios
from .scenario_file import read_cycle as read_cycle
from .scenario_file import read_scenario as read_scenario
from .scenario_file import scenario_schema as scenario_schema
from .studies import MonteCarlo as MonteCarlo
from .studies import monte_carlo as monte_carlo
from .studies import study as study

__version__: str
