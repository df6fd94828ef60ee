"""The parsers of strangers' bytes, one by one."""

import gzip
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mediaops_ingest.platforms import strict_json, xml
from mediaops_ingest.platforms.fields import id_of, key_of, text_of, whole_number
from mediaops_ingest.platforms.generic_body import NotReadable, read_body
from mediaops_ingest.platforms.inflating import NotInflated, inflate
from mediaops_ingest.platforms.port import ItemFailed, Request
from mediaops_ingest.platforms.times import (
    parse_beijing,
    parse_rfc3339,
    parse_zoned,
    seconds_or_milliseconds,
)
from mediaops_ingest.platforms.verifying import is_within
from mediaops_ingest.platforms.wechat_crypto import Undecipherable, WeChatCipher

from tests.ingest.counts import counts, over

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        b"NaN",
        b'{"a": Infinity}',
        b'"\\ud800"',
        b'"\\u0000"',
        b'{"\\u0000": 1}',
        b"9223372036854775808",
        b"[-9223372036854775809]",
        b'{"a":   123456789012345678901234567890}',
        b"1e999",
        b'"\xff"',
        b"[" * 33 + b"]" * 33,
        b"[1,]",
        b"{} {}",
        b"",
    ],
)
def test_json_that_a_database_or_reader_would_refuse_is_refused(raw: bytes):
    with pytest.raises(strict_json.NotStrict):
        strict_json.decode(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":1 , "a" :2}',
        b'[{"b":{"a":[],"a":{}}}]',
        b'{"a":1,"\\u0061":2}',
        b'{"say":"\\"a\\":1","say":2}',
        b'{"a\\\\":1,"a\\\\":2,"b":"\\":"}',
        b'{"a":1,"a":2,"b\\\\":3}',
        b'{"a\\\\":1,"b":1,"b":2}',
        b'{"a":"\\u0022:","b":1,"b":2}',
        b'{"a":"\\\\\\":","b\\\\\\"":1,"b\\\\\\"":2}',
    ],
)
def test_an_object_with_the_same_key_twice_is_refused(raw: bytes):
    with pytest.raises(strict_json.NotStrict, match="twice"):
        strict_json.decode(raw)
    assert strict_json.decode(raw, last_key_wins=True)


TEXT = st.text('":\\\\ a', max_size=6)
NESTED = st.recursive(
    st.integers(0, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@patient
@given(NESTED)
def test_whatever_has_its_keys_once_is_read(value):
    for raw in (json.dumps(value), json.dumps(value, separators=(" , ", " : "), indent=1)):
        assert strict_json.decode(raw.encode()) == value


def test_values_are_counted_before_anything_is_made_of_them():
    flat = b"[" + b"[]," * 125_000 + b"[]]"
    with pytest.raises(strict_json.NotStrict, match="values"):
        strict_json.decode(flat)
    assert len(strict_json.decode(b"[" + b"1," * 249_998 + b"1]")) == 249_999
    assert len(strict_json.decode(b'["' + b"x" * 300_000 + b'"]')[0]) == 300_000


def test_json_within_the_limits_is_exact():
    assert strict_json.decode(b"\xef\xbb\xbf9223372036854775807") == 2**63 - 1
    assert strict_json.decode(b'"12345678901234567890"') == "12345678901234567890"
    assert strict_json.decode(b"[" * 32 + b"]" * 32)
    assert strict_json.decode(b'"\\\\u0000"') == "\\u0000"


TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
SCALAR = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT


@patient
@given(st.recursive(SCALAR, st.lists, max_leaves=10))
def test_canonical_json_reads_back_to_the_same_value(value):
    assert strict_json.decode(strict_json.canonical_json(value)) == value


def test_canonical_json_does_not_know_order():
    one = strict_json.canonical_json({"a": 1, "b": {"d": [1, 2], "c": 3}})
    assert one == strict_json.canonical_json({"b": {"c": 3, "d": [1, 2]}, "a": 1})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>',
        b"<a>&e;</a>",
        b"<a>\xff</a>",
        b"<a>&#0;</a>",
        b"<a>" * 20 + b"</a>" * 20,
        b"<a>" + b" " * 1_048_576 + b"</a>",
    ],
)
def test_hostile_xml_is_refused(raw: bytes):
    with pytest.raises(xml.NotXml):
        xml.decode(raw)


def test_xml_becomes_text_dicts_and_lists():
    raw = b"\xef\xbb\xbf<x><a> 1 </a><b><c>2</c><c>3</c><c/></b><d><![CDATA[<&>]]></d></x>"
    assert xml.decode(raw) == {"a": "1", "b": {"c": ["2", "3", ""]}, "d": "<&>"}


def test_a_text_may_speak_of_a_document_type():
    assert xml.decode(b"<x><a><![CDATA[<!DOCTYPE a>]]></a></x>") == {"a": "<!DOCTYPE a>"}


MARKUP = st.text("<>/a&;=\"'!-[]# \n", max_size=60).map(str.encode)


@counts(100, 10_000)
def test_any_bytes_are_xml_or_not_and_nothing_else(count: int):
    @over(count, st.binary(max_size=200) | MARKUP)
    def _(raw: bytes) -> None:
        try:
            assert isinstance(xml.decode(raw, attributes=True), dict)
        except xml.NotXml:
            assert raw != b"<a/>"


@counts(100, 10_000)
@pytest.mark.parametrize("kind", ["auto", "json", "xml", "form"])
def test_any_bytes_are_a_body_of_a_partner_or_not_and_nothing_else(kind: str, count: int):
    pieces = st.lists(st.sampled_from([bytes([one]) for one in b"a=&%f+\xff0[{}],:"]))

    @over(count, st.binary(max_size=200) | MARKUP | pieces.map(b"".join))
    def _(raw: bytes) -> None:
        with suppress(NotReadable):
            body = read_body(Request(method="POST", body=raw, now=NOW), {"body": kind})
            assert strict_json.storable(body) == strict_json.canonical_json(body)


@counts(100, 5_000)
def test_any_bytes_are_gzip_within_the_limit_or_not_and_nothing_else(count: int):
    @over(count, st.binary(max_size=300), st.integers(0, 400), st.integers(0, 30))
    def _(raw: bytes, limit: int, cut: int) -> None:
        whole = gzip.compress(raw)
        for packed in (raw, whole, whole[: -cut or None]):
            with suppress(NotInflated):
                assert len(inflate(packed, limit)) <= limit
        if len(raw) <= limit:
            assert inflate(whole, limit) == raw


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2026-11-22T17:00:00+08:00", NOW),
        ("2026-11-22t09:00:00z", NOW),
        ("2026-11-22T09:00:00", None),
        ("2026-11-22", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1795338000, None),
        ("x" * 100, None),
    ],
)
def test_rfc_3339_needs_its_zone(value, wanted):
    assert parse_rfc3339(value) == wanted


@pytest.mark.parametrize("value", [None, True, -1, 0, 1.5, "", "１２", "1e9", "9" * 40, [], 10**16])
def test_what_is_no_unix_time_is_none(value):
    assert seconds_or_milliseconds(value) is None


def test_unix_times_keep_their_milliseconds():
    assert seconds_or_milliseconds(1795338000) == NOW
    assert seconds_or_milliseconds("1795338000123") == NOW.replace(microsecond=123000)


def test_ids_come_as_text_and_as_numbers():
    assert id_of(9007199254740993, "id") == "9007199254740993"
    assert id_of("  ", "id") is None
    assert text_of(True) is None
    assert [whole_number(value) for value in ("-7", "7 ", "7.0", "", None, 10**16)] == [
        -7,
        7,
        None,
        None,
        None,
        None,
    ]
    with pytest.raises(ItemFailed):
        id_of("x" * 256, "id")


def test_a_doubled_header_or_parameter_is_none_at_all():
    request = Request(
        method="GET",
        query=b"a=1&b=2&a=1&c=%E5%B0%8F&d=%ff&e",
        headers=((b"x", b"1"), (b"y", b"2"), (b"x", b"1")),
        now=NOW,
    )
    assert request.header(b"x") is None
    assert request.header(b"y") == b"2"
    assert request.parameters() == {}
    fine = Request(method="GET", query=b"a=1&b=2&a=1&c=%E5%B0%8F&e", now=NOW)
    assert fine.parameters() == {"b": "2", "c": "小", "e": ""}


@patient
@given(st.binary(min_size=1, max_size=300))
def test_any_ciphertext_is_undecipherable_and_nothing_else(sealed: bytes):
    from base64 import b64encode

    cipher = WeChatCipher("A" * 43, "wx1")
    for text in (b64encode(sealed).decode(), sealed.decode("latin-1")):
        with pytest.raises(Undecipherable):
            cipher.decrypt(text)


@patient
@given(st.text() | st.integers() | st.none() | st.lists(st.integers(), max_size=2))
def test_no_value_makes_the_parsers_of_times_and_keys_raise(value):
    for moment in (parse_beijing(value), parse_zoned(value, "%a %b %d %H:%M:%S %z %Y")):
        assert moment is None or moment.tzinfo is not None
    key = key_of(value)
    assert key is None or 0 < len(key) <= 255
    if isinstance(value, str):
        assert is_within(value, NOW, timedelta(days=100_000)) in (True, False)


def test_local_times_are_those_of_beijing_and_zoned_ones_name_their_zone():
    assert parse_beijing("2026-11-22 17:00:00") == NOW
    assert parse_zoned("Sun Nov 22 17:00:00 +0800 2026", "%a %b %d %H:%M:%S %z %Y") == NOW
    assert parse_beijing("2026-11-22T17:00:00") is None
    assert parse_zoned("Sun Nov 22 17:00:00 2026", "%a %b %d %H:%M:%S %z %Y") is None


def test_a_signed_time_is_a_plain_number_in_its_unit():
    seconds = int(NOW.timestamp())
    for text, per_second in ((str(seconds), 1), (f"{seconds}000", 1000)):
        assert is_within(text, NOW, timedelta(0), per_second)
        assert is_within(text.encode(), NOW, timedelta(0), per_second)
    for text in ("", None, "x", f"{seconds}.0", f"+{seconds}", "٣", "9" * 17, f"{seconds}000"):
        assert not is_within(text, NOW, timedelta(minutes=5))


@patient
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"])))
def test_the_space_around_a_text_stays_where_it_may_be_signed(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    raw = f"<x><a>{escaped}</a></x>".encode()
    assert xml.decode(raw, strip=False) == {"a": text}
    assert xml.decode(raw) == {"a": text.strip()}
