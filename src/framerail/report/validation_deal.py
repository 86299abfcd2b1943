"""`framerail validate deal`: each bar of the deal stage with what the model gives."""

from collections.abc import Callable, Sequence

from rich.table import Table

from framerail.report.structures import read_structures, variant_settings
from framerail.report.validation import Check, Line, validation_table
from framerail.scenario_file import read_scenario
from framerail.studies.validation_deal import DEAL_CHECKS, Comparison, conservation

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


CHECKS: dict[str, Check] = {name: _of(check) for name, check in DEAL_CHECKS.items()} | {
    "conservation": _conservation
}
"""Named checks in the order of the table."""


def validate_deal(names: Sequence[str] = ()) -> Table:
    """The table of the named checks; without names, of all.

    Raises:
        ScenarioError: for a name that is no check.
    """
    return validation_table(CHECKS, names)
