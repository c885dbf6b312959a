"""partition_format: columns out of the folders' names, as /{year}/{when:yyyy/MM}/{name}.csv."""
import re

_PART = re.compile(r"{[^{|}]*}")
_TIMES = (("yyyy", 4, "year"), ("MM", 2, "month"), ("dd", 2, "day"), ("HH", 2, "hour"), ("mm", 2, "minute"), ("ss", 2, "second"))


def _error(text):
    return ValueError(text)


def parse(text):
    """(pattern, [column], the column that is a time or None)"""
    wrong = 'Invalid partition_format "{}". '.format(text)
    others = _PART.sub("", re.sub(r"{{|}}", "", text))
    if not _PART.search(text):
        raise _error(wrong + "It names no column: {name} or {name:yyyy/MM/dd}.")
    if "{" in others or "}" in others:
        raise _error(wrong + "A bracket is open: write {{ and }} for the signs themselves.")
    pattern, columns, time = "", [], None
    place = 0
    for part in _PART.finditer(text):
        pattern += _plain(text[place : part.start()])
        place = part.end()
        name, colon, layout = part.group()[1:-1].partition(":")
        if not name:
            raise _error('Invalid part "{}" in partition_format "{}". It has no name.'.format(part.group(), text))
        if name == "Path":
            raise _error('Invalid part "{}" in partition_format "{}". "Path" is reserved.'.format(part.group(), text))
        if not colon:
            pattern += "(?P<c{}>[^/]+?)".format(len(columns))
        else:
            if not layout or time is not None:
                why = "Only one column can be a time." if layout else "The layout of the time is missing."
                raise _error('Invalid part "{}" in partition_format "{}". {}'.format(part.group(), text, why))
            if "yyyy" not in layout:
                raise _error(wrong + "A time needs its year (yyyy).")
            time = name
            pattern += _time_pattern(layout)
        if name in columns:
            raise _error(wrong + "{} is named twice.".format(name))
        columns.append(name)
    pattern += _plain(text[place:])
    return re.compile(pattern + "$"), columns, time


def _plain(text):
    return re.escape(text.replace("{{", "{").replace("}}", "}")).replace(r"\*", "[^/]*")


def _time_pattern(layout):
    pattern = re.escape(layout)
    for sign, digits, name in _TIMES:
        pattern = pattern.replace(sign, "(?P<{}>\\d{{{}}})".format(name, digits), 1)
    return pattern


def values(text, paths):
    """{column: [its value for each path]}; None where a path does not fit."""
    import datetime

    pattern, columns, time = parse(text)
    found = {name: [] for name in columns}
    for path in paths:
        match = pattern.search(path)
        for at, name in enumerate(columns):
            if match is None:
                value = None
            elif name == time:
                parts = {key: int(one) for key, one in match.groupdict().items() if one and key in _NAMES}
                try:
                    value = datetime.datetime(**dict({"month": 1, "day": 1}, **parts))
                except ValueError:
                    value = None
            else:
                value = match.group("c{}".format(at))
            found[name].append(value)
    return found


_NAMES = frozenset(name for _, _, name in _TIMES)
