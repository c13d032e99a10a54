"""The WooCommerce plugin, its own code run by PHP on a stage instead of in a shop."""

import gettext
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path(__file__).parents[2] / "storefront" / "wordpress" / "bazgasht"
STAGE = Path(__file__).parent / "wordpress" / "stage.php"
PHP = shutil.which("php")

ADDRESS = "https://app.example/storefront/0b9c2f36-7b64-4f6e-9d0e-3f1f5c8b1a11"
KEY = "d11a3ce8578243d344c2ecc6b6dcb7517c4a2f50760f02f5636665119e75664b"


@lru_cache
def persian() -> dict[str, str]:
    """The plugin's texts in Persian, as compiled."""
    with (PLUGIN / "languages" / "bazgasht-fa_IR.mo").open("rb") as file:
        catalogue: dict[str, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key: text for key, text in catalogue.items() if key}


@dataclass
class Played:
    """What came of a scene; `requests` are the calls to the app."""

    html: str
    result: Any
    notices: list[list[str]]
    errors: dict[str, str] | list[Any]
    requests: list[str]
    redirect: str
    cart: list[str]
    saved: dict[str, str] | list[Any]
    session: dict[str, Any] | list[Any]
    options: dict[str, Any]
    transients: dict[str, Any] | list[Any]


@dataclass
class Scene:
    """A shop with the plugin and one customer, who is signed in; see the stage."""

    given: dict[str, Any] = field(default_factory=dict)

    def play(self, call: str = "", *arguments: Any, **changes: Any) -> Played:
        """Call one of the plugin's functions."""
        if PHP is None:
            pytest.skip("NO PHP HERE: the plugin for WooCommerce is unproven")
        scene = {
            "plugin": str(PLUGIN),
            "options": {"bazgasht_address": ADDRESS, "bazgasht_key": KEY},
            "user": {"ID": 17, "user_email": "Ada@example.test"},
            **self.given,
            **changes,
        }
        if call:
            scene["call"] = [call, list(arguments)]
        if scene.get("locale") == "fa_IR":
            scene["texts"] = persian()
        ran = subprocess.run(
            [PHP, "-d", "display_errors=stderr", str(STAGE)],
            input=json.dumps(scene),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr + ran.stdout
        return Played(**json.loads(ran.stdout))


def coupon(code: str, **changes: Any) -> dict[str, Any]:
    """A coupon that the app has made for Ada and she has not used."""
    return {
        "code": code,
        "amount": "5.00",
        "minimum": "",
        "emails": ["ada@example.test"],
        "used": 0,
        "expires": "2099-01-31 12:00:00",
        "ours": True,
    } | changes
