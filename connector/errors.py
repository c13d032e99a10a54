"""What can go wrong at a store, as a tree.

ConnectorError
├── TemporaryError            try again later: timeouts, 5xx, broken connections
│   ├── RateLimited           429, or throttled; `retry_after` in seconds when told
│   ├── Unreachable           no answer at all
│   └── NotReady              the store is still preparing what was asked for
└── PermanentError            trying again changes nothing
    ├── CredentialsRefused    the key is revoked, wrong or may not do this
    ├── NotFound              the store has no such object
    ├── Refused               the store understood and said no (4xx)
    ├── BadPayload            what came does not read as what it should be; names the field
    ├── BadSignature          the webhook was not signed with the store's secret
    ├── ForbiddenAddress      the address is private, or not one that may be called
    └── TooLarge              the answer is larger than the limit
"""


class ConnectorError(Exception):
    """Base of every error that the connector raises."""


class TemporaryError(ConnectorError):
    """Trying again later may succeed."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(TemporaryError):
    """The store asks for fewer calls; `retry_after` is in seconds, None when it did not say."""


class Unreachable(TemporaryError):
    """The store did not answer: no connection, or no answer in time."""


class NotReady(TemporaryError):
    """The store is still preparing what was asked for, such as a file of its whole history."""


class PermanentError(ConnectorError):
    """Trying again changes nothing."""


class CredentialsRefused(PermanentError):
    """The store refuses the key: revoked, wrong, or without the permission needed."""


class NotFound(PermanentError):
    """The store has no such object."""


class Refused(PermanentError):
    """The store understood the request and refused it; `code` is the platform's own."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class BadPayload(PermanentError):
    """A payload does not read as what it should be; the message names the field."""


class BadSignature(PermanentError):
    """A webhook was not signed with the store's secret."""


class ForbiddenAddress(PermanentError):
    """The address is private or malformed and is not called."""


class TooLarge(PermanentError):
    """The answer is larger than the limit and was not read to its end."""
