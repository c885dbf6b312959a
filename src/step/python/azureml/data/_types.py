"""Types of columns: what the texts of a delimited file are taken for, and how they become it.

The rules are those of the cloud's engine, as observed (azureml-dataprep 5.5): the first 200 rows decide; a
column of only 0 and 1 is boolean; later texts that do not fit become null; times with an offset become
UTC. A type is {"type": "long" | "float" | "bool" | "string" | "datetime", "formats"?, "decimal_mark"?}.
"""
import re

SAMPLE_ROWS = 200
TRUE = frozenset(("true", "True", "TRUE", "t", "T", "1", "Yes"))
FALSE = frozenset(("false", "False", "FALSE", "f", "F", "0", "No"))
_LONG = re.compile(r"^[+-]?\d{1,19}$")
_FLOAT = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(inf|infinity|nan)$", re.IGNORECASE)
_DATE = re.compile(r"^\d{1,4}[-/]")
_FRACTION = re.compile(r"(\.\d{6})\d+")

_YEAR_FIRST = [day + time for day in ("%Y-%m-%d", "%Y/%m/%d") for time in ("", " %H:%M:%S")]
_YEAR_FIRST += ["%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f%z"]
_YEAR_FIRST += ["%Y-%m-%dT%H:%M:%S" + rest for rest in ("", ".%f", "%z", ".%f%z")]
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_MONTH_DAY = [day + time for day in ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y") for time in _TIMES]
_DAY_MONTH = [day + time for day in ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y") for time in _TIMES]
_NAMED = ["%d-%b-%Y"]

STRING, LONG, FLOAT, BOOL = {"type": "string"}, {"type": "long"}, {"type": "float"}, {"type": "bool"}


def infer(values):
    """(type, whether its dates are ambiguous) of a column's texts."""
    texts = [value.strip() for value in values if value is not None]
    if not texts:
        return STRING, False
    if all(text in TRUE or text in FALSE or text in ("-0", "+0") for text in texts):
        return BOOL, False
    if all(_LONG.match(text) and -(1 << 63) <= int(text) < 1 << 63 for text in texts):
        return LONG, False
    if all(_FLOAT.match(text) for text in texts):
        return FLOAT, False
    if all(_DATE.match(text) for text in texts):
        return _infer_time(texts)
    return STRING, False


def _infer_time(texts):
    texts = list(dict.fromkeys(texts))
    first, second = _fits(texts, _MONTH_DAY), _fits(texts, _DAY_MONTH)
    others = _fits(texts, _YEAR_FIRST + _NAMED)
    chosen, ambiguous = [], False
    by_month = all(first[text] or not second[text] for text in texts)
    for text in texts:
        here = others[text] or (first[text] or second[text] if by_month else second[text] or first[text])
        if not here:
            return STRING, False
        ambiguous = ambiguous or bool(first[text] and second[text])
        if not set(chosen) & set(here):
            chosen.append(here[0])
    by_day = all(second[text] or not first[text] for text in texts)
    return {"type": "datetime", "formats": chosen}, ambiguous and by_month and by_day


def _fits(texts, formats):
    """{text: [format that reads it]}"""
    return {text: [one for one in formats if _time(text, one) is not None] for text in texts}


def _time(text, layout):
    """A time without a zone (UTC), or None."""
    import datetime

    try:
        found = datetime.datetime.strptime(_FRACTION.sub(r"\1", text), layout)
    except ValueError:
        return None
    if found.tzinfo is not None:
        found = found.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return found


# -- conversion, with the user's pandas ----------------------------------------------------------------
def convert(pandas, values, kind, fail=None):
    """A Series of the type `kind`; what does not fit is null. With `fail`, it is called with the first
    value that does not fit."""
    name = kind["type"]
    if name == "string":
        # An object column of numbers alone would be made numbers by pandas' own guess.
        return pandas.Series([None if value is None else str(value) for value in values], dtype=object)
    if name == "bool":
        found = [_bool(value) for value in values]
        series = pandas.Series(found, dtype=bool if None not in found else object)
    elif name == "datetime":
        series = _times(pandas, values, kind.get("formats") or [])
    else:
        series = _numbers(pandas, values, kind)
    if fail is not None:
        for value, null in zip(values, series.isna()):
            if null and value is not None and not (name == "float" and str(value).strip().lower() == "nan"):
                fail(value)
    return series


def _bool(value):
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip()
    return True if text in TRUE else False if text in FALSE else None


def _numbers(pandas, values, kind):
    mark = kind.get("decimal_mark", ".")
    if mark != ".":
        values = [value.replace(".", "").replace(mark, ".") if isinstance(value, str) else value for value in values]
    texts = pandas.Series([None if isinstance(value, bool) else value for value in values], dtype=object)
    numbers = pandas.to_numeric(texts, errors="coerce")
    if kind["type"] == "float":
        return numbers.astype("float64")
    if numbers.dtype == "int64":
        return numbers
    numbers = numbers.astype("float64")
    numbers[(numbers >= 2.0**63) | (numbers < -(2.0**63))] = float("nan")
    whole = numbers.where(numbers.isna(), numbers - numbers % 1 + ((numbers < 0) & (numbers % 1 != 0)))
    return whole if whole.isna().any() else whole.astype("int64")


def _times(pandas, values, formats):
    texts = pandas.Series(values, dtype=object)
    found = pandas.Series(pandas.NaT, index=texts.index, dtype="datetime64[ns]")
    if not formats:
        known = pandas.to_datetime(texts, errors="coerce", utc=True)
        return known.dt.tz_localize(None)
    for layout in formats:
        left = texts[found.isna() & texts.notna()]
        if not len(left):
            break
        read = pandas.to_datetime(left.map(lambda text: str(text).strip()), format=layout, errors="coerce", utc=True)
        found.loc[left.index] = read.dt.tz_localize(None)
        for place, text in left[found[left.index].isna()].items():  # 2020-1-3 has one digit too few for pandas
            one = _time(str(text).strip(), layout)
            if one is not None:
                try:
                    found.loc[place] = pandas.Timestamp(one)
                except ValueError:  # a year that nanoseconds do not reach
                    pass
    return found
