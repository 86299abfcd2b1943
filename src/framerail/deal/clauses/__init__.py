"""Clauses of a term sheet: each a table of the file and a function to what it moves."""

from framerail.deal.clauses.conditions import (
    ChangeOfControl,
    Condition,
    Consent,
    Refusal,
    ShareCapital,
    Termination,
    fulfilled,
)
from framerail.deal.clauses.insolvency import (
    AssetPurchase,
    Ladder,
    LienRelease,
    distribute,
    waterfall,
)
from framerail.deal.clauses.loans import Commitment, Draw, SecuredBridge, VentureLoan
from framerail.deal.clauses.shares import (
    ConvertibleNote,
    InKindEquity,
    PremiumShares,
    Vesting,
    Warrants,
)
from framerail.deal.clauses.transfer import (
    SENIORITIES,
    Claim,
    Holding,
    SharedProgram,
    Transfer,
)
from framerail.deal.clauses.volume import (
    CapacityReservation,
    CreditSharing,
    DevelopmentFee,
    Gate,
    PlantVenture,
    ReciprocalSupply,
    Supply,
    Suspension,
    TakeOrPay,
    VolumeRebate,
)

__all__ = [
    "SENIORITIES",
    "AssetPurchase",
    "CapacityReservation",
    "ChangeOfControl",
    "Claim",
    "Commitment",
    "Condition",
    "Consent",
    "ConvertibleNote",
    "CreditSharing",
    "DevelopmentFee",
    "Draw",
    "Gate",
    "Holding",
    "InKindEquity",
    "Ladder",
    "LienRelease",
    "PlantVenture",
    "PremiumShares",
    "ReciprocalSupply",
    "Refusal",
    "SecuredBridge",
    "ShareCapital",
    "SharedProgram",
    "Supply",
    "Suspension",
    "TakeOrPay",
    "Termination",
    "Transfer",
    "VentureLoan",
    "Vesting",
    "VolumeRebate",
    "Warrants",
    "distribute",
    "fulfilled",
    "waterfall",
]
