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
from framerail.deal.options.flexibility import (
    Flexibility,
    abandon,
    best_tranches,
    buy_later,
    exercise_map,
    expand,
    splits,
    stage,
    switch,
    wait,
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
    "Flexibility",
    "MertonFirm",
    "Policy",
    "Stopped",
    "WaitingRule",
    "abandon",
    "antithetic",
    "basis",
    "best_tranches",
    "bivariate_normal",
    "bridge_survival",
    "buy_later",
    "compound_option",
    "continuation",
    "convertible_value",
    "estimate",
    "european",
    "exchange_option",
    "exercise_map",
    "expand",
    "follow",
    "geometric_paths",
    "merton",
    "right_to_invest",
    "splits",
    "stage",
    "stopping_policy",
    "switch",
    "wait",
]
