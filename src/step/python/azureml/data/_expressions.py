"""Expressions for filter: dataset["age"] > 3, (a == 1) & ~(b == "x"), dataset["c"].is_null(), dataset["s"].startswith("x").

One is a list that JSON can hold: ["column", name], ["value", x], ["time", iso], [operator, left, right].
"""
import operator

_COMPARE = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}
_TEXT = {
    "startswith": lambda text, part: str(text).startswith(part),
    "endswith": lambda text, part: str(text).endswith(part),
    "contains": lambda text, part: part in str(text),
}


def _error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


class Expression:
    """Its `tree` is the list."""

    __hash__ = None

    def __init__(self, tree):
        self.tree = tree

    def _with(self, sign, other):
        return Expression([sign, self.tree, _tree(other)])

    def __eq__(self, other):
        return self._with("==", other)

    def __ne__(self, other):
        return self._with("!=", other)

    def __lt__(self, other):
        return self._with("<", other)

    def __le__(self, other):
        return self._with("<=", other)

    def __gt__(self, other):
        return self._with(">", other)

    def __ge__(self, other):
        return self._with(">=", other)

    def __and__(self, other):
        return self._with("&", other)

    def __or__(self, other):
        return self._with("|", other)

    def __invert__(self):
        return Expression(["~", self.tree])

    def is_null(self):
        return Expression(["null", self.tree])

    def startswith(self, text):
        return self._with("startswith", text)

    def endswith(self, text):
        return self._with("endswith", text)

    def contains(self, text):
        return self._with("contains", text)

    def __bool__(self):
        raise _error("An expression has no truth of its own: join two with & and |, not with `and` and `or`.")


def column(name):
    return Expression(["column", name])


def _tree(value):
    if isinstance(value, Expression):
        return value.tree
    if hasattr(value, "isoformat"):
        return ["time", value.isoformat()]
    if value is None or isinstance(value, (bool, int, float, str)):
        return ["value", value]
    raise _error("An expression compares with a number, a text, a time or None, not with {!r}.".format(value))


def check(expression):
    """The list of an expression, after a look that it is one."""
    if not isinstance(expression, Expression):
        raise _error("filter takes an expression such as dataset['age'] > 3, not {!r}.".format(expression))
    return expression.tree


def test(tree, values, count):
    """[whether each of `count` records fits]. `values` gives a column's values by its name."""
    return [bool(one) for one in _evaluate(tree, values, count)]


def _evaluate(tree, values, count):
    sign = tree[0]
    if sign == "column":
        return list(values(tree[1]))
    if sign == "value":
        return [tree[1]] * count
    if sign == "time":
        import datetime

        # Python 3.8 reads no "Z" and no odd number of digits; isoformat() writes neither.
        return [datetime.datetime.fromisoformat(tree[1])] * count
    left = _evaluate(tree[1], values, count)
    if sign == "~":
        return [not one for one in left]
    if sign == "null":
        return [_null(one) for one in left]
    right = _evaluate(tree[2], values, count)
    if sign == "&":
        return [bool(a) and bool(b) for a, b in zip(left, right)]
    if sign == "|":
        return [bool(a) or bool(b) for a, b in zip(left, right)]
    compare = _COMPARE.get(sign) or _TEXT[sign]
    return [_apply(compare, sign, a, b) for a, b in zip(left, right)]


def _null(value):
    return value is None or value != value


def _apply(compare, sign, a, b):
    if _null(a) or _null(b):
        return sign == "==" and _null(a) and _null(b) or sign == "!=" and _null(a) != _null(b)
    try:
        return compare(a, b)
    except TypeError:
        raise _error("{!r} {} {!r}: a {} and a {} have no order.".format(a, sign, b, type(a).__name__, type(b).__name__)) from None
