"""Zips the Lambda's one file, the same bytes each time.

usage: write_zip.py BOOTSTRAP ZIP

Deflated by libdeflate, which looks for the smallest way to say it: 3 % less than zlib's best, for any reader of zips.
Python's zipfile can only compress by itself, so what stands around the data is written here (PKWARE's APPNOTE.TXT 6.3.10:
4.3.7 local file header, 4.3.12 central directory header, 4.3.16 end of central directory record).
"""

import os
import pathlib
import struct
import subprocess
import sys
import zlib

# Lambda reads the zip on every cold start; a program that has grown beyond this wants a look at what it links.
MAX_BYTES = 3_200_000

NAME = b"bootstrap"
DEFLATED = 8
VERSION_NEEDED = 20  # 2.0: deflated
UNIX = 3 << 8  # who made it, so that the mode counts
MODE = 0o100755 << 16
# 1980-01-01 00:00:00, the earliest time that a zip can hold. The real one would make each build another file.
TIME, DATE = 0, 1 << 5 | 1

GZIP_HEADER = 10  # bytes, without a name, as what comes from a pipe has none (RFC 1952)
GZIP_TRAILER = 8


def deflate(data: bytes) -> bytes:
    packed = subprocess.run(["libdeflate-gzip", "-12", "-c"], input=data, capture_output=True, check=True).stdout
    assert packed[3] == 0, "the header has nothing optional in it"
    deflated = packed[GZIP_HEADER:-GZIP_TRAILER]
    assert zlib.decompress(deflated, -zlib.MAX_WBITS) == data
    return deflated


def zip_of(data: bytes) -> bytes:
    deflated = deflate(data)
    # Version, flags, method, time, date, checksum, both sizes, length of the name and of what is extra.
    entry = struct.pack(
        "<HHHHHIIIHH", VERSION_NEEDED, 0, DEFLATED, TIME, DATE, zlib.crc32(data), len(deflated), len(data), len(NAME), 0
    )
    local = b"PK\3\4" + entry + NAME + deflated
    # Length of the comment, number of the disk, internal and external attributes, where the local header is.
    directory = (
        b"PK\1\2" + struct.pack("<H", UNIX | VERSION_NEEDED) + entry + struct.pack("<HHHII", 0, 0, 0, MODE, 0) + NAME
    )
    # Number of this disk and of the directory's, entries on it and in all, size and place of the directory, comment.
    return local + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(directory), len(local), 0)


def main() -> int:
    bootstrap, target = map(pathlib.Path, sys.argv[1:])
    data = bootstrap.read_bytes()
    unfinished = target.with_suffix(".zip.new")
    unfinished.write_bytes(zip_of(data))

    size = unfinished.stat().st_size
    print(f"{target.name}: {size:,} bytes, {len(data):,} unpacked")
    if size > MAX_BYTES:
        unfinished.unlink()
        print(f"{target.name} is larger than {MAX_BYTES:,} bytes: what does the program link that it did not before?",
              file=sys.stderr)
        return 1
    os.replace(unfinished, target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
