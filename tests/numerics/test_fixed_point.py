import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics.fixed_point import HeldSlope, fixed_point


def cosine(x, scale):
    return jnp.cos(scale * x)


def test_cosine_meets_the_dottie_number():
    solved = fixed_point(
        cosine, jnp.ones(1), jnp.ones(()), tolerance=1e-12, loose=1e-3, corrections=2
    )
    assert float(solved.value[0]) == pytest.approx(0.7390851332151607, abs=1e-14)
    assert not bool(solved.outcome)


def test_linear_map_is_solved_exactly_even_where_plain_iteration_diverges():
    rng = np.random.default_rng(3)
    matrix = jnp.asarray(rng.standard_normal((6, 6)))
    shift = jnp.asarray(rng.standard_normal(6))
    assert max(abs(np.linalg.eigvals(matrix))) > 1
    solved = fixed_point(
        lambda x, b: matrix @ x + b, jnp.zeros(6), shift, tolerance=1e-9, max_iterations=10
    )
    exact = jnp.linalg.solve(jnp.eye(6) - matrix, shift)
    np.testing.assert_allclose(solved.value, exact, rtol=1e-9, atol=1e-9)


def test_mixing_beats_plain_iteration():
    def slow(x, b):
        return 0.99 * x + jnp.arange(1.0, 6.0) * 1e-2 * jnp.tanh(b - x)

    solved = fixed_point(slow, jnp.zeros(5), jnp.asarray(0.5), tolerance=1e-10, max_iterations=60)
    assert int(solved.stats.iterations) < 60  # plain iteration at rate 0.98 needs over 800
    assert not bool(solved.outcome)


def test_a_map_without_a_fixed_point_says_so_and_stays_finite():
    solved = fixed_point(
        lambda x, b: x + b, jnp.zeros(2), jnp.ones(2), tolerance=1e-8, max_iterations=20
    )
    assert bool(solved.outcome)
    assert bool(jnp.all(jnp.isfinite(solved.value)))


def test_derivative_is_the_implicit_one_in_both_modes(finite_difference):
    def value(scale):
        solved = fixed_point(cosine, jnp.ones(1), scale, tolerance=1e-12, loose=1e-2, corrections=3)
        return solved.value[0]

    at = jnp.asarray(1.2)
    slope = finite_difference(lambda s: value(jnp.asarray(s)), 1.2)
    assert float(jax.grad(value)(at)) == pytest.approx(slope, rel=1e-8)
    assert float(jax.jacfwd(value)(at)) == pytest.approx(slope, rel=1e-8)


def test_lanes_of_a_batch_are_the_single_solves():
    scales = jnp.asarray([0.3, 0.9, 1.3])

    def value(scale):
        return fixed_point(cosine, jnp.ones(1), scale, tolerance=1e-12).value[0]

    single = jnp.stack([value(scale) for scale in scales])
    np.testing.assert_allclose(jax.vmap(value)(scales), single, rtol=1e-13)


def test_a_held_slope_leaves_few_evaluations_and_moves_nothing():
    rng = np.random.default_rng(3)
    slope = 0.5 * np.diag(rng.uniform(0.2, 1.5, 12)) + 0.02 * rng.uniform(-1, 1, (12, 12))

    def curved(x, shift):
        return slope @ x + 0.01 * jnp.sin(x) + shift

    gain = 1 / (1 - np.diag(slope))
    held = HeldSlope(
        gain=jnp.asarray(gain),
        coupling=jnp.asarray(gain[:, None] * (slope - np.diag(np.diag(slope)))),
    )
    shift = jnp.asarray(rng.uniform(1, 5, 12))
    plain = fixed_point(curved, jnp.zeros(12), shift, tolerance=1e-10, corrections=0)
    ours = fixed_point(curved, jnp.zeros(12), shift, tolerance=1e-10, corrections=0, gain=held)
    assert not bool(ours.outcome)
    assert int(ours.stats.iterations) < int(plain.stats.iterations) - 2
    np.testing.assert_allclose(ours.value, plain.value, atol=1e-9)
