"""The page: where it listens, and who may open it."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.listen import LOCAL, listen_address
from edge_agent.config.settings import Settings
from edge_agent.keys import FILE, SECRET_FILE, SECRET_VARIABLE


class WebSettings(Settings, frozen=True, kw_only=True):
    """`[web]`: a page for the browser; off unless `listen` is set."""

    listen: Annotated[
        str,
        Meta(
            description="address and port, such as 127.0.0.1:8080 or [::1]:8080;"
            " 0.0.0.0:8080 serves every network of the machine; default: no page"
        ),
    ] = ""
    password_file: Annotated[
        str,
        Meta(
            description="file with the password of the page, 12 characters or more;"
            " needed unless only this machine reaches the address",
            extra=SECRET_FILE,
        ),
    ] = ""
    password_env: Annotated[
        str, Meta(description="environment variable with that password", extra=SECRET_VARIABLE)
    ] = ""
    certificate: Annotated[
        str, Meta(description="PEM file with the certificate of the page, for https", extra=FILE)
    ] = ""
    key: Annotated[
        str, Meta(description="PEM file with the key of the certificate", extra=SECRET_FILE)
    ] = ""


def page_url(web: WebSettings) -> str:
    """Return where a browser on this machine finds the page; empty if there is none."""
    if not web.listen:
        return ""
    address = listen_address(web.listen)
    if address.everywhere:
        address = address._replace(host=LOCAL)
    return f"{'https' if web.certificate else 'http'}://{address}/"
