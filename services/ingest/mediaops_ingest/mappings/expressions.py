"""JMESPath with an upper bound on what an expression can cost, whoever wrote it."""

import warnings
from collections.abc import Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter

__all__ = ["BadExpression", "Budget", "EvaluationFailed", "Expression", "OutOfBudget"]

MAX_LENGTH = 500
"""Characters of one expression."""

_MAX_MEMBERS = 20
_MAX_JOINED = 65_536
_MAX_COMPARED = 1000
_TAKE_EXPRESSIONS = frozenset({"map", "sort_by", "max_by", "min_by"})
_MULTIPLE = frozenset({"multi_select_list", "multi_select_dict"})


class BadExpression(ValueError):
    """Cannot be compiled; the text says why."""


class EvaluationFailed(ValueError):
    """The item is not what the expression takes it for."""


class OutOfBudget(Exception):
    """The mapping did too much with this item."""


class _BoundedFunctions(Functions):  # type: ignore[misc]
    """The functions of JMESPath; those that could blow a value up are bounded."""

    @signature({"types": ["string"]}, {"types": ["array-string"]})  # type: ignore[untyped-decorator]
    def _func_join(self, separator: str, array: list[str]) -> str:
        if sum(map(len, array)) + len(separator) * len(array) > _MAX_JOINED:
            raise OutOfBudget(f"join() makes more than {_MAX_JOINED} characters")
        return separator.join(array)

    @signature({"types": ["string", "number", "boolean"]})  # type: ignore[untyped-decorator]
    def _func_to_string(self, value: Any) -> str:
        # Of an array or object every round would double the escapes.
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)


_OPTIONS = Options(custom_functions=_BoundedFunctions())


class Budget(TreeInterpreter):  # type: ignore[misc]
    """Evaluates expressions until they have used it up. One for each item, not shared."""

    def __init__(self, steps: int) -> None:
        super().__init__(_OPTIONS)
        self._steps = self._left = steps

    @property
    def used(self) -> int:
        return self._steps - self._left

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        result = super().visit(node, *args, **kwargs)
        self._spend(1, result)
        return result

    def follow(self, path: Sequence[str], value: Any) -> Any:
        """What names joined by dots lead to, without a visit to each: most expressions are that."""
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        self._spend(len(path), value)
        return value

    def visit_comparator(self, node: Any, value: Any) -> Any:
        if node["value"] not in self._EQUALITY_OPS:
            return super().visit_comparator(node, value)
        left, right = (self.visit(child, value) for child in node["children"])
        self._compare(left, right)
        return self.COMPARATOR_FUNC[node["value"]](left, right)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        given = [self.visit(child, value) for child in node["children"]]
        if node["value"] == "contains":
            self._compare(*given[1:])
        return self._functions.call_function(node["value"], given)

    def spend(self, steps: int) -> None:
        """For work that is done elsewhere. Raises `OutOfBudget`."""
        self._left -= steps
        if self._left < 0:
            raise OutOfBudget("the mapping does too much with this item")

    def _spend(self, steps: int, result: Any) -> None:
        # Long values cost more, because C code runs over them without coming by here.
        self.spend(steps + (len(result) >> 4 if isinstance(result, list | str | dict) else 0))

    def _compare(self, *values: Any) -> None:
        """Arrays and objects are compared through and through, however short they are themselves;
        the smallest one says how much that is."""
        size = min(map(_size, values), default=0)
        if size > _MAX_COMPARED:
            raise OutOfBudget(f"more than {_MAX_COMPARED} values are compared at once")
        self.spend(size >> 3)


class Expression:
    """A compiled expression."""

    __slots__ = ("_path", "_tree", "text")

    def __init__(self, text: str) -> None:
        """Raises `BadExpression`."""
        self.text = text
        if len(text) > MAX_LENGTH:
            raise BadExpression(f"is longer than {MAX_LENGTH} characters")
        try:
            self._tree = _parsed(text)
            _inspect(self._tree)
            self._path = _path_of(self._tree)
        except (JMESPathError, ValueError, RecursionError, Warning) as error:
            raise BadExpression(_first_line(error)) from None

    def evaluate(self, scope: Any, budget: Budget) -> Any:
        """The value, None where there is none. Raises `EvaluationFailed` and `OutOfBudget`."""
        if self._path is not None:
            return budget.follow(self._path, scope)
        try:
            return budget.visit(self._tree, scope)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            raise EvaluationFailed(_first_line(error)) from None


def _parsed(text: str) -> Any:
    with warnings.catch_warnings():
        # An old spelling of texts, `x` for 'x', which the library is going to drop.
        warnings.simplefilter("error", PendingDeprecationWarning)
        return jmespath.compile(text).parsed


def _path_of(tree: Any) -> list[str] | None:
    """The names of an expression that is nothing but names joined by dots; None for any other."""
    if tree["type"] == "field":
        return [tree["value"]]
    if tree["type"] != "subexpression":
        return None
    parts = [_path_of(child) for child in tree["children"]]
    return None if None in parts else [name for part in parts if part for name in part]


def _inspect(tree: Any) -> None:
    """Refuses unknown functions, and what repeats its input over and over.

    One list of several expressions, as in `join(':', [item.shop, item.order])`, is useful; lists
    of lists of lists of the same value grow without bound.
    """
    waiting: list[tuple[Any, Any]] = [(tree, None)]
    multiples = 0
    while waiting:
        node, user = waiting.pop()
        if not isinstance(node, dict):
            continue
        kind, children = node.get("type"), node.get("children", ())
        if kind == "expref" and user not in _TAKE_EXPRESSIONS:
            raise BadExpression("& belongs into map(), sort_by(), max_by() and min_by()")
        if kind == "function_expression" and node["value"] not in _BoundedFunctions.FUNCTION_TABLE:
            raise BadExpression(f"there is no function {node['value']}()")
        if kind in _MULTIPLE:
            multiples += 1
            if multiples > 1 or len(children) > _MAX_MEMBERS:
                raise BadExpression(
                    f"may hold one list of at most {_MAX_MEMBERS} expressions, not more"
                )
        called = node["value"] if kind == "function_expression" else None
        waiting.extend((child, called) for child in children)


def _size(value: Any) -> int:
    """How many values are in it; not counted any further than they may be compared."""
    if not isinstance(value, list | dict):
        return 0
    waiting, size = [value], 0
    while waiting and size <= _MAX_COMPARED:
        one = waiting.pop()
        inside = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        size += len(inside)
        if size <= _MAX_COMPARED:
            waiting.extend(inside)
    return size


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
