"""Designs and classes of use for tests, from the package's data."""

import jax
import jax.numpy as jnp

from framerail.scenario_file import read_cycle, read_vehicle_use
from framerail.studies.vehicle_use_cases import catalog_designs
from framerail.vehicle import ChargeSession, Conditions, TripPlan

MILE, MPH = 1609.344, 0.44704
TRUCK, SMALL = "lightning-lariat-er-2022", "lightning-pro-sr-2022"


def number(value):
    return jnp.asarray(value, jnp.float64)


def use():
    return read_vehicle_use()


def design(name=TRUCK):
    return jax.tree.map(lambda leaf: leaf[0], catalog_designs([name]))


def conditions(temperature=293.15, charge=0.5, headwind=0.0):
    values = (temperature, 101_325.0, headwind, 0.9, charge)
    return Conditions(*(number(value) for value in values))


def session(start=0.1, target=0.8, pack=303.15, air=293.15):
    return ChargeSession(*(number(value) for value in (start, target, pack, air)))


def plan(distance_miles=600.0, climate=300.0, start=1.0, reserve=0.1, highest=0.8):
    values = (
        distance_miles * MILE,
        70 * MPH,
        start,
        reserve,
        highest,
        480.0,
        40 * MILE,
        303.15,
        climate,
    )
    return TripPlan(*(number(value) for value in values))


def udds():
    return read_cycle("udds")
