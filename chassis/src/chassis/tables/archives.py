"""What kind of file it is, by its content, and whether a ZIP archive is one that a spreadsheet program would write."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from chassis.tables.model import Limits
from chassis.tables.refusals import Reason, UnreadableFile

_ARCHIVE: Final = b"PK\x03\x04"
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
# How other kinds of file begin; the words complete "This is ...".
_OTHERS: Final = (
    (b"PK\x05\x06", "an empty archive"),
    (b"PK\x07\x08", "a part of a divided archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x1f\x8b", "an archive (gzip)"),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7z)"),
    (b"Rar!", "an archive (RAR)"),
    (b"BZh", "an archive (bzip2)"),
    (b"\xfd7zXZ", "an archive (xz)"),
    (b"SQLite format 3", "a database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_OLD_BIFF: Final = (
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x08\x10\x00",
)
_MARKUP: Final = re.compile(rb"\s*(?:<\?xml|<!doctype|<html|<head|<table|<meta|<!--|<workbook)", re.IGNORECASE)

_END_RECORD: Final = struct.Struct("<4s4H2LH")
_LONGEST_COMMENT: Final = 65_535
_LARGEST_DIRECTORY_BYTES: Final = 1024 * 1024
_LOCAL_HEADER_BYTES: Final = 30
_RATIO_FROM_BYTES: Final = 1024 * 1024
_STORED, _DEFLATED = 0, 8
_PART_BYTES: Final = 65_536


def is_workbook(content: bytes) -> bool:
    """Whether the content is a ZIP archive, else text; refused where it is neither."""
    if not content.strip(b"\x00\t\r\n \x1a"):
        raise UnreadableFile(Reason.empty, "The file is empty.")
    if content.startswith(_ARCHIVE):
        return True
    if content.startswith(_COMPOUND):
        if _ENCRYPTED in content:
            raise UnreadableFile(Reason.encrypted, "The workbook is protected by a password.")
        raise UnreadableFile(Reason.old_format, "This is a file of an old format (.xls, or another of its time).")
    if content.startswith(_OLD_BIFF):
        raise UnreadableFile(Reason.old_format, "This is a workbook of a very old format.")
    for start, what in _OTHERS:
        if content.startswith(start):
            raise UnreadableFile(Reason.not_a_table, f"This is {what}, not a table.")
    text = content.removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(text):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in text[:4096]:
            raise UnreadableFile(Reason.old_format, "This is an XML Spreadsheet of 2003.")
        raise UnreadableFile(Reason.not_a_table, "This is a web page or XML, whatever its name says.")
    return False


class Archive:
    """The parts of an archive that passed every check, unpacked piece by piece within a budget for all of it."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        _check_directory(content, limits)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, struct.error, OverflowError, UnicodeDecodeError) as error:
            raise UnreadableFile(Reason.damaged, "The file is cut off or damaged.") from error
        self.names = _check_entries(self._zip.infolist(), limits)
        self._left_bytes = limits.unpacked_bytes

    def find(self, name: str) -> str | None:
        """The part's name as the archive spells it; names of parts do not differ by case."""
        return self.names.get(name.lstrip("/").lower())

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of a part."""
        try:
            with self._zip.open(name) as part:
                while piece := part.read(_PART_BYTES):
                    self._left_bytes -= len(piece)
                    if self._left_bytes < 0:
                        raise UnreadableFile(Reason.too_demanding, "The workbook is too large once it is unpacked.")
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise UnreadableFile(Reason.damaged, "The file is cut off or damaged.") from error


def _check_directory(content: bytes, limits: Limits) -> None:
    """Before anything reads the directory: its size, by the record at the end of the archive."""
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - _END_RECORD.size - _LONGEST_COMMENT))
    if at < 0 or at + _END_RECORD.size > len(content):
        raise UnreadableFile(Reason.damaged, "The file is cut off: the end of the archive is missing.")
    _, disk, first_disk, here, count, size, offset, _ = _END_RECORD.unpack_from(content, at)
    if disk or first_disk or here != count:
        raise UnreadableFile(Reason.unsafe, "The archive is divided into several.")
    if count > limits.archive_entries or size > _LARGEST_DIRECTORY_BYTES:
        raise UnreadableFile(Reason.unsafe, "The archive has more parts than a workbook has.")
    if offset + size > at:
        raise UnreadableFile(
            Reason.damaged, "The file is cut off or damaged: its list of parts is not where it should be."
        )


def _check_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> dict[str, str]:
    """Each part's name in lower case -> its name. Refuses what no spreadsheet program writes."""
    names: dict[str, str] = {}
    end = total = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        name = entry.filename
        if entry.flag_bits & 0x1:
            raise UnreadableFile(Reason.encrypted, "The archive is protected by a password.")
        if (
            name.startswith(("/", "\\"))
            or "\x00" in entry.orig_filename
            or ":" in name
            or ".." in re.split(r"[/\\]", name)
        ):
            raise UnreadableFile(Reason.unsafe, "The archive holds a part that would be written outside of it.")
        if name.lower() in names:
            raise UnreadableFile(Reason.unsafe, "The archive holds two parts of one name.")
        if entry.compress_type not in {_STORED, _DEFLATED}:
            raise UnreadableFile(Reason.unsafe, "The archive is packed in a way that workbooks are not.")
        if entry.header_offset < end:
            raise UnreadableFile(Reason.unsafe, "Parts of the archive overlap.")
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size
        total += entry.file_size
        if entry.file_size > _RATIO_FROM_BYTES and entry.file_size > limits.ratio * entry.compress_size:
            raise UnreadableFile(Reason.unsafe, f"A part of the archive is packed more than {limits.ratio} times.")
        names[name.lower()] = name
    if total > limits.unpacked_bytes:
        raise UnreadableFile(Reason.too_demanding, "The workbook is too large once it is unpacked.")
    return names
