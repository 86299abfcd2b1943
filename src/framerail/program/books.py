"""Everything that a point evaluation reports of one partner's share, from one call."""

import equinox as eqx
from jaxtyping import Array, Float

from framerail.numerics.calendar import QuarterGrid
from framerail.program.appraisal import Appraisal, appraisal
from framerail.program.cash_flow import CashFlow, Streams
from framerail.program.currency import (
    HomeValue,
    TranslatedStatements,
    exchange_rate,
    home_value,
    translated,
)
from framerail.program.inputs import ProgramInputs
from framerail.program.statements import Statements, statements
from framerail.program.timeline import Schedule


class Books(eqx.Module):
    """One partner's share, reported in full.

    Attributes:
        statements: income, cash flow and balance by quarter.
        appraisal: every measure of worth and the waterfall.
        home: the cash flow in the partner's own currency; None where that is the dollar.
        home_statements: the statements in it; None where that is the dollar.
    """

    statements: Statements
    appraisal: Appraisal
    home: HomeValue | None
    home_statements: TranslatedStatements | None


def books(
    program: ProgramInputs,
    partner: str,
    streams: Streams,
    cash: CashFlow,
    trucks: Float[Array, "quarter"],
    schedule: Schedule,
    grid: QuarterGrid,
) -> Books:
    """Report one partner's share; for the point evaluation, not for draws.

    Args:
        program: the stage's inputs.
        partner: the partner's name in their tables.
        streams: the streams that were given to `cash_flow`.
        cash: what `cash_flow` made of them.
        trucks: the partner's trucks delivered by quarter.
        schedule: the calendar as it turned out.
        grid: the quarters.
    """
    finance = program.finance[partner]
    kept = statements(
        finance,
        streams,
        cash,
        grid,
        start_of_production=schedule.start_of_production,
        end_of_production=schedule.end_of_production,
    )
    worth = appraisal(
        finance,
        program.commercial[partner],
        streams,
        cash,
        trucks,
        grid,
        valuation_date=program.valuation_date,
        start_of_production=schedule.start_of_production,
        inflation=program.inflation,
    )
    if finance.reports_in == "dollar":
        return Books(kept, worth, None, None)
    currency = program.currencies[finance.reports_in]
    average, closing = exchange_rate(currency, grid.middle), exchange_rate(currency, grid.end)
    return Books(
        statements=kept,
        appraisal=worth,
        home=home_value(finance, currency, cash, grid.middle, program.valuation_date),
        home_statements=translated(kept, average, closing),
    )
