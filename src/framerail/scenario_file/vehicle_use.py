"""The classes by which a vehicle is charged, heated and towed, from the package's data."""

from pydantic import TypeAdapter

from framerail.scenario_file.bundle import data_text
from framerail.scenario_file.leaves import Leaves
from framerail.scenario_file.source_text import SourceText
from framerail.vehicle import VehicleUse


def read_vehicle_use() -> VehicleUse:
    """Charging, climate, trailer and station classes, at their medians."""
    source = SourceText()
    relative = "vehicle/use.toml"
    raw = source.read(f"data/{relative}", data_text(relative) or "")
    return TypeAdapter(VehicleUse).validate_python(Leaves(source, None).strip(raw, "use", ""))
