"""Pages, ranges of days and moments, and ETags."""

import contextlib
from datetime import UTC, date, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mediaops_common.http import (
    Invalid,
    decode_cursor,
    encode_cursor,
    parse_days,
    parse_range,
)

from tests.common.http.fake import NOW

NOTES = "/fake/v1/notes"


async def test_paging_sees_every_row_once(owner: httpx.AsyncClient) -> None:
    made = [
        (await owner.post(NOTES, json={"title": f"note {number}"})).json()["id"]
        for number in range(7)
    ]
    seen: list[str] = []
    after = None
    for _ in range(4):
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = (await owner.get(NOTES, params=query)).json()
        seen += [note["id"] for note in page["items"]]
        after = page["next"]
    assert after is None
    assert seen == made


@pytest.mark.parametrize(
    "after", ["x", "é", "W10", "WzFd", "bnVsbA", encode_cursor(1, 2), encode_cursor("a\x00"), "=="]
)
async def test_a_forged_place_is_invalid(after: str, owner: httpx.AsyncClient) -> None:
    answer = await owner.get("/fake/v1/notes/places", params={"after": after})
    assert answer.status_code == 422


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.text("ab小-", max_size=9)))
def test_a_place_comes_back_as_it_was(parts: list[str | int | None]) -> None:
    assert decode_cursor(encode_cursor(*parts), len(parts)) == parts


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_invalid(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert len(decode_cursor(text, 1)) == 1


async def test_days_are_local_and_inclusive_at_both_ends(owner: httpx.AsyncClient) -> None:
    answer = await owner.get(
        "/fake/v1/notes/range", params={"from": "2026-11-20", "to": "2026-11-21"}
    )
    assert answer.json() == {"start": "2026-11-19T16:00:00Z", "end": "2026-11-21T16:00:00Z"}


async def test_moments_are_taken_as_they_are(owner: httpx.AsyncClient) -> None:
    query = {"from": "2026-11-20T00:00:00+08:00", "to": "2026-11-20T00:00:01.5Z"}
    answer = await owner.get("/fake/v1/notes/range", params=query)
    assert answer.json() == {"start": "2026-11-19T16:00:00Z", "end": "2026-11-20T00:00:01.500000Z"}


def test_a_plus_that_became_a_blank_is_understood() -> None:
    found = parse_range("2026-11-20T00:00:00 08:00", None, "UTC")
    assert found.start == datetime(2026, 11, 19, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "", "today", "2026-13-01", "2026-02-30", "20261120", "2026-W47-7", "2026-11-20T08:00:00",
        "1795392000", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00", "2026-11-20T25:00:00Z", "２０２６-11-20", "2026-11-20 ",
        "2026-11-20T08:00Z; drop", "2026-11-20\x00",
    ],
)  # fmt: skip
def test_another_form_is_invalid(value: str) -> None:
    with pytest.raises(Invalid):
        parse_range(value, None, "Asia/Shanghai")
    with pytest.raises(Invalid):
        parse_range(None, value, "Asia/Shanghai")
    with pytest.raises(Invalid):
        parse_days(value, None, "Asia/Shanghai", today=NOW.date())


def test_an_end_before_the_start_is_invalid() -> None:
    with pytest.raises(Invalid):
        parse_range("2026-11-21", "2026-11-20", "UTC")
    with pytest.raises(Invalid):
        parse_days("2026-11-21", "2026-11-20", "UTC", today=NOW.date())


def test_days_of_a_series_end_today_and_have_a_length() -> None:
    found = parse_days(None, None, "UTC", today=date(2026, 11, 22), default_days=7)
    assert (found.first, found.last) == (date(2026, 11, 16), date(2026, 11, 22))
    assert len(found.numbers) == 7
    with pytest.raises(Invalid, match="more than"):
        parse_days("2020-01-01", None, "UTC", today=date(2026, 11, 22), max_days=1000)


def test_moments_of_a_series_stand_for_their_local_days() -> None:
    found = parse_days(
        "2026-11-19T17:00:00Z", "2026-11-21T16:00:00Z", "Asia/Shanghai", today=NOW.date()
    )
    assert (found.first, found.last) == (date(2026, 11, 20), date(2026, 11, 21))


@given(st.text(max_size=30))
def test_any_text_is_a_range_or_invalid(text: str) -> None:
    with contextlib.suppress(Invalid):
        parse_range(text, text, "America/New_York")


async def test_a_change_needs_the_etag_of_what_was_read(owner: httpx.AsyncClient) -> None:
    note = (await owner.post(NOTES, json={"title": "a"})).json()
    path = f"{NOTES}/{note['id']}"
    tag = (await owner.get(path)).headers["etag"]
    body = {"title": "b"}
    assert (await owner.put(path, json=body)).status_code == 428
    for wrong in ('"7"', f"W/{tag}", "1", "nonsense"):
        assert (await owner.put(path, json=body, headers={"If-Match": wrong})).status_code == 412
    several = {"If-Match": f'"7", {tag}'}
    assert (await owner.put(path, json=body, headers=several)).json()["version"] == 2
    assert (await owner.put(path, json=body, headers={"If-Match": tag})).status_code == 412
    assert (await owner.put(path, json=body, headers={"If-Match": "*"})).json()["version"] == 3
