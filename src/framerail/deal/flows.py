"""What the engine brings to the table: each partner's cash from the program."""

import equinox as eqx
from jaxtyping import Array, Float

from framerail.deal.clauses.transfer import SharedProgram


class PartnerFlows(eqx.Module):
    """What the engine brings: each partner's cash from the program before any deal transfer.

    Attributes:
        program: quantities that the instruments refer to.
        incumbent: its cash while both perform, after its own tax; it pays for building both
            brands' trucks and for plant and tooling (dollars).
        start_up: its cash from the shared program while both perform; it pays for platform
            engineering and sells its trucks without paying for their assembly (dollars).
        incumbent_alone: the incumbent's cash from the program when it goes on alone, on the
            undelayed calendar (dollars).
        incumbent_discount: discount factor of each quarter for the incumbent's flows.
        start_up_discount: the same for the start-up's flows.
        others_discount: the same for everyone else.
    """

    program: SharedProgram
    incumbent: Float[Array, "quarter"]
    start_up: Float[Array, "quarter"]
    incumbent_alone: Float[Array, "quarter"]
    incumbent_discount: Float[Array, "quarter"]
    start_up_discount: Float[Array, "quarter"]
    others_discount: Float[Array, "quarter"]
