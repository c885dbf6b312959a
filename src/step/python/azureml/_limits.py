"""What the cloud allows and this machine does not mind: told once each, so that it is no surprise there.

Source: "Service limits in Azure Machine Learning" (resource-limits-capacity), Runs and Metrics.
"""
METRIC_NAMES, ROWS, COLUMNS, NAME_LENGTH, TEXT_LENGTH = 50, 1_000_000, 15, 255, 255
WORDS, KEY_LENGTH, WORD_LENGTH = 50, 100, 1000


class Metrics:
    """Counts what a process logs."""

    def __init__(self):
        self._rows = {}  # (run, name) → rows
        self._names = {}  # run → names

    def seen(self, run, name, kind, value):
        """What there is to say about a point, or None."""
        key = (run, name)
        rows = self._rows.get(key, 0)
        added = 1
        if kind == "list":
            added = len(value)
        elif kind == "table":
            added = max(len(column) for column in value.values())
        self._rows[key] = rows + added
        if rows <= ROWS < rows + added:
            return "the metric {!r} has more than {:,} values: the cloud keeps no more.".format(name, ROWS)
        if rows == 0:
            said = self._new(run, name)
            if said:
                return said
        if kind in ("row", "table"):
            return self._columns(name, value)
        if kind == "scalar" and type(value) is str and len(value) > TEXT_LENGTH:
            return _long(name, value)
        return None

    def _new(self, run, name):
        names = self._names[run] = self._names.get(run, 0) + 1
        if len(name) > NAME_LENGTH:
            return "the name of the metric {!r}… has {} characters: the cloud allows {}.".format(
                name[:30], len(name), NAME_LENGTH
            )
        if names == METRIC_NAMES + 1:
            return (
                "this run logs more than {} metrics by name: the cloud allows no more. Where a number is part of the "
                "name, log a row: run.log_row('loss', fold=3, loss=0.5).".format(METRIC_NAMES)
            )
        return None

    @staticmethod
    def _columns(name, value):
        if len(value) > COLUMNS:
            return "the metric {!r} has {} columns: the cloud allows {}.".format(name, len(value), COLUMNS)
        for column in value.values():
            for one in column if isinstance(column, list) else [column]:
                if type(one) is str and len(one) > TEXT_LENGTH:
                    return _long(name, one)
        return None


def _long(name, value):
    return "the metric {!r} has a text of {} characters: the cloud allows {}.".format(name, len(value), TEXT_LENGTH)


def words(pairs, what):
    """What there is to say about tags or properties (`what`), or None."""
    for key, value in pairs.items():
        if len(key) > KEY_LENGTH:
            return "the {} {!r}… has a name of {} characters: the cloud allows {}.".format(
                what, key[:30], len(key), KEY_LENGTH
            )
        if value is not None and len(value) > WORD_LENGTH:
            return "the {} {!r} has a text of {} characters: the cloud allows {}.".format(
                what, key, len(value), WORD_LENGTH
            )
    if len(pairs) > WORDS:
        return "this run has more than {} {}: the cloud allows no more.".format(WORDS, _PLURALS[what])
    return None


_PLURALS = {"tag": "tags", "property": "properties"}
