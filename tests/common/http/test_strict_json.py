"""What the strict reader refuses, and what it leaves alone."""

import contextlib
import json
import math

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mediaops_common.http import Malformed, read_json

REFUSED = {
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": Infinity}',
    "minus infinity": b'{"a": -Infinity}',
    "1e999": b'{"a": 1e999}',
    "a lone high surrogate": rb'{"a": "\ud800"}',
    "a lone low surrogate": rb'{"a": "x\udc00y"}',
    "surrogates the wrong way round": rb'{"a": "\udc00\ud800"}',
    "a lone surrogate as key": rb'{"\ud800": 1}',
    "NUL": rb'{"a": "\u0000"}',
    "NUL as key": rb'{"\u0000": 1}',
    "a raw control character": b'{"a": "\x00"}',
    "an integer of 65 bits": b'{"a": 9223372036854775808}',
    "a negative integer of 65 bits": b'{"a": -9223372036854775809}',
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a doubled key": b'{"a": 1, "a": 2}',
    "a doubled key inside": b'[{"b": {"a": 1, "a": 1}}]',
    "100,000 brackets": b"[" * 100_000,
    "65 levels": b"[" * 65 + b"]" * 65,
    "65 levels of objects": b'{"a":' * 65 + b"1" + b"}" * 65,
    "a million empty lists": b"[" + b"[]," * 1_000_000 + b"[]]",
    "a million numbers": b"[" + b"1," * 1_000_000 + b"1]",
    "a byte-order mark": b'\xef\xbb\xbf{"a": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "bad UTF-8": b'{"a": "\xff"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "no JSON": b"<xml/>",
    "a trailing comma": b'{"a": 1,}',
    "two values": b"{} {}",
    "nothing but blanks": b"  ",
    "single quotes": b"{'a': 1}",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
async def test_a_body_is_refused(raw: bytes, owner: httpx.AsyncClient) -> None:
    answer = await owner.post(
        "/fake/v1/notes", content=raw, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/malformed")
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 64 + b"]" * 64,
        b"[" + b"{}," * 200 + b"{}]",
        rb'{"a": "\ud83d\ude00"}',
        b'{"a": 9223372036854775807, "b": -9223372036854775808, "c": 1e308}',
        '{"名": "小王 😀", "brackets": "[[[[{{{{"}'.encode(),
    ],
)
def test_unusual_but_sound_json_is_read(raw: bytes) -> None:
    assert read_json(raw) == json.loads(raw)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def is_storable(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(is_storable, value))
    assert isinstance(value, dict)
    return all(is_storable(key) and is_storable(item) for key, item in value.items())


@given(VALUES)
def test_exactly_what_both_databases_store_is_accepted(value: object) -> None:
    raw = json.dumps(value).encode()
    if is_storable(value):
        assert read_json(raw) == value
    else:
        with pytest.raises(Malformed):
            read_json(raw)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        read_json(raw)


BODY = b'{"title": "a"}'


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json",
     "application/json; charset=utf-16", "application/json; charset=gbk", "", "application/"],
)  # fmt: skip
async def test_another_media_type_is_refused(kind: str, owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/fake/v1/notes", content=BODY, headers={"Content-Type": kind})
    assert answer.status_code == 415


async def test_a_body_without_media_type_is_refused(owner: httpx.AsyncClient) -> None:
    assert (await owner.post("/fake/v1/notes", content=BODY)).status_code == 415


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", "application/cloudevents+json"]
)
async def test_json_media_types_are_accepted(kind: str, owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/fake/v1/notes", content=BODY, headers={"Content-Type": kind})
    assert answer.status_code == 201


async def test_a_compressed_body_is_refused(owner: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await owner.post("/fake/v1/notes", content=BODY, headers=headers)
    assert answer.status_code == 415


async def test_an_empty_body_is_invalid(owner: httpx.AsyncClient) -> None:
    assert (await owner.post("/fake/v1/notes")).status_code == 422


async def test_true_is_no_number(owner: httpx.AsyncClient) -> None:
    for stars in (True, "1", 1.0):
        answer = await owner.post("/fake/v1/notes", json={"title": "a", "stars": stars})
        assert answer.status_code == 422


async def test_nul_in_the_address_is_refused(owner: httpx.AsyncClient) -> None:
    assert (await owner.get("/fake/v1/notes?q=%00")).status_code == 400
    assert (await owner.get("/fake/v1/notes/%00")).status_code == 400


async def test_half_characters_in_the_address_do_no_harm(owner: httpx.AsyncClient) -> None:
    for query in ("%ff", "%ED%A0%80", "%", "%zz", "'; drop table note; --", "a%5Cb%25_"):
        assert (await owner.get(f"/fake/v1/notes?q={query}")).status_code == 200
