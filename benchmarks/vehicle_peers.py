"""One UDDS here and in FASTSim, in the same run: UDDS per second of processor time, and ratios.

`python benchmarks/vehicle_peers.py [PYTHON]`: needs FASTSim 3 (extra `peers`). PYTHON is the
interpreter of another environment with FASTSim 2.1.5, which cannot share one with version 3.
One core: put `taskset -c 0` before it. What is timed and how: `framerail.studies.vehicle_speed`.
"""

import subprocess
import sys

from framerail.studies.vehicle_speed import BATCH, fastsim_seconds, vehicle_speed

ROUNDS = 60
BARS = {"2.1.5": 350.0, "3.1.0": 1000.0}
OLD = """
import time, fastsim
car = fastsim.vehicle.Vehicle.from_vehdb(43).to_rust()
cycle = fastsim.cycle.Cycle.from_file("udds").to_rust()
spent = []
for _ in range(40):
    drive = fastsim.simdrive.RustSimDrive(cycle, car)
    start = time.process_time()
    drive.sim_drive()
    spent.append(time.process_time() - start)
print("seconds", sorted(spent)[len(spent) // 2])
"""


def version_2(python):
    """Seconds of one UDDS in another environment's FASTSim 2.1.5."""
    told = subprocess.run([python, "-c", OLD], capture_output=True, text=True, check=True).stdout
    return float(next(line.split()[1] for line in told.splitlines() if line.startswith("seconds")))


def main(python=""):
    installed = fastsim_seconds(ROUNDS)
    theirs = {} if installed is None else dict([installed])
    if python:
        theirs["2.1.5"] = version_2(python)
    ours = vehicle_speed(ROUNDS)
    print(f"here, {BATCH} designs: {1.0 / ours.batched:,.0f} UDDS/s")
    print(f"one design {1e3 * ours.one_design:.2f} ms")
    print(f"gradient {ours.gradient / ours.batched:.1f} times the forward pass (bar 10)")
    for version, seconds in theirs.items():
        bar = f" (bar {BARS[version]:,.0f})" if version in BARS else ""
        print(
            f"FASTSim {version}: {1e3 * seconds:.2f} ms, {1.0 / seconds:.0f} UDDS/s; a batch here"
            f" is {seconds / ours.batched:,.0f} times as quick{bar},"
            f" one design {seconds / ours.one_design:.1f} times"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
