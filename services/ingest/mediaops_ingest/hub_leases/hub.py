"""Asks a WebSub hub for a topic."""

import http.client
import ipaddress
from urllib.parse import urlencode, urlsplit

__all__ = ["ask", "is_local"]

SECONDS = 10.0
_SHOWN = 200


def ask(hub_url: str, *, callback: str, topic: str, secret: str, seconds: int) -> str | None:
    """None where the hub took it: it then asks the callback whether it was meant. Else what it
    said. Raises OSError and http.client.HTTPException where it did not answer."""
    url = urlsplit(hub_url)
    form = {
        "hub.callback": callback,
        "hub.mode": "subscribe",
        "hub.topic": topic,
        "hub.verify": "async",
        "hub.secret": secret,
        "hub.lease_seconds": str(seconds),
    }
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=SECONDS)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", url.path or "/", urlencode(form), headers)
        response = connection.getresponse()
        said = response.read(_SHOWN).decode("utf-8", "replace")
        return None if 200 <= response.status < 300 else f"{response.status} {said}".strip()
    finally:
        connection.close()


def is_local(url: str) -> bool:
    """Whether only this machine or its network reaches the address."""
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host
