"""The strictest reader: what the agent writes has nothing that its contract does not list."""

from jsonschema import Draft202012Validator

from edge_agent.schema.json_schema import event_schema


def closed(schema):
    """Return a schema that allows nothing but what it lists."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if found.get("type") == "object" and "properties" in found:
        found["additionalProperties"] = False
    return found


_strict = Draft202012Validator(closed(event_schema()))


def problems_of(event):
    """Return what is wrong with a CloudEvent."""
    return [f"{one.json_path}: {one.message}" for one in _strict.iter_errors(event)]
