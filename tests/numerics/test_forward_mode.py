"""A function differentiated forward gives both modes' derivatives."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from framerail.numerics import forward_mode
from framerail.numerics.forward_mode import by_forward_mode


def decay(inputs, times):
    """Two figures of a long loop, and one that is no number to differentiate."""

    def step(state, time):
        state = state - inputs["rate"] * state * time
        return state, state

    end, path = jax.lax.scan(step, inputs["start"], times)
    return end, jnp.sum(path) * inputs["scale"], jnp.int32(3)


INPUTS = {"rate": jnp.asarray(0.3), "start": jnp.asarray(2.0), "scale": jnp.asarray(1.5)}
TIMES = jnp.linspace(0.01, 0.1, 50)


def total(function, inputs, times):
    end, area, _ = function(inputs, times)
    return jnp.sin(end) * area


def test_reverse_mode_through_it_is_that_of_the_function():
    """Gradients with respect to a pytree, the other argument left still."""
    plain = jax.grad(lambda x: total(decay, x, TIMES))(INPUTS)
    forward = jax.grad(lambda x: total(by_forward_mode(decay), x, TIMES))(INPUTS)
    for name in INPUTS:
        np.testing.assert_allclose(forward[name], plain[name], rtol=1e-12)


def test_only_what_moves_is_counted():
    """One moving entry of a pytree, in a batch and compiled."""
    starts = jnp.asarray([1.0, 2.0, 3.0])

    def batch(function, starts):
        moved = jax.vmap(lambda s: total(function, INPUTS | {"start": s}, TIMES))(starts)
        return jnp.sum(moved)

    plain = jax.grad(lambda x: batch(decay, x))(starts)
    forward = eqx.filter_jit(jax.grad(lambda x: batch(by_forward_mode(decay), x)))(starts)
    np.testing.assert_allclose(forward, plain, rtol=1e-12)


def test_forward_mode_and_the_value_are_unchanged():
    """Directional derivative and value."""
    direction = jax.tree.map(jnp.ones_like, INPUTS)
    plain = jax.jvp(lambda x: total(decay, x, TIMES), (INPUTS,), (direction,))
    forward = jax.jvp(lambda x: total(by_forward_mode(decay), x, TIMES), (INPUTS,), (direction,))
    np.testing.assert_allclose(forward, plain, rtol=1e-12)


@pytest.mark.parametrize("most", [400, 10])
def test_many_numbers_go_the_usual_way(monkeypatch, most):
    """Whether or not the Jacobian is formed, the derivative in fifty times is the same."""
    monkeypatch.setattr(forward_mode, "MOST", most)
    plain = jax.grad(lambda t: total(decay, INPUTS, t))(TIMES)
    forward = jax.grad(lambda t: total(by_forward_mode(decay), INPUTS, t))(TIMES)
    np.testing.assert_allclose(forward, plain, rtol=1e-12)
