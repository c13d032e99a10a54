"""Logs: structured, and without secrets or personal data, whoever writes them."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

_SECRET_NAMES = re.compile(
    r"secret|password|passwd|token|authorization|credential|api_?key|consumer_?key|cookie"
    r"|e?mail|phone|address|first_?name|last_?name|body|payload",
    re.IGNORECASE,
)
_PATTERNS = (
    re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"\b[cw][ks]_[0-9A-Za-z]{8,}"),
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=[?&])(?:oauth_\w+|consumer_\w+|secret|token|key)=[^&\s\"']+"),
    re.compile(r"(?i)\b(?:basic|bearer) [\w+/=.-]{8,}"),
    re.compile(r"(?<![\w.:-])(?:\+|00)\d[\d ()-]{7,14}\d(?![\w-])"),
    re.compile(r"(?<![\w.:-])09\d{9}(?!\w)"),
    re.compile(r"\bgAAAA[\w-]{20,}={0,2}"),
)


def redact(value: Any) -> Any:
    """The value with everything that looks secret or personal replaced."""
    if isinstance(value, str):
        for pattern in _PATTERNS:
            value = pattern.sub(REDACTED, value)
        return value
    if isinstance(value, Mapping):
        return {
            key: REDACTED if _SECRET_NAMES.search(str(key)) else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return REDACTED
    return value if isinstance(value, int | float | bool | None) else redact(str(value))


def redactor(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor through which every line goes, last before it is written."""
    return {
        key: value
        if key in {"event", "level", "timestamp", "logger"} and not isinstance(value, str)
        else redact(value)
        if not _SECRET_NAMES.search(key)
        else REDACTED
        for key, value in event.items()
    }


def configure(level: str = "INFO", form: str = "text") -> None:
    """Send our own and every library's log lines through the redactor, to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redactor,
                last,
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("urllib3", "alembic", "rq", "granian"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
