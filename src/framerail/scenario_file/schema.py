"""JSON Schema of scenario files, derived from the declarations."""

import functools
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from framerail.scenario import TABLES
from framerail.scenario_file.leaves import RECORD_KEYS

SCHEMA = 1
"""Version of the scenario format; a file that names another one is refused."""


@functools.cache
def adapter(table: str) -> Any:
    """Validator of one top-level table."""
    return TypeAdapter(TABLES[table])


@functools.cache
def scenario_schema() -> dict[str, Any]:
    """JSON Schema of scenario files, for editors."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {
        "schema": {"const": SCHEMA, "description": "Version of the scenario format."},
        "extends": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "description": "Scenarios or parts that this file overrides.",
        },
    }
    for name in TABLES:
        schema = dict(adapter(name).json_schema(ref_template="#/$defs/{model}"))
        definitions |= schema.pop("$defs", {})
        properties[name] = _optional(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Framerail scenario",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": {key: _optional(value) for key, value in definitions.items()},
    }


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    """A file that extends another gives only some keys, and may say where they are from."""
    if schema.get("type") != "object" or "properties" not in schema:
        return schema
    record = {"type": "string"}
    extra = {key: record for key in (*sorted(RECORD_KEYS), "use")}
    open_schema = {key: value for key, value in schema.items() if key != "required"}
    return open_schema | {"properties": schema["properties"] | extra}


@functools.cache
def leaf_schema(path: str) -> dict[str, Any]:
    """JSON Schema of one leaf: `x-unit` and `description` label figures and tables."""
    whole = scenario_schema()
    node: dict[str, Any] = whole
    description = ""
    for part in path.split("."):
        node = _resolve(node, whole)
        child = node.get("properties", {}).get(part)
        if child is None:
            child = node.get("additionalProperties")
        if not isinstance(child, dict):
            return {}
        description = child.get("description", description)
        node = child
    return _resolve(node, whole) | {"description": description}


def _resolve(node: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    while True:
        clauses = [
            entry
            for entry in node.get("anyOf", ())
            if "$ref" in entry or isinstance(entry.get("additionalProperties"), dict)
        ]
        if len(clauses) == 1:  # an optional table, or a table of tables: that or null
            node = clauses[0]
        if "$ref" not in node:
            return node
        node = whole["$defs"][node["$ref"].rsplit("/", 1)[-1]]


def valid_keys(location: Sequence[Any], table: str) -> list[str]:
    """Keys that a file may write at a place."""
    whole = scenario_schema()
    node = whole["properties"][table]
    for part in location:
        node = _resolve(node, whole)
        child = node.get("properties", {}).get(part, node.get("additionalProperties"))
        node = child if isinstance(child, dict) else {}
    keys = _resolve(node, whole).get("properties", {})
    return [key for key in keys if key not in RECORD_KEYS and key != "use"]
