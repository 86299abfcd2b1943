"""Estimate component parameters from the packaged EPA configurations and write the data tables.

`python benchmarks/calibrate_vehicle.py [FOLDER]`: FOLDER is `src/framerail/data` by default.
"""

import sys
import time
from pathlib import Path

import framerail as fr
from framerail.report.component_tables import estimate_tables, read_configurations
from framerail.scenario_file import read_cycle, read_specification_defaults
from framerail.studies.calibration import estimate


def main(folder="src/framerail/data"):
    started = time.perf_counter()
    rows = read_configurations("scored", "battery")
    cycles = {name: read_cycle(name) for name in ("udds", "hwfet")}
    conditions = fr.read_scenario("nissan-fisker").vehicle.procedure.conditions
    found = estimate(rows, read_specification_defaults(), cycles, conditions)
    for name, text in estimate_tables(found).items():
        Path(folder, name).write_text(text, "utf-8")
    print(f"{len(rows)} configurations, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
