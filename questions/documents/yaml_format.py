"""Questions ↔ YAML: the same data as in JSON. Tags, anchors and keys that stand twice are refused."""

from __future__ import annotations

from typing import Any

import yaml
from django.utils.translation import gettext as _

from questions.documents.data import Misfit, as_data, read_document
from questions.documents.parsed import ParsedDocument

DEEPEST = 10  # a document needs five levels; the composer recurses into each
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one reads ten megabytes in seconds
_PLAIN = {"tag:yaml.org,2002:int": int, "tag:yaml.org,2002:float": float}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text_node)


class _Quoting(yaml.SafeDumper):
    """Writes every text in quotes, with escapes."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def write_yaml(document: ParsedDocument) -> str:
    """The document as YAML; where blocks cannot hold a text exactly, quoted."""
    data = as_data(document)
    text = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    try:
        if _value(yaml.compose(text, Loader=_LOADER)) == data:
            return text
    except (yaml.YAMLError, Misfit):
        pass
    return yaml.dump(data, Dumper=_Quoting, allow_unicode=False, sort_keys=False, width=10**9)


def read_yaml(text: str, name: str) -> ParsedDocument:
    """The inverse of `write_yaml`. Raises Misfit."""
    try:
        _check_events(text)
        root = yaml.compose(text, Loader=_LOADER)
        data, lines = _value(root), _lines(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or _("a character that YAML does not know")
        line = min(mark.line, text.count("\n")) + 1 if mark else 0
        raise Misfit(_("This is not YAML: %(reason)s.") % {"reason": reason}, line) from error
    return read_document(data, name, lambda place: lines[place] if place < len(lines) else 0)


def _check_events(text: str) -> None:
    """Refuse, before anything is built, what makes a small file a large or a deep one."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Misfit(_("References (“&” and “*”) are not read: write it out, or quote it."), line)
        if getattr(event, "tag", None) not in (None, "!"):
            raise Misfit(_("Tags (“!”) are not read: leave them out, or quote it."), line)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Misfit(_("This is nested too deeply."), line)


def _value(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child) for child in node.value]
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value.casefold() in ("true", "yes", "on")
    return _number(node) if node.tag in _PLAIN else node.value


def _number(node: yaml.ScalarNode) -> int | float:
    try:
        return _PLAIN[node.tag](node.value.replace("_", ""))
    except ValueError:  # YAML's 0x10, 1:30 and .nan
        raise Misfit(_("“%(value)s” is not a number.") % {"value": node.value[:40]}, _line(node)) from None


def _mapping(node: yaml.MappingNode) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise Misfit(_("It must be a mapping of names to values."), _line(key_node))
        if key_node.value in found:
            message = _("“%(key)s” stands twice in the same place.") % {"key": key_node.value[:40]}
            raise Misfit(message, _line(key_node))
        found[key_node.value] = _value(value_node)
    return found


def _lines(root: Any) -> list[int]:
    """The line of each question (1-based)."""
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    rows = next((value for key, value in pairs if key.value == "questions"), None)
    return [_line(row) for row in rows.value] if isinstance(rows, yaml.SequenceNode) else []


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 0
