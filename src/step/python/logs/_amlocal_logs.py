"""Notes where each logging call and print of a user's own files goes, and why one goes nowhere.

A record is one JSON line in one write to a descriptor opened with O_APPEND, so that threads and processes share the
file: {"file", "line", "call", "text", "to": [where], "why"}. `to` is empty for a call that went nowhere.
"""
import builtins
import json
import logging
import os
import sys

LONGEST = 200  # characters of a text

# What their packages call the handlers that send to Application Insights.
INSIGHTS = ("AzureLogHandler", "AzureEventHandler", "LoggingHandler")


def destination(handler):
    if any(base.__name__ in INSIGHTS for base in type(handler).__mro__):
        return "traces"
    if isinstance(handler, logging.FileHandler):
        return "file " + os.path.basename(handler.baseFilename)
    stream = getattr(handler, "stream", None)
    if isinstance(handler, logging.StreamHandler) and getattr(stream, "name", "") in ("<stdout>", "<stderr>"):
        return "driver log"
    return type(handler).__name__


def handlers_of(logger):
    while logger:
        for handler in logger.handlers:
            yield handler
        logger = logger.parent if logger.propagate else None


def ways(logger, record):
    """(where the record goes, why not further)."""
    found = [one for one in handlers_of(logger) if not isinstance(one, logging.NullHandler)]
    if not found:
        last = logging.lastResort
        if any(isinstance(one, logging.NullHandler) for one in handlers_of(logger)):
            return [], "its only handler is a NullHandler"
        if last and record.levelno >= last.level:
            return ["driver log"], "no handler is set up: Python's last resort took it"
        return [], "no handler is set up, and Python's last resort takes WARNING and above: call logging.basicConfig"
    taken = [one for one in found if record.levelno >= one.level]
    if not taken:
        least = min(one.level for one in found)
        return [], "its handlers take {} and above".format(logging.getLevelName(least))
    to = list(dict.fromkeys(destination(one) for one in taken))
    if "traces" in to and isinstance(record.args, dict) and "%(" not in str(record.msg):
        return to, "its dimensions were not sent: give them as extra={'custom_dimensions': {...}}"
    return to, ""


def install(file, work):
    work = os.path.join(work, "")
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)

    def note(path, line, call, text, to, why):
        path = os.path.abspath(path)
        if not path.startswith(work):
            return
        entry = {"file": path[len(work) :], "line": line, "call": call, "text": str(text)[:LONGEST], "to": to, "why": why}
        os.write(number, (json.dumps(entry) + "\n").encode())

    def quietly(function):
        """A watch never breaks what it watches."""

        def guarded(*words):
            try:
                function(*words)
            except Exception:
                pass

        return guarded

    @quietly
    def note_record(logger, record):
        to, why = ways(logger, record)
        note(record.pathname, record.lineno, "logging." + record.levelname.lower(), record.getMessage(), to, why)

    @quietly
    def note_refused(logger, level, frame):
        # Of logging's own methods only: a script that asks isEnabledFor itself has not logged.
        if frame.f_code.co_filename != logging.__file__ or "msg" not in frame.f_locals:
            return
        text = frame.f_locals["msg"]
        while frame and frame.f_code.co_filename == logging.__file__:
            frame = frame.f_back
        name = logging.getLevelName(level)
        if logger.manager.disable >= level:
            why = "logging.disable is at {}".format(logging.getLevelName(logger.manager.disable))
        else:
            why = "level {} is below the logger's {}: call setLevel".format(
                name, logging.getLevelName(logger.getEffectiveLevel())
            )
        note(frame.f_code.co_filename, frame.f_lineno, "logging." + name.lower(), text, [], why)

    @quietly
    def note_print(words, options, frame):
        stream = options.get("file") or sys.stdout
        if getattr(stream, "name", "") in ("<stdout>", "<stderr>"):
            text = " ".join(str(word) for word in words)
            note(frame.f_code.co_filename, frame.f_lineno, "print", text, ["driver log"], "")

    enabled, call_handlers, write = logging.Logger.isEnabledFor, logging.Logger.callHandlers, builtins.print

    def isEnabledFor(self, level):  # noqa: N802  its name in logging
        answer = enabled(self, level)
        if not answer:
            note_refused(self, level, sys._getframe(1))
        return answer

    def callHandlers(self, record):  # noqa: N802  its name in logging
        note_record(self, record)
        return call_handlers(self, record)

    def print_(*words, **options):
        write(*words, **options)
        note_print(words, options, sys._getframe(1))

    print_.__name__ = print_.__qualname__ = "print"
    logging.Logger.isEnabledFor, logging.Logger.callHandlers, builtins.print = isEnabledFor, callHandlers, print_
