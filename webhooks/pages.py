"""Pages for people, in English or Persian."""

from flask import render_template, request

from connector.manifest import load

LARGEST_BODY = 64 * 1024


def bound() -> None:
    """Read no more of a body than a form can need: anybody may call the pages."""
    request.max_content_length = LARGEST_BODY


def page(template: str, **values: object) -> str:
    """The page, in the language that `?lang=` or else the browser asks for."""
    asked = request.args.get("lang")
    language = asked if asked in ("en", "fa") else None
    language = language or request.accept_languages.best_match(["en", "fa"], "en")
    return render_template(template, language=language, manifest=load(), **values)
