"""The deal's table of a scenario."""

from framerail.deal.bargaining import Bargain, Talks
from framerail.deal.instruments import Terms
from framerail.deal.partners import Partners
from framerail.deal.survival import SurvivalInputs
from framerail.quantities import Declared


class DealInputs(Declared):
    """Who deals, on what terms, and how likely they are to get there."""

    terms: Terms
    """The term sheet."""
    partners: Partners
    """Both sides' books."""
    survival: SurvivalInputs
    """What moves the start-up's cash besides its plan."""
    bargain: Bargain
    """How the sides share the gain."""
    talks: Talks
    """How far they are."""
