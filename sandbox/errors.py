"""The REST errors of WordPress and WooCommerce."""

from typing import Any


class RestError(Exception):
    """An error body `{"code", "message", "data": {"status", ...}}` with its HTTP status.

    `data` replaces the whole data member where WooCommerce sends something else there.
    """

    def __init__(self, code: str, message: str, status: int, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data: object = {"status": status, **extra}

    def body(self) -> dict[str, object]:
        """The error as REST shows it."""
        return {"code": self.code, "message": self.message, "data": self.data}


def invalid_parameter(name: str, message: str, code: str, data: object = None) -> RestError:
    """The refusal of one parameter."""
    return invalid_parameters({name: (message, code, data)})


def invalid_parameters(problems: dict[str, tuple[str, str, object]]) -> RestError:
    """The refusal of parameters: name -> (message, code, data)."""
    return RestError(
        "rest_invalid_param",
        f"Invalid parameter(s): {', '.join(problems)}",
        400,
        params={name: message for name, (message, _code, _data) in problems.items()},
        details={
            name: {"code": code, "message": message, "data": data}
            for name, (message, code, data) in problems.items()
        },
    )


def not_found(post_type: str, status: int = 404) -> RestError:
    """No such order, product, webhook, ...; updates answer 400 instead of 404."""
    return RestError(f"woocommerce_rest_{post_type}_invalid_id", "Invalid ID.", status)


def already_trashed(post_type: str) -> RestError:
    """What was trashed before cannot be trashed again."""
    return RestError(
        "woocommerce_rest_already_trashed", f"The {post_type} has already been deleted.", 410
    )


def cannot_trash(plural: str) -> RestError:
    """What has no trash needs force=true."""
    return RestError(
        "woocommerce_rest_trash_not_supported", f"{plural} do not support trashing.", 501
    )
