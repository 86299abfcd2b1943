"""What must hold for any vehicle in any weather with any trailer."""

import runpy
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from framerail.vehicle import (
    charge,
    cruise,
    in_weather,
    steady_climate_power,
    tow_test,
    with_trailer,
)

READING = runpy.run_path(str(Path(__file__).parents[1] / "vehicle" / "use_reading.py"))
number, USE, DESIGN = READING["number"], READING["use"](), READING["design"]()
CONDITIONS = READING["conditions"](charge=0.9)
FAST, STATION = USE.fast_charging["energy"], USE.stations["highway-150"]
PACK, CABIN = USE.climates["truck-resistance"].pack, USE.climates["truck-heat-pump"].cabin
FEW = settings(derandomize=True, max_examples=25, deadline=None)


@jax.jit
def reach(mass, area, temperature, wind, speed):
    rule = eqx.tree_at(lambda t: [t.mass, t.frontal_area], USE.trailers["box"], [mass, area])
    design, grip = with_trailer(DESIGN, rule, CONDITIONS)
    design = in_weather(design, USE.road, temperature, wind, speed)
    grip = eqx.tree_at(lambda c: c.air_temperature, grip, temperature)
    zero = jnp.zeros_like(speed)
    return cruise(design, grip, speed, zero, zero + 300.0, zero + 1.0, zero).reach


@jax.jit
def session(start, target, pack):
    one = READING["session"]()
    values = [start, target, pack]
    asked = eqx.tree_at(lambda s: [s.start, s.target, s.pack_temperature], one, values)
    return charge(DESIGN, FAST, STATION, PACK, asked)


@FEW
@given(
    mass=st.floats(0.0, 5_000.0),
    area=st.floats(0.0, 9.0),
    temperature=st.floats(245.0, 313.0),
    wind=st.floats(0.0, 12.0),
    speed=st.floats(15.0, 34.0),
)
def test_range_falls_with_mass_area_cold_and_wind(mass, area, temperature, wind, speed):
    base = [number(value) for value in (mass, area, temperature, wind, speed)]
    value = float(reach(*base))
    assert np.isfinite(value)
    for place, worse in ((0, 300.0), (1, 0.5), (2, -5.0), (3, 1.0), (4, 1.0)):
        harder = [x + worse if place == k else x for k, x in enumerate(base)]
        assert float(reach(*harder)) < value


@FEW
@given(
    start=st.floats(0.0, 0.6),
    width=st.floats(0.05, 0.35),
    pack=st.floats(250.0, 303.0),  # above, cooling loads a weak station
)
def test_charging_takes_longer_from_lower_to_higher_and_colder(start, width, pack):
    base = session(number(start), number(start + width), number(pack))
    more = session(number(start), number(start + width + 0.04), number(pack))
    colder = session(number(start), number(start + width), number(pack - 4.0))
    assert float(base.duration) < float(more.duration)
    assert float(colder.duration) >= float(base.duration) * (1.0 - 1e-3)
    assert abs(float(base.audit_residual)) < 1e-9
    assert np.all(np.isfinite(np.asarray(base.power)))


@FEW
@given(pounds=st.floats(1_000.0, 30_000.0))
def test_tow_margins_fall_with_mass(pounds):
    def margins(value):
        rule = eqx.tree_at(lambda t: t.mass, USE.trailers["box"], value)
        return TOW(DESIGN, rule, CABIN, USE.tow_procedure, CONDITIONS).margin

    light, heavy = margins(number(pounds * 0.45)), margins(number(pounds * 0.45 + 400.0))
    assert np.all(np.asarray(heavy) < np.asarray(light))


TOW = jax.jit(tow_test)


@FEW
@given(air=st.floats(240.0, 320.0))
def test_climate_power_grows_away_from_comfort(air):
    further = air + (2.0 if air > 294.0 else -2.0)
    power = [
        float(steady_climate_power(CABIN, number(value), number(0.0))) for value in (air, further)
    ]
    assert power[0] > 0.0
    if not 288.0 < air < 296.0:
        assert power[1] >= power[0] - 1e-9


def test_gradients_are_finite_everywhere():
    def sum_of_all(design):
        trailer = USE.trailers["travel"]
        pulled, grip = with_trailer(design, trailer, CONDITIONS)
        one = READING["session"]()
        minutes = charge(design, FAST, STATION, PACK, one).duration
        zero = number(0.0)
        values = (number(30.0), zero, zero, number(1.0), zero)
        return minutes + cruise(pulled, grip, *values).reach

    slopes = jax.jit(jax.grad(sum_of_all))(DESIGN)
    assert all(np.isfinite(np.asarray(leaf)) for leaf in jax.tree.leaves(slopes))
    assert float(slopes.road_load.quadratic) < 0.0
