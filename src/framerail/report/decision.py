"""The decision in three sentences. Every clause follows from a figure; nothing is canned."""

import dataclasses

from framerail.report.words import dollars, percent

EVEN = 0.05
"""Difference of probabilities below which two of them read as the same."""


@dataclasses.dataclass(frozen=True)
class Terms:
    """A pair of terms: upfront payment (dollars) and royalty (dollars per truck)."""

    upfront: float
    royalty: float

    def text(self) -> str:
        """As a clause of a sentence."""
        return f"{dollars(self.upfront)} upfront and {dollars(self.royalty)} a truck"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the sentences are made of; probabilities are shares of usable draws.

    `recommended` and `recommended_gains` are the Nash point of the zone of agreement at the
    medians (None where no pair of terms leaves both better off, or no zone was searched);
    `searched` says how far the search went; `site_lead` is the mean paired advantage of `site`
    over `other_site` in the incumbent's gain, `site_error` its standard error and `site_chance`
    the share of draws that have it.
    """

    incumbent: str
    start_up: str
    usable: int
    incumbent_gains: float
    start_up_gains: float
    both_gain: float
    incumbent_mean: float
    start_up_mean: float
    fails_with: float
    fails_without: float
    searched: str | None
    agreeable_share: float
    recommended: Terms | None
    recommended_gains: tuple[float, float] | None
    least_bad: Terms | None
    least_bad_gains: tuple[float, float] | None
    current: Terms | None
    site: str | None
    other_site: str | None
    site_lead: float
    site_error: float
    site_chance: float


def decision(facts: Facts) -> tuple[str, str, str]:
    """Who gains on the terms assumed; whether the start-up lives; what to do and where."""
    if facts.usable == 0:
        return (
            "No draw gave figures that can be used, so there is no decision to report.",
            "The outcomes below say what went wrong and what to try.",
            "Change the scenario and run it again.",
        )
    return verdict(facts), survival(facts), advice(facts)


def verdict(facts: Facts) -> str:
    """Who gains on the terms of the scenario, how often and how much on average."""
    mine = (
        f"{facts.incumbent} gains in {percent(facts.incumbent_gains)} of draws "
        f"(mean {dollars(facts.incumbent_mean)})"
    )
    theirs = (
        f"{facts.start_up} in {percent(facts.start_up_gains)} (mean {dollars(facts.start_up_mean)})"
    )
    together = f"both gain in {percent(facts.both_gain)}"
    pays, theirs_pays = facts.incumbent_gains >= 0.5, facts.start_up_gains >= 0.5
    if facts.both_gain >= 0.5:
        head = "On the terms assumed the deal more likely than not pays for both"
    elif pays and theirs_pays:
        head = (
            "On the terms assumed the deal tends to pay for each side, but seldom for both at once"
        )
    elif pays:
        head = (
            f"On the terms assumed the deal pays for {facts.incumbent} but not for {facts.start_up}"
        )
    elif theirs_pays:
        head = f"On the terms assumed {facts.incumbent} should not sign"
    else:
        head = "On the terms assumed the deal is more likely to cost both sides than to pay"
    if facts.incumbent_mean > 0 and not pays:
        mine += ", a small chance of a large gain"
    elif facts.incumbent_mean < 0 and pays:
        mine += ", but loses more when it loses"
    return f"{head}: {mine}, {theirs}, and {together}."


def survival(facts: Facts) -> str:
    """Does the start-up live to start of production, and what the check changes."""
    with_it, without = percent(facts.fails_with), percent(facts.fails_without)
    name, change = facts.start_up, facts.fails_without - facts.fails_with
    if change >= EVEN:
        head = f"The check cuts the chance that {name} fails before its first truck"
    elif change <= -EVEN:
        head = f"The deal raises the chance that {name} fails before its first truck"
    else:
        head = (
            f"The check hardly changes the chance that {name} fails before its first truck "
            f"({without} without it, {with_it} with it)"
        )
    text = head if abs(change) < EVEN else f"{head} from {without} to {with_it}"
    if facts.fails_with >= 0.5:
        return f"{text}: more likely than not there is no partner left to build with."
    if facts.fails_with >= 0.2:
        return f"{text}, which leaves a risk that the terms must cover."
    return f"{text}."


def advice(facts: Facts) -> str:
    """Which terms leave both sides better off, if any, and in which plant."""
    return f"{_terms(facts)}{_site(facts)}."


def _terms(facts: Facts) -> str:
    if facts.searched is None:
        return "The term sheet has no upfront payment and royalty to search for better terms"
    if facts.recommended is None or facts.recommended_gains is None:
        text = f"No pair of terms searched ({facts.searched}) leaves both sides better off"
        if facts.least_bad is not None and facts.least_bad_gains is not None:
            first, second = facts.least_bad_gains
            text += (
                f"; the least bad, {facts.least_bad.text()}, leaves {facts.incumbent} "
                f"{dollars(first)} and {facts.start_up} {dollars(second)}"
            )
        if facts.incumbent_gains < 0.5:
            return f"{text}, so {facts.incumbent} should walk away"
        return text
    first, second = facts.recommended_gains
    area = percent(facts.agreeable_share)
    text = (
        f"Both are better off on {area} of the terms searched; the even split is "
        f"{facts.recommended.text()}, worth {dollars(first)} to {facts.incumbent} and "
        f"{dollars(second)} to {facts.start_up} at the medians"
    )
    if facts.current is None:
        return text
    change = facts.recommended.upfront - facts.current.upfront
    if abs(change) < 25e6:
        return text
    way = "more" if change > 0 else "less"
    return f"{text} ({dollars(abs(change))} {way} upfront than assumed)"


def even_plants(facts: Facts) -> bool:
    """Whether the first plant's lead is within two standard errors or near a coin's toss."""
    return abs(facts.site_chance - 0.5) < EVEN or facts.site_lead <= 2 * facts.site_error


def _site(facts: Facts) -> str:
    if facts.site is None or facts.other_site is None:
        return ""
    where, other = facts.site.title(), facts.other_site.title()
    chance = percent(facts.site_chance)
    if facts.site_lead == 0 and facts.site_chance == 0:
        return f"; {where} and {other} come out the same as plants"
    if even_plants(facts):
        return f"; {where} and {other} come out even as plants"
    lead = dollars(facts.site_lead)
    return f"; as a plant {where} beats {other} in {chance} of paired draws (mean {lead})"
