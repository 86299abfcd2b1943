"""Studies: many evaluations of one scenario, and what they tell."""

from framerail.studies.books import FIXED_KINDS as FIXED_KINDS
from framerail.studies.books import ProgramBooks as ProgramBooks
from framerail.studies.books import partner_books as partner_books
from framerail.studies.break_even import BreakEven as BreakEven
from framerail.studies.break_even import break_evens as break_evens
from framerail.studies.comparison import at_site as at_site
from framerail.studies.comparison import site_comparison as site_comparison
from framerail.studies.comparison import zone as zone
from framerail.studies.drivers import TARGETS as TARGETS
from framerail.studies.drivers import Driver as Driver
from framerail.studies.drivers import drivers as drivers
from framerail.studies.monte_carlo import MonteCarlo as MonteCarlo
from framerail.studies.monte_carlo import monte_carlo as monte_carlo
from framerail.studies.programs import Programs as Programs
from framerail.studies.programs import ProgramStore as ProgramStore
from framerail.studies.rows import ChunkStore as ChunkStore
from framerail.studies.rows import Progress as Progress
from framerail.studies.rows import evaluate_rows as evaluate_rows
from framerail.studies.structures import Structures as Structures
from framerail.studies.structures import structures as structures
from framerail.studies.study import Study as Study
from framerail.studies.study import study as study
from framerail.studies.vehicle_batch import RowEstimates as RowEstimates
from framerail.studies.vehicle_batch import vehicle_batch as vehicle_batch
