"""Tables of the console, readable at 80 columns."""

from rich.table import Table

WIDTH = 78
"""Columns used, so that a terminal of 80 shows them all."""


def console_table(heading: str, *columns: str) -> Table:
    """An empty table: the first column to the left, figures to the right."""
    made = Table(
        title=heading, title_justify="left", title_style="bold", box=None, width=WIDTH,
        pad_edge=False, header_style="dim",
    )  # fmt: skip
    for place, name in enumerate(columns):
        made.add_column(name, justify="right" if place else "left", overflow="fold")
    return made


def spaced(made: Table) -> Table:
    """The table with an empty line after it."""
    made.add_row()
    return made
