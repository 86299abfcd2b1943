"""`framerail validate deal`: each bar of the deal stage with what the model gives."""

import importlib
import importlib.util
from collections.abc import Callable, Sequence

from rich.table import Table

from framerail.report.structures import read_structures, variant_settings
from framerail.report.validation import Check, Line, table_of
from framerail.scenario_file import read_scenario
from framerail.studies.validation_deal import DEAL_CHECKS, Comparison, conservation, quantlib

REAL_DEALS = ("deal-vw-rivian", "deal-gm-nikola", "deal-foxconn-lordstown")
"""Published term sheets that come with the package."""


def _line(one: Comparison) -> Line:
    return Line(one.what, one.predicted, one.measured, one.figure, one.bar, unit="")


def _of(check: Callable[[], list[Comparison]]) -> Check:
    return lambda: [_line(one) for one in check()]


def _conservation() -> Sequence[Line]:
    """Every bundled structure, and the reference deal joined by each published term sheet."""
    own, variants = read_structures("nissan-fisker")
    sheets = {"own": own.deal.terms} | {name: one.deal.terms for name, one in variants.items()}
    for part in REAL_DEALS:
        joined = read_scenario("nissan-fisker", variant_settings(part))
        sheets[part.removeprefix("deal-")] = joined.deal.terms
    return [_line(one) for one in conservation(own.deal, sheets)]


def _quantlib() -> Sequence[Line]:
    """QuantLib comes with the extra `peers`."""
    here = importlib.util.find_spec("QuantLib") is not None
    return [_line(one) for one in quantlib(importlib.import_module("QuantLib") if here else None)]


CHECKS: dict[str, Check] = {name: _of(check) for name, check in DEAL_CHECKS.items()} | {
    "quantlib": _quantlib,
    "conservation": _conservation,
}
"""Named checks in the order of the table."""


def validate_deal(names: Sequence[str] = ()) -> Table:
    """The table of the named checks; without names, of all.

    Raises:
        ScenarioError: for a name that is no check.
    """
    return table_of(CHECKS, names)
