"""A page as a browser reads it: its elements, its text, and what its text boxes hold."""

from __future__ import annotations

from html.parser import HTMLParser

from django.http import HttpResponse

CELLS = {"td", "th"}
POLLING = {"results", "progress", "operations"}  # the elements that ask again by themselves, by id
HARMLESS_LINKS = ("/", "#", "?", "http://", "https://")


class Page(HTMLParser):
    """`elements` are (tag, attributes) in order, `boxes` what text boxes show, `rows` the cells of tables.

    `text` is all text with blanks folded.
    """

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.boxes: list[tuple[dict[str, str], str]] = []
        self.rows: list[list[str]] = []
        self._in_box = False
        self._in_cell = False
        self._words: list[str] = []
        self.feed(response.content.decode())
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attributes}
        self.elements.append((tag, known))
        if tag == "textarea":
            self._in_box = True
            self.boxes.append((known, ""))
        elif tag == "tr":
            self.rows.append([])
        elif tag in CELLS:
            self._in_cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._in_box = False
            known, text = self.boxes[-1]
            self.boxes[-1] = known, text.removeprefix("\n")  # browsers drop the first line break of a box
        elif tag in CELLS:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_box:
            known, text = self.boxes[-1]
            self.boxes[-1] = known, text + data
        if self._in_cell:
            self.rows[-1][-1] += data
        self._words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self._words).split())

    def box(self, name: str) -> str:
        """What the text box of that name holds."""
        return next(text for known, text in self.boxes if known.get("name") == name)

    def field(self, name: str) -> str:
        """The value of the first input of that name."""
        return next(known["value"] for tag, known in self.elements if tag == "input" and known.get("name") == name)

    @property
    def foreign(self) -> list[str]:
        """Elements that none of our templates writes: they came out of somebody's text."""
        return [f"{tag} {known}" for tag, known in self.elements if _is_foreign(tag, known)]


def _is_foreign(tag: str, known: dict[str, str]) -> bool:
    if tag in {"img", "iframe", "object", "embed", "style", "base"} or (tag == "script" and "src" not in known):
        return True
    if any(name.startswith("on") or name == "style" for name in known):
        return True
    if any(name.startswith(("hx-", "data-hx")) for name in known) and known.get("id") not in POLLING:
        return True
    return tag == "a" and not known.get("href", "/").startswith(HARMLESS_LINKS)
