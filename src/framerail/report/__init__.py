"""Report: formats what a study found; computes nothing else. With `scenario_file`, the only part
that touches the disk."""

from framerail.report.catalog import describe_catalog as describe_catalog
from framerail.report.checkpoint import FolderStore as FolderStore
from framerail.report.checkpoint import run_key as run_key
from framerail.report.console import console_summary as console_summary
from framerail.report.save import FILES as FILES
from framerail.report.save import run_scenario as run_scenario
from framerail.report.save import save_run as save_run
from framerail.report.structure_console import structures_summary as structures_summary
from framerail.report.structure_zone import run_zone as run_zone
from framerail.report.structure_zone import zone_summary as zone_summary
from framerail.report.structures import run_structures as run_structures
from framerail.report.summary import summary as summary
from framerail.report.summary import summary_schema as summary_schema
from framerail.report.tables import TABLES as TABLES
from framerail.report.validation import validate_vehicle as validate_vehicle
from framerail.report.validation_business import validate_business as validate_business
from framerail.report.validation_deal import validate_deal as validate_deal
from framerail.report.validation_market import validate_market as validate_market
from framerail.report.vehicle_table import run_vehicles as run_vehicles
from framerail.report.view import View as View
from framerail.report.view import view as view
