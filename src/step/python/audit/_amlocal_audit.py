"""Notes which line of a user's script touches which file of a step's data.

An audit hook (sys.addaudithook, Python 3.8 and later) appends one record to a file for each event
on a path below the watched folders. The file's format and the variables are in docs/audit-file.md.

A record is one write to a descriptor opened with O_APPEND, so threads, forked and spawned processes
share the file. Everything the hook needs is in its closure: it is called until the interpreter is
gone, when modules may be empty already. Nothing it calls raises an event that it would note.
"""
import os
import sys
import time
from _thread import get_native_id
from errno import EBADF

# Event: for each path that it names, the place of the path in its arguments and of the descriptor
# of the folder that a relative one starts from (None: the current folder).
# Source: the table of audit events in Python's manual.
EVENTS = {
    "open": ((0, None),),
    "os.listdir": ((0, None),),
    "os.scandir": ((0, None),),
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((0, 2), (1, 3)),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "os.getxattr": ((0, None),),
    "os.listxattr": ((0, None),),
    "os.setxattr": ((0, None),),
    "os.removexattr": ((0, None),),
    "shutil.copyfile": ((0, None), (1, None)),
    "shutil.copytree": ((0, None), (1, None)),
    "shutil.move": ((0, None), (1, None)),
    "shutil.rmtree": ((0, None),),
    "shutil.make_archive": ((0, None), (2, None)),
    "shutil.unpack_archive": ((0, None), (1, None)),
    "sqlite3.connect": ((0, None),),
}

LONGEST = 4000  # bytes of a record
HIGH = 700  # the least number of our descriptor: below the usual limit of 1,024
MOST_CACHED = 4096  # names of source files and quoted paths that are remembered

# What decorators call their functions: nothing that a user would know.
WRAPPERS = frozenset(
    ("wrapper", "_wrapper", "wrapped", "_wrapped", "inner", "_inner", "inner_f", "decorated", "<lambda>")
)
METHODS_OF_A_CLASS = frozenset(("__init__", "__new__", "__enter__", "__exit__", "__call__", "__del__"))

WORK, ELSEWHERE, PACKAGE, STANDARD, NO_FILE = range(5)  # whose code a source file is


def folders_of(variable):
    """The folders of AMLOCAL_AUDIT_FOLDERS: divided by colons, these themselves written %3A."""
    return [
        folder.replace("%3A", ":").replace("%0A", "\n").replace("%25", "%").rstrip("/")
        for folder in variable.split(":")
        if folder
    ]


def quote(text):
    """`text` as JSON, or None where its bytes are no text."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return '"' + text + '"'
    parts = []
    for letter in text:
        number = ord(letter)
        if 0xD800 <= number < 0xE000:
            return None
        plain = number >= 0x20 and number != 0x7F and letter not in '"\\'
        parts.append(letter if plain else "\\u%04x" % number)
    return '"' + "".join(parts) + '"'


def source_kinds(work, cwd):
    """What is known of source files by name, (whose it is, its name in JSON), and the
    function that adds one."""
    standard = os.path.dirname(os.__file__) + "/"
    known = {}

    def learn(name):
        if name[:1] == "<":
            found = (NO_FILE, quote(name) or '"?"')
        else:
            path = os.path.normpath(os.path.join(cwd, name))
            if "/site-packages/" in path or "/dist-packages/" in path:
                whose = PACKAGE
            elif path.startswith(work):
                whose, path = WORK, path[len(work) :]
            else:
                whose = STANDARD if path.startswith(standard) else ELSEWHERE
            found = (whose, quote(path) or '"?"')
        if len(known) >= MOST_CACHED:
            known.clear()
        known[name] = found
        return found

    return known, learn


def function_name(frame):
    """pandas.to_csv: the package and the function; of a constructor, the class."""
    package = str(frame.f_globals.get("__name__", "?")).partition(".")[0]
    code = frame.f_code
    name = code.co_name
    if name in METHODS_OF_A_CLASS and code.co_varnames:
        name = type(frame.f_locals.get(code.co_varnames[0])).__name__
    return package if name == "<module>" else package + "." + name


def caller_finder(known, learn):
    look_up = known.get

    def caller(frame):
        """(file in JSON, line, library function) on whose behalf `frame` runs; '' and 0: unknown."""
        via = package = place = None
        while frame is not None:
            code = frame.f_code
            whose, name = look_up(code.co_filename) or learn(code.co_filename)
            if whose == WORK:
                return name, frame.f_lineno, "" if via is None else function_name(via)
            if whose == NO_FILE and frame.f_globals.get("__name__") == "__main__":
                whose = ELSEWHERE  # -c, stdin, a notebook's cell
            if whose == ELSEWHERE:
                if place is None:
                    place = (name, frame.f_lineno, via)
            elif via is None or code.co_name not in WRAPPERS:
                via = frame
                if whose == PACKAGE:
                    package = frame
            frame = frame.f_back
        # Without a place: a pool's thread that was given a library's function.
        name, line, via = place or ("", 0, package or via)
        return name, line, "" if via is None else function_name(via)

    return caller


def install(environ):
    """Starts to note. `environ` has the variables AMLOCAL_AUDIT_* of docs/audit-file.md."""
    record = environ["AMLOCAL_AUDIT_FILE"]
    roots = frozenset(folders_of(environ.get("AMLOCAL_AUDIT_FOLDERS", "")))
    if not roots:
        return
    below = tuple(root + "/" for root in roots)
    sizes = environ.get("AMLOCAL_AUDIT_SIZES") == "1"
    try:
        cwd = os.getcwd()  # what names of source files are relative to
    except OSError:
        cwd = "/"
    work = environ.get("AMLOCAL_AUDIT_WORK", cwd).rstrip("/") + "/"
    caller = caller_finder(*source_kinds(work, cwd))

    events, own_name = EVENTS, install.__code__.co_filename
    fspath, getcwd, readlink, normpath = os.fspath, os.getcwd, os.readlink, os.path.normpath
    open_file, close, write, getpid = os.open, os.close, os.write, os.getpid
    fstat, stat = os.fstat, os.stat
    now, task, frame_at = time.monotonic_ns, get_native_id, sys._getframe
    encoding, in_json = sys.getfilesystemencoding(), quote
    how = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    target = [-1, None]  # the descriptor; what file it is, where that must be asked each time
    try:
        import fcntl

        def duplicate(descriptor, least, fcntl=fcntl.fcntl, command=fcntl.F_DUPFD_CLOEXEC):
            return fcntl(descriptor, command, least)
    except ImportError:
        duplicate = None
    quoted = {}
    opening = {}  # by thread, the last open(): its path, its caller's frame and place there

    def absolute(path, folder):
        if type(path) is not str:
            if path is None:
                path = "."
            elif isinstance(path, int):
                return readlink("/proc/self/fd/%d" % path)
            elif isinstance(path, bytes):
                path = path.decode(encoding, "surrogateescape")
            else:
                path = fspath(path)
                if isinstance(path, bytes):
                    path = path.decode(encoding, "surrogateescape")
        if path[:1] != "/":
            start = getcwd() if folder < 0 else readlink("/proc/self/fd/%d" % folder)
            path = start + "/" + path
        if "/." in path or "//" in path or path[-1:] == "/":
            path = normpath("/" + path.lstrip("/"))
        return path

    def database(path):
        """The file of an SQLite address; None for one in memory."""
        if isinstance(path, bytes):
            path = path.decode(encoding, "surrogateescape")
        if path == ":memory:" or path == "":
            return None
        if isinstance(path, str) and path.startswith("file:"):
            path = path[5:].partition("?")[0].partition("#")[0]
            if path.startswith("//"):
                path = "/" + path[2:].partition("/")[2]
        return path

    def remember(key, text):
        if len(quoted) >= MOST_CACHED:
            quoted.clear()
        quoted[key] = text
        return text

    def as_json(path):
        """What follows `"path` or `"to`: `":"/data/x"`, or `_hex":"ff00"` where it is no text."""
        text = in_json(path)
        if text is None:
            text = path.encode(encoding, "surrogateescape").hex()
            return remember(path, '_hex":"' + text + '"')
        return remember(path, '":' + text)

    def append(data):
        # A script may close descriptors it does not know (daemons do) and get our number for a file
        # of its own. So ours is a high number, which no such file gets; where the system allows none,
        # each write makes sure first.
        try:
            if target[1] is not None and fstat(target[0])[1:3] != target[1]:
                reopen()
            write(target[0], data)
        except OSError as problem:
            if problem.errno != EBADF:
                raise
            reopen()
            write(target[0], data)

    def reopen():
        descriptor = open_file(record, how, 0o644)
        try:
            high = duplicate(descriptor, HIGH)
            close(descriptor)
            target[:] = high, None
        except (OSError, TypeError):
            target[:] = descriptor, fstat(descriptor)[1:3]  # inode and device

    def paths_in(event, arguments, places):
        """The absolute paths of an event, or () where none of them is watched."""
        paths = []
        watched = False
        for position, folder in places:
            path = arguments[position] if position < len(arguments) else None
            if event == "sqlite3.connect":
                path = database(path)
            if path is None and event[:3] != "os.":
                continue
            folder = arguments[folder] if folder is not None and folder < len(arguments) else -1
            path = absolute(path, folder)
            watched = watched or path.startswith(below) or path in roots
            paths.append(path)
        return paths if watched else ()

    def by_opener(thread, path, frame):
        """Whether this os.open is done by the opener of an open() that is noted already."""
        last = opening.get(thread)
        if last is None or last[0] != path:
            return False
        for _ in range(6):
            if frame is None:
                return False
            if id(frame) == last[1] and frame.f_lasti == last[2]:
                return True
            frame = frame.f_back
        return False

    def note(event, arguments, path, other, frame):
        thread = task()
        if event == "open":
            if arguments[1]:
                if len(opening) >= MOST_CACHED:
                    opening.clear()
                opening[thread] = (path, id(frame), frame.f_lasti)
            elif by_opener(thread, path, frame):
                return
        file, line, via = caller(frame)
        text = '\x1e{"v":1,"t":%d,"pid":%d,"task":%d,"op":"%s","path%s' % (
            now(),
            getpid(),
            thread,
            event,
            quoted.get(path) or as_json(path),
        )
        if event == "open":
            text += ',"flags":%d' % arguments[2]
            if arguments[1]:
                text += ',"mode":"' + arguments[1] + '"'
            if sizes:
                try:
                    text += ',"size":%d' % stat(path).st_size
                except OSError:
                    pass
        elif other is not None:
            text += ',"to' + as_json(other)
        if line:
            text += ',"file":%s,"line":%d' % (file, line)
        if via:
            text += ',"via":' + (in_json(via) or '"?"')
        data = (text + "}\n").encode()
        if len(data) > LONGEST:
            short = '\x1e{"v":1,"t":%d,"pid":%d,"task":%d,"op":"%s","cut":true,"path%s}\n'
            data = (short % (now(), getpid(), thread, event, as_json(path[:600]))).encode()
        append(data)

    def hook(event, arguments):
        places = events.get(event)
        if places is None:
            return
        try:
            path, other = arguments[0], None
            if event == "open" and type(path) is str and path[:1] == "/" and "/." not in path and "//" not in path:
                if not path.startswith(below) and path not in roots:
                    return
            else:
                paths = paths_in(event, arguments, places)
                if not paths:
                    return
                path = paths[0]
                other = paths[1] if len(paths) > 1 else None
            note(event, arguments, path, other, frame_at(1))
        except Exception as problem:
            # Our own failures are nobody's business. But a signal's handler may have run, and
            # raised, while we were at work: that is the script's.
            # So is running out of stack: who swallows that in a Python before 3.10 and goes on
            # calling dies of "Cannot recover from stack overflow".
            if isinstance(problem, RecursionError):
                raise
            trace = problem.__traceback__
            while trace.tb_next is not None:
                trace = trace.tb_next
            if trace.tb_frame.f_code.co_filename != own_name:
                raise

    sys.addaudithook(hook)
