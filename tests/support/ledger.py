"""Reads the record of a mount (format 1, src/meter/ledger.hpp) without amlocal, also while it is written."""
import collections
import json
import os
import pathlib
import struct

OPERATIONS = (
    "lookup getattr setattr readlink symlink link mknod mkdir unlink rmdir rename open create read write flush fsync "
    "release opendir readdir releasedir statfs xattr lock seek allocate "
    "list head get put remove make_folder remove_folder move"
).split()
RESULTS = ["ok", "absent", "refused", "failed"]
HEADER = struct.Struct("<8sIIQ56x")
ENTRY = struct.Struct("<7QdIIBBHI")

Entry = collections.namedtuple("Entry", "number begin_ns end_ns offset bytes cause handle charge name task op result session")


class Reader:
    """`news()` gives the entries that have ended since it was last asked."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.entries = open(folder / "entries", "rb", buffering=0)
        self.names_file = open(folder / "names", "rb", buffering=0)
        magic, version, size, _ = HEADER.unpack(self.entries.read(HEADER.size))
        if (magic, version, size) != (b"amledger", 1, ENTRY.size):
            raise ValueError(f"{folder} is no record of format 1")
        self.at = HEADER.size
        self.names, self.sessions, self.torn = [""], [""], b""

    def close(self):
        self.entries.close()
        self.names_file.close()

    def news(self):
        found = []
        while True:
            block = os.pread(self.entries.fileno(), 1024 * ENTRY.size, self.at)
            for fields in ENTRY.iter_unpack(block[: len(block) // ENTRY.size * ENTRY.size]):
                if fields[0] == 0:  # the room after the last one
                    return found
                found.append(self.entry(fields))
                self.at += ENTRY.size
            if len(block) < 1024 * ENTRY.size:
                return found

    def entry(self, fields):
        *numbers, name, task, op, result, session, _ = fields
        return Entry(*numbers, self.name(name), task & 0x3FFFFFFF, OPERATIONS[op], RESULTS[result], session)

    def name(self, number):
        if number >= len(self.names):
            *lines, self.torn = (self.torn + self.names_file.read()).split(b"\n")
            for line in lines:
                if line.startswith(b"session "):
                    self.sessions.append(json.loads(line[8:])["name"])
                else:
                    self.names.append(json.loads(line))
        return self.names[number]


def puts(entries):
    """[(path, bytes)] of what reached the store."""
    return [(entry.name, entry.bytes) for entry in entries if entry.op == "put" and entry.result == "ok"]
