"""Delimited files, as the cloud's engine reads them (observed with azureml-dataprep 5.5).

A quoted field ends at its quote before a separator; unless support_multi_line, a line end ends the record
even within quotes. "" is an empty text, nothing between separators is null. Empty lines are skipped,
short records filled with nulls, long ones make columns ColumnN. Names are stripped, values are not.
"""
import io
import os
import re

CODECS = {
    "utf8": "utf-8-sig", "utf8bom": "utf-8-sig", "ascii": "ascii", "iso88591": "iso8859-1", "latin1": "latin-1",
    "utf16": "utf-16", "utf32": "utf-32", "windows1252": "cp1252",
}
FAST_BYTES = 1 << 20  # a file of this size is read by pandas where that gives the same


def lines_of(path, encoding, shown):
    """The lines of a text file; an error that names the encoding."""
    from azureml.data.dataset_error_handling import DatasetExecutionError

    try:
        with io.open(path, encoding=CODECS[encoding], newline="") as file:
            for line in file:
                yield line
    except UnicodeError as error:
        raise DatasetExecutionError(
            "{} is not {}: {}. Give its encoding, for example encoding='latin1'.".format(shown, encoding, error), error
        ) from None
    except OSError as error:
        raise DatasetExecutionError("{} cannot be read: {}".format(shown, error.strerror), error) from None


def _records(path, read, shown):
    """The records' texts."""
    if not read["multi_line"]:
        for line in lines_of(path, read["encoding"], shown):
            line = line.rstrip("\r\n")
            if line:
                yield line
        return
    kept = ""
    for line in lines_of(path, read["encoding"], shown):
        kept += line
        if kept.count('"') % 2 == 0:
            record = kept.rstrip("\r\n")
            if record:
                yield record
            kept = ""
    if kept.rstrip("\r\n"):
        yield kept.rstrip("\r\n")


def fields_parser(separator):
    """A function from a record's text to its fields."""
    mark = re.escape(separator)
    field = re.compile(r'"((?:[^"]|"")*)"(?={0}|$)|((?:(?!{0})[\s\S])*)'.format(mark))
    step = len(separator)

    def fields(record):
        if '"' not in record:
            return [one or None for one in record.split(separator)]
        found, place = [], 0
        while True:
            match = field.match(record, place)
            quoted = match.group(1)
            found.append(quoted.replace('""', '"') if quoted is not None else match.group(2) or None)
            place = match.end()
            if place >= len(record):
                return found
            place += step

    return fields


def rows_of(path, read, shown, limit=None):
    """The records as lists of texts, at most `limit`."""
    fields, count = fields_parser(read["separator"]), 0
    for record in _records(path, read, shown):
        if limit is not None and count >= limit:
            return
        count += 1
        yield fields(record)


def columns_of(path, read, shown, limit=None):
    """The file's columns: lists of texts and None, all of one length. Its header is their first entry."""
    if limit is None and _is_plain(path, read):
        fast = _fast_columns(path, read)
        if fast is not None:
            return fast
    columns = []
    count = 0
    for row in rows_of(path, read, shown, limit):
        while len(columns) < len(row):
            columns.append([None] * count)
        for column, value in zip(columns, row):
            column.append(value)
        count += 1
        for column in columns[len(row) :]:
            column.append(None)
    return columns


def _is_plain(path, read):
    """Is it large, and would pandas read it as we do? Not where a line ends within quotes, where quotes stand
    side by side or in the middle of a field, or where a byte of a quote may be something else."""
    separator = read["separator"]
    if os.path.getsize(path) < FAST_BYTES or len(separator) != 1 or read["encoding"] in ("utf16", "utf32"):
        return False
    mark = re.escape(separator.encode())
    within = re.compile(b'""|[^\\n' + mark + b']"[^\\r\\n' + mark + b"]")
    with open(path, "rb") as file:
        for line in file:
            if b'"' in line and (line.count(b'"') % 2 or within.search(line)):
                return False
            if line.isspace() and line.strip(b"\r\n"):  # a record here, skipped there
                return False
    return True


def _fast_columns(path, read):
    try:
        import pandas
    except ImportError:
        return None
    options = {
        "sep": read["separator"], "header": None, "dtype": str, "keep_default_na": False, "na_values": [""],
        "encoding": CODECS[read["encoding"]], "skip_blank_lines": True, "engine": "c",
    }
    try:
        frame = pandas.read_csv(path, **options)
    except (ValueError, pandas.errors.ParserError):  # a record longer than the first; a wrong encoding
        return None
    return [frame[name].where(frame[name].notna(), None).tolist() for name in frame.columns]


def names_of(header, width):
    """The columns' names: stripped, ColumnN where there is none, a number behind a second one."""
    names = []
    for place in range(width):
        name = (header[place] or "").strip() if place < len(header) else ""
        name = name or "Column{}".format(place + 1)
        unique, number = name, 0
        while unique in names:
            number += 1
            unique = "{}_{}".format(name, number)
        names.append(unique)
    return names


def table(files, read, limit=None):
    """({name: values}, [for each row the place of its file]) of several files, by the header's mode."""
    mode = read["header"]
    blocks = []
    left = None if limit is None else limit
    for place, one in enumerate(files):
        columns = columns_of(one.local, read, one.full, None if left is None else left + 1)
        has_header = mode in ("ALL_FILES_HAVE_SAME_HEADERS", "COMBINE_ALL_FILES_HEADERS") or (
            mode == "ONLY_FIRST_FILE_HAS_HEADERS" and place == 0
        )
        header = [column[0] for column in columns] if has_header and columns else []
        if has_header:
            columns = [column[1:] for column in columns]
        if left is not None:
            columns = [column[:left] for column in columns]
        rows = len(columns[0]) if columns else 0
        blocks.append((place, header, columns, rows))
        if left is not None:
            left -= rows
            if left <= 0:
                break
    return _combine(blocks) if mode == "COMBINE_ALL_FILES_HEADERS" else _align(blocks)


def _align(blocks):
    """Columns by their places; the first file names them."""
    width = max([len(columns) for _, _, columns, _ in blocks] or [0])
    header = blocks[0][1] if blocks else []
    names = names_of(header, width)
    joined, origin = [[] for _ in names], []
    for place, _, columns, rows in blocks:
        origin += [place] * rows
        for at, column in enumerate(joined):
            column += columns[at] if at < len(columns) else [None] * rows
    return dict(zip(names, joined)), origin


def _combine(blocks):
    """Columns by their names; each file names its own."""
    joined, origin = {}, []
    for place, header, columns, rows in blocks:
        names = names_of(header, len(columns))
        for name in names:
            if name not in joined:
                joined[name] = [None] * len(origin)
        own = dict(zip(names, columns))
        origin += [place] * rows
        for name, column in joined.items():
            column += own.get(name, [None] * rows)
    return joined, origin
