"""From a study to the facts that the decision's sentences state."""

import numpy as np

from framerail.deal import Point, Zone
from framerail.report.decision import Facts, Terms
from framerail.report.spread import share, spread
from framerail.report.view import INCUMBENT, START_UP, View, usable
from framerail.report.words import dollars
from framerail.studies import MonteCarlo


def facts_of(view: View) -> Facts:
    """Collect the facts of the decision."""
    mine, theirs = view.gain("incumbent"), view.gain("start-up")
    zone, terms = view.study.zone, view.scenario.deal.terms
    site, other, ahead = best_site(view)
    current = None
    if terms.upfront is not None and terms.royalty is not None:
        current = Terms(float(terms.upfront.amount), float(terms.royalty.per_unit))
    exists = zone is not None and bool(zone.exists)
    return Facts(
        incumbent=view.partners[INCUMBENT],
        start_up=view.partners[START_UP],
        usable=int(view.study.draws.valid.sum()),
        incumbent_gains=share(mine > 0),
        start_up_gains=share(theirs > 0),
        both_gain=share((mine > 0) & (theirs > 0)),
        incumbent_mean=spread(mine).mean,
        start_up_mean=spread(theirs).mean,
        fails_with=spread(view.of("default_before_production")).mean,
        fails_without=spread(view.of("default_before_production_without")).mean,
        searched=None if zone is None else searched(zone),
        agreeable_share=0.0 if zone is None else share(np.asarray(zone.agreeable)),
        recommended=_terms(zone.nash) if zone is not None and exists else None,
        recommended_gains=_gains(zone.nash) if zone is not None and exists else None,
        least_bad=_terms(zone.nash) if zone is not None and not exists else None,
        least_bad_gains=_gains(zone.nash) if zone is not None and not exists else None,
        current=current,
        site=site,
        other_site=other,
        site_lead=spread(ahead).mean,
        site_error=float(ahead.std() / np.sqrt(max(ahead.size, 1))),
        site_chance=share(ahead > 0),
    )


def searched(zone: Zone) -> str:
    """How far the search for terms went."""
    upfront, royalty = np.asarray(zone.upfront), np.asarray(zone.royalty)
    return (
        f"{dollars(upfront[0])} to {dollars(upfront[-1])} upfront, "
        f"{dollars(royalty[0])} to {dollars(royalty[-1])} a truck"
    )


def _terms(point: Point) -> Terms:
    return Terms(float(point.upfront), float(point.royalty))


def _gains(point: Point) -> tuple[float, float]:
    return float(point.incumbent_gain), float(point.start_up_gain)


def paired(first: MonteCarlo, second: MonteCarlo, name: str, place: int) -> np.ndarray:
    """Difference of one figure between two studies on the same draws, usable in both."""
    both = first.valid & second.valid
    one, two = (np.asarray(getattr(mc.outputs, name))[both, place] for mc in (first, second))
    return one - two


def best_site(view: View) -> tuple[str | None, str | None, np.ndarray]:
    """Site with the largest mean gain of the incumbent, the runner-up, and its lead by draw."""
    sites = view.study.sites
    if len(sites) < 2:
        return None, None, np.zeros(1)
    place = view.party("incumbent")
    ranked = sorted(sites, key=lambda name: -spread(usable(sites[name], "gain")[:, place]).mean)
    return ranked[0], ranked[1], paired(sites[ranked[0]], sites[ranked[1]], "gain", place)
