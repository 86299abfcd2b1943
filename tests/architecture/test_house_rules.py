"""The rules of the house that import-linter and ruff do not know, read from the source itself.

A rule is a sentence, a function that yields its offences in one file, and a planted offence that
shows that the rule bites. Layers and circles are in `[tool.importlinter]` of `pyproject.toml`.
"""

import ast
import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "framerail"
MAX_LINES = 400
MAX_STATEMENTS = 50

Function = ast.FunctionDef | ast.AsyncFunctionDef
Offences = Iterator[tuple[int, str]]


@dataclasses.dataclass(frozen=True)
class SourceFile:
    """One module: its path inside the package, its text and its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        """First part of the path: `vehicle`, `engine`, `cli` ..."""
        return self.name.split("/")[0].removesuffix(".py")


def parse(name: str, text: str) -> SourceFile:
    return SourceFile(name, text, ast.parse(text))


def source_files() -> list[SourceFile]:
    paths = sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.pyi")])
    return [parse(path.relative_to(SOURCE).as_posix(), path.read_text("utf-8")) for path in paths]


def functions(file: SourceFile) -> Iterator[Function]:
    return (node for node in ast.walk(file.tree) if isinstance(node, Function))


def called(file: SourceFile) -> Iterator[tuple[int, str]]:
    """Line and bare name of everything that the file calls."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.lineno, node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.lineno, "." + node.func.attr


def function_level_imports(file: SourceFile) -> Offences:
    for function in functions(file):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node.lineno, f"import inside {function.name}"


def star_imports(file: SourceFile) -> Offences:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield node.lineno, f"from {node.module} import *"


def future_annotations(file: SourceFile) -> Offences:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            yield node.lineno, "from __future__ import"


def imports_of_the_front_door(file: SourceFile) -> Offences:
    if file.layer in ("cli", "__init__"):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import) and any(alias.name == "framerail" for alias in node.names):
            yield node.lineno, "import framerail"
        elif isinstance(node, ast.ImportFrom) and node.module == "framerail":
            yield node.lineno, "from framerail import ..."


def prints(file: SourceFile) -> Offences:
    if file.layer != "cli":
        yield from ((line, name) for line, name in called(file) if name == "print")


DISK = frozenset(
    "open .open Path .read_text .write_text .read_bytes .write_bytes .mkdir .unlink .read_csv "
    ".to_csv .to_parquet .read_parquet .save .load .savez .loadtxt".split()
)


def disk_access(file: SourceFile) -> Offences:
    if file.layer not in ("scenario_file", "report"):
        yield from ((line, name) for line, name in called(file) if name in DISK)


def calls_of_super(file: SourceFile) -> Offences:
    yield from ((line, "super()") for line, name in called(file) if name == "super")


def long_files(file: SourceFile) -> Offences:
    lines = file.text.count("\n")
    if lines > MAX_LINES:
        yield lines, f"{lines} lines"


def statements(function: Function) -> int:
    inside = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1
    return inside - (ast.get_docstring(function) is not None)


def long_functions(file: SourceFile) -> Offences:
    for function in functions(file):
        count = statements(function)
        if count > MAX_STATEMENTS:
            yield function.lineno, f"{function.name} has {count} statements"


def public_definitions(body: list[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body)


def missing_docstrings(file: SourceFile) -> Offences:
    if file.name.endswith(".pyi"):
        return
    if not ast.get_docstring(file.tree):
        yield 1, "the module"
    for node in public_definitions(file.tree.body):
        if not ast.get_docstring(node):
            yield node.lineno, node.name


def undescribed_inputs(file: SourceFile) -> Offences:
    """Fields of `Declared` modules: schema, docs table and tornado labels are their docstrings."""
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        if not any(isinstance(base, ast.Name) and base.id == "Declared" for base in node.bases):
            continue
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            described = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and not described:
                yield field.lineno, f"{node.name}.{ast.unparse(field.target)}"


def listed_names(file: SourceFile) -> set[str]:
    for node in file.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def unlisted_names(file: SourceFile) -> Offences:
    """A package's `__init__` (or its stub) is a table of contents, of names from inside only."""
    if not file.name.endswith(("__init__.py", "__init__.pyi")) or "attach_stub" in file.text:
        return
    imports = [node for node in file.tree.body if isinstance(node, ast.ImportFrom)]
    listed = listed_names(file)
    if not imports:
        yield 1, "no public names"
    for node in imports:
        if node.level == 0 and not (node.module or "").startswith("framerail."):
            yield node.lineno, f"from {node.module}"
        for alias in node.names:
            if alias.asname != alias.name and alias.name not in listed:
                yield node.lineno, f"{alias.name} neither `as {alias.name}` nor in `__all__`"


@dataclasses.dataclass(frozen=True)
class Rule:
    """A sentence, how to find what breaks it, and an offence planted to show that it bites."""

    sentence: str
    offences: Callable[[SourceFile], Offences]
    planted: str
    planted_in: str = "vehicle/battery.py"


RULES = [
    Rule(
        "Imports stand at the top of a file.",
        function_level_imports,
        "def f():\n    import math\n",
    ),
    Rule("Nothing is imported with a star.", star_imports, "from math import *\n"),
    Rule(
        "No file postpones annotations: jaxtyping reads them when a function is defined.",
        future_annotations,
        "from __future__ import annotations\n",
    ),
    Rule(
        "Only the command line uses the package's front door; others import where a name lives.",
        imports_of_the_front_door,
        "from framerail import evaluate\n",
    ),
    Rule("Only the command line prints.", prints, "print(1)\n"),
    Rule(
        "Only scenario_file and report touch the disk.",
        disk_access,
        "open('a')\n",
        "engine.py",
    ),
    Rule(
        "Classes are abstract or final: no call of super().",
        calls_of_super,
        "class A:\n    def f(self):\n        super().f()\n",
    ),
    Rule(
        f"A file has at most {MAX_LINES} lines.",
        long_files,
        "a = 1\n" * (MAX_LINES + 1),
    ),
    Rule(
        f"A function has at most {MAX_STATEMENTS} statements.",
        long_functions,
        "def f():\n" + "    a = 1\n" * (MAX_STATEMENTS + 1),
    ),
    Rule(
        "Every module, public class and public function says what it is.",
        missing_docstrings,
        '"""A module."""\n\n\ndef f():\n    return 1\n',
    ),
    Rule(
        "Every input is described by the docstring under its field.",
        undescribed_inputs,
        'class A(Declared):\n    a: Kilogram\n    """Mass."""\n    b: Kilogram\n',
    ),
    Rule(
        "A package's __init__ lists its public names (`X as X` or `__all__`), all from inside.",
        unlisted_names,
        "from framerail.vehicle.battery import Battery\n",
        "vehicle/__init__.py",
    ),
]
NAMES = [rule.offences.__name__ for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_house_keeps(rule):
    broken = [
        f"src/framerail/{file.name}:{line}: {what}"
        for file in source_files()
        for line, what in rule.offences(file)
    ]
    assert not broken, "\n  ".join([rule.sentence, *broken])


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_rule_bites(rule):
    assert list(rule.offences(parse(rule.planted_in, rule.planted)))


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("cli.py", "print(1)\n", prints),
        ("report/document.py", "open('a')\n", disk_access),
        ("scenario_file/read.py", "path.read_text()\n", disk_access),
        ("cli.py", "import framerail as fr\n", imports_of_the_front_door),
        ("engine.py", "from framerail.vehicle import Truck\n", imports_of_the_front_door),
        ("cost/__init__.py", "from framerail.cost.deck import Deck as Deck\n", unlisted_names),
        ("__init__.py", "lazy.attach_stub(__name__, __file__)\n", unlisted_names),
        ("cost/deck.py", "def _f():\n    return 1\n", long_functions),
    ],
)
def test_the_rule_lets_pass_what_is_allowed(name, text, rule):
    assert not list(rule(parse(name, text)))


PRIVATE_PATH = re.compile(
    "|".join(f"(?<![\\w.])/{top}/" for top in ("work", "tmp", "root", "home"))
)
TEXTS = {".py", ".pyi", ".toml", ".md", ".csv", ".yml", ".cfg", ".html", ".css", ".js", ""}


def test_no_path_of_one_machine():
    folders = [ROOT / name for name in ("src", "tests", "docs", "benchmarks", "scenarios", ".ci")]
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    paths += [path for path in ROOT.iterdir() if path.is_file()]
    broken = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in paths
        if path.suffix in TEXTS and "__pycache__" not in path.parts
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if PRIVATE_PATH.search(line)
    ]
    assert not broken, "\n  ".join(["No file names a path of one machine.", *broken])
