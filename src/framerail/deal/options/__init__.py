"""Options: optimal stopping by simulation, closed forms, convertible notes, flexibilities."""

from framerail.deal.options.closed_forms import (
    MertonFirm,
    WaitingRule,
    bivariate_normal,
    compound_option,
    european,
    exchange_option,
    merton,
    right_to_invest,
)
from framerail.deal.options.convertible import (
    ConvertibleNote,
    ConvertibleValue,
    convertible_value,
)
from framerail.deal.options.simulation import antithetic, bridge_survival, geometric_paths
from framerail.deal.options.stopping import (
    Policy,
    Stopped,
    basis,
    continuation,
    estimate,
    follow,
    stopping_policy,
)

__all__ = [
    "ConvertibleNote",
    "ConvertibleValue",
    "MertonFirm",
    "Policy",
    "Stopped",
    "WaitingRule",
    "antithetic",
    "basis",
    "bivariate_normal",
    "bridge_survival",
    "compound_option",
    "continuation",
    "convertible_value",
    "estimate",
    "european",
    "exchange_option",
    "follow",
    "geometric_paths",
    "merton",
    "right_to_invest",
    "stopping_policy",
]
