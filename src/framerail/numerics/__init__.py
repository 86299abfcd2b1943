"""Numerical tools shared by the stages; nothing here knows a truck."""

from framerail.numerics.batching import over_lanes as over_lanes
from framerail.numerics.calendar import QuarterGrid as QuarterGrid
from framerail.numerics.calendar import quarter_grid as quarter_grid
from framerail.numerics.fixed_point import fixed_point as fixed_point
from framerail.numerics.linear import solve as solve
from framerail.numerics.outcome import Outcome as Outcome
from framerail.numerics.outcome import describe as describe
from framerail.numerics.outcome import flag as flag
