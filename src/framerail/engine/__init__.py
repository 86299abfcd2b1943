"""The engine: translates between the stages' words and closes the circles of the economics."""

from framerail.engine.evaluate import Markets as Markets
from framerail.engine.evaluate import evaluate as evaluate
from framerail.engine.evaluate import headline as headline
from framerail.engine.evaluate import headline_of as headline_of
from framerail.engine.evaluate import solve_markets as solve_markets
from framerail.engine.evaluate import value as value
from framerail.engine.evaluation import OUTCOMES as OUTCOMES
from framerail.engine.evaluation import Audit as Audit
from framerail.engine.evaluation import Evaluation as Evaluation
from framerail.engine.evaluation import Headline as Headline
from framerail.engine.trucks import TruckFigures as TruckFigures
from framerail.engine.trucks import truck_figures as truck_figures
