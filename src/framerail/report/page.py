"""Pieces of a page: text that is safe, tables, tiles, figures, sections."""

import html
from collections.abc import Iterable, Sequence

import plotly.graph_objects as go

from framerail.report.style import in_html


def safe(text: object) -> str:
    """Text for a page, special characters escaped."""
    return html.escape(str(text), quote=True)


def paragraph(text: str, kind: str = "") -> str:
    """One paragraph; `kind` is a class of the style sheet."""
    mark = f' class="{kind}"' if kind else ""
    return f"<p{mark}>{safe(text)}</p>"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Iterable[int] = (),
    caption: str = "",
    own: Iterable[int] = (),
    raw: Iterable[int] = (),
    kind: str = "",
) -> str:
    """A table of texts.

    **Arguments:** `numbers` are the places of right-aligned columns, `own` of rows to set off,
    `raw` of columns whose cells are HTML already.
    """
    right, special, markup = set(numbers), set(own), set(raw)

    def cell(tag: str, place: int, text: str) -> str:
        mark = ' class="n"' if place in right else ""
        inner = text if place in markup and tag == "td" else safe(text)
        return f"<{tag}{mark}>{inner}</{tag}>"

    lines = [f'<div class="scroll"><table class="{kind}">' if kind else
             '<div class="scroll"><table>']  # fmt: skip
    if caption:
        lines.append(f"<caption>{safe(caption)}</caption>")
    lines.append("<thead><tr>")
    lines.extend(cell("th", place, text) for place, text in enumerate(head))
    lines.append("</tr></thead><tbody>")
    for number, row in enumerate(rows):
        lines.append('<tr class="own">' if number in special else "<tr>")
        lines.extend(cell("td", place, text) for place, text in enumerate(row))
        lines.append("</tr>")
    lines.append("</tbody></table></div>\n")
    return "".join(lines)


def two_lines(text: str, below: str) -> str:
    """A cell with a quiet second line."""
    return f"{safe(text)}<small>{safe(below)}</small>" if below else safe(text)


def tiles(items: Iterable[tuple[str, str]]) -> str:
    """Large figures, each with a line that says what it is."""
    inner = "".join(
        f'<div class="tile"><b>{safe(value)}</b><span>{safe(text)}</span></div>'
        for value, text in items
    )
    return f'<div class="tiles">{inner}</div>\n'


def figure(drawn: go.Figure | None, name: str) -> str:
    """A figure, or nothing."""
    return "" if drawn is None else f'<div class="figure">{in_html(drawn, name)}</div>\n'


def folded(summary: str, content: str) -> str:
    """Content that opens on a click."""
    return f"<details><summary>{safe(summary)}</summary>{content}</details>\n"


def section(name: str, question: str, answer: str, *content: str) -> str:
    """One section: the question, its answer in a sentence, and what shows it."""
    lead = paragraph(answer, "answer") if answer else ""
    return f'<section id="{name}"><h2>{safe(question)}</h2>\n{lead}\n{"".join(content)}</section>\n'
