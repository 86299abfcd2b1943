"""A small program for the tests: one partner, simple streams."""

import dataclasses

import jax.numpy as jnp
import pytest

from framerail.numerics.calendar import fraction_between, quarter_grid, spread
from framerail.program import (
    Build,
    Commercial,
    Currency,
    Finance,
    Gate,
    MidCycle,
    Spend,
    Timeline,
    no_streams,
)


def scalars(**values):
    return {name: jnp.asarray(float(value)) for name, value in values.items()}


@pytest.fixture
def grid():
    return quarter_grid(2024.0, 14)


@pytest.fixture
def change():
    """The same module with other numbers."""
    return lambda module, **values: dataclasses.replace(module, **scalars(**values))


@pytest.fixture
def finance():
    return Finance(
        **scalars(
            discount_rate=0.10,
            tax_rate=0.25,
            state_tax_rate=0.0,
            loss_relief=0.0,
            loss_limit=0.8,
            opening_loss=0.0,
            ownership_change=2100.0,
            ownership_limit=0.0,
            bonus_depreciation=0.1,
            engineering_capitalized=0.6,
            receivable_days=20,
            payable_days=50,
            inventory_days=25,
            warranty_lag=1.75,
        ),
        reports_in="yen",
    )


@pytest.fixture
def commercial():
    return Commercial(**scalars(dealer_margin=0.08, selling_fraction=0.06, selling_per_truck=500))


@pytest.fixture
def yen():
    return Currency(
        **scalars(
            rate=150,
            base=2024.1667,
            interest=0.008,
            dollar_interest=0.042,
            premium=0.01,
            volatility=0.1,
            shock=0.0,
        )
    )


@pytest.fixture
def dates():
    return {
        "valuation_date": jnp.asarray(2024.1667),
        "start_of_production": jnp.asarray(2026.6),
    }


@pytest.fixture
def streams(grid):
    sales = 7_000.0 * fraction_between(jnp.asarray(2026.6), jnp.asarray(2034.2), grid)
    outlay = {
        name: spread(jnp.asarray(amount), jnp.asarray(begin), jnp.asarray(end), grid)
        for name, amount, begin, end in (
            ("engineering", 350e6, 2024.25, 2026.4),
            ("tooling", 180e6, 2025.5, 2026.6),
            ("conversion", 250e6, 2025.4, 2026.6),
            ("launch", 50e6, 2026.6, 2027.3),
        )
    }
    return dataclasses.replace(
        no_streams(grid),
        revenue=50_000.0 * sales,
        materials=32_000.0 * sales,
        labor=1_500.0 * sales,
        logistics=1_900.0 * sales,
        warranty=1_200.0 * sales,
        selling=3_500.0 * sales,
        production_credit=1_000.0 * sales,
        emission_credit=1_500.0 * sales,
        fixed_cost=8e6 * jnp.sign(sales),
        finished_goods=0.4 * 36_000.0 * sales,
        **outlay,
    )


@pytest.fixture
def timeline():
    return Timeline(
        gates={
            "design_freeze": Gate(**scalars(place=0.35, slip=0.0)),
            "validation": Gate(**scalars(place=0.85, slip=0.0)),
        },
        spend={
            "platform": Spend(
                **scalars(amount=300e6, opens=0, closes=0.85), kind="engineering", serves="shared"
            ),
            "hat": Spend(
                **scalars(amount=150e6, opens=0.1, closes=1.05), kind="engineering", serves="fisker"
            ),
            "tools": Spend(
                **scalars(amount=200e6, opens=0.45, closes=1.0), kind="tooling", serves="shared"
            ),
        },
        builds={
            "prototypes": Build(
                **scalars(trucks=80, cost=500e3, opens=0.35, closes=0.75), serves="shared"
            ),
        },
        mid_cycle=MidCycle(
            **scalars(amount=80e6, engineering_share=0.25, after_start=3.5, lead_time=1.0)
        ),
        **scalars(
            program_start=2024.25,
            planned_start_of_production=2026.5,
            delay=0.6,
            planned_end_of_production=2034.0,
            delay_carried_to_end=0.5,
            standing_cost=60e6,
            plant_available=2020.0,
        ),
    )
