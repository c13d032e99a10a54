"""Tags of customers, for merchants who sort their customers by them: "name: value", one a name."""

from collections.abc import Iterable, Mapping, Sequence

from connector.shopify.graphql import Client

PREFIX = "tag:"
_LONGEST = 255


def tags_of(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """Of the fields to write those that are tags: the whole tag by its name, None for none."""
    return {
        key.removeprefix(PREFIX): None if text is None else tag(key.removeprefix(PREFIX), text)
        for key, text in fields.items()
        if key.startswith(PREFIX)
    }


def tag(name: str, text: str) -> str:
    """The tag. Shopify reads a comma as the end of a tag, so there is none in it."""
    words = text.replace(",", " ").split()
    return f"{name}: {' '.join(words)}"[:_LONGEST].strip()


def carries(tags: Iterable[str], wanted: Mapping[str, str | None]) -> bool:
    """Whether a customer has exactly the wanted one of each name's tags."""
    return all(_of(tags, name) == ([] if one is None else [one]) for name, one in wanted.items())


class Tags:
    """Changes the tags of one shop's customers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def write(self, owner: str, tags: Sequence[str], wanted: Mapping[str, str | None]) -> None:
        """Replace of each name the tag that a customer with these tags has; others are left.

        Raises:
            Refused: the shop does not take it, for example because there are too many.
        """
        old = [one for name in wanted for one in _of(tags, name) if one != wanted[name]]
        new = [one for one in wanted.values() if one is not None and one not in tags]
        if old:
            self._client.change("tags_remove", "tagsRemove", id=owner, tags=old)
        if new:
            self._client.change("tags_add", "tagsAdd", id=owner, tags=new)


def _of(tags: Iterable[str], name: str) -> list[str]:
    # Shopify takes tags that differ in capitals only for the same.
    return [one for one in tags if one.casefold().startswith(f"{name}: ".casefold())]
