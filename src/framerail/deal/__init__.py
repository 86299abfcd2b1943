"""Deal: partners, instruments, survival of the weaker partner, settlement, bargaining.

`value_deal` is the stage's one verb; `settle_at` settles one realization.
"""

from framerail.deal.bargaining import (
    Bargain,
    ClosingPath,
    Point,
    Solutions,
    Talks,
    Zone,
    closing_path,
    closing_probability,
    efficient_frontier,
    nash_split,
    solve_bargain,
    value_moved,
    zone_from_gains,
    zone_of_agreement,
)
from framerail.deal.cash_plan import BusinessPlan, business_plan
from framerail.deal.clauses.insolvency import waterfall
from framerail.deal.clauses.transfer import SharedProgram
from framerail.deal.contract import Contract, contract, deal_transfers
from framerail.deal.deal_value import OUTCOMES, DealValue, Outside, value_deal
from framerail.deal.default_paths import PathDraws, default_time_of_path, path_steps
from framerail.deal.flows import PartnerFlows
from framerail.deal.inputs import DealInputs
from framerail.deal.instruments import Terms, with_upfront_and_royalty
from framerail.deal.killed_motion import first_passage_probability
from framerail.deal.partners import (
    Covenant,
    Exposure,
    Headroom,
    Incumbent,
    Partners,
    PriceCut,
    ProductionPlan,
    StaffCut,
    StartUp,
    headroom,
)
from framerail.deal.settlement import (
    PARTIES,
    Settlement,
    open_book,
    settle_at,
    with_new_money,
)
from framerail.deal.survival import (
    FinancingDrivers,
    MarketAccess,
    Survival,
    SurvivalInputs,
    default_quarter,
    effective_access,
    survive,
)

__all__ = [
    "OUTCOMES",
    "PARTIES",
    "Bargain",
    "BusinessPlan",
    "ClosingPath",
    "Contract",
    "Covenant",
    "DealInputs",
    "DealValue",
    "Exposure",
    "FinancingDrivers",
    "Headroom",
    "Incumbent",
    "MarketAccess",
    "Outside",
    "PartnerFlows",
    "Partners",
    "PathDraws",
    "Point",
    "PriceCut",
    "ProductionPlan",
    "Settlement",
    "SharedProgram",
    "Solutions",
    "StaffCut",
    "StartUp",
    "Survival",
    "SurvivalInputs",
    "Talks",
    "Terms",
    "Zone",
    "business_plan",
    "closing_path",
    "closing_probability",
    "contract",
    "deal_transfers",
    "default_quarter",
    "default_time_of_path",
    "effective_access",
    "efficient_frontier",
    "first_passage_probability",
    "headroom",
    "nash_split",
    "open_book",
    "path_steps",
    "settle_at",
    "solve_bargain",
    "survive",
    "value_deal",
    "value_moved",
    "waterfall",
    "with_new_money",
    "with_upfront_and_royalty",
    "zone_from_gains",
    "zone_of_agreement",
]
