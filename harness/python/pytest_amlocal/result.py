"""What came of a step."""
import json
import pathlib

from .errors import hidden as __tracebackhide__  # noqa: F401
from .frames import Output


class Result:
    """.ok .status .exit_code .seconds .outputs .metrics .tags .params .properties .log .error .io .artifacts .models
    .data .notices .debug_command; `.raw` is all of it as docs/schemas/step-result.json has it."""

    def __init__(self, raw, notices, debug_command):
        self.raw, self.notices, self.debug_command = raw, notices, debug_command
        self.status, self.exit_code, self.seconds = raw["status"], raw["exit_code"], raw["seconds"]
        self.ok = self.status == "Completed"
        self.outputs = Outputs(raw["outputs"])
        self.metrics = Metrics(raw["metrics"])
        self.tags, self.params, self.properties = raw["tags"], raw["params"], raw["properties"]
        self.models, self.data = raw["models"], raw["data"]
        self.log_file = pathlib.Path(raw["log"])
        self.artifacts = pathlib.Path(raw["artifacts"])
        self.error = Failure(raw["failure"]) if raw["failure"] else None

    @classmethod
    def read(cls, out, err, debug_command):
        """Of the program's JSON lines; None where it did not come to a run."""
        events = []
        for line in out.splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                return None
        if not events or events[-1].get("event") != "step_result":
            return None
        notices = [event["text"] for event in events if event["event"] == "notice"]
        return cls(events[-1], notices, debug_command)

    def __repr__(self):
        return "<step {} {} in {:.1f} s>".format(self.raw["step"], self.status.lower(), self.seconds)

    @property
    def log(self):
        """All that it printed."""
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.is_file() else ""

    @property
    def io(self):
        """What its mounts did."""
        from .errors import StepError

        if not self.raw["io"]:
            raise StepError("{!r} has no record of mounts: it had no mounted input or output, and no Python of its "
                            "was seen to open a file of one".format(self))
        return Io(self.raw["io"])


class Outputs(dict):
    """The outputs by name, as items and as attributes: each a path."""

    def __init__(self, raw):
        super().__init__({name: Output(one["path"]) for name, one in raw.items()})

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __missing__(self, name):
        raise KeyError("no output {!r}: the step wrote {}".format(name, ", ".join(self) or "none"))


def _number(value):
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


class Metrics(dict):
    """Metric → its last value. `points(name)` has them all."""

    def __init__(self, raw):
        super().__init__({name: _number(one["value"]) for name, one in raw.items()})
        self._raw = raw

    def __missing__(self, name):
        raise KeyError("no metric {!r}: the step logged {}".format(name, ", ".join(self) or "none"))

    def points(self, name):
        """[(step, value)] in the order in which they were logged; of more than 10,000 the last."""
        self[name]
        return [(point["step"], _number(point["value"])) for point in self._raw[name]["points"]]


class Failure:
    """Why it failed: .type and .message of an exception, .file and .line of the step's own code, .summary, .hint, .text."""

    def __init__(self, raw):
        self.raw = raw
        self.kind, self.summary, self.hint = raw["kind"], raw["summary"], raw["hint"]
        self.type, self.message = raw["type"], raw["message"]
        self.file, self.line = raw["file"], raw["line"]
        self.text = raw["text"]

    def __str__(self):
        return self.text

    def __repr__(self):
        return "<{}: {}{}>".format(self.kind, self.type + ": " + self.message if self.type else self.summary,
                                   " at {}:{}".format(self.file, self.line) if self.file else "")


class Io:
    """What mounts did, as `amlocal io report` has it. Each count is of all files, of a binding ("outputs.logs"), or of a
    file ("outputs.logs/train.log")."""

    def __init__(self, raw):
        self.raw, self.files, self.notes = raw, raw["files"], raw["notes"]

    def _sum(self, where, key):
        if where is None:
            rows = self.files
        else:
            rows = [row for row in self.files
                    if where in (row["session"], row["session"] + "/" + row["path"])]
            known = {row["session"] for row in self.files}
            if not rows and where.split("/")[0] not in known and not where.startswith(("inputs.", "outputs.")):
                from .errors import StepError

                raise StepError("{!r} is no binding: say inputs.NAME or outputs.NAME".format(where))
        return sum(row[key] for row in rows)

    def opens(self, where=None):
        return self._sum(where, "opens")

    def uploads(self, where=None):
        return self._sum(where, "uploads")

    def downloads(self, where=None):
        return self._sum(where, "downloads")

    def requests(self, where=None):
        return self._sum(where, "requests")

    def bytes_read(self, where=None):
        return self._sum(where, "bytes_read")

    def bytes_written(self, where=None):
        return self._sum(where, "bytes_written")

    def bytes_sent(self, where=None):
        return self._sum(where, "bytes_sent")

    def bytes_fetched(self, where=None):
        return self._sum(where, "bytes_fetched")

    def amplification(self, where=None):
        """Bytes sent for each byte written; None where nothing was written."""
        written = self.bytes_written(where)
        return self.bytes_sent(where) / written if written else None

    @property
    def seconds(self):
        """Cloud seconds with overlap, under the cost profile."""
        return self.raw["total"]["elapsed"]

    @property
    def dollars(self):
        return self.raw["total"]["dollars"]

    def __repr__(self):
        lines = ["{}/{}: {} opens, {} uploads, {} downloads, {} bytes sent, {} fetched".format(
            row["session"], row["path"], row["opens"], row["uploads"], row["downloads"], row["bytes_sent"],
            row["bytes_fetched"]) for row in self.files[:20]]
        return "\n".join(lines) or "nothing was recorded"
