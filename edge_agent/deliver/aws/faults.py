"""Why AWS takes no messages now, in plain English and with a remedy."""

from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from edge_agent.deliver.aws.address import AwsTarget
from edge_agent.deliver.aws.answer import ServiceError
from edge_agent.errors import SinkUnavailable

SKEW = 240  # s; AWS refuses a signature whose time is five minutes off


# Codes that say the same.
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
SIGNATURE = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"})


class PersonNeeded(SinkUnavailable):
    """Only a person can correct why: the credentials, a right, a name."""


class Cause(NamedTuple):
    """Codes with one meaning; texts are filled with the target's words."""

    codes: frozenset[str]
    what: str
    remedy: str
    error: Callable[[str, str], SinkUnavailable] = PersonNeeded


CAUSES = (
    Cause(
        frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}),
        "the session token has expired",
        "renew the credentials; the agent reads them again at each try",
    ),
    Cause(
        frozenset(
            {
                *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"),
                *("AuthFailure", "InvalidToken", "InvalidSecurity", "MissingAuthenticationToken"),
                "MissingAuthenticationTokenException",
            }
        ),
        "AWS does not know the access key",
        "check access key and session token, and that the account uses this region",
    ),
    Cause(
        SIGNATURE,
        "the secret access key does not belong to the access key",
        "copy both again",
    ),
    Cause(
        DENIED,
        "the credentials do not allow {right} on {resource}",
        "allow it in the IAM policy, and in the {noun}'s own policy if another account has it",
    ),
    Cause(
        frozenset({"KmsAccessDenied", "KMSAccessDenied", "KMS.AccessDeniedException"}),
        "the credentials may not use the KMS key of {resource}",
        "allow kms:GenerateDataKey and kms:Decrypt on the key",
    ),
    Cause(
        frozenset(
            {
                *("NonExistentQueue", "QueueDoesNotExist"),
                *("NotFound", "NotFoundException", "InvalidAddress"),
            }
        ),
        "there is no {noun} {resource}",
        "create it, or correct region, account and name in url",
    ),
    Cause(
        frozenset(
            {
                *("Throttling", "ThrottlingException", "RequestThrottled", "RequestLimitExceeded"),
                *("ThrottledException", "TooManyRequestsException", "OverLimit", "Throttled"),
                *("KmsThrottled", "KMSThrottling", "KMS.ThrottlingException"),
            }
        ),
        "AWS limits the rate of requests",
        "events wait meanwhile; if it stays so, raise the quota in AWS",
        SinkUnavailable,
    ),
)


def explained(error: ServiceError, target: AwsTarget, now: float) -> SinkUnavailable:
    """Return why a request was refused; `now` is this machine's clock, in s since 1970."""
    if error.status >= 500:
        what = f"{target.endpoint} has a fault of its own: HTTP {error.status}, {error}"
        return SinkUnavailable(what, "events wait meanwhile")
    if "scoped to a valid region" in error.text:
        what = f"{target.endpoint} belongs to another region: {error.text}"
        return PersonNeeded(what, "correct region or url")
    if clock := _clock(error, now):
        return clock
    for cause in CAUSES:
        if error.code in cause.codes:
            return _filled(cause, error, target)
    return SinkUnavailable(str(error), f"look for it in the documentation of {_name(target)}")


def _filled(cause: Cause, error: ServiceError, target: AwsTarget) -> SinkUnavailable:
    service = target.service
    words = {"noun": service.noun, "resource": target.resource, "right": service.right}
    return cause.error(f"{cause.what.format(**words)} ({error})", cause.remedy.format(**words))


def _clock(error: ServiceError, now: float) -> SinkUnavailable | None:
    """Return what is wrong with the clock, if that explains the refusal of a signature."""
    signature = error.code in SIGNATURE
    clock = error.code in {"RequestTimeTooSkewed", "RequestExpired"} or (
        signature and ("xpired" in error.text or "not yet current" in error.text)
    )
    skew = _skew(error.date, now)
    if not clock and not (signature and abs(skew) > SKEW):
        return None
    if abs(skew) <= SKEW:
        what = f"AWS does not accept this machine's time ({error})"
    else:
        ahead = "ahead of" if skew > 0 else "behind"
        what = f"this machine's clock is {abs(skew):,.0f} s {ahead} that of AWS"
    return PersonNeeded(what, "let systemd-timesyncd or chrony set it")


def _skew(date: str, now: float) -> float:
    """Return by how many seconds the clock is ahead; 0 if the answer has no date."""
    with suppress(ValueError, TypeError, OverflowError):
        return now - parsedate_to_datetime(date).timestamp()
    return 0.0


def _name(target: AwsTarget) -> str:
    return f"Amazon {target.service.name.upper()}"
