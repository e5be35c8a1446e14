"""What only one scheme has, behind a question mark in the URL of a source."""

from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from edge_agent.errors import AgentError
from edge_agent.schema.validation import in_english

Options = TypeVar("Options", bound=msgspec.Struct)


def split_query(url: str, options: type[Options]) -> tuple[str, Options]:
    """Return a URL without its query, and what the query says; raise AgentError."""
    plain, _, query = url.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    known = options.__struct_fields__
    if unknown := [name for name in given if name not in known]:
        raise AgentError(
            f"the URL's option {unknown[0]!r} is unknown", f"known: {', '.join(known)}"
        )
    try:
        return plain, msgspec.convert(given, options, strict=False)
    except msgspec.ValidationError as error:
        raise AgentError(f"the URL's options: {in_english(error)}", "correct them") from None
