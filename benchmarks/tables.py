"""What reading a large table costs: the time, the process that parses, and whoever asked.

Checks that every row comes back as it was written.
"""

import csv
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from chassis.tables.reading import read_table
from chassis.tables.writing import SheetColumn, write_workbook

ROWS: Final = 100_000
COLUMNS: Final = 15
MEGABYTE: Final = 1_000_000


def make_rows() -> Iterator[list[str]]:
    """Texts of which some come again and some do not, as names and numbers of documents do."""
    for row in range(ROWS):
        yield [f"Name {(row * 7919 + at) % 40_000}" if at < COLUMNS // 2 else f"{row}-{at}" for at in range(COLUMNS)]


def resident_megabytes() -> float:
    """What this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def make_files(folder: Path) -> None:
    """The same rows as text and as a workbook."""
    header = [f"Header {at}" for at in range(COLUMNS)]
    written = io.StringIO()
    csv.writer(written).writerows([header, *make_rows()])
    (folder / "people.csv").write_text(written.getvalue(), encoding="utf-8")
    columns = [SheetColumn(name) for name in header]
    (folder / "people.xlsx").write_bytes(write_workbook(columns, make_rows(), sheet="People"))


def measure(path: Path) -> None:
    """Read once and print."""
    content = path.read_bytes()
    used_before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    resident_before, started = resident_megabytes(), time.perf_counter()
    table = read_table(content, file_name=path.name, header_row=1)
    took = time.perf_counter() - started
    grown = resident_megabytes() - resident_before
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used_before
    started = time.perf_counter()
    for row, made in zip(table.rows(), make_rows(), strict=True):
        if row.texts != made:
            raise SystemExit(f"{path.name}: row {row.number} came back changed.")
    taken = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / MEGABYTE
    print(
        f"{path.name}: {len(content) / MEGABYTE:.1f} MB, read in {took:.2f} s, of which {used:.2f} s of the parser's "
        f"processor; the parser had {peak:.0f} MB, the asker grew by {grown:.1f} MB; all rows taken in {taken:.2f} s"
    )


def main(given: list[str]) -> None:
    """Each file in a process of its own, so that none is charged with what another took."""
    if given:
        read_table(b"a,b\n1,2\n", file_name="warm.csv")
        measure(Path(given[0]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ProcessPoolExecutor(1) as pool:
            pool.submit(make_files, folder).result()
        for path in sorted(folder.iterdir()):
            subprocess.run([sys.executable, __file__, str(path)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
