"""Write data/cost/published_values.csv from the published equations' own text.

Usage: python benchmarks/build_published_costs.py EQUATIONS.csv

EQUATIONS.csv has the columns component, drive, body_style, equation_usd, dollar_basis, note and
source: rows of EPA OMEGA's powertrain_cost_frm.csv v0.21 and glider_cost.csv v0.11. Each is
evaluated as written, without markup; the structure's mass is mass_scaling.csv v0.1's line for
pickups.
"""

import ast
import csv
import math
import sys
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/framerail/data/cost/published_values.csv"
COLUMNS = ("component", "drive", "kwh", "kw", "year", "footprint_ft2", "dollars", "dollar_year",
           "as_of", "source")  # fmt: skip
KWH, YEARS = (40.0, 75.0, 100.0, 113.0, 131.0, 180.0), (2023, 2024, 2026, 2028, 2030, 2032, 2035)
KW = (100.0, 200.0, 350.0, 500.0)
FOOTPRINTS = (52.0, 57.0, 65.0, 70.0)


def value(equation: str, **names: float) -> float:
    """The equation's value; only arithmetic is accepted."""
    tree = ast.parse(equation, mode="eval")
    allowed = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.Constant,
               ast.operator, ast.unaryop)  # fmt: skip
    if not all(isinstance(node, allowed) for node in ast.walk(tree)):
        raise ValueError(f"not arithmetic: {equation}")
    known = {"MARKUP_BEV": 1.0, "MARKUP_ICE": 1.0, "markup": 1.0, "e": math.e, **names}
    return float(eval(compile(tree, "equation", "eval"), {"__builtins__": {}}, known))


def pounds(kind: str, material: str, footprint: float) -> float:
    """Structure mass of a pickup (mass_scaling.csv v0.1)."""
    if kind == "ladder":
        steel = 2.2 * (7.7955 * footprint + 127.48)
        return steel * ((0.63 * 0.66 + 0.34) if material == "aluminum" else 1.0)
    return 2.2 * (10.077 * footprint - 76.528) * (0.65 if material == "aluminum" else 1.0)


def rows(equations: list[dict[str, str]]) -> Iterator[tuple]:
    for row in equations:
        name, drive, text = row["component"], row["drive"], row["equation_usd"]
        if drive == "FWD" or "non_structure" in name:
            continue
        if "HV_Battery_" in name:
            for kwh in KWH:
                for year in YEARS:
                    dollars = value(text, KWH=kwh, MODEL_YEAR=float(year))
                    yield name[-3:].lower(), "", kwh, "", year, "", dollars, 2022
        elif "structure" in name:
            kind = "ladder" if "ladder" in name else "unibody"
            for footprint in FOOTPRINTS:
                mass = pounds(kind, drive, footprint)
                dollars = value(text, structure_mass_lbs=mass)
                yield kind, drive, "", "", "", footprint, dollars, 2020
        elif row["dollar_basis"] == "2022":
            part = name.split("/")[1]
            for kw in (11.0, 19.2) if "OBC" in part else KW if "KW" in text else (200.0,):
                split = {"KW_FDU": 0.35 * kw, "KW_RDU": 0.65 * kw, "KW_DU": kw, "KW_OBC": kw}
                yield part, drive, "", kw, "", "", value(text, **split), 2022


def main(source: str) -> None:
    with open(source, encoding="utf-8") as stream:
        found = list(rows(list(csv.DictReader(stream))))
    with TARGET.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(COLUMNS)
        for row in found:
            cells = [f"{x:.6f}" if k == 6 else x for k, x in enumerate(row)]
            out.writerow([*cells, "2023-10-30", "EPA OMEGA 2.5.0, equation as published"])
    print(f"{TARGET}: {len(found)} values")


if __name__ == "__main__":
    main(sys.argv[1])
