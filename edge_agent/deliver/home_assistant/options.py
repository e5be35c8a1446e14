"""Where Home Assistant is, and what proves to it who we are."""

from typing import NamedTuple

from edge_agent.deliver.credentials import TlsFiles, read_password
from edge_agent.errors import AgentError
from edge_agent.keys import named


class ImportOptions(NamedTuple):
    """What `[home_assistant]` says of the import; it is off without a URL and a token."""

    url: str
    token_file: str
    ca: str

    @property
    def tls(self) -> TlsFiles:
        """The files of TLS."""
        return TlsFiles(self.ca)

    def token(self) -> str:
        """Read the token, which may be replaced at any time; raise AgentError."""
        try:
            token = read_password(self.token_file, "").strip()
        except AgentError as error:
            raise AgentError(
                f"{named('token_file', self.token_file)}: {error.what}", error.remedy
            ) from None
        if not token or not token.isascii() or not token.isprintable():
            raise AgentError(
                f"{named('token_file', self.token_file)}: this is no token",
                "write a long-lived access token into it, as Home Assistant shows it",
            )
        return token
