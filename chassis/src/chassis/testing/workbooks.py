"""Workbooks (.xlsx) part by part, as no library would write them: what a reader must take, or refuse."""

import io
import zipfile
from collections.abc import Mapping
from typing import Final

MAIN: Final = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET_PART: Final = "xl/worksheets/sheet1.xml"


def make_sheet(rows: str, *, before: str = "", after: str = "") -> str:
    """A sheet with the given `<row>` elements."""
    return f"<worksheet {MAIN}>{before}<sheetData>{rows}</sheetData>{after}</worksheet>"


def make_parts(
    rows: str = "",
    *,
    sheets: Mapping[str, str] | None = None,
    hidden: str = "",
    texts: str | None = None,
    styles: str | None = None,
    settings: str = "",
) -> dict[str, str | bytes]:
    """The parts of a workbook: one sheet with `rows`, or `sheets` (name -> whole part), of which one may be hidden."""
    listed = sheets or {"Sheet1": make_sheet(rows)}
    hidden_mark = ' state="hidden"'
    names = "".join(
        f'<sheet name="{name}" sheetId="{at}" r:id="rId{at}"{hidden_mark if name == hidden else ""}/>'
        for at, name in enumerate(listed, 1)
    )
    relations = [("worksheet", f"worksheets/sheet{at}.xml", f"rId{at}") for at in range(1, len(listed) + 1)]
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml", "rId1")]),
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}">{settings}<sheets>{names}</sheets></workbook>',
    }
    parts |= {f"xl/worksheets/sheet{at}.xml": part for at, part in enumerate(listed.values(), 1)}
    if texts is not None:
        relations.append(("sharedStrings", "sharedStrings.xml", "rIdTexts"))
        parts["xl/sharedStrings.xml"] = f"<sst {MAIN}>{texts}</sst>"
    if styles is not None:
        relations.append(("styles", "styles.xml", "rIdStyles"))
        parts["xl/styles.xml"] = f"<styleSheet {MAIN}>{styles}</styleSheet>"
    return parts | {"xl/_rels/workbook.xml.rels": _relations(relations)}


def pack(parts: Mapping[str, str | bytes], *, is_packed: bool = True) -> bytes:
    """The archive of the parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def make_row(number: int, *cells: str, attributes: str = "") -> str:
    """A row of cells of inline text, from column A on."""
    made = "".join(
        f'<c r="{chr(ord("A") + at)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for at, cell in enumerate(cells)
    )
    return f'<row r="{number}"{attributes}>{made}</row>'


def _relations(listed: list[tuple[str, str, str]]) -> str:
    made = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>' for kind, target, key in listed
    )
    return f'<Relationships xmlns="{PACKAGE}">{made}</Relationships>'
