"""Zips the Lambda's one file, the same bytes each time.

usage: write_zip.py BOOTSTRAP ZIP
"""

import os
import pathlib
import sys
import zipfile

# Lambda reads the zip on every cold start; a program that has grown beyond this wants a look at what it links.
MAX_BYTES = 3_000_000

# The earliest time that a zip can hold. The real one would make each build another file.
EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    bootstrap, target = map(pathlib.Path, sys.argv[1:])
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.create_system = 3  # Unix, so that the mode below counts
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED

    unfinished = target.with_suffix(".zip.new")
    with zipfile.ZipFile(unfinished, "w") as archive:
        archive.writestr(entry, bootstrap.read_bytes(), compresslevel=9)

    size = unfinished.stat().st_size
    print(f"{target.name}: {size:,} bytes, {bootstrap.stat().st_size:,} unpacked")
    if size > MAX_BYTES:
        unfinished.unlink()
        print(f"{target.name} is larger than {MAX_BYTES:,} bytes: what does the program link that it did not before?",
              file=sys.stderr)
        return 1
    os.replace(unfinished, target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
