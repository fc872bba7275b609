"""The small parts of a workbook that its cells refer to: the texts they share, and how their numbers are shown."""

from typing import Final

from chassis.tables.cells import clean, style_of
from chassis.tables.model import Limits
from chassis.tables.refusals import Reason, UnreadableFile
from chassis.tables.sheets import Attributes, unescape, whole

_MOST_STYLES: Final = 65_536  # so many does the format know


class SharedTexts:
    """Takes the events of the part with the texts: `texts` made clean, `suspect` what was wrong, by index."""

    def __init__(self, limits: Limits) -> None:
        self.texts: list[str] = []
        self.suspect: dict[int, tuple[str, ...]] = {}
        self._limits = limits
        self._parts: list[str] = []
        self.data = self._parts.append
        self._raw = ""
        self._is_phonetic = False

    def start(self, name: str, _: Attributes) -> None:
        """An element begins."""
        if name == "t":
            self._parts.clear()
        elif name == "si":
            self._raw = ""
        elif name == "rPh":
            self._is_phonetic = True

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "t":
            if not self._is_phonetic:
                self._raw += "".join(self._parts)
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            raw = self._raw
            if len(raw) > self._limits.cell_chars:
                what = f"A text of the workbook has more than {self._limits.cell_chars:,} characters."
                raise UnreadableFile(Reason.long_cell, what)
            text, codes = clean(unescape(raw))
            if codes:
                self.suspect[len(self.texts)] = codes
            self.texts.append(text)


class Styles:
    """Takes the events of the part with the styles."""

    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._formats: list[int] = []
        self._is_of_cells = False

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""
        if name == "numFmt":
            self._codes[whole(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._is_of_cells = True
        elif name == "xf" and self._is_of_cells and len(self._formats) < _MOST_STYLES:
            self._formats.append(whole(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "cellXfs":
            self._is_of_cells = False

    def of_cells(self) -> list[str]:
        """How each style of a cell shows a number, in the words of `style_of`."""
        known = {number: style_of(number, self._codes.get(number)) for number in set(self._formats)}
        return [known[number] for number in self._formats]
