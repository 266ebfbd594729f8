"""JSON as a model may send it: strictly one object, checked against the few words of JSON Schema that prompts use."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from questions.text import clean_text

_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL | re.IGNORECASE)
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def parse_object(text: str, *, fence: bool = False) -> dict[str, Any]:
    """The one JSON object that `text` is, its strings storable (see `clean_text`).

    NaN, infinities, repeated keys and anything before or after the object raise ValueError, whose message does not
    quote the text. With `fence` the object may stand in one Markdown fence.
    """
    fenced = _FENCED.fullmatch(text.strip()) if fence else None
    try:
        data = json.loads(
            fenced[1] if fenced else text,
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=_no_repeated_keys,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON at character {error.pos}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return _storable(data)


def problem_with(value: Any, schema: dict[str, Any]) -> str:
    """What keeps `value` from fitting `schema`, in a sentence that names the place but quotes nothing; or ""."""
    return _problem(value, schema, schema.get("$defs", {}), "reply")


def without_lengths(schema: Any) -> Any:
    """A copy of `schema` that lets every string be as long as it likes."""
    if isinstance(schema, list):
        return [without_lengths(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: without_lengths(value) for name, value in schema.items() if name != "maxLength"}


def _problem(value: Any, schema: dict[str, Any], definitions: dict[str, Any], path: str) -> str:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return f"{path} is not of type {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{path} is not one of the allowed values"
    if isinstance(value, list) and "items" in schema:
        found = (_problem(one, schema["items"], definitions, f"{path}[{place}]") for place, one in enumerate(value))
        return next(filter(None, found), "")
    return _problem_inside(value, schema, definitions, path) if isinstance(value, dict) else ""


def _problem_inside(value: dict[str, Any], schema: dict[str, Any], definitions: dict[str, Any], path: str) -> str:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{path}.{name} is missing"
    if schema.get("additionalProperties") is False and set(value) - set(known):
        return f"{path} has keys that were not asked for"
    problems = (_problem(value[name], known[name], definitions, f"{path}.{name}") for name in known if name in value)
    return next(filter(None, problems), "")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _no_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a key is repeated")
    return data


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _storable(item) for key, item in value.items()}
    return value
