"""Whatever is done to an accepted request, it is refused where it is signed, and nothing raises."""

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec
import pytest
from hypothesis import strategies as st
from mediaops_ingest.door.cache import ALWAYS_HIDDEN
from mediaops_ingest.platforms.port import (
    Handshake,
    Ignored,
    ItemFailed,
    Malformed,
    Refused,
    Request,
    Unreadable,
    Verdict,
    Verified,
)
from mediaops_ingest.platforms.registry import ADAPTERS, attachable
from standardwebhooks.webhooks import Webhook

from tests.ingest.counts import counts, over
from tests.ingest.platforms.chinese_signers import CHINESE
from tests.ingest.platforms.examples import a_context, examples
from tests.ingest.platforms.international_signers import INTERNATIONAL
from tests.ingest.platforms.shapes import Shape, shape_of, whole
from tests.ingest.platforms.signers import (
    CLIENT_SECRET,
    SECRET,
    WECHAT,
    a_cloud_event,
    a_douyin_push,
    a_like,
    a_sealed_wechat_message,
    a_standard_webhook,
    a_wechat_message,
    wechat_xml,
)

Case = tuple[str, str, dict, Request]

OWN: list[Case] = [
    (
        "standard-webhooks",
        "own",
        {"secret": SECRET},
        a_standard_webhook({"type": "like.created", "data": a_like()}),
    ),
    (
        "douyin-open",
        "own",
        {"client_secret": CLIENT_SECRET},
        a_douyin_push("new_follow_action", {"action_type": 1, "action_time": 1795338000}),
    ),
    ("wechat-oa", "sealed", WECHAT, a_sealed_wechat_message(wechat_xml(Event="subscribe"))),
    ("wechat-oa", "plain", WECHAT, a_wechat_message(wechat_xml(Event="subscribe"))),
    ("cloudevents", "structured", {}, a_cloud_event(a_like())),
    ("cloudevents", "binary", {}, a_cloud_event(a_like(), binary=True)),
    ("cloudevents", "bearer", {"bearer": "b"}, a_cloud_event(a_like(), bearer="b")),
    *CHINESE,
    *INTERNATIONAL,
]
CASES: list[Case] = OWN + [
    (one.scheme, one.name, one.secrets, one.request)
    for one in examples()
    if one.verdict in ("accept", "accept-unsigned")
]


def shape(case: Case) -> Shape:
    return shape_of(case[0], case[3].query)


def use(case: Case, request: Request) -> Verdict:
    """The whole way of a request: nothing but the two declared exceptions may come out of it."""
    scheme, _, secrets, _ = case
    adapter = ADAPTERS[scheme]
    verdict = adapter.prepare([secrets], {}).verify(request)
    assert isinstance(verdict, Verified | Refused | Malformed | Handshake | Ignored)
    if isinstance(verdict, Verified):
        context = a_context(received_at=request.now)
        try:
            for item in adapter.split(request, [secrets], {}):
                assert item.canonical is not None
                with suppress(ItemFailed):
                    assert adapter.normalise(item, context)
        except Unreadable:
            pass
    return verdict


def changed(request: Request, **fields: object) -> Request:
    return msgspec.structs.replace(request, **fields)


def all_cases(check: Callable[[Case], bool] = lambda case: True) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if check(case)]
    return pytest.mark.parametrize("case", chosen, ids=lambda case: f"{case[0]}-{case[1]}")


@all_cases()
def test_the_unchanged_request_is_accepted(case: Case):
    assert isinstance(use(case, case[3]), Verified)


ALL = 10**9


def flips(body: bytes, places: range, count: int) -> Iterator[bytes]:
    """The body with one bit flipped in these places: so many of all that there are."""
    bits = range(8 * places.start, 8 * places.stop)
    for bit in bits if count >= len(bits) else random.Random(7).sample(bits, count):
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


@counts(40, ALL)
@all_cases(lambda case: shape(case).body is not None)
def test_a_flipped_bit_of_what_is_signed_is_refused(case: Case, count: int):
    body, signed = case[3].body, shape(case).body
    assert signed is not None
    places = range(*signed(body).indices(len(body)))
    for flipped in flips(body, places, count):
        verdict = use(case, changed(case[3], body=flipped))
        # The weak signature of a 公众号 is right still: its envelope may have become unreadable.
        assert isinstance(verdict, Refused | Malformed)
        assert isinstance(verdict, Refused) or case[0] == "wechat-oa"


@counts(40, ALL)
@all_cases()
def test_a_flipped_bit_anywhere_never_raises(case: Case, count: int):
    body = case[3].body
    for flipped in flips(body, range(len(body)), count):
        use(case, changed(case[3], body=flipped))


@all_cases(lambda case: bool(shape(case).headers))
def test_without_or_with_a_doubled_or_garbled_proof_header_it_is_refused(case: Case):
    headers = list(case[3].headers)
    for place, (name, value) in enumerate(headers):
        # Of several signatures one right one is enough, whatever the others are.
        if name not in shape(case).headers or b" " in value:
            continue
        others = headers[:place] + headers[place + 1 :]
        for changes in (
            others,
            [*headers, (name, value)],
            [*headers, (name, b"x")],
            [*others, (name, b"")],
            [*others, (name, b"\xff\xfe\x00")],
            [*others, (name, value[:-2] + b"\xc3\xa9")],
            [*others, (name, b"9" * 5000)],
            [*others, (name, value + b"0")],
        ):
            assert isinstance(use(case, changed(case[3], headers=changes)), Refused)


@all_cases(lambda case: bool(shape(case).parameters))
def test_without_or_with_a_doubled_or_garbled_parameter_it_is_refused(case: Case):
    pairs = case[3].query.split(b"&")
    for place, pair in enumerate(pairs):
        name = pair.partition(b"=")[0]
        if name not in shape(case).parameters:
            continue
        others = pairs[:place] + pairs[place + 1 :]
        for changes in (
            others,
            [*pairs, pair],
            [*others, name + b"="],
            [*others, name + b"=%ff%fe"],
            [*others, name + b"=" + b"9" * 5000],
            [*others, pair + b"0"],
        ):
            query = b"&".join(changes)
            assert isinstance(use(case, changed(case[3], query=query)), Refused)


@all_cases()
def test_cut_and_lengthened_bodies_never_raise(case: Case):
    body = case[3].body
    for other in (b"", body[:-1], body[: len(body) // 2], body + b" ", body * 2, b"\x00" + body):
        verdict = use(case, changed(case[3], body=other))
        if shape(case).body is whole and other != body:
            assert isinstance(verdict, Refused)


@counts(25, 1_000)
@pytest.mark.parametrize("case", OWN, ids=lambda case: f"{case[0]}-{case[1]}")
def test_any_bytes_anywhere_never_raise(case: Case, count: int):
    request = case[3]
    text = st.binary(max_size=60)

    @over(count, st.data())
    def _(data: st.DataObject) -> None:
        headers = list(request.headers)
        for _ in range(data.draw(st.integers(0, 3))):
            if headers:
                place = data.draw(st.integers(0, len(headers) - 1))
                headers[place] = (headers[place][0], data.draw(text))
        use(
            case,
            changed(
                request,
                headers=headers,
                body=data.draw(st.one_of(st.just(request.body), text)),
                query=data.draw(st.one_of(st.just(request.query), text)),
                method=data.draw(st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "X"])),
            ),
        )


@all_cases(lambda case: bool(ADAPTERS[case[0]].declaration.proofs))
def test_what_is_not_configured_is_refused(case: Case):
    adapter = ADAPTERS[case[0]]
    assert isinstance(adapter.prepare([], {}).verify(case[3]), Refused)


@all_cases()
def test_a_header_that_is_a_secret_itself_is_not_kept(case: Case):
    scheme, _, secrets, request = case
    hidden = ALWAYS_HIDDEN | ADAPTERS[scheme].declaration.hidden_headers
    # Doudian says in a header whose application it is: that is a name, and proves nothing.
    secret = [value for key, value in secrets.items() if key != "app_key"]
    for name, value in request.headers:
        assert name in hidden or value.decode("latin-1") not in secret


def test_every_adapter_has_a_case_of_its_own():
    assert {case[0] for case in OWN} == {one.declaration.name for one in attachable()}


HOSTILE_JSON = [
    b"[" * 200_000 + b"]" * 200_000,
    b'{"event":' * 5_000,
    b'{"event":"x","content":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"type":"like.created","data":{"count":1e999}}',
    b'{"type":"like.created","data":{"count":' + b"9" * 5000 + b"}}",
    b'{"type":"like.created","data":{"text":"\\ud800"}}',
    b'{"type":"like.created","data":{"text":"\\u0000"}}',
    b'{"type":"like.created","data":{"occurred_at":"0001-01-01T00:00:00+14:00"}}',
    b'{"type":"like.created","data":{"occurred_at":"9999-12-31T23:59:59-14:00"}}',
    b'{"type":["like.created"],"data":{"type":{}}}',
    b'{"type":"like.created","data":{"actor":[]}}',
    b'{"type":"like.created","data":{"channel_id":[1]}}',
    b'{"type":null,"data":null}',
    b"null",
    b'"text"',
    b"NaN",
    b"\xff\xfe\x00",
    b'{"event":[],"content":"{"}',
    b'{"event":"new_video_digg","content":"[1,2]"}',
    b'{"event":"new_video_digg","content":{"item_id":{"a":1},"action_type":[]}}',
    b'{"event":"item_comment_reply","content":{"comment_user_id":{},"create_time":1e300}}',
    b'{"event":"life_trade_order_notify","content":{"action":"pay_success","order":[]}}',
    b'{"event":"im_receive_msg","content":{"user_infos":[1,{"open_id":[]}],"create_time":-1}}',
    b'{"MsgType":{},"FromUserName":[]}',
    b'{"MsgType":"event","FromUserName":"f","Event":["x"],"CreateTime":99999999999999999}',
    b'{"MsgType":"event","FromUserName":"f","Event":"MASSSENDJOBFINISH","Status":{}}',
    b'{"MsgType":"event","FromUserName":"f","Event":"FREEPUBLISHJOBFINISH","PublishEventInfo":[]}',
    b"<xml>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</xml>",
    b"<xml><MsgType>event</MsgType><FromUserName>f</FromUserName><Event>VIEW<b/></Event></xml>",
    b'<?xml version="1.0" encoding="utf-7"?><xml/>',
]


@pytest.mark.parametrize("body", HOSTILE_JSON, ids=range(len(HOSTILE_JSON)))
def test_rightly_signed_nonsense_never_raises(body: bytes):
    hook = a_standard_webhook({})
    text = body.decode("latin-1") if b"\xff" in body else body.decode()
    signature = Webhook(SECRET).sign(msg_id="msg_1", timestamp=hook.now, data=text).encode()
    headers = [(n, signature if n == b"webhook-signature" else v) for n, v in hook.headers]
    use(OWN[0], changed(hook, headers=headers, body=text.encode()))
    douyin = hashlib.sha1(CLIENT_SECRET.encode() + body).hexdigest().encode()
    use(OWN[1], changed(OWN[1][3], headers=((b"x-douyin-signature", douyin),), body=body))
    use(OWN[3], changed(OWN[3][3], body=body))
    for content_type in (b"application/cloudevents+json", b"application/cloudevents-batch+json"):
        use(OWN[4], changed(OWN[4][3], headers=((b"content-type", content_type),), body=body))
    use(OWN[5], changed(OWN[5][3], body=body))
