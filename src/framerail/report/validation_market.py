"""`framerail validate market`: each bar with what the model gives beside what was measured."""

from collections.abc import Callable, Mapping, Sequence

from rich.table import Table

from framerail.scenario_file import Fault, ScenarioError
from framerail.studies.market_backtests import backtests_check
from framerail.studies.market_responses import buyers_check, responses_check
from framerail.studies.market_twins import twins_check
from framerail.studies.vehicle_use_cases import ValidationRow

CHECKS: Mapping[str, Callable[[], Sequence[ValidationRow]]] = {
    "responses": responses_check,
    "buyers": buyers_check,
    "backtests": backtests_check,
    "twins": twins_check,
}


def validate_market(names: Sequence[str] = ()) -> Table:
    """The table of the named checks with all their cases; without names, of all with a bar.

    Raises:
        ScenarioError: for a name that is no check.
    """
    wrong = [name for name in names if name not in CHECKS]
    if wrong:
        told = f"one of {', '.join(CHECKS)}"
        raise ScenarioError("validate", [Fault(name, "no such check", told) for name in wrong])
    table = Table(title="Predicted beside measured", box=None, padding=(0, 1, 0, 0))
    table.add_column("what")
    for heading in ("predicted", "measured", "bar"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for name in names or CHECKS:
        for row in CHECKS[name]():
            if row.met is None and not names:
                continue
            verdict = "" if row.met is None else "pass" if row.met else "short"
            pair = (_figure(row.predicted), _figure(row.measured))
            table.add_row(row.what, *pair, row.bar, verdict)
    return table


def _figure(value: float) -> str:
    if value != value:
        return ""  # nothing was measured
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
