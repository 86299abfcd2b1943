"""What the market can say beside its numbers."""

from framerail.numerics.outcome import Outcome

OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        "market_not_calibrated",
        "No mean utilities were found that reproduce the observed market shares.",
        "Check that sales are above zero and sum to less than the market size.",
    ),
    Outcome(
        "market_not_converged",
        "No price equilibrium was found: the first-order conditions are not met.",
        "Start from nearby prices, or narrow the income spread of price sensitivity.",
    ),
    Outcome(
        "market_demand_slopes_up",
        "Some buyers like a higher price.",
        "Give a positive price sensitivity.",
    ),
    Outcome(
        "market_price_not_a_maximum",
        "Some price meets its first-order condition at a minimum of the firm's profit.",
        "Several equilibria are near: start from the former year's prices.",
    ),
    Outcome(
        "market_cost_below_zero",
        "Observed prices and tastes together imply a marginal cost below zero.",
        "Raise the price sensitivity: demand is too inelastic for these prices.",
    ),
    Outcome(
        "market_cap_not_met",
        "No shadow prices were found at which sales keep within their caps.",
        "Check that every cap is above zero, and that no two caps bind the same products.",
    ),
)
"""Bits of the `outcome` of calibrations and equilibria, in order."""

NOT_CALIBRATED, NOT_CONVERGED, SLOPES_UP, NOT_A_MAXIMUM, COST_BELOW_ZERO, CAP_NOT_MET = range(6)
