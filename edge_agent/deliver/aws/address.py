"""Where a queue or topic is: its URL, checked before anything connects."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from edge_agent.deliver.aws.service import SERVICES, AwsService
from edge_agent.deliver.url import host_of, is_loopback

REGION = r"[a-z]{2,}(?:-[a-z]+)+-\d+"


class AwsTarget(NamedTuple):
    """A queue or topic; `resource` is what AWS calls it: a queue's URL, a topic's ARN.

    `region` is empty if the URL does not say it.
    """

    service: AwsService
    endpoint: str
    resource: str
    region: str
    fifo: bool

    @property
    def local(self) -> bool:
        """Return whether it is an emulator on this machine, which has the same clock."""
        return self.endpoint.startswith("http:")


def parse_url(url: str) -> AwsTarget:
    """Return where ``sqs+https://…`` or ``sns+https://…`` leads; raise ValueError."""
    if "@" in url:
        raise ValueError("credentials do not belong in the URL; set credentials_file or profile")
    scheme, _, rest = url.partition("+")
    service, parts = SERVICES[scheme.lower()], urlsplit(rest)
    endpoint = _endpoint(parts)
    found = service.path.fullmatch(parts.path)
    if found is None or parts.query or parts.fragment:
        raise ValueError(f"no {service.noun} has this URL; write it as {service.example}")
    return AwsTarget(
        service,
        endpoint,
        endpoint + parts.path if service.target == "QueueUrl" else parts.path[1:],
        _region(service, parts.hostname or "", found["region"]),
        bool(found["fifo"]),
    )


def _endpoint(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not parts.hostname or port == 0:
        raise ValueError("it needs a host, and a port from 1 to 65535 if there is one")
    host = host_of(parts, "a host behind //")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("http is only for an emulator on this machine; write https")
    return f"{parts.scheme}://{parts.netloc}"


def _region(service: AwsService, host: str, named: str) -> str:
    """Return the region that host and ARN agree on; raise ValueError if they do not."""
    found = re.search(rf"(?:^|\.)(sqs|sns)(?:-fips)?\.({REGION})\.", host)
    if found and found[1] != service.name:
        raise ValueError(f"the host belongs to {found[1].upper()}; write {found[1]}+https://")
    if found and named and found[2] != named:
        raise ValueError(f"the host is in {found[2]}, the topic in {named}; make them the same")
    return found[2] if found else named
