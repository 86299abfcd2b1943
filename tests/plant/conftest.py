"""A small site for the plant tests."""

import dataclasses

import jax.numpy as jnp
import pytest

from framerail.numerics.calendar import quarter_grid
from framerail.plant import Launch, OrderRules, Site

SITE = {
    "jobs_per_hour": 60.0,
    "hours_per_shift": 7.5,
    "shifts": 2.0,
    "days_per_year": 240.0,
    "uptime": 0.95,
    "share_available": 0.5,
    "installed_capacity": 60_000.0,
    "plant_capacity": 410_000.0,
    "other_output": 210_000.0,
    "break_even_utilization": 0.8,
    "contribution_of_other": 5_000.0,
    "conversion_per_annual_truck": 6_000.0,
    "conversion_fixed": 80e6,
    "conversion_time": 1.25,
    "lost_output": 4_000.0,
    "launch_cost": 60e6,
    "labor_hours": 23.0,
    "launch_labor_excess": 1.5,
    "wage": 55.0,
    "electricity_price": 0.068,
    "gas_price": 0.6,
    "inbound_distance": 600.0,
    "pack_distance": 450.0,
    "fixed_cost": 650e6,
    "program_fixed_cost": 30e6,
    "incentive_fraction": 0.1,
    "available_from": 2003.4,
}

RULES = {
    "cancellation": 0.1,
    "stock_time": 0.15,
    "markdown": 0.03,
    "overtime": 0.0,
    "overtime_premium": 0.5,
    "crew_adding_time": 0.5,
    "crew_dropping_time": 0.25,
    "crew_change_time": 0.08,
}


def build(kind, **values):
    """A module of scalars."""
    return kind(**{name: jnp.asarray(float(value)) for name, value in values.items()})


@pytest.fixture
def site():
    return build(Site, **SITE)


@pytest.fixture
def change():
    """The same module with other numbers."""
    return lambda module, **values: dataclasses.replace(
        module, **{name: jnp.asarray(float(value)) for name, value in values.items()}
    )


@pytest.fixture
def launch():
    return build(Launch, time_to_half=0.8, time_constant=0.3, realized_over_announced=0.9)


@pytest.fixture
def rules():
    return build(OrderRules, **RULES)


@pytest.fixture
def grid():
    return quarter_grid(2024.0, 14)


@pytest.fixture
def orders(grid):
    quarterly = jnp.where((grid.middle > 2027.0) & (grid.middle < 2034.0), 2_500.0, 0.0)
    return jnp.stack([quarterly, 0.8 * quarterly], axis=1)
