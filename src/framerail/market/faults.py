"""What is wrong with a market given as arrays, in sentences with a cure.

For markets from elsewhere; a scenario's own inputs are checked by `MarketInputs.faults`. Reads
values, so it is for the border and not for compiled code.
"""

import numpy as np
from jaxtyping import Array, Float

from framerail.market.buyers import Buyers
from framerail.market.counterfactual import Market
from framerail.market.pricing import Ownership

SHOWN = 5
"""Rows that a fault names."""


def _rows(bad: np.ndarray) -> str:
    places = np.flatnonzero(bad)
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return f"{places[:SHOWN].tolist()}{more}"


def share_faults(share: Float[Array, " product"]) -> tuple[str, ...]:
    """Observed shares that no choice among these products and the outside good can give."""
    values, found = np.asarray(share), []
    if np.any(~(values > 0)):
        found.append(
            f"shares of products {_rows(~(values > 0))} are not above zero; leave those products "
            "out, or mark them as not observed"
        )
    total = float(np.nansum(values))
    if total >= 1:
        found.append(
            f"shares sum to {total:.4g}: no outside good is left; divide sales by a larger market"
        )
    return tuple(found)


def _buyer_faults(buyers: Buyers) -> list[str]:
    weight, slope, found = np.asarray(buyers.weight), np.asarray(buyers.sensitivity), []
    upward = ~(slope > 0)
    if np.any(upward):
        first = int(np.argmax(upward))
        found.append(
            f"demand slopes up for buyers {_rows(upward)}: buyer {first} gains {-slope[first]:.3g} "
            "utils per dollar; bound the price coefficient away from zero"
        )
    if np.any(~(weight >= 0)):
        found.append(f"weights of buyers {_rows(~(weight >= 0))} are below zero; weight by people")
    return found


def _ownership_faults(ownership: Ownership) -> list[str]:
    control, cash, found = np.asarray(ownership.control), np.asarray(ownership.cash), []
    alone = ~np.isclose(control.sum(axis=1), 1.0)
    if np.any(alone):
        found.append(
            f"products {_rows(alone)} have no owner among the firms (control sums to "
            f"{control[alone][0].sum():.3g}, not 1); add their firm as a column"
        )
    over = (cash < 0).any(axis=1) | (cash > 1).any(axis=1) | (cash.sum(axis=1) > 1 + 1e-9)
    if np.any(over):
        found.append(
            f"parts in the profit of products {_rows(over)} are outside [0, 1] or sum above one"
        )
    lost = ~((control * cash).sum(axis=1) > 0)
    if np.any(lost & ~alone):
        found.append(
            f"whoever prices products {_rows(lost & ~alone)} earns nothing on them; fix their "
            "prices, or give the pricer a part"
        )
    return found


def market_faults(market: Market) -> tuple[str, ...]:
    """Everything wrong with a market; empty when nothing is."""
    offers, found = market.offers, []
    price = np.asarray(offers.start_price)
    if np.any(~(price > 0)):
        found.append(f"products {_rows(~(price > 0))} have no price above zero; give them one")
    on_sale = np.asarray(offers.availability)
    outside = ~((on_sale >= 0) & (on_sale <= 1))
    if np.any(outside):
        found.append(f"availability of products {_rows(outside)} is outside [0, 1]")
    for name in ("quality", "marginal_cost", "credit"):
        broken = ~np.isfinite(np.asarray(getattr(offers, name)))
        if np.any(broken):
            found.append(f"{name} of products {_rows(broken)} is no number")
    found += _buyer_faults(market.buyers) + _ownership_faults(market.ownership)
    return tuple(found)
