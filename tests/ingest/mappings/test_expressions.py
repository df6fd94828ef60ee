"""A plain path is read without the interpreter, and finds what the interpreter would."""

import jmespath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mediaops_ingest.mappings.expressions import Budget, Expression, OutOfBudget

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@patient
@given(st.lists(NAMES, min_size=1, max_size=4), VALUES)
def test_a_path_finds_what_jmespath_finds(names: list[str], value: object) -> None:
    path = ".".join(names)
    assert Expression(path).evaluate(value, Budget(1000)) == jmespath.search(path, value)


def test_a_path_is_paid_for() -> None:
    budget = Budget(10)
    assert Expression("a.b.c").evaluate({"a": {"b": {"c": 1}}}, budget) == 1
    assert budget.used == 3
    with pytest.raises(OutOfBudget):
        Expression("a").evaluate({"a": "x" * 1000}, budget)
