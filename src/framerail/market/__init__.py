"""US pickup market: random-coefficients logit demand, Bertrand-Nash prices.

- inputs: `MarketInputs` (products, preferences, energy, trends, rivals)
- arrays: `ProductTable` by `product_table`; `Buyers` by `draw_buyers`; `Ownership`
- verbs: `calibrate`, `offers_in_year`, `equilibrium`, `respond` (one turn of its map)
- looking: `choose`, `elasticities`, `diversion`, `second_choices`, `consumer_surplus`,
  `concentration`, `pricing_pressure`
- what if, of a `Market`: `entry`, `withdraw`, `merger`, `reprice`, `change_attributes`,
  `change_costs`, `change_credits`, `repeal_credits`, `pass_through`
- optional parts: `Nests`, `Demographics`, `Fleet`; beside them `capped_equilibrium` (volumes with
  shadow prices), `owners_path` (loyalty, learning), `lease_credit`, `fit_moments`
- from PyBLP: `estimates_of`, `estimated_buyers`, `estimated_market`
"""

from framerail.market.buyers import NODE_DIMENSION as NODE_DIMENSION
from framerail.market.buyers import RULE_DIMENSION as RULE_DIMENSION
from framerail.market.buyers import TASTES as TASTES
from framerail.market.buyers import Buyers as Buyers
from framerail.market.buyers import Preferences as Preferences
from framerail.market.buyers import draw_buyers as draw_buyers
from framerail.market.calibration import Calibration as Calibration
from framerail.market.calibration import attribute_value as attribute_value
from framerail.market.calibration import calibrate as calibrate
from framerail.market.calibration import invert_shares as invert_shares
from framerail.market.calibration import traits as traits
from framerail.market.capacity import CappedEquilibrium as CappedEquilibrium
from framerail.market.capacity import Caps as Caps
from framerail.market.capacity import capped_equilibrium as capped_equilibrium
from framerail.market.choice import Choice as Choice
from framerail.market.choice import choose as choose
from framerail.market.choice import consumer_surplus as consumer_surplus
from framerail.market.choice import diversion as diversion
from framerail.market.choice import elasticities as elasticities
from framerail.market.choice import market_shares as market_shares
from framerail.market.choice import price_derivatives as price_derivatives
from framerail.market.choice import second_choices as second_choices
from framerail.market.choice import utilities as utilities
from framerail.market.concentration import PricingPressure as PricingPressure
from framerail.market.concentration import concentration as concentration
from framerail.market.concentration import pricing_pressure as pricing_pressure
from framerail.market.counterfactual import Comparison as Comparison
from framerail.market.counterfactual import Market as Market
from framerail.market.counterfactual import change_attributes as change_attributes
from framerail.market.counterfactual import change_costs as change_costs
from framerail.market.counterfactual import change_credits as change_credits
from framerail.market.counterfactual import compare as compare
from framerail.market.counterfactual import entry as entry
from framerail.market.counterfactual import merger as merger
from framerail.market.counterfactual import pass_through as pass_through
from framerail.market.counterfactual import recover_costs as recover_costs
from framerail.market.counterfactual import repeal_credits as repeal_credits
from framerail.market.counterfactual import reprice as reprice
from framerail.market.counterfactual import solve as solve
from framerail.market.counterfactual import with_firms as with_firms
from framerail.market.counterfactual import with_merger as with_merger
from framerail.market.counterfactual import with_products as with_products
from framerail.market.counterfactual import with_sales_tax as with_sales_tax
from framerail.market.counterfactual import withdraw as withdraw
from framerail.market.demographics import DEMOGRAPHICS as DEMOGRAPHICS
from framerail.market.demographics import BuyerGroup as BuyerGroup
from framerail.market.demographics import Demographics as Demographics
from framerail.market.demographics import Fleet as Fleet
from framerail.market.demographics import Interaction as Interaction
from framerail.market.equilibrium import EXACT as EXACT
from framerail.market.equilibrium import QUICK as QUICK
from framerail.market.equilibrium import Accuracy as Accuracy
from framerail.market.equilibrium import MarketEquilibrium as MarketEquilibrium
from framerail.market.equilibrium import Offers as Offers
from framerail.market.equilibrium import Response as Response
from framerail.market.equilibrium import equilibrium as equilibrium
from framerail.market.equilibrium import gross_utility as gross_utility
from framerail.market.equilibrium import respond as respond
from framerail.market.equilibrium import settled as settled
from framerail.market.estimates import ProblemEstimates as ProblemEstimates
from framerail.market.estimates import estimated_buyers as estimated_buyers
from framerail.market.estimates import estimated_market as estimated_market
from framerail.market.estimates import estimates_of as estimates_of
from framerail.market.faults import cap_faults as cap_faults
from framerail.market.faults import market_faults as market_faults
from framerail.market.faults import share_faults as share_faults
from framerail.market.inputs import Brand as Brand
from framerail.market.inputs import EnergyPrices as EnergyPrices
from framerail.market.inputs import MarketInputs as MarketInputs
from framerail.market.inputs import Rival as Rival
from framerail.market.inputs import Trends as Trends
from framerail.market.leases import LeaseOffer as LeaseOffer
from framerail.market.leases import blended_credit as blended_credit
from framerail.market.leases import lease_credit as lease_credit
from framerail.market.leases import lease_payment as lease_payment
from framerail.market.leases import monthly_payment as monthly_payment
from framerail.market.model_year import capped_credit as capped_credit
from framerail.market.model_year import offers_in_year as offers_in_year
from framerail.market.moments import MomentFit as MomentFit
from framerail.market.moments import buyer_means as buyer_means
from framerail.market.moments import first_and_second as first_and_second
from framerail.market.moments import fit_moments as fit_moments
from framerail.market.moments import second_choice_correlation as second_choice_correlation
from framerail.market.nests import Nest as Nest
from framerail.market.nests import Nests as Nests
from framerail.market.nests import nests_of as nests_of
from framerail.market.outcomes import OUTCOMES as OUTCOMES
from framerail.market.owners import Habits as Habits
from framerail.market.owners import Makes as Makes
from framerail.market.owners import OwnersMarket as OwnersMarket
from framerail.market.owners import OwnersPath as OwnersPath
from framerail.market.owners import loyalty_rates as loyalty_rates
from framerail.market.owners import makes_of as makes_of
from framerail.market.owners import next_stock as next_stock
from framerail.market.owners import owners_market as owners_market
from framerail.market.owners import owners_path as owners_path
from framerail.market.pricing import Ownership as Ownership
from framerail.market.pricing import markups as markups
from framerail.market.pricing import ownership_of as ownership_of
from framerail.market.products import Product as Product
from framerail.market.products import ProductTable as ProductTable
from framerail.market.products import product_table as product_table
