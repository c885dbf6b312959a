"""What may be logged as a metric, and what becomes of it: the rules and texts of the v1 SDK.

A scalar is int, float, str, bool or None; numpy's numbers become Python's; anything else becomes its
repr(), with a warning.
"""
GENERATOR = type(one for one in ())  # types.GeneratorType, without the import
PLAIN = frozenset((int, float, str, bool, type(None)))
SUPPORTED = [float, str, bool, type(None), int]
KINDS = ("scalar", "list", "row", "table", "image", "confusion_matrix", "accuracy_table", "residuals", "predictions")


def _error(text):
    from azureml.exceptions import AzureMLException

    return AzureMLException(text)


def _user_error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


def _number(value):
    """(True, the plain value), or (False, None) for what is no scalar."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if type(value).__module__.split(".")[0] == "numpy" and getattr(value, "ndim", 1) == 0:
        if kind == "b":
            return True, bool(value)
        if kind in "iu":
            return True, int(value)
        if kind == "f" and value.dtype.itemsize <= 8:
            return True, float(value)
        if kind == "U":
            return True, str(value)
    for plain in (bool, int, float, str):
        if isinstance(value, plain):
            return True, plain(value)
    return False, None


def scalar(name, value):
    """For run.log."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, (list, range, GENERATOR)):
        raise _user_error("run.log does not support list type. Use run.log_list instead")
    known, plain = _number(value)
    if known:
        return plain
    import logging

    text = repr(value)
    logging.getLogger("azureml").warning("Converted key %s of value %s to %s.\n", name, value, text)
    return text


def _element(value):
    if type(value) in PLAIN:
        return value
    known, plain = _number(value)
    if not known:
        raise _error("Value of type {} is not supported, supported types include [{}]".format(type(value), SUPPORTED))
    return plain


def elements(value):
    """For run.log_list."""
    return [_element(one) for one in value]


def row(columns):
    """For run.log_row."""
    for name, value in columns.items():
        if isinstance(value, list):
            raise _error("Rows cannot contain list values, column {} contains a list.".format(name))
    return {str(name): _element(value) for name, value in columns.items()}


def table(value):
    """For run.log_table: a dictionary of columns, or of scalars (a table of one row)."""
    if not isinstance(value, dict):
        raise _error("Argument [Table] is of invalid type. Expected type: [dict[string]: column]")
    first = None
    columns = {}
    for name, column in value.items():
        is_list = isinstance(column, list)
        columns[str(name)] = [_element(one) for one in column] if is_list else [_element(column)]
        length = len(columns[str(name)])
        if first is None:
            first = (name, length)
        elif length != first[1]:
            raise _error(
                "Columns must have the same length, column {} had length {}, however, column {} had length {}.".format(
                    first[0], first[1], name, length
                )
            )
    return columns


def document(kind, value):
    """For log_confusion_matrix and its like: a dictionary, or the JSON text of one."""
    import json

    if isinstance(value, (str, bytes)):
        try:
            value = json.loads(value)
        except ValueError:
            raise _user_error("Invalid JSON provided") from None
    if not isinstance(value, dict):
        raise _user_error("log_{} takes a dictionary or its JSON text, not {}.".format(kind, type(value).__name__))
    return json.loads(json.dumps(value, default=_plain_json))


def _plain_json(value):
    if hasattr(value, "tolist"):  # numpy
        return value.tolist()
    raise TypeError("{} is not JSON".format(type(value).__name__))


def image(path, plot):
    """Checks the two ways to name a picture."""
    if path is not None and plot is not None:
        raise _error("Invalid parameters, path and plot were both provided, only one at a time is supported")
    if path is None and plot is None:
        raise _error("Invalid parameters, one of path and plot is required as input")


# The first bytes of the pictures that the real SDK takes.
_PICTURES = (
    (0, b"\x89PNG\r\n\x1a\n"), (6, b"JFIF"), (6, b"Exif"), (0, b"\xff\xd8"), (0, b"GIF8"), (0, b"II*\0"), (0, b"MM\0*"),
    (0, b"BM"), (0, b"\001\332"), (0, b"P"), (0, b"RIFF"), (0, b"v/1\001"), (0, b"\x59\xa6\x6a\x95"), (0, b"#define "),
)


def check_picture(path):
    with open(path, "rb") as file:
        head = file.read(32)
    if not any(head[at : at + len(mark)] == mark for at, mark in _PICTURES):
        raise _error("Argument [{}] is malformed.".format(path))


def step(value):
    """A metric's step: an integer or None."""
    if value is None or type(value) is int:
        return value
    known, plain = _number(value)
    if not known or isinstance(plain, str) or plain != plain or int(plain) != plain:
        raise _user_error("step must be an integer or None, not {!r}.".format(value))
    return int(plain)


def _read(value):
    """NaN and the infinities travel as texts."""
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def fold(kind, values):
    """What get_metrics gives for the points of one metric: [{"value", "step", "time"}…]."""
    found = [point["value"] for point in values]
    if kind == "scalar":
        return _one_or_list([_read(value) for value in found])
    if kind == "list":
        joined = []
        for value in found:
            joined += value if isinstance(value, list) else [value]
        return _one_or_list([_read(value) for value in joined])
    if kind in ("row", "table"):
        columns, rows = {}, 0
        for value in found:
            lists = {name: column if isinstance(column, list) else [column] for name, column in value.items()}
            added = max([len(column) for column in lists.values()] or [0])
            for name in set(columns) | set(lists):
                columns.setdefault(name, [None] * rows)
                columns[name] += [_read(one) for one in lists.get(name, [None] * added)]
            rows += added
        order = [name for value in found for name in value]
        return {name: _one_or_list(columns[name]) for name in dict.fromkeys(order)}
    return _one_or_list(found)


def _one_or_list(values):
    return values[0] if len(values) == 1 else values
