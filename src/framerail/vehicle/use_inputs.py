"""What a file says about using a vehicle: classes of charging, climate, trailers, stations."""

from framerail.quantities import Declared
from framerail.vehicle.charging_inputs import FastCharging, Station
from framerail.vehicle.climate_drive import Climate
from framerail.vehicle.machine_thermal import MachineThermal
from framerail.vehicle.towing import TowProcedure
from framerail.vehicle.weather import RoadEffects, Trailer


class VehicleUse(Declared):
    """Classes by name, with the numbers of `data/vehicle/use.toml`."""

    fast_charging: dict[str, FastCharging]
    """How a class of vehicle takes direct current; `peak_power` is the vehicle's own."""
    stations: dict[str, Station]
    """Direct-current stations."""
    climates: dict[str, Climate]
    """Cabin, pack and their machines by class."""
    trailers: dict[str, Trailer]
    """Trailers by class."""
    tow_procedure: TowProcedure
    """Limits and conditions of SAE J2807."""
    road: RoadEffects
    """Weather on road load."""
    machine_thermal: MachineThermal
    """Heat of machines and inverters, and what it costs in torque."""
