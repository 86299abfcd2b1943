"""The report as one page that opens offline."""

import re
from importlib import resources
from typing import Any

import pandas as pd
from plotly.offline import get_plotlyjs

from framerail.report import (
    appendix,
    choice_sections,
    deal_sections,
    driver_sections,
    program_sections,
    statement_sections,
)
from framerail.report.page import paragraph, safe
from framerail.report.sources import Assumption
from framerail.report.view import View


def document(
    view: View,
    headline: dict[str, Any],
    found: dict[str, pd.DataFrame],
    inputs: list[Assumption],
    record: dict[str, Any],
) -> str:
    """The page: the decision first, then the questions in their order.

    **Arguments:** the study's `view`, its `summary`, its `tables`, its `assumptions` and its
    `manifest`.
    """
    sections = [
        deal_sections.decided(view, headline),
        deal_sections.gained(view, headline),
        deal_sections.survives(view, headline),
        choice_sections.agreed(view, headline),
        choice_sections.compared(view, headline),
        program_sections.trucks(view, headline),
        program_sections.cash(view, headline),
        statement_sections.statements(view),
        driver_sections.drivers(view, headline),
        driver_sections.break_even(view, headline),
        appendix.books(view, found),
        appendix.assumed(view, inputs),
        appendix.run(record),
    ]
    about = view.scenario.about
    meta = (
        f"As of {about.as_of}. Framerail {record['framerail']}, {record['draws']:,} draws, "
        f"seed {record['seed']}. The tables behind every figure are beside this file."
    )
    style = resources.files("framerail").joinpath("report", "style.css").read_text("utf-8")
    return "".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            f"<title>{safe(about.title)}</title>\n<style>\n{style}</style>\n",
            f"<script>{get_plotlyjs()}</script>\n</head>\n<body><main>\n",
            f"<h1>{safe(about.title)}</h1>\n",
            paragraph(about.question, "question"),
            paragraph(meta, "meta"),
            sections[0],
            _contents(sections[1:]),
            *sections[1:],
            "</main></body></html>\n",
        )
    )


_HEADING = re.compile(r'<section id="([^"]+)"><h2>(.*?)</h2>')


def _contents(sections: list[str]) -> str:
    links = []
    for text in sections:
        heading = _HEADING.match(text)
        if heading:
            links.append(f'<a href="#{heading[1]}">{heading[2]}</a>')
    return f"<nav>{''.join(links)}</nav>\n"
