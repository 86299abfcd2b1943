"""The end of the report: outcomes, audits, every assumption with its source, how it was run."""

from itertools import groupby
from typing import Any

import pandas as pd

from framerail.report.page import folded, paragraph, section, table, two_lines
from framerail.report.sources import Assumption, bibliography
from framerail.report.table_kind import records
from framerail.report.view import View
from framerail.report.words import number, percent, sentence


def books(view: View, found: dict[str, pd.DataFrame]) -> str:
    """Outcomes counted, and whether the books balance."""
    audits = found["audits"]
    bad = audits[audits["worst"] > audits["limit"]]
    draws = view.study.draws
    answer = (
        "The books balance: every audit stays within rounding in every usable draw."
        if bad.empty
        else f"{len(bad)} of {len(audits)} audits leave the range of rounding in some draws."
    )
    rows = [
        [row["meaning"], row["unit"], number(row["at_medians"], 2), number(row["worst"], 2),
         number(row["limit"], 2), _passed(row["share_within"])]
        for row in records(audits)
    ]  # fmt: skip
    said = [
        [row["stage"], sentence(row["sentence"]), sentence(row["cure"]), f"{row['draws']:,}",
         percent(row["share"]), "yes" if row["at_medians"] else "no"]
        for row in records(found["outcomes"])
        if row["draws"] > 0 or row["at_medians"]
    ]  # fmt: skip
    usable = int(draws.valid.sum())
    note = (
        f"{usable:,} of {draws.draws:,} draws are usable; the others are counted here and left out "
        "of every figure above."
    )
    return section(
        "books",
        "Do the books balance, and what did the models say?",
        answer,
        table(
            ("audit", "unit", "at medians", "worst draw", "limit", "draws within"), rows,
            numbers=range(2, 6), raw=(5,), caption="Largest residual of each identity",
        ),
        table(
            ("stage", "outcome", "what to try", "draws", "share", "at medians"), said,
            numbers=(3, 4), caption="Outcomes",
        )
        if said
        else paragraph("No stage had anything to say in any draw."),
        paragraph(note, "note"),
    )  # fmt: skip


def _passed(within: float) -> str:
    kind = "ok" if within >= 1 else "bad"
    return f'<span class="{kind}">{percent(within)}</span>'


def assumed(view: View, inputs: list[Assumption]) -> str:
    """Every assumption with value, unit, distribution and source."""
    judged = sum(entry.assumed for entry in inputs)
    uncertain = [entry for entry in inputs if entry.distribution]
    answer = (
        f"{len(inputs):,} inputs: {len(inputs) - judged:,} from a source, {judged:,} assumed; "
        f"{len(uncertain)} are uncertain and sampled."
    )
    blocks = []
    for stage, entries in groupby(inputs, key=lambda entry: entry.path.split(".")[0]):
        block = list(entries)
        count = sum(bool(entry.distribution) for entry in block)
        blocks.append(
            folded(f"{stage}: {len(block)} inputs, {count} uncertain", _input_table(block))
        )
    sources = [[text, str(count)] for text, count in bibliography(inputs)]
    return section(
        "assumptions",
        "Every assumption and its source",
        answer,
        paragraph(
            f"The scenario is dated {view.scenario.about.as_of}: a fact that became public later "
            "is refused when the file is read. A source that begins with “assumed” is a judgment, "
            "with its reason. The value of an uncertain input is its median."
        ),
        *blocks,
        folded(
            f"Sources: {len(sources)}",
            table(("source", "inputs"), sources, numbers=(1,), kind="long"),
        ),
    )


def _input_table(entries: list[Assumption]) -> str:
    rows = [
        [
            two_lines(entry.path.partition(".")[2], entry.meaning),
            entry.shown,
            entry.distribution,
            entry.source,
            entry.as_of,
        ]
        for entry in entries
    ]
    return table(
        ("input", "value", "distribution", "source", "public since"),
        rows,
        numbers=(1,),
        raw=(0,),
        kind="long",
    )


def run(record: dict[str, Any]) -> str:
    """How to repeat the run."""
    rows = [
        [key.replace("_", " "), str(record[key])]
        for key in ("framerail", "scenario", "as_of", "draws", "usable_draws", "seed", "python",
                    "platform", "device", "written", "run_key", "code_sha256")
    ]  # fmt: skip
    hashes = [[name, digest] for name, digest in record["inputs_sha256"].items()]
    packages = [[name, text] for name, text in record["packages"].items()]
    seconds = [[name, f"{value:.1f}"] for name, value in record["seconds"].items()]
    return section(
        "run",
        "How this was computed",
        "",
        table(("record", "value"), rows, kind="long"),
        folded("Files read, with their SHA-256", table(("file", "SHA-256"), hashes, kind="long")),
        folded("Package versions", table(("package", "version"), packages, kind="long")),
        folded("Wall time of every step, seconds",
               table(("step", "s"), seconds, numbers=(1,), kind="long")),
    )  # fmt: skip
