"""What PostgreSQL reports, as a line of ours with its remedy."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

WRAPPED = re.compile(r"connection failed: connection to server .*? failed: |(FATAL|ERROR): +")
# A connection that is refused has no code; the text of a server in another language has no remedy.
REFUSED = {
    "password": "set the right one in ~/.pgpass or $PGPASSWORD",
    'database ".*" does not exist': "create it with createdb, or name another",
    'role ".*" does not exist': "create it with createuser, or name another user",
    "Peer|Ident": "run this as that user, or name a host, to use a password",
    "pg_hba": "allow this user and host in that file of the server",
    "refused|No such file|resolve|timeout|unreachable": "start the server, or name its host",
    "too many|slots": "close other connections, or raise max_connections of the server",
    "read-only": "name a server that can be written",
}
BY_CODE = {
    "3F000": "create the schema of the search path, or name another",
    "42501": "let the user create tables in the schema, or own those that are there",
    "53100": "free space on the disk of the server",
}


def described(error: "psycopg.Error") -> tuple[str, str]:
    """Return what has happened, in a line, and a remedy, which may be empty."""
    first = next(iter(str(error).splitlines()), type(error).__name__)
    text = WRAPPED.sub("", first)
    if error.sqlstate:
        return text, BY_CODE.get(error.sqlstate, "")
    return text, next((each for said, each in REFUSED.items() if re.search(said, text)), "")
