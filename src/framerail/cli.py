"""The command line: `framerail run | structures | zone | check | schema | list | vehicle ...`.

The only place that prints. The numerical libraries load inside the first command that needs
them (through the lazy names of `framerail`), so `--help` is immediate.
"""

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import platformdirs
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import framerail as fr

app = typer.Typer(
    help="Evaluate a shared electric-truck program, from watts to deal value.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
errors = Console(stderr=True)


class Catalog(StrEnum):
    """What `framerail list` can list."""

    trucks = "trucks"
    plants = "plants"
    companies = "companies"
    policies = "policies"
    cycles = "cycles"
    scenarios = "scenarios"


class Stage(StrEnum):
    """What `framerail validate` can validate."""

    vehicle = "vehicle"
    cost = "cost"
    plant = "plant"
    program = "program"
    deal = "deal"
    market = "market"


@app.callback()
def _prepare() -> None:
    """Evaluate a shared electric-truck program, from watts to deal value."""
    # A compiled program outlives the process: the second start skips the compiler.
    folder = os.path.join(platformdirs.user_cache_dir("framerail"), "jax")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "0")
    # Tracing makes millions of objects that live: at the default the collector walks them all
    # again and again, a third of the time of a trace.
    gc.set_threshold(50_000, 20, 20)


def _fail(message: str, code: int = 2) -> typer.Exit:
    errors.print(message, markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(code)


def _read(scenario: str, overrides: list[str]) -> Any:
    try:
        return fr.read_scenario(scenario, overrides)
    except fr.ScenarioError as error:
        raise _fail(str(error)) from None


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors) as display:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = display.add_task(step, total=total)
            display.update(tasks[step], completed=done, total=total)

        yield report


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A bundled scenario or a TOML file.")],
    draws: Annotated[
        int | None, typer.Option(min=2, help="Monte Carlo draws [default: the scenario's].")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the Sobol' points.")] = None,
    out: Annotated[
        str | None, typer.Option(help="Folder for the report [default: results/SCENARIO].")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override one input; may repeat."),
    ] = None,
) -> None:
    """Evaluate a scenario and write its report, tables and draws."""
    inputs = _read(scenario, set_ or [])
    folder = out or os.path.join("results", inputs.about.name)
    try:
        with _progress() as report:
            study, files = fr.run_scenario(inputs, folder, draws=draws, seed=seed, progress=report)
    except KeyboardInterrupt:
        raise _fail(
            f"interrupted; finished draws are kept in {folder}: the same command resumes", 130
        ) from None
    except OSError as error:
        raise _fail(f"{error.filename or folder}: {error.strerror}; choose another --out") from None
    console.print(fr.console_summary(study))
    console.print(f"report: {files['report']}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def structures(
    scenario: Annotated[str, typer.Argument(help="A bundled scenario or a TOML file.")],
    draws: Annotated[int, typer.Option(min=8, help="Draws, the same for all structures.")] = 256,
    seed: Annotated[int | None, typer.Option(help="Seed of the Sobol' points.")] = None,
    out: Annotated[str | None, typer.Option(help="Folder for the tables as CSV.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override one input; may repeat."),
    ] = None,
) -> None:
    """Compare deal structures on the same draws: gains, failure, money, options."""
    try:
        with _progress() as report:
            found = fr.run_structures(
                scenario, set_ or [], draws=draws, seed=seed, out=out, progress=report
            )
    except fr.ScenarioError as error:
        raise _fail(str(error)) from None
    except KeyboardInterrupt:
        raise _fail("interrupted; nothing is kept", 130) from None
    except OSError as error:
        raise _fail(f"{error.filename or out}: {error.strerror}; choose another --out") from None
    console.print(fr.structures_summary(found))
    if out is not None:
        console.print(f"tables: {out}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def zone(
    scenario: Annotated[str, typer.Argument(help="A bundled scenario or a TOML file.")],
    first: Annotated[
        str, typer.Argument(metavar="TERM[=LOW:HIGH]", help="A term, such as upfront.amount.")
    ],
    second: Annotated[
        str,
        typer.Argument(
            metavar="TERM[=LOW:HIGH]", help="Another, such as 'royalty.per_unit=$0:$6,000/truck'."
        ),
    ],
    points: Annotated[int, typer.Option(min=3, max=25, help="Values of each term.")] = 7,
    draws: Annotated[int, typer.Option(min=8, help="Draws, the same for all pairs.")] = 64,
    seed: Annotated[int | None, typer.Option(help="Seed of the Sobol' points.")] = None,
    out: Annotated[
        str | None, typer.Option(help="Folder for the table (CSV), the map and the text.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override one input; may repeat."),
    ] = None,
) -> None:
    """Search two terms of the term sheet for agreement: who gains, and what theory picks."""
    try:
        with _progress() as report:
            found = fr.run_zone(
                scenario, (first, second), set_ or [], draws=draws, points=points, seed=seed,
                out=out, progress=report,
            )  # fmt: skip
    except (fr.ScenarioError, ValueError) as error:
        raise _fail(str(error)) from None
    except KeyboardInterrupt:
        raise _fail("interrupted; nothing is kept", 130) from None
    except OSError as error:
        raise _fail(f"{error.filename or out}: {error.strerror}; choose another --out") from None
    console.print(fr.zone_summary(found))
    if out is not None:
        console.print(f"files: {out}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def check(
    scenario: Annotated[str, typer.Argument(help="A bundled scenario or a TOML file.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override one input; may repeat."),
    ] = None,
) -> None:
    """Validate a scenario: every fault at once, nothing is computed."""
    inputs = _read(scenario, set_ or [])
    count = len(inputs.uncertainty)
    console.print(
        f"{inputs.about.name}: valid, as of {inputs.about.as_of}, {count} uncertain inputs",
        markup=False,
        highlight=False,
    )


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for completion in an editor."""
    sys.stdout.write(json.dumps(fr.scenario_schema(), indent=2) + "\n")


@app.command("list")
def list_(
    catalog: Annotated[Catalog, typer.Argument(help="What to list.")],
) -> None:
    """List what comes with the package."""
    console.print(fr.describe_catalog(catalog.value))


@app.command()
def vehicle(
    names: Annotated[list[str], typer.Argument(help="Catalog trucks, or one CSV of designs.")],
    cycle: Annotated[
        list[str] | None,
        typer.Option(help="Speed trace or CSV file; may repeat [default: udds hwfet us06]."),
    ] = None,
    out: Annotated[str | None, typer.Option(help="Write the table to this CSV file.")] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Run the good rows of a CSV and list the bad ones.")
    ] = False,
) -> None:
    """Simulate catalog trucks or a table of designs on drive cycles."""
    try:
        result = fr.run_vehicles(names, cycle or ["udds", "hwfet", "us06"], out, skip_bad)
    except fr.ScenarioError as error:
        raise _fail(str(error)) from None
    except OSError as error:
        raise _fail(f"{error.filename}: {error.strerror}") from None
    for warning in result.warnings:
        errors.print(warning, markup=False, highlight=False, soft_wrap=True)
    console.print(result.table if out is None else f"wrote {out}: {result.rows} rows")


@app.command()
def validate(
    stage: Annotated[Stage, typer.Argument(help="What to validate.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Run this check only; may repeat [default: all].")
    ] = None,
) -> None:
    """Print every bar of a stage: predicted beside measured, pass or short."""
    try:
        if stage in (Stage.cost, Stage.plant, Stage.program):
            console.print(fr.validate_business(stage.value, only or []))
        else:
            console.print(getattr(fr, f"validate_{stage.value}")(only or []))
    except fr.ScenarioError as error:
        raise _fail(str(error)) from None
