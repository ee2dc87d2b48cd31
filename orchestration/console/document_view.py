"""A definition document for reading. The database keeps JSON without the order of its keys; a reader expects one."""

import json
from typing import Any

import yaml

_ORDER = (
    "name", "title", "description", "deadline", "business_key", "input_schema", "steps", "participant", "action",
    "compensation", "payload", "timeout", "retry", "compensation_retry", "on_exhausted", "compensate_when_refused",
    "max_attempts", "initial", "factor", "max", "$schema", "type", "additionalProperties", "required", "enum",
    "default", "properties",
)  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(_ORDER)}


def as_yaml(document: dict[str, Any]) -> str:
    """The document as YAML."""
    return yaml.safe_dump(ordered(document), sort_keys=False, allow_unicode=True, width=100)


def as_json(document: dict[str, Any]) -> str:
    """The document as JSON."""
    return json.dumps(ordered(document), indent=2, ensure_ascii=False)


def ordered(value: Any) -> Any:
    """The same value with known keys in their usual order."""
    if isinstance(value, list):
        return [ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    items = {key: ordered(value[key]) for key in sorted(value, key=lambda key: _RANK.get(key, len(_ORDER)))}
    if isinstance(items.get("properties"), dict):
        items["properties"] = ordered_properties(items)
    return items


def ordered_properties(schema: Any) -> dict[str, Any]:
    """A schema's properties: those in `required` first, in its order, which lists keep."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    required = schema.get("required")
    first = [name for name in required if name in properties] if isinstance(required, list) else []
    return {name: properties[name] for name in dict.fromkeys([*first, *properties])}
