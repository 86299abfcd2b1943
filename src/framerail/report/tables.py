"""All tables of a run."""

import pandas as pd

from framerail.report.money_tables import MONEY_TABLES
from framerail.report.sources import ASSUMPTION_TABLE
from framerail.report.statement_tables import STATEMENT_TABLES
from framerail.report.study_tables import STUDY_TABLES
from framerail.report.table_kind import TableKind
from framerail.report.truck_tables import TRUCK_TABLES
from framerail.report.view import View

TABLES: tuple[TableKind, ...] = (
    *TRUCK_TABLES,
    *MONEY_TABLES,
    *STATEMENT_TABLES,
    *STUDY_TABLES,
    ASSUMPTION_TABLE,
)
"""Every table that a run writes under `tables/`."""


def tables(view: View) -> dict[str, pd.DataFrame]:
    """Every table of a study by name."""
    return {kind.name: kind.frame(view) for kind in TABLES}
