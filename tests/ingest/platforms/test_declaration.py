"""What adapters declare, and how the keys of a source are checked against it."""

from datetime import timedelta

import pytest
from mediaops_ingest.platforms.declaration import BadSetting, Declaration, Key
from mediaops_ingest.platforms.registry import ADAPTERS, attachable

META = Declaration(
    name="two-proofs",
    title="Two proofs, one of them ours",
    platform=None,
    keys=(
        Key("app_secret", "theirs"),
        Key("verify_token", "ours", generate=lambda: "made"),
        Key("app_key", "half"),
        Key("half", "of"),
        Key("topics", "a list", form="list", is_setting=True),
    ),
    proofs=(frozenset({"app_secret"}), frozenset({"verify_token"}), frozenset({"app_key", "half"})),
)


def field_of(secrets: dict, config: dict | None = None) -> str:
    with pytest.raises(BadSetting) as caught:
        META.settle(secrets, config or {})
    return caught.value.field


def test_one_complete_proof_is_enough():
    assert META.settle({"app_secret": "x"}, {}).secrets == {"app_secret": "x"}
    assert META.settle({"app_key": "a", "half": "b"}, {}).secrets == {"app_key": "a", "half": "b"}


def test_half_a_proof_is_named_by_what_is_missing():
    assert field_of({"app_key": "a"}) == "secrets.half"


def test_unknown_keys_are_named():
    assert field_of({"app_secret": "x", "other": "y"}) == "secrets.other"
    assert field_of({"app_secret": "x"}, {"app_secret": "y"}) == "config.app_secret"


def test_only_ours_is_generated_and_only_without_any_proof():
    assert META.settle({}, {}).secrets == {"verify_token": "made"}
    assert META.settle({}, {"topics": ["t"]}).secrets == {"verify_token": "made"}
    douyin = ADAPTERS["douyin-open"].declaration
    with pytest.raises(BadSetting, match="client_secret"):
        douyin.settle({}, {})


@pytest.mark.parametrize("value", ["", 5, ["x"], "a\nb", "x" * 5000, {"a": 1}])
def test_a_text_must_be_one(value):
    assert field_of({"app_secret": value}) == "secrets.app_secret"


@pytest.mark.parametrize("value", ["x", [], [""], [1], ["x"] * 21])
def test_a_list_must_be_one(value):
    assert field_of({"app_secret": "x", "topics": value}).startswith("secrets.topics")


def test_a_setting_ends_up_in_the_configuration_wherever_it_was_given():
    for secrets, config in (({"topics": ["t"]}, {}), ({}, {"topics": ["t"]})):
        settled = META.settle({"app_secret": "x", **secrets}, config)
        assert (settled.secrets, settled.config) == ({"app_secret": "x"}, {"topics": ["t"]})
    both = {"app_secret": "x", "topics": ["t"]}
    assert META.settle(both, {"topics": ["t"]}).config == {"topics": ["t"]}
    assert field_of(both, {"topics": ["u"]}) == "config.topics"


def test_null_is_like_not_given():
    assert META.settle({"app_secret": "x", "half": None}, {"topics": None}).config == {}


def test_adapters_of_a_platform_share_its_namespace_and_partners_take_the_channels():
    declarations = {name: adapter.declaration for name, adapter in ADAPTERS.items()}
    assert declarations["douyin-open"].namespace("generic") == "douyin"
    for name in ("api", "standard-webhooks", "cloudevents"):
        assert declarations[name].namespace("douyin") == "douyin"


def test_every_adapter_says_what_an_operator_needs():
    for adapter in attachable():
        declaration = adapter.declaration
        assert declaration.title
        assert declaration.retries
        assert declaration.tells
        assert declaration.notes
        assert declaration.proof
        assert declaration.answer
        assert declaration.known_by
        assert declaration.cannot
        assert declaration.deadline_seconds <= 30
        assert declaration.lateness >= timedelta(hours=24)
        assert all(key.help for key in declaration.keys)
        named = {name for proof in declaration.proofs for name in proof}
        assert named <= {key.name for key in declaration.keys}
