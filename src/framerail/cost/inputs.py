"""What the cost stage takes from a scenario: the decks, the trucks' contents, the hauls.

Rates are direct manufacturing costs in dollars of the year that their deck names; the price
index carries them to the model year. Markups are not in here.
"""

from framerail.cost.battery_pack import PackDeck
from framerail.cost.bill_of_materials import VehicleContents
from framerail.cost.conversion import ConversionDeck
from framerail.cost.electric_drive import ElectricDeck
from framerail.cost.glider import GliderDeck
from framerail.cost.learning import Commonality, ProgramLearning
from framerail.cost.price_index import PriceIndex
from framerail.cost.warranty import WarrantyDeck
from framerail.quantities import Declared, Mile


class CostDeck(Declared):
    """All coefficients of the unit cost."""

    pack: PackDeck
    """Battery pack."""
    electric: ElectricDeck
    """Electric drive, charging, distribution, thermal system."""
    glider: GliderDeck
    """Structure and every other group of parts."""
    commonality: Commonality
    """What the top hats share."""
    learning: ProgramLearning
    """Learning and purchasing scale of the program."""
    conversion: ConversionDeck
    """Plant and logistics."""
    warranty: WarrantyDeck
    """Warranty and recalls."""
    prices: PriceIndex
    """Price index from the decks' dollars to the model year's."""


class CostInputs(Declared):
    """What a scenario says about cost."""

    deck: CostDeck
    """Coefficients."""
    contents: dict[str, VehicleContents]
    """Contents by truck name."""
    haul_distance: dict[str, Mile]
    """Mean distance to the dealers by site name."""
