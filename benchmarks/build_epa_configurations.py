"""Build `data/vehicle/epa_configurations.csv` from a table of EPA test-car lists, by written rules.

`python benchmarks/build_epa_configurations.py EPA_ROADLOAD.csv MACHINE_CLASSES.csv OUT.csv`

The rules look at names, units and provenance only, never at an error of a model:

1.  UDDS and HWFET were both filed and neither is the list's fill value (999.9 mpg or kWh).
2.  The unit is known. `equal`: the result equals a value published at fueleconomy.gov (or is of a
    maker whose other rows do); `ratio`: battery energy in a stated ratio to such a value;
    `physics`: inferred from the result's size alone. Uncertain and unknown units are left out.
3.  No plug-in hybrid, and no automated-driving car (its computers' load is not filed).
4.  Coefficient C below 0.06 lbf/mph^2: above, a decimal is misplaced.
5.  A configuration with the same coefficients, weight and results counts once.
6.  The drive in the model's name goes before the list's own column.
7.  A rated power below 0.02 hp/lb of test weight is a continuous rating and is left blank.

`role` is `scored` for `equal`, `battery` for `ratio`, `second` for `physics`.
"""

import csv
import re
import sys

MAKES = {
    "AUDI": "Audi",
    "CHEVROLET": "Chevrolet",
    "KIA": "Kia",
    "NISSAN": "Nissan",
    "HYUNDAI": "Hyundai",
    "VOLKSWAGEN": "Volkswagen",
    "CADILLAC": "Cadillac",
    "LEXUS": "Lexus",
    "TOYOTA": "Toyota",
    "MITSUBISHI": "Mitsubishi",
    "HONDA": "Honda",
    "ACURA": "Acura",
    "SUBARU": "Subaru",
    "MINI": "Mini",
    "Lordstown Motors": "Lordstown",
    "Tesla Model S": "Tesla",
    "Tesla Model X": "Tesla",
    "C40 Recharge Twin": "Volvo",
    "2023": "Lucid",
    "2024": "Lucid",
    "Rolls Royce": "Rolls-Royce",
}
"""The list's make, where it is shouted or shifted, to the make's name."""
FAMILIES = (
    ("e-tron GT", "e-tron GT"),
    ("Q4", "Q4 e-tron"),
    ("e-tron", "e-tron"),
    ("(?i)solterra|bz4x|^rz", "bZ4X"),
    ("R1S|R1T", "R1"),
    ("(?i)c40|xc40", "XC40"),
    ("(?i)blazer", "Blazer EV"),
    ("Lightning", "F-150 Lightning"),
    (
        "(?i)taycan|model [sx3y]|mach-e|i-pace|lyriq|spectre|prologue|zdx|bolt|spark|500e|clarity"
        "|kona|ioniq 5|ioniq|soul|i-miev|b-class|eqe|eqs|fortwo|leaf|e-golf|vf 9|cooper se|air",
        "",
    ),
    ("(?i)(?<![a-z])(i[34578]|ix|ev[69]|gv?[678]0)(?![a-rt-z])", ""),
)
"""Pattern in the model's name and the family; blank: the matched text. Badge siblings are one."""
HYBRIDS = re.compile("(?i)rex|phev|hybrid|volt$|countryman|918|outlander")
AUTOMATED = re.compile("(?i)robotaxi|autonomous")
DRIVES = (
    (r"RWD|eDrive|350\+|450\+", "rwd"),
    ("FWD", "fwd"),
    ("4MATIC|xDrive|AWD|quattro", "awd"),
)
LISTED_DRIVES = {"2-Wheel Drive, Front": "fwd", "2-Wheel Drive, Rear": "rwd"}
ROLES = {"nume": "scored", "manu": "scored", "phys": "second"}
FIELDS = (
    "role,model_year,make,model,family,test_id,drive,rated_hp,axle_ratio,etw_lb,A_lbf,"
    "B_lbf_per_mph,C_lbf_per_mph2,machine,inverter,volts,measured_at,udds_kwh_per_100mi,"
    "hwfet_kwh_per_100mi,ftp20f_raw,unit_basis,source"
).split(",")

SAME = ("test_id", "etw_lb", "A_lbf", "B_lbf_per_mph", "C_lbf_per_mph2", *FIELDS[17:19])
"""Columns whose equality makes two rows one configuration."""
HEADER = """# Battery-electric configurations of the EPA test-car lists, model years
# 2015-2024 (US government, public domain), by the rules of benchmarks/build_epa_configurations.py.
# Results are unadjusted, kWh/100 mi at the wall or the battery (measured_at); classes from
# machine_classes.csv.
# as_of: 2024-05-17
"""


def make_and_model(row):
    make, model = row["make"], row["model"]
    if make in ("Tesla Model S", "Tesla Model X"):
        model = f"{make.removeprefix('Tesla ')} {model}"
    if "Spectre" in model:
        return "Rolls-Royce", model
    if "MINI" in f"{make} {model}".upper():
        return "Mini", model
    if "smart" in model.lower():
        return "Smart", model
    return MAKES.get(make, make), model


def family(model):
    for pattern, name in FAMILIES:
        found = re.search(pattern, model)
        if found:
            return name or found.group(0).title()
    return model


def drive(row):
    named = [kind for pattern, kind in DRIVES if re.search(pattern, row["model"])]
    if "AWD" in row["model"]:
        return "awd"
    return named[0] if named else LISTED_DRIVES.get(row["drive"], "awd")


def machine_class(classes, make, model, year, axles):
    for entry in classes:
        fits = entry["make"] == make and re.search(entry["model"], model)
        since, until = entry["from_year"] or "0", entry["to_year"] or "9999"
        if fits and int(since) <= year <= int(until) and entry["drive"] in ("", axles):
            return entry
    return {"machine": "pm", "inverter": "", "volts": "400"}


def result(row, cycle):
    key = "udds" if cycle == "udds" else "hwy"
    for kind, where in (("unadj_ac", "wall"), ("dc", "battery")):
        text = row[f"{key}_{kind}_kwh_per_100mi"]
        if text and float(text) > 5.0:
            return where, float(text)
    return "", float("nan")


def configuration(row, classes):
    basis = row["unit_inference_basis"]
    known = row["inferred_result_unit"] in (
        "unadjusted_MPGe",
        "AC_kWh_per_100mi",
        "DC_kWh_per_100mi",
    )
    city, highway = result(row, "udds"), result(row, "hwfet")
    spoiled = HYBRIDS.search(row["model"]) or AUTOMATED.search(row["model"])
    if not known or not city[0] or not highway[0] or spoiled or basis.startswith("UNCERTAIN"):
        return None
    if float(row["target_C_lbf_per_mph2"]) > 0.06:
        return None
    make, model = make_and_model(row)
    year, axles = int(row["model_year"]), drive(row)
    kind = machine_class(classes, make, model, year, axles)
    power = row["rated_hp"] if float(row["rated_hp"]) > 0.02 * float(row["etw_lb"]) else ""
    role = ROLES.get(basis[:4], "battery")
    return {
        "role": role,
        "model_year": year,
        "make": make,
        "model": model,
        "family": family(model),
        "test_id": f"{row['test_vehicle_id']}/{row['test_config']}",
        "drive": axles,
        "rated_hp": power,
        "axle_ratio": row["axle_ratio"],
        "etw_lb": row["etw_lb"],
        "A_lbf": row["target_A_lbf"],
        "B_lbf_per_mph": row["target_B_lbf_per_mph"],
        "C_lbf_per_mph2": row["target_C_lbf_per_mph2"],
        "machine": kind["machine"],
        "inverter": kind["inverter"],
        "volts": kind["volts"],
        "measured_at": city[0],
        "udds_kwh_per_100mi": city[1],
        "hwfet_kwh_per_100mi": highway[1],
        "ftp20f_raw": row["ftp20F_result_raw"],
        "unit_basis": {"scored": "equal", "battery": "ratio", "second": "physics"}[role],
        "source": f"EPA test-car list {row['src_file']}",
    }


def main(lists, classes, out):
    with open(classes, encoding="utf-8") as stream:
        kinds = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    with open(lists, encoding="utf-8") as stream:
        found = [configuration(row, kinds) for row in csv.DictReader(stream)]
    seen, rows = set(), []
    for row in sorted(filter(None, found), key=lambda row: row["unit_basis"]):
        same = tuple(row[name] for name in SAME)
        if same not in seen:
            seen.add(same)
            rows.append(row)
    order = ("unit_basis", "make", "family", "model_year", "test_id")
    rows.sort(key=lambda row: tuple(row[name] for name in order))
    with open(out, "w", encoding="utf-8", newline="") as stream:
        stream.write(HEADER)
        table = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    counts = {
        role: sum(row["role"] == role for row in rows) for role in ("scored", "battery", "second")
    }
    print(f"{out}: {counts}")


if __name__ == "__main__":
    main(*sys.argv[1:])
