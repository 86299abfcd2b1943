"""Component parameters by class and make, estimated from measured energy and scored held out."""

from framerail.studies.calibration.estimate import ComponentEstimate as ComponentEstimate
from framerail.studies.calibration.estimate import estimate as estimate
from framerail.studies.calibration.features import PARAMETERS as PARAMETERS
from framerail.studies.calibration.features import TERMS as TERMS
from framerail.studies.calibration.features import effects as effects
from framerail.studies.calibration.features import manufacturer as manufacturer
from framerail.studies.calibration.held_out import HeldOut as HeldOut
from framerail.studies.calibration.held_out import Score as Score
from framerail.studies.calibration.held_out import held_out as held_out
from framerail.studies.calibration.held_out import make_spread as make_spread
from framerail.studies.calibration.held_out import residuals_by_make as residuals_by_make
from framerail.studies.calibration.held_out import score as score
from framerail.studies.calibration.identification import unseen_tests as unseen_tests
from framerail.studies.calibration.regression import regression_held_out as regression_held_out
