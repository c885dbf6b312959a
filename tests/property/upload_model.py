"""A mounted folder as a plain tree in memory, with each profile's rules of what is sent to the store and when.

It knows nothing of amlocal: the rules are those of docs/semantics.md (M9 to M22), by their numbers. Its operations
are those of file_operations.Side, with the same results; `sent` gathers (path, bytes) of each upload.
"""
import errno
import os
import stat

from file_operations import FLAGS, SLOTS, pattern

READS = (os.O_RDONLY, os.O_RDWR)
WRITES = (os.O_WRONLY, os.O_RDWR)


class Rules:
    """What differs between profiles."""

    def __init__(self, sends=True, fsync=False, by_time=False, replace=0, old_client=False):
        self.sends = sends
        self.fsync = fsync  # M15
        self.by_time = by_time  # M12: the copy counts, not which descriptor wrote
        self.replace = replace  # M22: the errno
        self.old_client = old_client  # M18, M25


PROFILES = {
    "rslex": Rules(replace=errno.EIO),
    "dprep": Rules(by_time=True, replace=errno.EIO, old_client=True),
    "blobfuse2": Rules(fsync=True),
    "ideal": Rules(sends=False),
}


class File:
    def __init__(self, path):
        self.path = path  # None once it is unlinked
        self.data = bytearray()
        self.changed = False  # since the last upload
        self.mappers = []  # open files that were mapped to be written, the last one first


class Handle:
    """An open file as open(2) made it: dup and fork share it."""

    def __init__(self, file, flags, created):
        self.file = file
        self.access = flags & os.O_ACCMODE
        self.append = bool(flags & os.O_APPEND)
        self.offset = 0
        self.descriptors = 1
        self.created = created
        self.wrote = False  # since it uploaded


def fail(number):
    raise OSError(number, "")


class Model:
    def __init__(self, profile):
        self.rules = PROFILES[profile]
        self.folders = {""}
        self.files = {}
        self.slots = [None] * SLOTS
        self.sent = []

    def do(self, operation):
        name, *arguments = operation
        try:
            return getattr(self, name)(*arguments)
        except OSError as problem:
            return errno.errorcode[problem.errno]

    def end(self):
        for slot in range(SLOTS):
            self.close(slot)

    # ---- what is sent

    def upload(self, handle):
        """M9: always the whole file. M24: of a file without a name nothing."""
        file = handle.file
        handle.created = handle.wrote = False
        if file.path is None:
            return
        file.changed = False
        if self.rules.sends:
            self.sent.append((file.path, len(file.data)))

    def flush(self, handle):
        """M10, M12, M13: what close(2) of one descriptor sends."""
        if handle.created or (handle.file.changed if self.rules.by_time else handle.wrote):
            self.upload(handle)

    def drop(self, handle):
        """close(2). M11: each one counts."""
        self.flush(handle)
        handle.descriptors -= 1
        if handle.descriptors == 0 and handle in handle.file.mappers:
            handle.file.mappers.remove(handle)

    def changed(self, handle):
        handle.wrote = handle.file.changed = True

    # ---- names

    def place(self, name):
        path = "" if name == "." else name
        if path and os.path.dirname(path) not in self.folders:
            fail(errno.ENOENT)
        return path

    def file_at(self, name):
        path = self.place(name)
        return self.files[path] if path in self.files else fail(errno.ENOENT)

    def opened(self, name, flags):
        path = self.place(name)
        file = self.files.get(path)
        if file is not None and flags & os.O_EXCL:
            fail(errno.EEXIST)
        if file is None and not flags & os.O_CREAT:
            fail(errno.ENOENT)
        created = file is None
        if created:
            file = self.files[path] = File(path)
        handle = Handle(file, flags, created)
        if flags & os.O_TRUNC and not created:
            self.cut(handle, 0)
        return handle

    def cut(self, handle, size):
        data = handle.file.data
        del data[size:]
        data.extend(bytes(size - len(data)))
        self.changed(handle)

    # ---- descriptors

    def fd(self, slot):
        return self.slots[slot] or fail(errno.EBADF)

    def put(self, slot, handle):
        old, self.slots[slot] = self.slots[slot], handle
        if old is not None:
            self.drop(old)

    def open(self, slot, name, flags):
        self.put(slot, self.opened(name, FLAGS[flags]))

    def close(self, slot):
        self.put(slot, None)

    def dup(self, slot, other):
        if slot != other:
            handle = self.fd(slot)
            handle.descriptors += 1
            self.put(other, handle)

    def store(self, handle, offset, content):
        if handle.access not in WRITES:
            fail(errno.EBADF)
        data = handle.file.data
        if handle.append:
            offset = len(data)
        if content:
            data.extend(bytes(max(0, offset - len(data))))
            data[offset : offset + len(content)] = content
            self.changed(handle)
        return offset + len(content)

    def write(self, slot, size, byte):
        handle = self.fd(slot)
        end = self.store(handle, handle.offset, pattern(size, byte)[:size])
        if size:
            handle.offset = end
        return size

    def pwrite(self, slot, offset, size, byte):
        self.store(self.fd(slot), offset, pattern(size, byte)[:size])
        return size

    def pread(self, slot, offset, size):
        handle = self.fd(slot)
        if handle.access not in READS:
            fail(errno.EBADF)
        return bytes(handle.file.data[offset : offset + size])

    def read(self, slot, size):
        found = self.pread(slot, self.fd(slot).offset, size)
        self.fd(slot).offset += len(found)
        return found

    def seek(self, slot, offset, whence):
        handle = self.fd(slot)
        handle.offset = offset + (0, handle.offset, len(handle.file.data))[whence]
        return handle.offset

    def ftruncate(self, slot, size):
        handle = self.fd(slot)
        if handle.access not in WRITES:
            fail(errno.EINVAL)
        self.cut(handle, size)

    def truncate(self, name, size):
        """M18. Every file here was opened once, when it was made."""
        handle = Handle(self.file_at(name), os.O_WRONLY, False)
        self.cut(handle, size)
        if not self.rules.old_client:
            self.upload(handle)

    def fsync(self, slot):
        handle = self.fd(slot)
        if self.rules.fsync:
            self.flush(handle)

    def fstat(self, slot):
        return [stat.S_IFREG, 0, len(self.fd(slot).file.data)]

    def in_child(self, act):
        """The child's end closes all that it inherited."""
        code = "ok"
        try:
            act()
        except OSError as problem:
            code = errno.errorcode[problem.errno]
        for handle in filter(None, self.slots):
            self.flush(handle)
        return code

    def fork_write(self, slot, size, byte):
        self.fd(slot)
        return self.in_child(lambda: self.write(slot, size, byte))

    def fork_close(self, slot):
        self.fd(slot)
        return self.in_child(lambda: None)

    def map_write(self, slot, offset, size, byte):
        """M19. The kernel writes the pages back through the open file that was last mapped first."""
        handle = self.fd(slot)
        data = handle.file.data
        end = len(data)
        if end == 0:
            return "nothing to map"
        if handle.access != os.O_RDWR:
            self.flush(handle)  # Python's mmap has a descriptor of its own, and closes it
            return "not mapped"
        if handle not in handle.file.mappers:
            handle.file.mappers.insert(0, handle)
        offset %= end
        size = min(size, end - offset)
        if size:
            data[offset : offset + size] = pattern(size, byte)[:size]
            self.changed(handle.file.mappers[0])
        self.fsync(slot)
        self.flush(handle)
        return size

    def copy_range(self, slot, other, size):
        source, target = self.fd(slot), self.fd(other)
        if source.file is target.file:
            return "same file"
        if source.access not in READS or target.append:
            fail(errno.EBADF)
        content = bytes(source.file.data[:size])
        self.store(target, 0, content)
        return len(content)

    # ---- by name

    def stat(self, name):
        return [stat.S_IFREG, 0, len(self.file_at(name).data)]

    def list(self, name):
        path = self.place(name)
        if path not in self.folders:
            fail(errno.ENOENT)
        return sorted(os.path.basename(p) for p in (*self.files, *self.folders) if p and os.path.dirname(p) == path)

    def append_once(self, name, size, byte):
        handle = self.opened(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.store(handle, 0, pattern(size, byte)[:size])
        self.drop(handle)
        return size

    def read_whole(self, name):
        handle = self.opened(name, os.O_RDONLY)
        self.drop(handle)  # it has something to send where another descriptor wrote, and times decide
        return bytes(handle.file.data)

    def rename(self, name, other):
        if other in self.files:
            return "exists"
        self.replace(name, other)
        return None

    def replace(self, name, other):
        file = self.file_at(name)
        path = self.place(other)
        replaced = self.files.get(path)
        if replaced is file:
            return
        if replaced is not None:
            if self.rules.replace:
                fail(self.rules.replace)
            replaced.path = None
        del self.files[file.path]
        file.path = path
        self.files[path] = file

    def rename_folder(self, name, other):
        if "." in (name, other) or other in self.folders:
            return "left out"
        self.place(other) if name in self.folders else fail(errno.ENOENT)
        if other.startswith(name + "/"):
            fail(errno.EINVAL)
        below = [path for path in self.folders if (path + "/").startswith(name + "/")]
        self.folders = {other + path[len(name) :] if path in below else path for path in self.folders}
        for path in [path for path in self.files if path.startswith(name + "/")]:
            file = self.files.pop(path)
            file.path = other + path[len(name) :]
            self.files[file.path] = file

    def unlink(self, name):
        file = self.file_at(name)
        del self.files[file.path]
        file.path = None

    def mkdir(self, name):
        path = self.place(name)
        if path in self.folders:
            fail(errno.EEXIST)
        self.folders.add(path)

    def rmdir(self, name):
        path = self.place(name)
        if not path:
            return
        if path not in self.folders:
            fail(errno.ENOENT)
        if self.list(name) and not self.rules.old_client:
            fail(errno.ENOTEMPTY)
        self.folders = {folder for folder in self.folders if not (folder + "/").startswith(path + "/")}
        for below in [below for below in self.files if below.startswith(path + "/")]:
            self.files.pop(below).path = None

    def tree(self):
        """As file_operations.Side.tree: each file is opened, read and closed."""
        found = {path: ([stat.S_IFDIR, 0, 0], None) for path in self.folders if path}
        for path in self.files:
            found[path] = ([stat.S_IFREG, 0, len(self.files[path].data)], self.read_whole(path))
        return found
