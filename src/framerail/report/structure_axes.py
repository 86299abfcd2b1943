"""Two terms of a term sheet as a user names them, and what is wrong with them."""

import difflib
import itertools
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from framerail.quantities import parse_text
from framerail.report.words import at_path, unit_name
from framerail.scenario import Scenario, leaf_paths
from framerail.scenario_file import Fault, ScenarioError
from framerail.studies.structure_terms import TERMS, Axis, declared, is_date


def read_axes(
    scenario: Scenario, texts: tuple[str, str], points: int, source: str = "zone"
) -> tuple[Axis, Axis]:
    """Two terms as written on the command line: `PATH` or `PATH=LOW:HIGH`.

    Paths are those of the scenario, with or without `deal.terms.`. Without a range a term goes
    over that of its distribution, or from zero (a date: half a year earlier) to twice its value
    (a year later).

    Raises:
        ScenarioError: naming every fault, with the nearest path that there is.
    """
    faults: list[Fault] = []
    found = [_axis(scenario, text, points, faults) for text in texts]
    first, second = found
    if first and second and first.path == second.path:
        faults.append(Fault(texts[1], "is the first term again", "name two different terms"))
    if not faults and first and second:
        faults += _faults_of_corners(scenario, first, second)
    if faults or not first or not second:
        raise ScenarioError(source, faults)
    return first, second


def _axis(scenario: Scenario, text: str, points: int, faults: list[Fault]) -> Axis | None:
    written, sign, span = text.partition("=")
    path = written.strip().removeprefix(TERMS)
    known = leaf_paths(scenario.deal.terms)
    if path not in known:
        faults.append(_unknown(scenario, path, known))
        return None
    unit = declared(path)[2]
    if not sign:
        ends = _usual(scenario, path)
        if ends is None:
            hint = f"give one: {TERMS}{path}=LOW:HIGH, in {_spoken(unit)}"
            faults.append(Fault(TERMS + path, "its value is zero, which suggests no range", hint))
            return None
    else:
        ends = _written(path, span, unit, faults)
    if ends is None or not _sound(path, ends, faults):
        return None
    return Axis(path, np.linspace(*ends, points))


def _unknown(scenario: Scenario, path: str, known: Sequence[str]) -> Fault:
    """A path that is no number of this term sheet."""
    node: Any = scenario.deal.terms
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else getattr(node, part, None)
    near = difflib.get_close_matches(path, known, n=1, cutoff=0.0)
    hint = f"nearest: '{TERMS}{near[0]}'" if near else "the term sheet has no clause with a number"
    if isinstance(node, (str, bool, tuple)):
        return Fault(TERMS + path, f"'{node}' is a choice, not a number", hint)
    if node is not None:
        inside = [each for each in known if each.startswith(f"{path}.")]
        hint = f"name one of its terms, such as '{TERMS}{inside[0]}'" if inside else hint
        return Fault(TERMS + path, "is a clause, not a number", hint)
    return Fault(TERMS + path, "no such term in this term sheet", hint)


def _usual(scenario: Scenario, path: str) -> tuple[float, float] | None:
    """Range of a term that is given none."""
    places = {leaf.path: leaf.distribution for leaf in scenario.uncertainty}
    if TERMS + path in places:
        known = places[TERMS + path]
        ends = [float(known.quantile(at)) for at in (0.0, 1.0)]
        if not np.all(np.isfinite(ends)):
            ends = [float(known.quantile(at)) for at in (0.01, 0.99)]
        return ends[0], ends[1]
    terms = scenario.deal.terms
    value = float(jax.tree.leaves(terms)[leaf_paths(terms).index(path)])
    if is_date(path):
        return value - 0.5, value + 1.0
    low, high, _ = declared(path)
    return (max(0.0, low), min(2.0 * value, high)) if value else None


def _written(path: str, span: str, unit: str, faults: list[Fault]) -> tuple[float, float] | None:
    low, colon, high = span.partition(":")
    place = f"{TERMS}{path}={span}"
    if not colon:
        faults.append(Fault(place, "expected LOW:HIGH", f"both in {_spoken(unit)}"))
        return None
    ends = []
    for text in (low, high):
        try:
            ends.append(_parsed(text, unit))
        except ValueError as error:
            faults.append(Fault(place, str(error)))
    return (ends[0], ends[1]) if len(ends) == 2 else None


def _parsed(text: str, unit: str) -> float:
    """A value in a unit; money may leave out what it is per: "$0" for a fee per truck."""
    per = unit.partition("/")[1:]
    short = "".join(per) if "$" in text and "/" not in text and unit.startswith("dollar/") else ""
    return parse_text(text + short, unit)


def _sound(path: str, ends: tuple[float, float], faults: list[Fault]) -> bool:
    """Whether a range is one, within what the term may be."""
    low, high, unit = declared(path)
    shown = [at_path(TERMS + path, each) for each in ends]
    if not np.all(np.isfinite(ends)) or ends[0] >= ends[1]:
        hint = "the first value must be below the second"
        faults.append(Fault(TERMS + path, f"the range {shown[0]} to {shown[1]} is empty", hint))
        return False
    if ends[0] < low or ends[1] > high:
        hint = f"between {low:g} and {high:g}, in {_spoken(unit)}"
        faults.append(Fault(TERMS + path, f"{shown[0]} to {shown[1]} is out of range", hint))
        return False
    return True


def _spoken(unit: str) -> str:
    return "plain numbers or percent" if unit == "dimensionless" else unit_name(unit)


def _faults_of_corners(scenario: Scenario, first: Axis, second: Axis) -> list[Fault]:
    """What the term sheet's own checks say of the outermost pairs."""
    terms, told = scenario.deal.terms, {}
    places = [leaf_paths(terms).index(axis.path) for axis in (first, second)]
    for pair in itertools.product(first.values[[0, -1]], second.values[[0, -1]]):
        sheet = eqx.tree_at(
            lambda t: [jax.tree.leaves(t)[place] for place in places],
            terms,
            [jnp.asarray(float(value)) for value in pair],
        )
        for sentence_ in sheet.faults():
            at = ", ".join(
                f"{axis.place} at {at_path(axis.place, float(value))}"
                for axis, value in zip((first, second), pair, strict=True)
            )
            told.setdefault(sentence_, Fault(at, sentence_))
    return list(told.values())


__all__ = ["read_axes"]
