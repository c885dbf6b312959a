"""The YAML of conda files and saved configurations: nested mappings and lists in block form, plain and
quoted scalars, comments, one-line `[a, b]` and `{}`. What is beyond that is refused with its line; where PyYAML is installed it reads it.
"""


def load(text, name="the file"):
    """The document as dicts, lists, strings, numbers, booleans and None. ValueError with the line."""
    try:
        lines = _Lines(text)
        if not lines.rows:
            return None
        value = _block(lines, lines.rows[0][0])
        if lines.rows:
            raise ValueError("line {} is not understood: {}".format(lines.rows[0][2], lines.rows[0][1]))
        return value
    except ValueError as problem:
        try:
            import yaml
        except ImportError:
            raise ValueError("{}: {}".format(name, problem)) from None
        return yaml.safe_load(text)


class _Lines:
    """(indent, text, line number) of what is not blank and no comment."""

    def __init__(self, text):
        self.rows = []
        for number, line in enumerate(text.splitlines(), 1):
            body = _without_comment(line)
            if body.strip() and body.strip() != "---":
                self.rows.append((len(body) - len(body.lstrip()), body.strip(), number))


def _without_comment(line):
    quote = None
    for at, letter in enumerate(line):
        if quote:
            quote = None if letter == quote else quote
        elif letter in "\"'" and (at == 0 or line[at - 1] in " :-[{,"):
            quote = letter
        elif letter == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at].rstrip()
    return line.rstrip()


def _block(lines, indent):
    return _list(lines, indent) if _is_item(lines.rows[0][1]) else _mapping(lines, indent)


def _is_item(text):
    return text == "-" or text.startswith("- ")


def _list(lines, indent):
    items = []
    while lines.rows and lines.rows[0][0] == indent and _is_item(lines.rows[0][1]):
        _, text, number = lines.rows.pop(0)
        rest = text[1:].strip()
        inner = indent + len(text) - len(rest) if rest else indent
        if not rest:
            deeper = lines.rows and lines.rows[0][0] > indent
            items.append(_block(lines, lines.rows[0][0]) if deeper else None)
        elif _split_key(rest):
            lines.rows.insert(0, (inner, rest, number))
            items.append(_mapping(lines, inner))
        else:
            items.append(scalar(rest))
    return items


def _mapping(lines, indent):
    values = {}
    while lines.rows and lines.rows[0][0] == indent and not _is_item(lines.rows[0][1]):
        _, text, number = lines.rows[0]
        parts = _split_key(text)
        if not parts:
            if values or indent or len(lines.rows) > 1:
                raise ValueError("line {} is neither a key nor a list: {}".format(number, text))
            lines.rows.pop(0)
            return scalar(text)
        lines.rows.pop(0)
        key, rest = parts
        if rest[:1] in ("|", ">", "&", "*", "!"):
            raise ValueError("line {}: this form of a value is not read here".format(number))
        if rest:
            values[key] = scalar(rest)
        elif lines.rows and (lines.rows[0][0] > indent or (lines.rows[0][0] == indent and _is_item(lines.rows[0][1]))):
            values[key] = _block(lines, lines.rows[0][0])
        else:
            values[key] = None
    return values


def _split_key(text):
    """("key", "rest"), or None where the line is a scalar."""
    if text[:1] in "[{":
        return None
    if text[:1] in "\"'":
        end = text.find(text[0], 1)
        if end > 0 and text[end + 1 : end + 2] == ":":
            return text[1:end], text[end + 2 :].strip()
        return None
    at = text.find(": ")
    if at < 0 and text.endswith(":"):
        at = len(text) - 1
    return None if at < 0 else (text[:at].strip(), text[at + 1 :].strip())


def scalar(text):
    """What one value is: YAML's core rules for plain ones."""
    if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
        import json

        return json.loads(text)
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text[:1] in "[{":
        return _flow(text)
    if text in ("null", "Null", "NULL", "~"):
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text) if "_" not in text else text
        except ValueError:
            pass
    return text


def _flow(text):
    if text == "{}":
        return {}
    import json

    try:
        return json.loads(text)
    except ValueError:
        if not (text.startswith("[") and text.endswith("]")):
            raise ValueError("this form of a value is not read here: {}".format(text)) from None
    inner = text[1:-1].strip()
    if any(mark in inner for mark in "[{\"'"):
        raise ValueError("this form of a list is not read here: {}".format(text))
    return [scalar(each.strip()) for each in inner.split(",")] if inner else []


def dump(value, indent=0):
    """Block YAML, in the order of the dicts."""
    pad, rows = " " * indent, []
    if isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, (dict, list)) and each:
                rows += ["{}{}:".format(pad, key), dump(each, indent + 2).rstrip("\n")]
            else:
                rows.append("{}{}: {}".format(pad, key, _text(each)))
    else:
        for each in value:
            if isinstance(each, (dict, list)) and each:
                inner = dump(each, indent + 2).rstrip("\n")
                rows.append(pad + "- " + inner[indent + 2 :])
            else:
                rows.append("{}- {}".format(pad, _text(each)))
    return "\n".join(rows) + "\n"


def _text(value):
    import json

    if isinstance(value, (dict, list)) or value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    text = str(value)
    plain = text and scalar(text) == text and not _split_key(text) and text == text.strip()
    if plain and text[0] not in "-?:,[]{}#&*!|>'\"%@`" and " #" not in text:
        return text
    return json.dumps(text)
