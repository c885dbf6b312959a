#!/usr/bin/env python3
"""What blobfuse2 2.5.6 was measured to send (its file cache, over Azurite, counted by a proxy), to the byte.

    appends.py MOUNT RECORD     MOUNT is of profile blobfuse2, RECORD the folder of its record

Each case opens a file to append, writes, closes; so many times. Exit status 1 where the record counts otherwise.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import ledger  # noqa: E402

# appends, bytes of each, bytes that were sent, in as many uploads as appends
MEASURED = [(60, 1_000_000, 1_830_000_000), (400, 10_000, 802_000_000), (5_000, 100, 1_250_250_000)]


def main(mount, record):
    reader = ledger.Reader(record)
    wrong = 0
    for appends, size, sent in MEASURED:
        reader.news()
        path = pathlib.Path(mount) / f"{appends}.log"
        for _ in range(appends):
            with open(path, "ab") as file:
                file.write(b"x" * size)
        puts = ledger.puts(reader.news())
        found = (len(puts), sum(size for _, size in puts), {name for name, _ in puts})
        same = found == (appends, sent, {path.name})
        print(f"{'ok' if same else 'WRONG'}: {appends} appends of {size} bytes sent {found[1]} bytes in {found[0]} uploads")
        wrong += not same
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
