"""Losses carried forward against a ledger kept loss by loss, as a tax return keeps them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.program import Finance, combined_tax_rate, income_tax

NAMES = (
    "discount_rate", "tax_rate", "state_tax_rate", "loss_relief", "loss_limit", "opening_loss",
    "ownership_change", "ownership_limit", "bonus_depreciation", "engineering_capitalized",
    "receivable_days", "payable_days", "inventory_days", "warranty_lag",
)  # fmt: skip
YEARS = np.arange(2024.0, 2038.0)


def ledger(finance, annual):
    """Tax by year; every loss is an entry with its date, the oldest used first."""
    rate = finance["tax_rate"] + finance["state_tax_rate"] * (1 - finance["tax_rate"])
    entries = [["old", finance["opening_loss"]]]
    unused_limit, taxes = 0.0, []
    for start, income in zip(YEARS, annual, strict=True):
        days_before = min(max(finance["ownership_change"] - start, 0.0), 1.0)
        unused_limit += finance["ownership_limit"] * (1 - days_before)
        if income < 0:
            relieved = finance["loss_relief"] * -income
            taxes.append(-rate * relieved)
            kept = -income - relieved
            entries += [["old", kept * days_before], ["new", kept * (1 - days_before)]]
            continue
        room = finance["loss_limit"] * income
        # Income of the days before the change is free of the limit.
        free, offset = days_before * room, 0.0
        for entry in entries:
            most = room - offset
            if entry[0] == "old":
                most = min(most, free + unused_limit)
            used = min(entry[1], most)
            if entry[0] == "old":
                from_free = min(used, free)
                free -= from_free
                unused_limit -= used - from_free
            entry[1] -= used
            offset += used
        taxes.append(rate * (income - offset))
    return np.asarray(taxes), sum(entry[1] for entry in entries)


def cases(count=40):
    generator = np.random.default_rng(382)
    for _ in range(count):
        annual = generator.normal(generator.uniform(-50, 80), 120, size=YEARS.size)
        finance = dict.fromkeys(NAMES, 0.1) | {
            "tax_rate": 0.21,
            "state_tax_rate": generator.uniform(0, 0.09),
            "loss_relief": generator.choice([0.0, 0.0, 0.5]),
            "loss_limit": generator.choice([0.8, 1.0]),
            "opening_loss": generator.uniform(0, 300),
            "ownership_change": generator.choice([2100.0, generator.uniform(2024, 2034)]),
            "ownership_limit": generator.uniform(0, 40),
        }
        yield finance, annual


@jax.jit
def assessed(values, annual):
    finance = Finance(**values, reports_in="dollar")
    result = income_tax(finance, jnp.repeat(annual / 4, 4), jnp.asarray(YEARS))
    return result.tax.reshape(-1, 4).sum(axis=1), result, combined_tax_rate(finance)


def test_tax_agrees_with_a_ledger_of_single_losses():
    limited = 0
    for finance, annual in cases():
        values = {name: jnp.asarray(float(value)) for name, value in finance.items()}
        tax, result, _ = assessed(values, jnp.asarray(annual))
        taxes, carried = ledger(finance, annual)
        np.testing.assert_allclose(tax, taxes, atol=1e-9)
        assert float(result.loss_carried[-1]) == pytest.approx(carried, abs=1e-9)
        limited += bool(result.loss_limited[-1] > 1.0)
    assert limited >= 5  # the limit bound in several cases
