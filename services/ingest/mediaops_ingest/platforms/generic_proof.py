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
    "base64": b64encode,
    "base64url": lambda digest: urlsafe_b64encode(digest).rstrip(b"="),
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

SETTINGS = (
    Key(
        "algorithm",
        "Default hmac-sha256; without hmac- a bare digest",
        choices=_ALGORITHMS,
        is_setting=True,
    ),
    Key("signature_header", "The header with the signature; default X-Signature", is_setting=True),
    Key("signature_query", "The query parameter with the signature, instead", is_setting=True),
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
        self._signature = _Place.of(config, "signature", default="x-signature")
        self._timestamp = _Place.of(config, "timestamp")
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
            raise BadSetting("config.signed", "{timestamp} and timestamp_header belong together")
        if "id" in names and self._id is None:
            raise BadSetting("config.signed", "{id} needs id_header")
        if ("secret" in names) == self._algorithm.startswith("hmac-"):
            raise BadSetting("config.signed", "{secret} is for a bare digest, which needs it")
        return parts

    def check(self, request: Request) -> Refused | None:
        assert self._signature is not None
        given = self._signature.find(request)
        timestamp = self._timestamp.find(request) if self._timestamp else b""
        id_ = self._id.find(request) if self._id else b""
        asked_for = {"timestamp": timestamp, "id": id_}
        if not given or not all(asked_for.get(name, b"-") for name in self._parts[1::2]):
            return Refused("header")
        if self._timestamp and not is_within(timestamp, request.now, self._tolerance):
            return Refused("timestamp")
        expected = self._expected(request.body, timestamp or b"", id_ or b"")
        return None if same(expected, given) else Refused("signature")

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


class _Place(msgspec.Struct, frozen=True):
    """A header or a query parameter."""

    name: str
    is_header: bool

    @classmethod
    def of(
        cls, config: Mapping[str, Any], what: str, default: str | None = None
    ) -> "_Place | None":
        header, query = config.get(f"{what}_header"), config.get(f"{what}_query")
        if header and query:
            raise BadSetting(f"config.{what}_query", f"{what}_header is set already")
        name = header or query or default
        if name is None:
            return None
        if not _NAME.fullmatch(name):
            where = "header" if header else "query"
            raise BadSetting(f"config.{what}_{where}", "is not a name that it can have")
        return cls(name if query else name.lower(), not query)

    def find(self, request: Request) -> bytes | None:
        if self.is_header:
            return request.header(self.name.encode())
        value = request.parameters().get(self.name)
        return None if value is None else value.encode()

    def put(self, request: Request, value: bytes) -> Request:
        if self.is_header:
            headers = (*request.headers, (self.name.encode(), value))
            return msgspec.structs.replace(request, headers=headers)
        pair = f"{self.name}={quote(value.decode(), safe='')}".encode()
        query = request.query + b"&" + pair if request.query else pair
        return msgspec.structs.replace(request, query=query)
