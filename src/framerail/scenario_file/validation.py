"""Faults of a whole tree, from pydantic's errors and the modules' own cross-field checks."""

import dataclasses
import difflib
import typing
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from framerail.quantities import Declared
from framerail.scenario import TABLES
from framerail.scenario_file.faults import Fault
from framerail.scenario_file.schema import adapter, leaf_schema, valid_keys
from framerail.scenario_file.source_text import SourceText


def _faults_of(error: ValidationError, table: str, source: SourceText) -> Iterator[Fault]:
    for entry in error.errors():
        location = [part for part in entry["loc"] if isinstance(part, (str, int))]
        path = ".".join([table, *map(str, location)])
        if entry["type"] == "unexpected_keyword_argument":
            valid = valid_keys(location[:-1], table)
            near = difflib.get_close_matches(str(location[-1]), valid, n=1, cutoff=0.5)
            hint = f"nearest: '{near[0]}'" if near else f"expected one of: {', '.join(valid)}"
            yield Fault(source.place(path), "unknown key", hint)
        elif entry["type"] in ("missing", "missing_argument"):
            meaning = leaf_schema(path)
            unit = f"; in {meaning['x-unit']}" if "x-unit" in meaning else ""
            yield Fault(
                source.place(path), "missing", f"expected: {meaning.get('description', '')}{unit}"
            )
        else:
            yield Fault(source.place(path), entry["msg"])


def _cross_faults(
    tree: Any, path: str, source: SourceText, *, whole: bool = True
) -> Iterator[Fault]:
    """Cross-field faults of every declared module, from the leaves up.

    In a tree that is not `whole`, a field at fault is NaN: no comparison with it holds, so that it
    causes no second fault, and a check that cannot run without it is left for the next time.
    """
    if isinstance(tree, Declared):
        children = {field.name: getattr(tree, field.name) for field in dataclasses.fields(tree)}
    elif isinstance(tree, dict):
        children = tree
    else:
        return
    for key, child in children.items():
        yield from _cross_faults(child, f"{path}.{key}", source, whole=whole)
    if isinstance(tree, Declared):
        try:
            told = tree.faults()
        except (TypeError, AttributeError, ValueError, KeyError):
            if whole:
                raise
            told = ()
        for sentence in told:
            yield Fault(source.place(path), sentence)


def _as_far_as_sound(kind: Any, raw: Any) -> Any:
    """The module that `raw` fills, with NaN for every number that is at fault."""
    members = (kind, *typing.get_args(kind))
    declared = [one for one in members if isinstance(one, type) and issubclass(one, Declared)]
    tables = [one for one in members if typing.get_origin(one) is dict]
    if tables and isinstance(raw, dict):
        inner = typing.get_args(tables[0])[1]
        return {key: _as_far_as_sound(inner, one) for key, one in raw.items()}
    if declared and isinstance(raw, dict):
        hints = typing.get_type_hints(declared[0], include_extras=True)
        made = object.__new__(declared[0])
        for field in dataclasses.fields(made):
            value = field.default
            if field.name in raw or value is dataclasses.MISSING:
                value = _as_far_as_sound(hints[field.name], raw.get(field.name))
            object.__setattr__(made, field.name, value)
        return made
    try:
        return TypeAdapter(kind).validate_python(raw)
    except (ValidationError, PydanticSchemaGenerationError):
        return None if declared else jnp.asarray(jnp.nan)


def validated(clean: dict[str, Any], source: SourceText) -> dict[str, Any]:
    """The modules that the tables fill; faults go to `source`."""
    tables: dict[str, Any] = {}
    for key in clean.keys() - TABLES.keys():
        near = difflib.get_close_matches(key, TABLES, n=1, cutoff=0.5)
        hint = f"nearest: '{near[0]}'" if near else f"expected one of: {', '.join(TABLES)}"
        source.faults.append(Fault(source.place(key), "unknown table", hint))
    for name in TABLES:
        if name not in clean:
            source.faults.append(Fault(name, "missing table", "expected in every scenario"))
            continue
        try:
            tables[name] = adapter(name).validate_python(clean[name])
        except ValidationError as error:
            source.faults.extend(_faults_of(error, name, source))
            sound = _as_far_as_sound(TABLES[name], clean[name])
            source.faults.extend(_cross_faults(sound, name, source, whole=False))
        else:
            source.faults.extend(_cross_faults(tables[name], name, source))
    source.faults.extend(_between_tables(tables, source))
    return tables


def _between_tables(tables: dict[str, Any], source: SourceText) -> Iterator[Fault]:
    """References from one table into another."""
    if {"cost", "plant"} <= tables.keys():
        known = sorted(tables["cost"].haul_distance)
        for site in sorted(set(tables["plant"].sites) - set(known)):
            yield Fault(
                source.place(f"plant.sites.{site}"),
                "the site has no distance to its customers",
                f"add cost.haul_distance.{site}, such as '900 mile'; given for: {', '.join(known)}",
            )
    if {"vehicle", "market", "deal"} <= tables.keys():
        yield from _fees_on_nothing(tables, source)


def _fees_on_nothing(tables: dict[str, Any], source: SourceText) -> Iterator[Fault]:
    """Fees per truck of a partner that sells none of the scenario's trucks."""
    products, deal = tables["market"].products, tables["deal"]
    built = sorted(set(tables["vehicle"].designs) & set(products))
    seller = {name: products[name].firm for name in built}
    fees = {
        "royalty": (deal.terms.royalty, deal.partners.incumbent.name),
        "build_fee": (deal.terms.build_fee, deal.partners.start_up.name),
    }
    for clause, (written, firm) in fees.items():
        if written is not None and firm not in seller.values():
            found = ", ".join(f"{name} ({who})" for name, who in seller.items())
            yield Fault(
                source.place(f"deal.terms.{clause}"),
                f"a fee on a product that is not built: {firm} sells none of the trucks",
                f"take the clause out, or let {firm} sell one of: {found}",
            )
