"""XML of strangers: no DTD, no entities, bounded depth; read into plain dicts."""

from typing import Any
from xml.etree.ElementTree import XML, Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

__all__ = ["NotXml", "decode", "parse"]

_MAX_DEPTH = 16
_MAX_BYTES = 1_048_576


class NotXml(ValueError):
    """Not well-formed, not UTF-8, too large, too deep, or with a document type."""


def decode(raw: bytes, *, attributes: bool = False, strip: bool = True) -> dict[str, Any]:
    """The children of the root: leaves as text, others as dicts, repeated ones as lists.

    Mixed text is left out, and so are attributes unless they are asked for: as `@name`, and the
    text beside them as `#text`. `strip` takes the space around texts away, which a signature over
    one of them may cover. Raises `NotXml`.
    """
    found = _children(parse(raw), 1, attributes, strip)
    return found if isinstance(found, dict) else {}


def parse(raw: bytes) -> Element:
    """The root; one byte order mark is forgiven. Raises `NotXml`."""
    if len(raw) > _MAX_BYTES:
        raise NotXml("is too large")
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode()
        if "<!DOCTYPE" not in text:
            # Only a document type declares entities. Without one the parser in C is safe, and
            # several times as fast as the one in Python that watches for them.
            return XML(text)
        root: Element = fromstring(
            text, forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
        return root
    except (DefusedXmlException, ParseError, ValueError, LookupError, RecursionError) as error:
        raise NotXml(type(error).__name__) from None


def _children(element: Element, depth: int, attributes: bool, strip: bool) -> Any:
    if depth > _MAX_DEPTH:
        raise NotXml("is nested too deeply")
    text = element.text or ""
    text = text.strip() if strip else text
    found: dict[str, Any] = {}
    if attributes:
        found = {f"@{name}": value for name, value in element.attrib.items()}
    if len(element) == 0:
        return {**found, "#text": text} if found else text
    for child in element:
        value = _children(child, depth + 1, attributes, strip)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
