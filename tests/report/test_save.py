"""The files of a run: complete, documented, and all or nothing."""

import dataclasses
import json
import math
import re
from pathlib import Path

import equinox as eqx
import jsonschema
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import framerail.report.save as save
from framerail.report import FILES, TABLES, save_run, summary, summary_schema
from framerail.report.sources import assumptions

DOCS = Path(__file__).parents[2] / "docs" / "guide"


@pytest.fixture(scope="session")
def folder(study, tmp_path_factory):
    place = tmp_path_factory.mktemp("run") / "out"
    save_run(study, place)
    return place


@pytest.fixture(scope="session")
def page(folder):
    """The report without its scripts from plotly.js."""
    text = (folder / FILES["report"]).read_text("utf-8")
    library = text.index("<script>"), text.index("</script>")
    return text[: library[0]] + text[library[1] :]


def test_every_file_is_there_and_nothing_else(folder):
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(FILES.values())
    made = {entry.stem for entry in (folder / "tables").iterdir()}
    assert made == {kind.name for kind in TABLES}


def test_the_summary_meets_its_schema(folder):
    schema = summary_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((folder / FILES["summary"]).read_text("utf-8")), schema)


def test_the_schema_refuses_an_unknown_key(of):
    wrong = summary(of) | {"surprise": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, summary_schema())


def paths_of(schema, path=""):
    """Dotted paths of all keys of a schema, as its page writes them."""
    schema = schema["anyOf"][0] if "anyOf" in schema else schema
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict):
        yield from paths_of(inner, f"{path}.NAME")
    if "items" in schema:
        yield from paths_of(schema["items"], f"{path}[]")
    for key, value in schema.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        yield here
        yield from paths_of(value, here)


def test_every_key_of_the_summary_is_documented():
    text = (DOCS / "summary-json.md").read_text("utf-8")
    schema = summary_schema()
    keys = list(paths_of(schema))
    for part in schema["$defs"].values():
        keys.extend(paths_of(part))
    assert len(keys) > 100
    assert [key for key in keys if f"| `{key}` |" not in text] == []


def test_every_column_of_every_table_is_documented(folder):
    text = (DOCS / "report.md").read_text("utf-8")
    for kind in TABLES:
        frame = pd.read_csv(folder / "tables" / f"{kind.name}.csv")
        assert list(frame.columns) == list(kind.columns)
        part = text.split(f"### tables/{kind.name}.csv")[1].split("###")[0]
        for column, meaning in kind.columns.items():
            assert f"| `{column}` | {meaning} |" in part


def test_no_figure_is_missing_or_infinite(folder, page):
    for file in folder.rglob("*"):
        if file.suffix in (".json", ".csv"):
            assert not re.search(r"\b(nan|inf|infinity)\b", file.read_text("utf-8"), re.I), file
    assert not re.search(r"\b(nan|infinity|-inf)\b", page, re.I)
    assert not re.search(r"(?<![\w])null(?![\w])", re.sub(r"\[null\]", "", page))


def test_the_report_is_self_contained_and_in_order(page):
    assert not re.search(r'(src|href)="(https?:)?//', page)
    asked = re.findall(r'<section id="([^"]+)">', page)
    assert asked == [
        "decision", "gains", "survival", "zone", "sites", "trucks", "cash", "statements", "drivers",
        "break-even", "books", "assumptions", "run",
    ]  # fmt: skip


def test_unusable_draws_are_stated(page, folder):
    assert "2 of 64 draws gave no usable figures" in page
    frame = pd.read_csv(folder / "tables" / "outcomes.csv")
    assert frame.set_index("outcome").loc["not_finite", "draws"] == 2


def test_every_assumption_has_a_source(of):
    found = assumptions(of)
    assert len(found) == len(of.scenario.provenance)
    assert [entry.path for entry in found if not entry.source.strip()] == []
    assert any(entry.assumed for entry in found)


def test_the_draws_hold_every_input_and_figure(folder, study):
    table = pq.read_table(folder / FILES["draws"])
    for place, leaf in enumerate(study.scenario.uncertainty):
        assert np.array_equal(table[leaf.path].to_numpy(), study.draws.inputs[:, place])
    gain = table["gain.Nissan"].to_numpy()
    assert np.array_equal(gain, study.draws.outputs.gain[:, 0])
    assert table.schema.field("gain.Nissan").metadata[b"unit"] == b"dollar"
    assert table["usable"].to_numpy().sum() == 62


def test_the_tables_say_what_the_study_says(folder, study):
    gains = pd.read_csv(folder / "tables" / "gains.csv").set_index(["party", "measure"])
    kept = study.draws.outputs.gain[study.draws.valid]
    assert math.isclose(gains.loc[("Fisker", "expected"), "mean"], kept[:, 1].mean())
    assert math.isclose(gains.loc[("Nissan", "expected"), "p50"], np.median(kept[:, 0]))
    programs = pd.read_csv(folder / "tables" / "programs.csv").set_index(["partner", "figure"])
    npv = study.draws.outputs.program_npv[study.draws.valid]
    assert math.isclose(programs.loc[("Nissan", "program_npv"), "mean"], npv[:, 1].mean())


def test_the_manifest_names_inputs_seed_and_packages(folder, study):
    record = json.loads((folder / FILES["manifest"]).read_text("utf-8"))
    assert record["inputs_sha256"] == dict(study.scenario.inputs)
    assert record["seed"] == study.draws.seed
    assert record["as_of"] == "2024-03-01"
    assert record["packages"]["jax"]
    assert record["sources"]


class Stopped(BaseException):
    """As a key press would: not an `Exception`."""


@pytest.mark.parametrize("step", ["write_draws", "document", "_publish"])
def test_an_interrupted_save_leaves_nothing(study, tmp_path, monkeypatch, step):
    def stop(*_):
        raise Stopped

    monkeypatch.setattr(save, step, stop)
    with pytest.raises(Stopped):
        save_run(study, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_interrupted_save_keeps_the_former_report(study, tmp_path, monkeypatch):
    place = tmp_path / "out"
    place.mkdir()
    (place / "report.html").write_text("former")
    (place / "mine.txt").write_text("not the program's")

    def stop(*_):
        raise Stopped

    monkeypatch.setattr(save, "document", stop)
    with pytest.raises(Stopped):
        save_run(study, place)
    assert (place / "report.html").read_text() == "former"
    assert sorted(entry.name for entry in place.iterdir()) == ["mine.txt", "report.html"]


def test_a_second_run_replaces_the_first_and_nothing_else(study, folder):
    (folder / "mine.txt").write_text("not the program's")
    before = (folder / "tables" / "zone.csv").read_bytes()
    save_run(dataclasses.replace(study, zone=None), folder)
    assert (folder / "mine.txt").exists()
    assert (folder / "tables" / "zone.csv").read_bytes() != before
    (folder / "mine.txt").unlink()
    save_run(study, folder)
    assert (folder / "tables" / "zone.csv").read_bytes() == before


def test_a_study_without_zone_or_usable_draws_is_still_reported(study, tmp_path):
    outputs = study.draws.outputs
    fatal = np.ones_like(outputs.fatal)
    dead = eqx.tree_at(lambda h: h.fatal, outputs, fatal)
    draws = dataclasses.replace(study.draws, outputs=dead)
    empty = dataclasses.replace(study, draws=draws, zone=None, break_evens=[])
    save_run(empty, tmp_path / "out")
    found = json.loads((tmp_path / "out" / FILES["summary"]).read_text("utf-8"))
    jsonschema.validate(found, summary_schema())
    assert found["zone"] is None
    assert "no decision" in found["decision"]["sentences"][0]


def test_names_of_the_axes_are_the_engines(of):
    assert of.partners == ("Fisker", "Nissan")
    assert of.parties[:2] == ("Nissan", "Fisker")
    assert of.trucks == ("alaska-awd", "alaska-rwd", "nissan-awd", "nissan-rwd")
