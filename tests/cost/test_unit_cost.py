"""Unit tests of the parts and of their sum."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.cost import ELEMENTS, OUTCOMES, published_costs, unit_cost, unit_cost_from
from framerail.cost.battery_pack import lfp_cost, pack_cost_per_kwh, published_cost
from framerail.cost.electric_drive import electric_costs
from framerail.cost.learning import experience_factor, group_factors, industry_factor
from framerail.numerics.outcome import describe

READING = runpy.run_path(str(Path(__file__).with_name("reading.py")))
INPUTS = READING["reference_inputs"]()
circumstances = READING["circumstances"]
number = jnp.asarray


def truck(name="alaska-rwd", **changes):
    contents = INPUTS.contents[name]
    for key, value in changes.items():
        contents = eqx.tree_at(lambda c, k=key: getattr(c, k), contents, number(float(value)))
    return contents


def test_elements_are_ordered_positive_and_sum_to_the_variable_cost():
    cost = unit_cost(INPUTS.deck, truck("alaska-awd"), circumstances(INPUTS))
    names = [name for name, _ in cost.elements()]
    assert tuple(names) == ELEMENTS
    values = np.array([float(value) for _, value in cost.elements()])
    assert (values > 0).all()
    assert values.sum() == pytest.approx(float(cost.variable), rel=1e-12)
    assert abs(float(cost.residual)) < 1e-8
    assert int(cost.outcome) == 0


def test_the_production_credit_stands_apart():
    with_credit = unit_cost(INPUTS.deck, truck(), circumstances(INPUTS, credit=45.0))
    without = unit_cost(INPUTS.deck, truck(), circumstances(INPUTS, credit=0.0))
    assert float(with_credit.variable) == float(without.variable)
    expected = -45.0 * 75.0
    assert float(with_credit.production_credit) == pytest.approx(expected, rel=1e-12)
    assert float(with_credit.net_variable) == pytest.approx(
        float(with_credit.variable) + expected, rel=1e-12
    )


def test_an_absent_front_machine_costs_exactly_zero():
    none = electric_costs(INPUTS.deck.electric, *map(number, (200.0, 0.0, 11.0, 2022.0)))
    assert float(none.machines) == pytest.approx(1.1097 * 200 + 323.22, abs=1e-9)
    assert float(none.inverters) == pytest.approx(1.26 * 200 + 559, abs=1e-9)
    assert float(none.gearboxes) == pytest.approx(544.28, abs=1e-9)
    slope = jax.grad(
        lambda front: (
            electric_costs(
                INPUTS.deck.electric, number(200.0), front, number(11.0), number(2022.0)
            ).gearboxes
        )
    )(number(0.0))
    assert float(slope) == 0.0


def test_the_published_lfp_curve_crosses_nmc_and_ours_does_not():
    pack, energy = INPUTS.deck.pack, number(75.0)
    year = number(2035.0)
    assert float(published_cost(pack.lfp, pack, energy, year)) > float(
        published_cost(pack.nmc, pack, energy, year)
    )
    for late in np.arange(2024.0, 2046.0):
        at = number(late)
        assert float(lfp_cost(pack, energy, at)) < 0.95 * float(
            published_cost(pack.nmc, pack, energy, at)
        )


def test_lfp_is_the_published_curve_until_the_discount_is_held():
    pack, energy = INPUTS.deck.pack, number(113.0)
    last = float(pack.lfp_discount_held_from)
    for year in (2023.0, 2025.0, 2026.0, last):
        at = number(year)
        assert float(lfp_cost(pack, energy, at)) == pytest.approx(
            float(published_cost(pack.lfp, pack, energy, at)), rel=1e-12
        )
    before, after = (float(lfp_cost(pack, energy, number(last + s))) for s in (-1e-6, 1e-6))
    assert before == pytest.approx(after, rel=1e-6)


def test_pack_cost_stays_positive_when_metals_are_free():
    pack = eqx.tree_at(
        lambda p: (p.metals.lithium_carbonate, p.metals.nickel, p.metals.cobalt),
        INPUTS.deck.pack,
        (number(0.0),) * 3,
    )
    dear = eqx.tree_at(lambda p: p.embedded_metals.nickel, pack, number(300.0))
    cost = float(pack_cost_per_kwh(dear, number(75.0), number(0.0), number(2030.0)))
    floor = 0.2 * float(published_cost(pack.nmc, pack, number(75.0), number(2030.0)))
    assert cost == pytest.approx(floor * float(pack.supplier_factor), rel=1e-12)


def test_metals_move_nmc_by_content_price_and_pass_through():
    pack = INPUTS.deck.pack
    dearer = eqx.tree_at(lambda p: p.metals.nickel, pack, pack.metals.nickel + 10.0)
    at = (number(75.0), number(0.0), number(2026.0))
    moved = float(pack_cost_per_kwh(dearer, *at) - pack_cost_per_kwh(pack, *at))
    trend = (1.0 + float(pack.trend_deviation)) ** 3
    expected = 10.0 * float(pack.nmc.metals.nickel * pack.metal_pass_through) * trend
    assert moved == pytest.approx(expected * float(pack.supplier_factor), rel=1e-9)
    iron = (number(75.0), number(1.0), number(2026.0))
    assert float(pack_cost_per_kwh(dearer, *iron)) == float(pack_cost_per_kwh(pack, *iron))


def test_learning_is_one_at_the_reference_and_finite_at_zero():
    learning = INPUTS.deck.learning
    assert float(experience_factor(learning, learning.reference_volume)) == pytest.approx(1.0)
    first = float(experience_factor(learning, number(0.0)))
    assert 1.0 < first < 3.0


def test_a_doubling_of_experience_cuts_the_program_specific_cost_by_the_learning_rate():
    learning = eqx.tree_at(lambda x: x.exponent, INPUTS.deck.learning, number(0.245))
    legacy = float(learning.legacy_volume)
    one = experience_factor(learning, number(legacy))
    two = experience_factor(learning, number(3 * legacy))
    assert float(two / one) == pytest.approx(2**-0.245, rel=1e-12)
    assert 1 - 2**-0.245 == pytest.approx(0.156, abs=5e-4)


def test_shared_parts_count_both_brands_and_own_parts_only_their_own():
    deck = INPUTS.deck

    def factors(platform_share, platform, own):
        commonality = jax.tree.map(lambda leaf: leaf, deck.commonality)
        shared = eqx.tree_at(
            lambda c: c.structure.platform_share, commonality, number(platform_share)
        )
        volumes = number([platform, own])
        return float(group_factors(deck.learning, shared, volumes, number([4e4, 4e4]))[4])

    assert factors(1.0, 100_000.0, 10_000.0) == factors(1.0, 100_000.0, 90_000.0)
    assert factors(0.0, 100_000.0, 10_000.0) == factors(0.0, 500_000.0, 10_000.0)
    assert factors(1.0, 100_000.0, 10_000.0) < factors(0.0, 100_000.0, 10_000.0)


def test_industry_learning_reproduces_the_publishers_factor():
    electric = INPUTS.deck.electric.electric_learning
    exact = eqx.tree_at(lambda x: x.exponent, electric, number(0.245))
    assert float(industry_factor(exact, number(2026.0))) == pytest.approx(
        ((6.6 * 4 + 8) / 8) ** -0.245, rel=1e-12
    )
    assert float(industry_factor(exact, number(2020.0))) == 1.0


@pytest.mark.parametrize(
    ("changes", "year", "expected"),
    [
        ({"pack_energy": 10.0}, 2026.0, "pack_outside_curve"),
        ({}, 2020.0, "year_outside_curve"),
        ({"rear_power": 0.0, "front_power": 0.0}, 2026.0, "no_machine"),
    ],
)
def test_outcomes_name_what_is_outside_the_range(changes, year, expected):
    cost = unit_cost(INPUTS.deck, truck(**changes), circumstances(INPUTS, year=year))
    found = describe(int(cost.outcome), OUTCOMES)
    assert [entry.name for entry in found] == [expected]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(cost))


def test_faults_name_field_and_cure():
    empty = truck(pack_energy=0.0, rear_power=0.0)
    assert [fault.split(":")[0] for fault in empty.faults()] == ["pack_energy", "rear_power"]
    learning = eqx.tree_at(lambda x: x.legacy_volume, INPUTS.deck.learning, number(0.0))
    assert learning.faults()[0].startswith("legacy_volume: expected more than 0")


@pytest.mark.parametrize(
    ("where", "value", "named"),
    [
        (lambda d: d.prices.index_2022, 0.0, "index_2022"),
        (lambda d: d.electric.electric_learning.legacy, 0.0, "legacy"),
        (lambda d: d.electric.presence_power, 0.0, "presence_power"),
        (lambda d: d.glider.reference_gross_weight, 0.0, "reference_gross_weight"),
        (lambda d: d.pack.curve_end, 2020.0, "curve_end"),
        (lambda d: d.pack.supplier_factor, 0.0, "supplier_factor"),
    ],
)
def test_figures_that_would_divide_by_zero_are_named(where, value, named):
    deck = eqx.tree_at(where, INPUTS.deck, number(value))
    parts = (deck.prices, deck.electric, deck.electric.electric_learning, deck.glider, deck.pack)
    assert [fault.split(":")[0] for part in parts for fault in part.faults()] == [named]
    sound = INPUTS.deck
    assert sound.prices.faults() == sound.electric.faults() == sound.glider.faults() == ()


def test_volumes_alone_need_only_the_published_parts_once():
    contents, at = truck("alaska-awd"), circumstances(INPUTS)
    deck = INPUTS.deck
    published = published_costs(deck.pack, deck.electric, deck.glider, contents, at.model_year)
    whole, from_parts = unit_cost(deck, contents, at), unit_cost_from(deck, contents, published, at)
    np.testing.assert_array_equal(whole.by_element, from_parts.by_element)
    assert float(whole.labor) == float(whole.by_element[ELEMENTS.index("labor")])
    with pytest.raises(AttributeError, match="no attribute 'labour'"):
        getattr(whole, "labour")  # noqa: B009


def test_a_batch_over_trucks_and_years_equals_single_trucks():
    names = sorted(INPUTS.contents)
    contents = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[INPUTS.contents[n] for n in names])
    years = [2026.0, 2031.0]
    settings = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *[circumstances(INPUTS, year=year) for year in years]
    )
    over_years = jax.vmap(unit_cost, in_axes=(None, None, 0))
    batch = jax.jit(jax.vmap(over_years, in_axes=(None, 0, None)))(INPUTS.deck, contents, settings)
    for i, name in enumerate(names):
        for j, year in enumerate(years):
            one = unit_cost(INPUTS.deck, INPUTS.contents[name], circumstances(INPUTS, year=year))
            assert float(batch.variable[i, j]) == pytest.approx(float(one.variable), rel=1e-12)


def test_every_leaf_of_the_reference_case_has_a_source():
    def unsourced(node, path, inherited):
        if not isinstance(node, dict):
            return [] if inherited else [path]
        here = inherited or "source" in node
        return [
            bad
            for key, entry in node.items()
            if key != "source" and not (key == "value" or isinstance(entry, list))
            for bad in unsourced(entry, f"{path}.{key}", here or "source" in node)
        ]

    assert unsourced(READING["raw_cost"](), "cost", False) == []


def test_uncertain_leaves_say_assumed_or_name_a_published_figure():
    def bare(node, path, inherited):
        if not isinstance(node, dict):
            return []
        source = node.get("source", inherited)
        plain = [
            f"{path}.{key}"
            for key, entry in node.items()
            if key not in ("source", "value", "as_of")
            and not isinstance(entry, dict | list)
            and source.startswith("assumed")
        ]
        return plain + [
            bad
            for key, entry in node.items()
            if isinstance(entry, dict) and "value" not in entry
            for bad in bare(entry, f"{path}.{key}", source)
        ]

    # an assumed figure is a distribution, never a bare constant
    assert bare(READING["raw_cost"](), "cost", "") == []


def test_a_sites_energy_and_distances_move_its_own_elements_only():
    """Dearer power moves plant energy, farther suppliers inbound logistics (warranty follows)."""
    inputs = READING["reference_inputs"]()
    truck, at = inputs.contents["alaska-rwd"], READING["circumstances"](inputs)
    base = unit_cost(inputs.deck, truck, at)
    use = inputs.deck.conversion
    assert float(base.plant_energy) == pytest.approx(
        float(use.electricity) * 0.07 + float(use.gas) * 0.6
    )
    far = eqx.tree_at(lambda c: c.inbound_distance, at, jnp.asarray(1_000.0))
    moved = unit_cost(inputs.deck, truck, far)
    freight = float(moved.inbound_logistics - base.inbound_logistics)
    parts = float(base.material - base.pack)
    expected = float(use.inbound_share) * parts * (1 - float(use.inbound_fixed_part))
    assert freight == pytest.approx(expected, rel=1e-9)
    same = [
        name
        for (name, now), (_, then) in zip(moved.elements(), base.elements(), strict=True)
        if float(now) != float(then)
    ]
    assert same == ["inbound_logistics", "warranty"]
