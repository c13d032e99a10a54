"""JSON as WordPress's wp_json_encode writes it."""

import json
from typing import Any


def encode(value: Any) -> str:
    r"""Compact JSON with slashes as `\/` and all but ASCII as `\uXXXX`."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")
