"""XML of strangers: no DTD, no entities, bounded depth; read into plain dicts."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

__all__ = ["NotXml", "decode"]

_MAX_DEPTH = 16
_MAX_BYTES = 1_048_576


class NotXml(ValueError):
    """Not well-formed, not UTF-8, too large, too deep, or with a document type."""


def decode(raw: bytes) -> dict[str, Any]:
    """The children of the root: leaves as text, others as dicts, repeated ones as lists.

    Attributes and mixed text are left out; one byte order mark is forgiven. Raises `NotXml`.
    """
    if len(raw) > _MAX_BYTES:
        raise NotXml("is too large")
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode()
        root = fromstring(text, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError, RecursionError) as error:
        raise NotXml(type(error).__name__) from None
    found = _children(root, 1)
    return found if isinstance(found, dict) else {}


def _children(element: Element, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise NotXml("is nested too deeply")
    if len(element) == 0:
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in element:
        value = _children(child, depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
