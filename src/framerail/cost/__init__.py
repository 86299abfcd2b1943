"""Cost: what one truck costs to make, by element.

`unit_cost(deck, contents, circumstances)` is the stage's verb; `full_cost` adds what volume
must still pay.
"""

from framerail.cost.battery_pack import MetalContent as MetalContent
from framerail.cost.battery_pack import PackDeck as PackDeck
from framerail.cost.battery_pack import pack_cost_per_kwh as pack_cost_per_kwh
from framerail.cost.bill_of_materials import PublishedCosts as PublishedCosts
from framerail.cost.bill_of_materials import VehicleContents as VehicleContents
from framerail.cost.bill_of_materials import published_costs as published_costs
from framerail.cost.full_cost import FullCost as FullCost
from framerail.cost.full_cost import full_cost as full_cost
from framerail.cost.inputs import CostDeck as CostDeck
from framerail.cost.inputs import CostInputs as CostInputs
from framerail.cost.price_index import PriceIndex as PriceIndex
from framerail.cost.price_index import price_level as price_level
from framerail.cost.price_trend import experience_forecast as experience_forecast
from framerail.cost.price_trend import trend_forecast as trend_forecast
from framerail.cost.unit_cost import ELEMENTS as ELEMENTS
from framerail.cost.unit_cost import OUTCOMES as OUTCOMES
from framerail.cost.unit_cost import CostCircumstances as CostCircumstances
from framerail.cost.unit_cost import UnitCost as UnitCost
from framerail.cost.unit_cost import unit_cost as unit_cost
from framerail.cost.unit_cost import unit_cost_from as unit_cost_from
