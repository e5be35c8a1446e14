"""botocore, as the sink uses it: no retries of its own, and errors that say why.

Only `build` and `reach` import this module: botocore costs 20 MB of memory.
"""

import logging
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from socket import gaierror
from typing import Any

import botocore.session
from botocore import exceptions
from botocore.config import Config

from edge_agent.deliver.aws.address import AwsTarget
from edge_agent.deliver.aws.answer import ServiceError
from edge_agent.deliver.aws.faults import PersonNeeded
from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.errors import SinkUnavailable
from edge_agent.paths import expanded

CONNECT_SECONDS = 5
READ_SECONDS = 20
OLD_PREFIX = "AWS.SimpleQueueService."  # of codes as they were before SQS spoke JSON
# How some answer that do not look at the protocol of a request before they check its signature.
IN_XML = re.compile(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>")
NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.ProfileNotFound,
    exceptions.ConfigNotFound,
    exceptions.ConfigParseError,
    exceptions.CredentialRetrievalError,
    exceptions.InvalidConfigError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.MissingDependencyException,
    OSError,  # of a file that cannot be read
)
# Some of them are OSErrors, too.
NETWORK = (exceptions.ConnectionError, exceptions.HTTPClientError)
# It logs at INFO where it found credentials, at each connection.
logging.getLogger("botocore").setLevel(logging.WARNING)


class AwsClient:
    """Calls the operations of one service, with credentials that were read when it was made.

    botocore renews those that it knows to end soon: of roles, processes and instances.
    """

    def __init__(self, target: AwsTarget, options: AwsOptions) -> None:
        """Raise `SinkUnavailable` if there are no credentials."""
        self._target = target
        self._client = _tried(target, lambda: _client(target, options))

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer; raise ServiceError if AWS refuses, `SinkUnavailable` if it cannot."""
        answer: Mapping[str, Any] = _tried(
            self._target, lambda: getattr(self._client, operation)(**parameters)
        )
        return answer

    def close(self) -> None:
        """End the connections that no call uses."""
        self._client.close()


def _client(target: AwsTarget, options: AwsOptions) -> Any:  # noqa: ANN401 - botocore has no types
    return _session(options).create_client(
        target.service.name,
        region_name=options.region or target.region,
        endpoint_url=target.endpoint,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            tcp_keepalive=True,
            parameter_validation=False,  # ours are right, and it costs time
            user_agent_extra="edge-agent",
        ),
    )


def _session(options: AwsOptions) -> Any:  # noqa: ANN401
    profile = options.profile or ("default" if options.credentials_file else None)
    session = botocore.session.Session(profile=profile)
    if options.credentials_file:
        session.set_config_variable("credentials_file", expanded(options.credentials_file))
    return session


def _tried(target: AwsTarget, call: Callable[[], Any]) -> Any:  # noqa: ANN401
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - whatever an answer makes of it, the thread stays
        found = _reason(error, target)
    raise found  # outside of `except`: a context would keep the connection open


def _reason(error: Exception, target: AwsTarget) -> ServiceError | SinkUnavailable:
    if isinstance(error, exceptions.ClientError):
        return _service_error(error)
    if isinstance(error, NETWORK):
        return _unreachable(error, target)
    if isinstance(error, NO_CREDENTIALS):
        remedy = "set credentials_file or profile, or AWS_ACCESS_KEY_ID for the agent's process"
        return PersonNeeded(f"no AWS credentials: {error}", remedy)
    if isinstance(error, exceptions.BotoCoreError):
        return _unreachable(error, target)
    said = f"{target.endpoint} does not answer as {target.service.name.upper()} does"
    return SinkUnavailable(f"{said} ({type(error).__name__}: {error})", "check url")


def _service_error(error: Any) -> ServiceError:  # noqa: ANN401
    said = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    code, text = str(said.get("Code", "")), str(said.get("Message", ""))
    if xml := IN_XML.search(text):
        code, text = xml.groups()
    return ServiceError(
        code.removeprefix(OLD_PREFIX),
        text,
        status=about.get("HTTPStatusCode", 400),
        date=about.get("HTTPHeaders", {}).get("date", ""),
    )


def _unreachable(error: BaseException, target: AwsTarget) -> SinkUnavailable:
    """Return the reason that lies deepest: botocore wraps what urllib3 wraps."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, gaierror):
            what = f"the host of {target.endpoint} has no address: {cause.strerror}"
            return SinkUnavailable(what, "check url, and the network's name server")
        if isinstance(cause, ssl.SSLError):
            what = f"no TLS with {target.endpoint}: {_ssl_text(cause)}"
            return PersonNeeded(what, "check url, and the CA certificates of this machine")
    deepest = causes[-1]
    reason = getattr(deepest, "strerror", None) or str(deepest)
    return SinkUnavailable(f"{target.endpoint} does not answer: {reason}", "check the network")


def _ssl_text(error: ssl.SSLError) -> str:
    return getattr(error, "verify_message", "") or error.reason or str(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        inner = getattr(error, "kwargs", {}).get("error")
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
