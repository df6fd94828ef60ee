"""What tracking clients send."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from mediaops_ingest.platforms.identity import canonical_digest
from mediaops_ingest.platforms.port import (
    Ignored,
    ItemFailed,
    Malformed,
    Refused,
    Request,
    Verified,
)
from mediaops_ingest.platforms.registry import ADAPTERS

from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.international_signers import (
    A_CALL,
    NOW,
    SECONDS,
    SNOWPLOW_PATH,
    a_push,
    an_example,
)
from tests.ingest.platforms.trying import an_activity, drafts, items, types, verify


def a_call(**changes: Any) -> dict[str, Any]:
    return {**A_CALL, **changes}


@pytest.mark.parametrize(
    ("call", "type_"),
    [
        (a_call(), "view.recorded"),
        (a_call(event="Order Completed"), "order.paid"),
        (a_call(event="Button Clicked"), "track.Button Clicked"),
        (a_call(type="page", name="Home"), "view.recorded"),
        (a_call(type="screen", name="Home"), "view.recorded"),
        (a_call(type="identify", traits={"name": "林"}), "profile.identified"),
        (a_call(type="group", groupId="g"), "profile.grouped"),
        (a_call(type="alias", previousId="old"), "profile.aliased"),
        (a_call(type="track", event=""), "unmapped"),
        (a_call(type="delete"), "unmapped"),
    ],
)
def test_the_calls_of_segment(call: dict[str, Any], type_: str):
    assert types("segment-rudder", {"batch": [call]}, path="v1/batch") == [type_]
    kind = call["type"]
    if kind != "delete":
        assert types("segment-rudder", call, path=f"v1/{kind}") == [type_]


def test_what_is_told_of_a_person_may_stand_in_the_context():
    call = a_call(type="identify", context={"traits": {"name": "林"}})
    draft = an_activity(drafts("segment-rudder", {"batch": [call]}))
    assert draft.actor is not None
    assert (draft.actor.name, draft.actor.attributes) == ("林", {"name": "林"})


def test_segment_sends_a_whole_batch_again_with_another_sent_at():
    first, second = (
        items("segment-rudder", a_push("segment-rudder", {"batch": [A_CALL | more], **more}))
        for more in ({"sentAt": "a"}, {"sentAt": "b"})
    )
    assert first[0].dedup_key == second[0].dedup_key == "m1"
    assert canonical_digest(first[0]) == canonical_digest(second[0])


def test_segment_takes_the_key_from_the_body_where_no_header_has_it():
    body = {"batch": [A_CALL], "writeKey": "write-key"}
    request = a_push("segment-rudder", body)
    bare = tuple(one for one in request.headers if one[0] != b"authorization")
    for given, verdict in ((body, Verified()), ({**body, "writeKey": "x"}, Refused("auth"))):
        raw = json.dumps(given).encode()
        assert (
            verify("segment-rudder", Request(method="POST", headers=bare, body=raw, now=NOW))
            == verdict
        )


def test_segment_limits_an_event_to_32_kib_and_the_inflated_body():
    import gzip

    long = a_call(properties={"x": "y" * 33_000})
    assert verify("segment-rudder", a_push("segment-rudder", {"batch": [long]})) == Malformed(
        400, "size"
    )
    bomb = gzip.compress(b"[" * (11 << 20))
    packed = a_push("segment-rudder", bomb, content_encoding="gzip")
    assert verify("segment-rudder", packed) == Malformed(413, "size")
    cut = a_push("segment-rudder", bomb[:-9], content_encoding="gzip")
    assert isinstance(verify("segment-rudder", cut), Malformed)
    good = gzip.compress(json.dumps({"batch": [A_CALL]}).encode())
    odd = "application/x-www-form-urlencoded"
    assert types("segment-rudder", good, content_encoding="gzip", content_type=odd) == [
        "view.recorded"
    ]


def test_one_bad_event_of_a_batch_fails_alone():
    found = items("segment-rudder", a_push("segment-rudder", {"batch": [A_CALL, 5]}))
    with pytest.raises(ItemFailed):
        ADAPTERS["segment-rudder"].normalise(found[1], a_context())


@pytest.mark.parametrize(
    ("event", "type_"),
    [
        ({"e": "pv", "url": "https://s/a"}, "view.recorded"),
        ({"e": "se", "se_ca": "media", "se_ac": "play"}, "track.media.play"),
        ({"e": "ue"}, "unmapped"),
        ({"e": "pp"}, "unmapped"),
        ({"e": "se"}, "unmapped"),
    ],
)
def test_snowplow_events_by_post_and_by_get(event: dict[str, str], type_: str):
    event = {"eid": "e1", "dtm": str(SECONDS * 1000), "uid": "u1", **event}
    assert types("snowplow", {"schema": "s", "data": [event]}, path=SNOWPLOW_PATH) == [type_]
    assert types("snowplow", b"", path="i", method="GET", query=event) == [type_]


def test_a_snowplow_repeat_is_sent_at_another_time():
    first, second = (
        items(
            "snowplow",
            a_push("snowplow", {"data": [{"e": "pv", "eid": "1", "stm": at}]}, path=SNOWPLOW_PATH),
        )
        for at in ("1", "2")
    )
    assert first[0].dedup_key == "1"
    assert canonical_digest(first[0]) == canonical_digest(second[0])


@pytest.mark.parametrize(
    ("action", "type_"),
    [
        ({"url": "https://s/a"}, "view.recorded"),
        ({"e_c": "media", "e_a": "play"}, "track.media.play"),
        ({"link": "https://o/"}, "link.clicked"),
        ({"download": "https://s/f.pdf"}, "link.clicked"),
        ({"idgoal": "0", "ec_id": "o1", "revenue": "5"}, "order.paid"),
        ({"idgoal": "3"}, "unmapped"),
        ({"ping": "1", "url": "https://s/a"}, "unmapped"),
    ],
)
def test_matomo_actions(action: dict[str, str], type_: str):
    query = {"idsite": "1", "rec": "1", "uid": "u", **action}
    assert types("matomo", b"", path="matomo.php", method="GET", query=query) == [type_]


def test_matomo_answers_as_its_clients_expect():
    verifier = ADAPTERS["matomo"].prepare([{}], {})

    def answer(body: Any, **query: str) -> Any:
        request = a_push("matomo", body, path="matomo.php", query={"rec": "1", **query})
        return verifier.answer(request, Verified())

    assert answer(b"").content_type == "image/gif"
    assert answer(b"", send_image="0").status == 204
    bulk = {"requests": ["?rec=1&url=a", {"rec": 1, "url": "b"}]}
    assert json.loads(answer(bulk).body) == {"status": "success", "tracked": 2, "invalid": 0}
    assert answer(b"url=a&send_image=0").status == 204
    assert isinstance(verify("matomo", a_push("matomo", b"", query={"rec": "0"})), Ignored)


def test_a_bad_request_in_a_bulk_of_matomo_fails_alone():
    body = {"requests": ["?rec=1&url=a", 7, {"rec": "1", "url": "b"}]}
    bulk = a_push("matomo", body, path="matomo.php")
    good, bad, other = items("matomo", bulk)
    adapter, context = ADAPTERS["matomo"], a_context(received_at=NOW)
    with pytest.raises(ItemFailed):
        adapter.normalise(bad, context)
    assert types_of([*adapter.normalise(good, context), *adapter.normalise(other, context)]) == [
        "view.recorded",
        "view.recorded",
    ]
    answer = adapter.prepare([{}], {}).answer(bulk, Verified())
    assert json.loads(answer.body) == {"status": "success", "tracked": 2, "invalid": 1}


def test_matomo_has_no_ids_so_two_equal_views_at_two_times_are_two():
    def digest(now: datetime, **more: str) -> bytes:
        query = {"rec": "1", "url": "https://s/a", **more}
        request = a_push("matomo", b"", path="matomo.php", query=query, now=now)
        return canonical_digest(items("matomo", request)[0])

    later = datetime.fromtimestamp(SECONDS + 1, UTC)
    assert digest(NOW) != digest(later)
    assert digest(NOW, rand="1") == digest(later, rand="1")


def test_an_optional_bearer_is_asked_for_once_it_is_set():
    given = {"bearer": "b-1"}
    for scheme in ("snowplow", "matomo"):
        assert verify(scheme, an_example(scheme), given) == Refused("auth")
        right = an_example(scheme, authorization="Bearer b-1")
        assert verify(scheme, right, given) == Verified()
    by_query = an_example("matomo", query={"token_auth": "b-1"})
    assert verify("matomo", by_query, given) == Verified()
    in_bulk = a_push("matomo", {"requests": ["?rec=1"], "token_auth": "b-1"}, path="matomo.php")
    assert verify("matomo", in_bulk, given) == Verified()
    in_form = a_push("matomo", b"rec=1&token_auth=b-1", path="matomo.php")
    assert verify("matomo", in_form, given) == Verified()
