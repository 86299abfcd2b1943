"""Processor time of the drive cycle: a batch, one design, the gradient, and FASTSim beside it.

Full physics in float32, every parameter of every design its own. Processor time of one core
(`on_one_core`: elsewhere waiting threads are counted with the busy one). Both versions of FASTSim
run an electric car without thermal models and keep no more of the history than they must.
"""

import dataclasses
import importlib
import importlib.metadata
import importlib.util
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.scenario_file import read_cycle, read_rows, read_scenario
from framerail.studies.vehicle_use_cases import designs_of
from framerail.vehicle import (
    Conditions,
    DriveCycle,
    VehicleDesign,
    simulate_energy,
    specification_faults,
)

_Result = TypeVar("_Result")
BATCH = 256
"""Designs of a batch."""


@dataclasses.dataclass(frozen=True)
class VehicleSpeed:
    """Seconds of processor time, medians."""

    one_design: float
    """One UDDS of one design."""
    batched: float
    """One UDDS of a batch of `BATCH`."""
    gradient: float
    """One gradient of its terminal energy with respect to every number of the design."""


def on_one_core(work: Callable[[], _Result]) -> _Result:
    """What `work`, a function of a module, gives in a process of its own that has one core.

    The core is chosen before any thread is started; where a system cannot, nothing is bound.
    """
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, initializer=_take_one_core) as pool:
        return pool.submit(work).result()


def _take_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def median_seconds(run: Callable[[], Any], rounds: int) -> float:
    """Median processor time of a call, after one that compiles, s."""
    run()
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        spent.append(time.process_time() - start)
    return sorted(spent)[rounds // 2]


def _reference() -> tuple[VehicleDesign, DriveCycle, Conditions]:
    scenario = read_scenario("nissan-fisker")
    given = (
        scenario.vehicle.designs["nissan-awd"],
        read_cycle("udds"),
        scenario.vehicle.procedure.conditions,
    )
    return jax.tree.map(lambda leaf: leaf.astype("float32"), given)


def vehicle_speed(rounds: int = 30) -> VehicleSpeed:
    """Time one UDDS: one design, and per vehicle of a batch forward and with its gradient."""
    design, cycle, conditions = _reference()
    factors = jnp.linspace(0.9, 1.1, BATCH, dtype="float32")
    batch = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (BATCH,)), design)
    batch = eqx.tree_at(lambda d: d.mass, batch, batch.mass * factors)

    def energy(one: VehicleDesign) -> Float[Array, ""]:
        return simulate_energy(one, cycle, conditions).terminal_energy

    alone = jax.jit(lambda d: simulate_energy(d, cycle, conditions))
    many = jax.jit(jax.vmap(lambda d: simulate_energy(d, cycle, conditions)))
    slope = jax.jit(jax.vmap(jax.grad(energy)))
    return VehicleSpeed(
        one_design=median_seconds(lambda: jax.block_until_ready(alone(design)), rounds),
        batched=median_seconds(lambda: jax.block_until_ready(many(batch)), rounds) / BATCH,
        gradient=median_seconds(lambda: jax.block_until_ready(slope(batch)), rounds // 2) / BATCH,
    )


def fastsim_seconds(rounds: int = 30) -> tuple[str, float] | None:
    """Version of the installed FASTSim and its seconds for one UDDS; None where there is none."""
    if importlib.util.find_spec("fastsim") is None:
        return None
    peer = importlib.import_module("fastsim")
    version = importlib.metadata.version("fastsim")
    return version, (_old if version.startswith("2.") else _new)(peer, rounds)


def _new(peer: Any, rounds: int) -> float:
    car = peer.Vehicle.from_resource("2022_Renault_Zoe_ZE50_R135.yaml")
    car.set_save_interval(None)
    cycle = peer.Cycle.from_resource("udds.csv")
    return _driven(lambda: peer.SimDrive(car, cycle), lambda drive: drive.run(), rounds)


def _old(peer: Any, rounds: int) -> float:
    car = peer.vehicle.Vehicle.from_vehdb(43).to_rust()
    cycle = peer.cycle.Cycle.from_file("udds").to_rust()
    drive = peer.simdrive.RustSimDrive
    return _driven(lambda: drive(cycle, car), lambda one: one.sim_drive(), rounds)


def _driven(prepare: Callable[[], Any], drive: Callable[[Any], Any], rounds: int) -> float:
    """Median processor time of driving, apart from preparing, s."""
    spent = []
    for _ in range(rounds):
        ready = prepare()
        start = time.process_time()
        drive(ready)
        spent.append(time.process_time() - start)
    return sorted(spent)[rounds // 2]


def largest_audit_residual(dtype: str) -> tuple[float, int]:
    """Largest energy residual of the catalog's trucks on UDDS and US06, and their number."""
    rows = [row for row in read_rows("vehicle/trucks.csv") if not specification_faults([row])]
    conditions = _reference()[2]
    given = jax.tree.map(lambda leaf: leaf.astype(dtype), (designs_of(rows), conditions))

    def residual(design: VehicleDesign, cycle: DriveCycle) -> Float[Array, ""]:
        return simulate_energy(design, cycle, given[1]).audit_residual

    every = jax.jit(jax.vmap(residual, in_axes=(0, None)))
    found = [np.asarray(every(given[0], read_cycle(name))) for name in ("udds", "us06")]
    return float(np.max(np.abs(found))), len(rows)
