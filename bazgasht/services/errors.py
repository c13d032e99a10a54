"""What an embedded service can fail with."""


class ServiceError(RuntimeError):
    """A service's server cannot be found, prepared, started or stopped; the message says why."""
