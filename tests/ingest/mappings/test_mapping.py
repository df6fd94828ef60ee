"""Mappings: what they make of an item, and what is wrong with a wrong one."""

from datetime import UTC, date, datetime

import pytest
from mediaops_ingest.mappings.compiled import compile_mapping
from mediaops_ingest.mappings.interpret import interpret
from mediaops_ingest.mappings.values import BadMapping
from mediaops_ingest.platforms.douyin_open import DouyinOpen
from mediaops_ingest.platforms.port import ItemFailed, Unmapped
from mediaops_ingest.platforms.standard_webhooks import StandardWebhooks

from tests.ingest.platforms.examples import a_context, types_of
from tests.ingest.platforms.signers import a_douyin_push, a_like, a_standard_webhook

WHEN = datetime(2026, 11, 22, 8, tzinfo=UTC)
ITEM = {"event": "bought", "at": "2026-11-22T08:00:00Z", "user": 42, "lines": [{"n": 1}, {"n": 2}]}


def a_rule(**changes):
    known = {"type": "order.paid", "occurred_at": "=item.at"}
    return {key: value for key, value in {**known, **changes}.items() if value is not ...}


def made(rule, item=ITEM, **document):
    return compile_mapping({"activities": [rule], **document}).apply(item, a_context())


def one(rule, item=ITEM, **document):
    (draft,) = made(rule, item, **document)
    return draft


def test_literals_expressions_and_numbers_as_ids():
    draft = one(
        a_rule(
            actor={"external_id": "=item.user", "attributes": {"vip": "=`true`"}},
            content={"external_id": {"value": "=c"}},
            context={"shop": "main", "n": 3},
            text=None,
        )
    )
    assert (draft.type, draft.occurred_at) == ("order.paid", WHEN)
    assert (draft.actor.external_id, draft.actor.attributes) == ("42", {"vip": True})
    assert draft.content == "=c"
    assert draft.context == {"shop": "main", "n": 3}


@pytest.mark.parametrize(
    ("value", "option"),
    [
        ("2026-11-22T16:00:00+08:00", {"time": "rfc3339"}),
        (1795334400, {"time": "unix_s"}),
        ("1795334400", {"time": "unix_s"}),
        (1795334400000, {"time": "unix_ms"}),
        ("2026/11/22 16:00", {"time": "%Y/%m/%d %H:%M", "zone": "Asia/Shanghai"}),
        ("2026/11/22 13:30", {"time": "%Y/%m/%d %H:%M", "zone": "Asia/Kolkata"}),
        ("2026/11/22 08:00", {"time": "%Y/%m/%d %H:%M"}),
        ("22.11.2026 09:00 +0100", {"time": "%d.%m.%Y %H:%M %z", "zone": "Asia/Shanghai"}),
    ],
)
def test_times_come_in_many_forms(value, option):
    rule = a_rule(occurred_at={"from": "item.at", **option})
    assert one(rule, {"at": value}).occurred_at == WHEN


@pytest.mark.parametrize(
    ("value", "decimals", "wanted"),
    [("19.90", 2, 1990), (19.9, 2, 1990), (5, 2, 500), ("0.1", 1, 1), ("-3", 2, -300), (7, 0, 7)],
)
def test_amounts_become_whole_minor_units(value, decimals, wanted):
    money = {"amount_minor": {"from": "item.price", "decimals": decimals}, "currency": "CNY"}
    assert one(a_rule(value=money), {**ITEM, "price": value}).value.amount_minor == wanted


@pytest.mark.parametrize("value", ["19.999", "much", "1e999999", "NaN", "Infinity", [1], True])
def test_an_amount_is_never_rounded_or_guessed(value):
    money = {"amount_minor": {"from": "item.price", "decimals": 2}, "currency": "CNY"}
    with pytest.raises(ItemFailed) as caught:
        made(a_rule(value=money), {**ITEM, "price": value})
    assert caught.value.field == "activities[0].value.amount_minor"


def test_tables_and_defaults():
    tables = {"kinds": {"bought": "order.paid", "1": "like.created", "true": "share.created"}}
    kinds = {"from": "item.event", "table": "kinds"}
    assert one(a_rule(type=kinds), tables=tables).type == "order.paid"
    for value, type_ in ((1, "like.created"), (True, "share.created")):
        draft = one(a_rule(type=kinds), {**ITEM, "event": value}, tables=tables)
        assert draft.type == type_
    assert isinstance(one(a_rule(type=kinds), {**ITEM, "event": "?"}, tables=tables), Unmapped)
    other = {**kinds, "default": "track.other"}
    assert one(a_rule(type=other), {**ITEM, "event": "?"}, tables=tables).type == "track.other"
    inline = {"from": "item.event", "table": {"bought": "order.created"}}
    assert one(a_rule(type=inline)).type == "order.created"


def test_a_condition_chooses():
    rule = a_rule(when="item.event == 'bought'")
    assert types_of(made(rule)) == ["order.paid"]
    assert types_of(made(rule, {**ITEM, "event": "seen"})) == ["unmapped"]


def test_each_makes_one_for_every_element():
    rule = a_rule(each="item.lines", when="each.n > `0`", context={"n": "=each.n", "at": "=index"})
    assert [draft.context for draft in made(rule)] == [{"n": 1, "at": 0}, {"n": 2, "at": 1}]
    assert types_of(made(rule, {**ITEM, "lines": None})) == ["unmapped"]
    assert len(made(rule, {**ITEM, "lines": {"n": 5}})) == 1


def test_objects_without_their_id_are_left_out():
    draft = one(
        a_rule(
            actor={"external_id": "=item.nobody", "name": "n"},
            content={"external_id": "=item.nothing"},
            value={"amount_minor": "=item.none", "currency": "CNY"},
        )
    )
    assert (draft.actor, draft.content, draft.value) == (None, None, None)


def test_several_rules_and_snapshots_in_their_order():
    mapping = compile_mapping(
        {
            "activities": [a_rule(), a_rule(type="like.created")],
            "snapshots": [
                {
                    "metric": "fans",
                    "value": {"from": "item.fans", "default": 0},
                    "kind": "daily",
                    "as_of": "=item.at",
                    "day": {"value": "2026-11-21"},
                }
            ],
        }
    )
    drafts = mapping.apply({**ITEM, "fans": "12"}, a_context())
    assert types_of(drafts) == ["order.paid", "like.created", "metrics.snapshot"]
    assert (drafts[2].value, drafts[2].day) == (12, date(2026, 11, 21))


@pytest.mark.parametrize(
    ("rule", "item", "field"),
    [
        (a_rule(occurred_at="=item.none"), ITEM, "activities[0].occurred_at"),
        (a_rule(type="no.such"), ITEM, "activities[0].type"),
        (a_rule(count="=item.user"), {**ITEM, "user": 0}, "activities[0].count"),
        (
            a_rule(occurred_at={"from": "item.user", "time": "rfc3339"}),
            ITEM,
            "activities[0].occurred_at",
        ),
        (
            a_rule(occurred_at="=item.at"),
            {"at": "1970-01-01T00:00:00Z"},
            "activities[0].occurred_at",
        ),
        (a_rule(text="=sum(item.user)"), ITEM, "activities[0].text"),
        (a_rule(when="item.user < 'x'"), ITEM, "activities[0].when"),
        (a_rule(actor={"external_id": "=item.lines"}), ITEM, "activities[0].actor.external_id"),
        (a_rule(context={"x": "=to_number('nan')"}), ITEM, "activities[0].context.x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_item_that_does_not_fit_fails_by_its_place(rule, item, field):
    with pytest.raises(ItemFailed) as caught:
        made(rule, item)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("document", "position"),
    [
        ([], "mapping"),
        ({}, "activities"),
        ({"activities": {}}, "activities"),
        ({"activities": [3]}, "activities[0]"),
        ({"activities": [a_rule(type=...)]}, "activities[0].type"),
        ({"activities": [a_rule(), a_rule(occurred_at=...)]}, "activities[1].occurred_at"),
        ({"activities": [a_rule(typo="x")]}, "activities[0].typo"),
        ({"activities": [a_rule(actor={"id": "x"})]}, "activities[0].actor.id"),
        ({"activities": [a_rule(actor="x")]}, "activities[0].actor"),
        ({"activities": [a_rule(text="=item..")]}, "activities[0].text"),
        ({"activities": [a_rule(text="=")]}, "activities[0].text"),
        ({"activities": [a_rule(text="=shout(item)")]}, "activities[0].text"),
        ({"activities": [a_rule(text="=&item")]}, "activities[0].text"),
        ({"activities": [a_rule(text="=to_array(&item)")]}, "activities[0].text"),
        ({"activities": [a_rule(text=["x"])]}, "activities[0].text"),
        ({"activities": [a_rule(text={"from": 3})]}, "activities[0].text.from"),
        ({"activities": [a_rule(text={"from": "a", "tabel": "x"})]}, "activities[0].text.tabel"),
        ({"activities": [a_rule(text={"from": "a", "table": "x"})]}, "activities[0].text.table"),
        ({"activities": [a_rule(text={"from": "a", "time": "iso"})]}, "activities[0].text.time"),
        ({"activities": [a_rule(text={"from": "a", "zone": "Mars/1"})]}, "activities[0].text.zone"),
        ({"activities": [a_rule(text={"from": "a", "zone": "../x"})]}, "activities[0].text.zone"),
        (
            {"activities": [a_rule(text={"from": "a", "decimals": 9})]},
            "activities[0].text.decimals",
        ),
        ({"activities": [a_rule(text={"from": "a", "default": []})]}, "activities[0].text.default"),
        ({"activities": [a_rule(when=3)]}, "activities[0].when"),
        ({"activities": [a_rule(each="[[")]}, "activities[0].each"),
        ({"activities": [a_rule()], "snapshots": [{"metric": "m"}]}, "snapshots[0].as_of"),
        ({"activities": [a_rule()], "tables": []}, "tables"),
        ({"activities": [a_rule()], "tables": {"t": {"k": []}}}, "tables.t.k"),
        ({"activities": [a_rule()], "applies_to": "some"}, "applies_to"),
        ({"activities": [a_rule()], "more": 1}, "mapping.more"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_mapping_is_refused_by_its_place(document, position):
    with pytest.raises(BadMapping) as caught:
        compile_mapping(document)
    assert caught.value.position == position


SHOP = compile_mapping(
    {"activities": [a_rule(when="item.event", actor={"external_id": "=item.user"})]}
)


def read(adapter, request, mapping):
    (item,) = adapter.split(request, [], {})
    return interpret(adapter, item, a_context(platform="douyin"), mapping)


def test_a_mapping_is_asked_for_what_the_adapter_does_not_know():
    hook = StandardWebhooks()
    mapped = read(hook, a_standard_webhook(ITEM), SHOP)
    assert (types_of(mapped.drafts), mapped.by_mapping) == (["order.paid"], True)
    ours = read(hook, a_standard_webhook({"type": "like.created", "data": a_like()}), SHOP)
    assert (types_of(ours.drafts), ours.by_mapping) == (["like.created"], False)
    unknown = read(hook, a_standard_webhook({"type": "x"}), SHOP)
    assert (types_of(unknown.drafts), unknown.by_mapping) == (["unmapped"], False)


def test_a_body_that_only_looks_canonical_goes_to_the_mapping():
    body = {"type": "order.paid", "data": {"count": "three"}, **ITEM}
    assert read(StandardWebhooks(), a_standard_webhook(body), SHOP).by_mapping
    with pytest.raises(ItemFailed):
        read(StandardWebhooks(), a_standard_webhook(body), None)
    body = {"type": "order.paid", "data": {"count": "three"}}
    with pytest.raises(ItemFailed, match="count"):
        read(StandardWebhooks(), a_standard_webhook(body), SHOP)


def test_a_mapping_for_all_goes_before_the_adapter():
    rule = a_rule(
        type="track.like", when="item.event == 'new_video_digg'", occurred_at="=received_at"
    )
    mapping = compile_mapping({"applies_to": "all", "activities": [rule]})
    like = read(DouyinOpen(), a_douyin_push("new_video_digg", {"action_type": 1}), mapping)
    follow = read(DouyinOpen(), a_douyin_push("new_follow_action", {"action_type": 1}), mapping)
    assert (types_of(like.drafts), like.by_mapping) == (["track.like"], True)
    assert (types_of(follow.drafts), follow.by_mapping) == (["follow.created"], False)


def test_what_an_adapter_of_a_platform_leaves_unmapped_can_be_mapped():
    rule = a_rule(
        type="voucher.redeemed",
        when="item.event == 'coupon_used'",
        occurred_at={"from": "item.content.at", "time": "unix_s"},
        actor={"external_id": "=item.from_user_id"},
    )
    mapping = compile_mapping({"activities": [rule]})
    found = read(DouyinOpen(), a_douyin_push("coupon_used", '{"at": 1795334400}'), mapping)
    assert types_of(found.drafts) == ["voucher.redeemed"]
    assert found.drafts[0].actor.external_id == "fan"
