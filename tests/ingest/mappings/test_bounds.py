"""A hostile mapping cannot run away."""

import time
from contextlib import suppress

import pytest
from hypothesis import strategies as st
from mediaops_ingest.mappings.compiled import MAX_OUTPUTS, Allowance, compile_mapping
from mediaops_ingest.mappings.values import BadMapping
from mediaops_ingest.platforms.port import ItemFailed, Unmapped

from tests.ingest.counts import counts, over
from tests.ingest.platforms.examples import a_context


def a_rule(**changes):
    return {"type": "like.created", "occurred_at": "=received_at", **changes}


def apply(rule, item):
    return compile_mapping({"activities": [rule]}).apply(item, a_context())


def test_outputs_are_counted():
    rule = a_rule(each="item.list")
    assert len(apply(rule, {"list": [1] * MAX_OUTPUTS})) == MAX_OUTPUTS
    with pytest.raises(ItemFailed, match="more than 1000"):
        apply(rule, {"list": [1] * (MAX_OUTPUTS + 1)})


def test_large_items_are_refused_before_any_work():
    with pytest.raises(ItemFailed, match="too long"):
        apply(a_rule(), {"text": "x" * 300_000})


@pytest.mark.parametrize(
    "expression",
    [
        "item.list[*].[@, @]|[*].[@, @]",
        " | ".join(["[@, @]"] * 60),
        "{a: item, b: {a: item, b: item}}",
        "item.[" + ",".join(["a"] * 21) + "]",
        "(" * 400 + "item" + ")" * 400,
        "!" * 499,
        "item" + ".a" * 249,
        "item" + "[0]" * 160,
        "a" * 501,
        "`[" * 100,
    ],
    ids=lambda text: text[:20],
)
def test_expressions_that_grow_are_refused_or_harmless(expression):
    started = time.monotonic()
    with suppress(BadMapping, ItemFailed):
        apply(a_rule(when=expression), {"list": [[1, 2]] * 1000})
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "rule",
    [
        a_rule(each="item.list", when="length(item.list[?@ == `1`]) > `0`"),
        a_rule(each="item.list", text="=join('', sort(item.words))"),
        a_rule(each="item.list", text="=reverse(reverse(reverse(reverse(item.words)))) | [0]"),
        a_rule(each="item.list", text="=item.words[][][][][][][][] | [0]"),
        a_rule(each="item.list", text="=max_by(item.list, &sum(values(@)))"),
        a_rule(each="item.list", text="=contains(item.long, 'xyz') && 'a' || 'b'"),
    ],
    ids=lambda rule: str(rule.get("text", rule.get("when")))[:30],
)
def test_work_that_multiplies_runs_out_of_budget(rule):
    item = {"list": [1] * 900, "words": ["w"] * 20_000, "long": "x" * 60_000}
    started = time.monotonic()
    with pytest.raises(ItemFailed):
        apply(rule, item)
    assert time.monotonic() - started < 5


LARGE = {f"key-{n}": n for n in range(4_000)}


def deep(last):
    return {"x": [[n] for n in range(3_000)] + [last]}


@pytest.mark.parametrize(
    "changes",
    [
        {"text": f"=merge({', '.join(['item.large'] * 40)}) && 'x'"},
        {"when": " && ".join(["item.one == item.other"] * 18)},
        {"when": " || ".join(["contains(item.held, item.one)"] * 15)},
        {"each": "item.long", "type": "=item.none", "context": {f"k{n}": n for n in range(50)}},
    ],
    ids=["merge", "equality", "contains", "literals"],
)
def test_work_that_no_step_of_evaluation_shows_is_bounded_too(changes):
    item = {
        "list": [1] * 300,
        "long": [1] * 20_000,
        "large": LARGE,
        "one": deep(1),
        "other": deep(1),
        "held": [deep(2)],
    }
    with pytest.raises(ItemFailed, match=r"too much|compared at once"):
        apply(a_rule(**{"each": "item.list", **changes}), item)


def test_small_arrays_and_objects_are_compared_as_ever():
    rule = a_rule(when='item.tags == `["a", "b"]` && contains(item.pairs, item.pair)')
    item = {"tags": ["a", "b"], "pairs": [{"k": [1]}, {"k": [2]}], "pair": {"k": [2]}}
    assert len(apply(rule, item)) == 1
    unmapped = apply(rule, {**item, "pair": {"k": [3]}})
    assert isinstance(unmapped[0], Unmapped)


def test_join_cannot_make_a_giant_of_two_dwarfs():
    rule = a_rule(text="=join(item.glue, item.words)")
    with pytest.raises(ItemFailed, match=r"join\(\)"):
        apply(rule, {"glue": "x" * 50_000, "words": ["w"] * 20_000})


def test_one_list_of_expressions_is_useful_and_allowed():
    rule = a_rule(text="=join(':', [item.shop, item.order])")
    (draft,) = apply(rule, {"shop": "s", "order": "7"})
    assert draft.text == "s:7"


@pytest.mark.parametrize(
    "document",
    [
        {"activities": [a_rule()] * 51},
        {"activities": [a_rule(context={f"k{n}": 1 for n in range(51)})]},
        {"activities": [a_rule()], "tables": {"t": {f"key-{n}": "x" * 10 for n in range(9000)}}},
    ],
    ids=["rules", "context", "bytes"],
)
def test_mappings_themselves_are_bounded(document):
    with pytest.raises(BadMapping):
        compile_mapping(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=15,
)
EXPRESSION = st.text(alphabet="item.each[]*?@&|!=<>`'\"(){},:0 lengthjonsrmax_by", max_size=40)


@counts(100, 5_000)
def test_any_expression_over_any_item_fails_by_its_place_or_not_at_all(count):
    @over(count, EXPRESSION, JSON)
    def _(expression, item):
        place = "activities[0]"
        try:
            place = apply(a_rule(text=f"={expression}", when=expression or "item"), item) and place
        except BadMapping as error:
            place = error.position
        except ItemFailed as error:
            place = error.field
        assert place.startswith(("activities[0]", "mapping"))


@counts(100, 5_000)
def test_any_json_is_a_mapping_or_is_refused(count):
    @over(count, JSON)
    def _(document):
        for shape in (
            document,
            {"activities": document},
            {"activities": [document], "tables": document},
        ):
            with pytest.raises(BadMapping):
                compile_mapping(shape)


def test_all_items_of_a_delivery_together_are_bounded_too():
    mapping = compile_mapping({"activities": [a_rule(when="item.list[?contains(@, 'x')]")]})
    item, allowance = {"list": ["xy"] * 200}, Allowance()
    allowance.left //= 100
    outcomes = []
    for _ in range(100):
        try:
            outcomes.append(len(mapping.apply(item, a_context(), allowance)))
        except ItemFailed as error:
            outcomes.append(error.field)
    assert outcomes[0] == 1
    assert outcomes[-1] == "mapping"
    assert allowance.left == 0
    assert len(mapping.apply(item, a_context())) == 1
