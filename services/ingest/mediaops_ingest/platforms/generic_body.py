"""Bodies of any partner: JSON, XML or a form, each as plain values that a mapping can read."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from mediaops_ingest.platforms import strict_json, xml
from mediaops_ingest.platforms.port import Request

__all__ = ["NotReadable", "read_body"]

_MAX_FIELDS = 1000


class NotReadable(ValueError):
    """`reason` is for the metric's label: `json`, `xml` or `encoding`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def read_body(request: Request, config: Mapping[str, Any]) -> Any:
    """The values of the body. Of XML attributes are `@name`, text beside them is `#text`; of a form
    a name that comes several times is a list. Raises `NotReadable`."""
    kind = config.get("body", "auto")
    if kind == "auto":
        kind = _kind_of(request)
    if kind == "xml":
        return _checked(_xml(request.body))
    if kind == "form":
        return _checked(_form(request.body))
    try:
        return strict_json.decode(request.body)
    except strict_json.NotStrict as error:
        raise NotReadable("json", str(error)) from None


def _kind_of(request: Request) -> str:
    """By the content type where it names one of the three, else by how the body begins."""
    media_type = (request.header(b"content-type") or b"").partition(b";")[0].strip().lower()
    if media_type == b"application/json" or media_type.endswith(b"+json"):
        return "json"
    if media_type in (b"text/xml", b"application/xml") or media_type.endswith(b"+xml"):
        return "xml"
    if media_type == b"application/x-www-form-urlencoded":
        return "form"
    first = request.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return "xml" if first == b"<" else "json"


def _xml(raw: bytes) -> Any:
    try:
        return xml.decode(raw, attributes=True)
    except xml.NotXml as error:
        raise NotReadable("xml", str(error)) from None


def _form(raw: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise NotReadable("encoding", "the form is not one") from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _checked(value: Any) -> Any:
    fault = strict_json.fault(value)
    if fault:
        raise NotReadable("encoding", f"{fault[1]} at {fault[0] or 'the top'}")
    return value
