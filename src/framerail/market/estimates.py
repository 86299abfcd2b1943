"""Estimated preferences from elsewhere: nodes and demographics become buyers, with uncertainty.

Estimation is left to PyBLP (extra `estimate`). `ProblemEstimates` takes what its
`ProblemResults` hold, in its own words and units: utility of buyer i for product j

    delta_j + sum_k x2_jk (sum_l sigma_kl nodes_il + sum_d pi_kd demographics_id)

where one column of x2 is the price. `estimated_market` turns one market of it into `Market`.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from framerail.market.buyers import Buyers
from framerail.market.counterfactual import Market, recover_costs
from framerail.market.equilibrium import Offers
from framerail.market.pricing import Ownership


class ProblemEstimates(eqx.Module):
    """Parameters of a random-coefficients logit, as estimated."""

    sigma: Float[Array, "trait trait"]
    """Cholesky root of the covariance of unobserved tastes, over the columns of X2."""
    pi: Float[Array, "trait demographic"]
    """Tastes by demographic."""
    beta: Float[Array, " linear"]
    """Mean tastes for the columns of X1."""
    gamma: Float[Array, " cost"]
    """Cost parameters for the columns of X3; empty without a supply side."""
    covariance: Float[Array, "free free"]
    """Of the free parameters, in the order: nonzero sigma (row by row), nonzero pi (row by row),
    beta, gamma."""

    def free(self) -> Float[Array, " free"]:
        """The free parameters in the order of `covariance`."""
        lower, some = self._places()
        parts = (self.sigma[lower], self.pi[some], self.beta, self.gamma)
        return jnp.concatenate([jnp.asarray(part) for part in parts])

    def _places(self) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """Where sigma and pi are free: PyBLP fixes what starts at zero."""
        return np.nonzero(np.tril(np.asarray(self.sigma))), np.nonzero(np.asarray(self.pi))

    def drawn(self, score: Float[Array, " free"]) -> "ProblemEstimates":
        """The parameters at a standard normal score: one draw of what estimation left open.

        The covariance may be singular; its eigenvalues below zero, by rounding, count as zero.
        """
        value, vector = np.linalg.eigh(np.asarray(self.covariance))
        moved = self.free() + jnp.asarray(vector * np.sqrt(np.maximum(value, 0.0))) @ score
        lower, some = self._places()
        cuts = np.cumsum([len(lower[0]), len(some[0]), self.beta.shape[0]])
        sigma, pi, beta, gamma = jnp.split(moved, cuts)
        return ProblemEstimates(
            sigma=self.sigma.at[lower].set(sigma),
            pi=self.pi.at[some].set(pi),
            beta=beta,
            gamma=gamma,
            covariance=self.covariance,
        )


def estimates_of(results: Any) -> ProblemEstimates:
    """What PyBLP's `ProblemResults` found.

    Raises:
        ValueError: when the covariance does not fit the parameters: some were bounded, fixed away
            from zero or concentrated out otherwise, and the order of the rest is not known.
    """
    found = ProblemEstimates(
        sigma=jnp.asarray(results.sigma),
        pi=jnp.asarray(np.reshape(results.pi, (len(results.sigma), -1))),
        beta=jnp.asarray(np.ravel(results.beta)),
        gamma=jnp.asarray(np.ravel(results.gamma)),
        # PyBLP's are of sqrt(N) times the parameters.
        covariance=jnp.asarray(results.parameter_covariances / results.problem.N),
    )
    free, side = found.free().shape[0], found.covariance.shape[0]
    if free != side:
        raise ValueError(
            f"the covariance is over {side} parameters, {free} are free here: estimate without "
            "bounds and fixed values, or build ProblemEstimates yourself"
        )
    return found


def estimated_buyers(
    estimates: ProblemEstimates,
    weight: Float[Array, " buyer"],
    nodes: Float[Array, "buyer trait"],
    demographics: Float[Array, "buyer demographic"],
    price_column: int,
    dollars: float,
) -> Buyers:
    """Agents as buyers: tastes for every column of X2 but the price, which is the sensitivity.

    **Arguments:**

    - `weight`: as estimated with; importance weights need not sum to one.
    - `nodes`: one column per column of X2, zero where sigma is.
    - `demographics`: income, rural, age, ... as they enter `pi`.
    - `price_column`: of X2.
    - `dollars`: per unit of the data's prices, 1000 for prices in thousands.

    Raises:
        ValueError: naming the first agents that like higher prices: demand slopes up for them.
    """
    taste = nodes @ estimates.sigma.T + demographics @ estimates.pi.T
    sensitivity = -taste[:, price_column] / dollars
    upward = np.flatnonzero(~(np.asarray(sensitivity) > 0))
    if len(upward):
        raise ValueError(
            f"demand slopes up for {len(upward)} of {len(nodes)} buyers, first at row "
            f"{upward[0]} (price coefficient {float(taste[upward[0], price_column]):.4g}): bound "
            "the price coefficient away from zero, by a lognormal one or by income in its divisor"
        )
    return Buyers(
        weight=weight,
        sensitivity=sensitivity,
        taste=jnp.delete(taste, price_column, axis=1),
    )


def estimated_market(
    buyers: Buyers,
    delta: Float[Array, " product"],
    traits: Float[Array, "product trait"],
    price: Float[Array, " product"],
    owners: list[str] | list[int],
    *,
    market_size: float,
    mean_sensitivity: float = 0.0,
) -> Market:
    """One market at observed prices, with marginal costs from the first-order conditions.

    **Arguments:**

    - `delta`: mean utilities as estimated, prices included as far as X1 has them.
    - `traits`: columns of X2 without the price.
    - `price`: $.
    - `owners`: the firm of each product; firms are sorted.
    - `mean_sensitivity`: minus the coefficient of price in X1, per $; zero when X1 has no price.

    Raises:
        ValueError: when a product has no price, a name owns nothing, or shapes disagree.
    """
    lacking = np.flatnonzero(~(np.asarray(price) > 0))
    if len(lacking):
        raise ValueError(
            f"products {lacking[:5].tolist()} have no price above zero: give one, or leave them out"
        )
    if not len(owners) == len(delta) == len(price) == len(traits):
        raise ValueError(
            f"{len(delta)} mean utilities, {len(price)} prices, {len(traits)} rows of traits and "
            f"{len(owners)} owners: one of each per product is needed"
        )
    firms = sorted(set(owners))
    owned = jnp.asarray([[float(owner == firm) for firm in firms] for owner in owners])
    count = len(owners)
    wider = Buyers(buyers.weight, buyers.sensitivity + mean_sensitivity, buyers.taste)
    offers = Offers(
        quality=delta + mean_sensitivity * price,
        traits=traits,
        marginal_cost=jnp.zeros(count),
        credit=jnp.zeros(count),
        availability=jnp.ones(count),
        fixed_price=jnp.zeros(count),
        start_price=price,
        market_size=jnp.asarray(market_size),
        price_level=jnp.ones(()),
    )
    return recover_costs(Market(wider, offers, Ownership(control=owned, cash=owned)))
