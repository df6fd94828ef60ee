"""A signature put together from settings: what is signed, how, and where it stands."""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from mediaops_ingest.platforms.declaration import BadSetting, Key
from mediaops_ingest.platforms.port import Refused, Request
from mediaops_ingest.platforms.proofs import same
from mediaops_ingest.platforms.verifying import is_within

__all__ = ["SETTINGS", "GenericProof"]

_ALGORITHMS = (
    "hmac-sha256",
    "hmac-sha1",
    "hmac-sha384",
    "hmac-sha512",
    "hmac-md5",
    "sha256",
    "sha1",
    "sha512",
    "md5",
)
_ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "hex": lambda digest: digest.hex().encode(),
    "hex-upper": lambda digest: digest.hex().upper().encode(),
    "base64": b64encode,
    "base64url": lambda digest: urlsafe_b64encode(digest).rstrip(b"="),
    "base64url-padded": urlsafe_b64encode,
}
_KEYS: dict[str, Callable[[bytes], bytes]] = {
    "text": lambda text: text,
    "hex": lambda text: bytes.fromhex(text.decode()),
    "base64": lambda text: b64decode(text, validate=True),
}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PLACE = re.compile(r"\{([a-z]*)\}")
_PLACES = frozenset({"body", "timestamp", "id", "secret"})
_TOLERANCE = 300
_SEPARATOR = re.compile(rb"[,;]")
_MAX_PARTS = 20

SETTINGS = (
    Key(
        "algorithm",
        "Default hmac-sha256; without hmac- a bare digest",
        choices=_ALGORITHMS,
        is_setting=True,
    ),
    Key("signature_header", "The header with the signature; default X-Signature", is_setting=True),
    Key("signature_query", "The query parameter with the signature, instead", is_setting=True),
    Key("signature_part", "Its part of that header, such as the v1 of t=…,v1=…", is_setting=True),
    Key("encoding", "Of the signature; default hex", choices=tuple(_ENCODINGS), is_setting=True),
    Key("prefix", "What stands before the signature, such as sha256=", is_setting=True),
    Key(
        "signed",
        "What is signed: {body}, {timestamp}, {id} and, in a bare digest, {secret}; default {body}",
        is_setting=True,
    ),
    Key(
        "secret_encoding",
        "How the secret is written; default text",
        choices=tuple(_KEYS),
        is_setting=True,
    ),
    Key(
        "timestamp_header",
        "The header with the signed Unix time, in seconds or milliseconds",
        is_setting=True,
    ),
    Key("timestamp_query", "The query parameter with it, instead", is_setting=True),
    Key("timestamp_part", "Its part of a header, such as the t of t=…,v1=…", is_setting=True),
    Key(
        "tolerance_seconds",
        "How far that time may be off; default 300",
        form="number",
        is_setting=True,
    ),
    Key("id_header", "The header with the id of a delivery, which a repeat keeps", is_setting=True),
)


class GenericProof:
    def __init__(self, secret: bytes, config: Mapping[str, Any]) -> None:
        """Raises `BadSetting` naming the setting that cannot be."""
        self._algorithm = str(config.get("algorithm", "hmac-sha256"))
        self._encode = _ENCODINGS[config.get("encoding", "hex")]
        self._prefix = str(config.get("prefix", "")).encode()
        signature = _Place.of(config, "signature", default="x-signature")
        assert signature is not None
        self._signature = signature
        self._timestamp = _Place.of(config, "timestamp")
        if self._timestamp is None and "timestamp_part" in config:
            # A part without a place of its own stands where the signature does.
            part = _named(config, "timestamp_part")
            self._timestamp = msgspec.structs.replace(signature, part=part)
        self._id = _Place.of({"id_header": config.get("id_header")}, "id")
        self._tolerance = timedelta(seconds=config.get("tolerance_seconds", _TOLERANCE))
        try:
            self._secret = _KEYS[config.get("secret_encoding", "text")](secret)
        except ValueError:
            raise BadSetting("secrets.secret", "is not what secret_encoding says") from None
        self._parts = self._template(str(config.get("signed", "{body}")))

    def _template(self, text: str) -> list[str]:
        """Texts and names of places, by turns."""
        parts = _PLACE.split(text)
        names = set(parts[1::2])
        bad = names - _PLACES
        if bad:
            raise BadSetting("config.signed", f"there is no {{{min(bad)}}}")
        if "body" not in names:
            raise BadSetting("config.signed", "must hold {body}: what is not signed is not proved")
        if ("timestamp" in names) != (self._timestamp is not None):
            raise BadSetting("config.signed", "{timestamp} and where it stands belong together")
        if "id" in names and self._id is None:
            raise BadSetting("config.signed", "{id} needs id_header")
        if ("secret" in names) == self._algorithm.startswith("hmac-"):
            raise BadSetting("config.signed", "{secret} is for a bare digest, which needs it")
        return parts

    def check(self, request: Request) -> Refused | None:
        given = self._signature.all(request)
        timestamp = self._timestamp.only(request) if self._timestamp else b""
        id_ = self._id.only(request) if self._id else b""
        asked_for = {"timestamp": timestamp, "id": id_}
        if not given or not all(asked_for.get(name, b"-") for name in self._parts[1::2]):
            return Refused("header")
        # A time in seconds has no more than ten digits until the year 2286.
        per_second = 1000 if len(timestamp) > 10 else 1
        if self._timestamp and not is_within(timestamp, request.now, self._tolerance, per_second):
            return Refused("timestamp")
        expected = self._expected(request.body, timestamp, id_)
        return None if any([same(expected, one) for one in given]) else Refused("signature")

    def _expected(self, body: bytes, timestamp: bytes, id_: bytes) -> bytes:
        values = {"body": body, "timestamp": timestamp, "id": id_, "secret": self._secret}
        text = b"".join(
            values[part] if number % 2 else part.encode() for number, part in enumerate(self._parts)
        )
        name = self._algorithm.removeprefix("hmac-")
        if name == self._algorithm:
            digest = hashlib.new(name, text).digest()
        else:
            digest = hmac.digest(self._secret, text, name)
        return self._prefix + self._encode(digest)

    def signed(self, request: Request, unique: str) -> Request:
        """The request with its proof, as the sender makes it."""
        time = str(int(request.now.timestamp())).encode()
        signature = self._expected(request.body, time, unique.encode())
        places = (
            (self._timestamp, time),
            (self._id, unique.encode()),
            (self._signature, signature),
        )
        for place, value in places:
            if place is not None:
                request = place.put(request, value)
        return request


def _named(config: Mapping[str, Any], key: str) -> str | None:
    name: str | None = config.get(key)
    if name is not None and not _NAME.fullmatch(name):
        raise BadSetting(f"config.{key}", "is not a name that it can have")
    return name


class _Place(msgspec.Struct, frozen=True):
    """A header or a query parameter, or a named part of one such as the t of `t=…,v1=…`."""

    name: str
    is_header: bool
    part: str | None = None

    @classmethod
    def of(
        cls, config: Mapping[str, Any], what: str, default: str | None = None
    ) -> "_Place | None":
        header, query = _named(config, f"{what}_header"), _named(config, f"{what}_query")
        if header and query:
            raise BadSetting(f"config.{what}_query", f"{what}_header is set already")
        name = header or query or default
        if name is None:
            return None
        part = _named(config, f"{what}_part")
        return cls(name if query else name.lower(), not query, part)

    def all(self, request: Request) -> list[bytes]:
        """What stands there: of parts there may be several."""
        if self.is_header:
            value = request.header(self.name.encode())
        else:
            text = request.parameters().get(self.name)
            value = None if text is None else text.encode()
        if not value or self.part is None:
            return [value] if value else []
        start = self.part.encode() + b"="
        parts = [part.strip() for part in _SEPARATOR.split(value, _MAX_PARTS)]
        return [part[len(start) :] for part in parts if part.startswith(start)]

    def only(self, request: Request) -> bytes:
        """The one value; empty where there is none, or more than one."""
        found = self.all(request)
        return found[0] if len(found) == 1 else b""

    def put(self, request: Request, value: bytes) -> Request:
        if self.part is not None:
            value = self.part.encode() + b"=" + value
            there = _Place(self.name, self.is_header).only(request)
            value = there + b"," + value if there else value
        if self.is_header:
            name = self.name.encode()
            headers = [pair for pair in request.headers if pair[0] != name]
            return msgspec.structs.replace(request, headers=(*headers, (name, value)))
        start = f"{self.name}=".encode()
        query = [one for one in request.query.split(b"&") if one and not one.startswith(start)]
        query.append(start + quote(value.decode(), safe="").encode())
        return msgspec.structs.replace(request, query=b"&".join(query))
