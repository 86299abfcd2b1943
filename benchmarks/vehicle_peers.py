"""One UDDS here and in FASTSim, in the same run: UDDS per second of processor time, and ratios.

`python benchmarks/vehicle_peers.py [PYTHON]`: needs FASTSim 3 (extra `peers`). PYTHON is the
interpreter of another environment with FASTSim 2.1.5, which cannot share one with version 3.
One core: put `taskset -c 0` before it. Full physics in float32 here; both versions of FASTSim run
an electric car without thermal models and keep no more of the history than they must.
"""

import subprocess
import sys
import time

import equinox as eqx
import fastsim
import jax
import jax.numpy as jnp

import framerail as fr
from framerail.vehicle import simulate_energy

BATCH, ROUNDS = 256, 60
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


def median_seconds(run, rounds=ROUNDS):
    """Median processor time of a call."""
    run()
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        spent.append(time.process_time() - start)
    return sorted(spent)[rounds // 2]


def ours():
    """Seconds of one UDDS: one design, and one of a batch with its own parameters each."""
    scenario = fr.read_scenario("nissan-fisker")
    given = (
        scenario.vehicle.designs["nissan-awd"],
        scenario.cycles["udds"],
        scenario.vehicle.procedure.conditions,
    )
    design, cycle, conditions = jax.tree.map(lambda leaf: leaf.astype("float32"), given)
    factors = jnp.linspace(0.9, 1.1, BATCH, dtype="float32")
    batch = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (BATCH,)), design)
    batch = eqx.tree_at(lambda d: d.mass, batch, batch.mass * factors)
    one = jax.jit(lambda d: simulate_energy(d, cycle, conditions))
    many = jax.jit(jax.vmap(lambda d: simulate_energy(d, cycle, conditions)))
    alone = median_seconds(lambda: jax.block_until_ready(one(design)))
    return alone, median_seconds(lambda: jax.block_until_ready(many(batch))) / BATCH


def version_3():
    """Seconds of one UDDS in the installed FASTSim 3."""
    car = fastsim.Vehicle.from_resource("2022_Renault_Zoe_ZE50_R135.yaml")
    car.set_save_interval(None)
    cycle = fastsim.Cycle.from_resource("udds.csv")
    spent = []
    for _ in range(ROUNDS):
        drive = fastsim.SimDrive(car, cycle)
        start = time.process_time()
        drive.run()
        spent.append(time.process_time() - start)
    return sorted(spent)[ROUNDS // 2]


def version_2(python):
    """Seconds of one UDDS in another environment's FASTSim 2.1.5."""
    told = subprocess.run([python, "-c", OLD], capture_output=True, text=True, check=True).stdout
    return float(next(line.split()[1] for line in told.splitlines() if line.startswith("seconds")))


def main(python=""):
    theirs = {"3.1.0": version_3()}
    if python:
        theirs["2.1.5"] = version_2(python)
    alone, batched = ours()
    print(f"here, {BATCH} designs: {1.0 / batched:,.0f} UDDS/s; one design {1e3 * alone:.2f} ms")
    for version, seconds in theirs.items():
        print(
            f"FASTSim {version}: {1e3 * seconds:.2f} ms, {1.0 / seconds:.0f} UDDS/s; a batch here"
            f" is {seconds / batched:,.0f} times as quick (bar {BARS[version]:,.0f}),"
            f" one design {seconds / alone:.1f} times"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
