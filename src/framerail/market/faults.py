"""What is wrong with a market given as arrays, in sentences with a cure.

For markets from elsewhere; a scenario's own inputs are checked by `MarketInputs.faults`. Reads
values, so it is for the border and not for compiled code.
"""

import numpy as np
from jaxtyping import Array, Float

from framerail.market.buyers import Buyers
from framerail.market.capacity import Caps
from framerail.market.counterfactual import Market
from framerail.market.nests import Nests
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


def _nest_faults(nests: Nests) -> list[str]:
    member, correlation, found = np.asarray(nests.member), np.asarray(nests.correlation), []
    homeless = ~np.isclose(member.sum(axis=1), 1.0)
    if np.any(homeless):
        found.append(f"products {_rows(homeless)} are in no nest, or in several; put each in one")
    wild = ~((correlation >= 0) & (correlation < 1))
    if np.any(wild):
        found.append(
            f"correlation of nests {_rows(wild)} is outside [0, 1), where no choice is by utility; "
            "bound it below one, or merge the products"
        )
    single = (member.sum(axis=0) <= 1) & (correlation > 0)
    if np.any(single):
        found.append(
            f"nests {_rows(single)} have one product: their correlation has no meaning; set it to "
            "zero, or add a product"
        )
    return found


def cap_faults(caps: Caps, market: Market) -> tuple[str, ...]:
    """Volumes that no prices can keep, or that say nothing."""
    member, volume, found = np.asarray(caps.member), np.asarray(caps.volume), []
    wrong = ~(volume > 0)
    if np.any(wrong):
        found.append(
            f"volumes of caps {_rows(wrong)} are not above zero; take a product that cannot be "
            "sold off the market by an availability of zero"
        )
    if member.shape[1] != market.offers.quality.shape[0]:
        found.append(
            f"caps are over {member.shape[1]} products, the market has "
            f"{market.offers.quality.shape[0]}; give one column per product"
        )
        return tuple(found)
    idle = ~((member * np.asarray(market.offers.availability)[None, :]).sum(axis=1) > 0)
    if np.any(idle):
        found.append(f"caps {_rows(idle)} hold for no product on sale; remove them")
    twice = np.array(
        [np.any(np.all(member[:k] == row, axis=1)) for k, row in enumerate(member)], dtype=bool
    )
    if np.any(twice):
        found.append(
            f"caps {_rows(twice)} repeat the products of an earlier one: their shadow prices could "
            "not be told apart; keep the smaller volume"
        )
    return tuple(found)


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
    if offers.nests is not None:
        found += _nest_faults(offers.nests)
    fleet = offers.fleet_share
    if fleet is not None and not 0 <= float(fleet) <= 1:
        found.append(f"the fleets' part of buyers is {float(fleet):.3g}; give one in [0, 1]")
    return tuple(found)
