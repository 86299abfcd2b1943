"""Smooth twins of kinks, each with a stated width, and exact values with smooth gradients."""

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

Number = Float[Array, "..."]
Width = float | Float[Array, ""]


def smooth_step(x: Number, width: Width) -> Number:
    """Normal distribution function of `x / width`: 0 far below zero, 1 far above, 1/2 at zero."""
    return ndtr(x / width)


def smooth_positive(x: Number, width: Width) -> Number:
    """Twin of `max(x, 0)`: the mean of `max(x + width * z, 0)` over a standard normal `z`.

    It exceeds `max(x, 0)` by at most 0.399 widths, at the kink.
    """
    z = x / width
    density = jnp.exp(-0.5 * jnp.square(z)) / jnp.sqrt(2 * jnp.pi)
    return width * (z * ndtr(z) + density)


def smooth_minimum(x: Number, y: Number, width: Width) -> Number:
    """Twin of `min(x, y)`: below it by at most 0.399 widths, where the two are equal."""
    return x - smooth_positive(x - y, width)


def exact_value_smooth_gradient(exact: Number, smooth: Number) -> Number:
    """The value of `exact` with the derivatives of `smooth`."""
    return smooth + jax.lax.stop_gradient(exact - smooth)
