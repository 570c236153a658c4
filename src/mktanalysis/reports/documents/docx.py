"""A plan as a Word file that a manager edits: headings, paragraphs, real tables, pictures.

Always holds: the same document gives the same bytes; text of a table or a name is text and never a field,
a link or markup; a table's head repeats on every page.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from pathlib import Path

from ...errors import MktError
from ...io.write import replacing
from ...words.amounts import NOTHING

#: The file says that it was made on this day, always, so that its bytes depend on the document only.
_CREATED = datetime.datetime(2000, 1, 1)
_ZIP_TIME = (2000, 1, 1, 0, 0, 0)
_FONT = "宋体"
_HEAD_FONT = "黑体"
#: Rows of a table in the document; the workbook has them all.
MOST_ROWS = 60
#: Between the margins, centimetres.
PAGE_WIDTH = 15.5
#: Half a character of a table's type, centimetres; both margins of a cell, in half characters.
HALF_CHARACTER = 0.16
MARGINS = 4
#: A column up to this wide, in half characters, is kept on one line.
SHORT = 15
#: A column of words keeps this width, in half characters, however many figures stand beside it.
LEAST = 26
#: What XML does not take.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_plan_docx(path: str | Path, document, *, tree=None, most_rows: int = MOST_ROWS) -> Path:
    """Write a plan as .docx (计划书 Word 版), to be opened and changed in Word or WPS.

    Parameters
    ----------
    path : str or Path
        Ending .docx.
    document : PlanDocument
        Title, summary, sections with text, tables (base units) and matplotlib figures.
    tree : RegionTree, optional
        Names stand beside the codes of regions.
    most_rows : int
        Longer tables are cut, and the cut is said.

    Returns
    -------
    Path

    Raises
    ------
    MktError
        Another ending.
    """
    import docx

    if Path(path).suffix.lower() != ".docx":
        raise MktError(f"计划书应以 .docx 结尾，给出的是 {Path(path).name!r}")
    word = docx.Document()
    _style(word)
    word.add_heading(_clean(document.title), level=0)
    if document.summary:
        word.add_heading("摘要", level=1)
        for sentence in document.summary:
            word.add_paragraph(_clean(sentence), style="List Bullet")
        word.add_page_break()
    for section in document.sections:
        _section(word, section, tree, most_rows)
    if document.sources:
        word.add_heading("数据来源", level=1)
        for source in document.sources:
            word.add_paragraph(_clean(source), style="List Bullet")
    raw = io.BytesIO()
    word.save(raw)
    with replacing(path) as temporary:
        temporary.write_bytes(_timeless(raw.getvalue()))
    return Path(path)


def _style(word) -> None:
    """Chinese fonts for body and headings; a Word style names the Asian font apart from the Latin one."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    properties = word.core_properties
    properties.created = _CREATED
    properties.modified = _CREATED
    properties.author = ""
    properties.last_modified_by = ""
    properties.comments = ""
    for name in ("Normal", "List Bullet", "Caption", "Title", "Heading 1"):
        style = word.styles[name]
        font = _HEAD_FONT if name in ("Title", "Heading 1") else _FONT
        style.font.name = font
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:ascii", "w:hAnsi", "w:eastAsia"):
            fonts.set(qn(script), font)
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
        style.font.color.rgb = RGBColor(0x22, 0x22, 0x22)
    word.styles["Normal"].font.size = Pt(10.5)


def _section(word, section, tree, most_rows: int) -> None:
    word.add_heading(_clean(section.title), level=1)
    for paragraph in section.text:
        word.add_paragraph(_clean(paragraph))
    for caption, table in section.tables:
        _table(word, caption, table, tree, most_rows)
    for caption, figure in section.pictures:
        _picture(word, caption, figure)


def _table(word, caption: str, table, tree, most_rows: int) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.shared import Pt

    shown = _as_on_page(table, tree, most_rows)
    columns = shown.shown
    word.add_paragraph(_clean(caption), style="Caption")
    grid = word.add_table(rows=1, cols=len(columns))
    grid.style = "Table Grid"
    for cell, column in zip(grid.rows[0].cells, columns, strict=True):
        cell.text = _clean(column.head)
        cell.paragraphs[0].runs[0].bold = True
    repeat = OxmlElement("w:tblHeader")
    grid.rows[0]._tr.get_or_add_trPr().append(repeat)
    for texts in zip(*(column.texts for column in columns), strict=True):
        for cell, text, column in zip(grid.add_row().cells, texts, columns, strict=True):
            cell.text = _clean(text) or NOTHING
            if column.numeric:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for row in grid.rows:
        for cell in row.cells:
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(9)
    _share_width(grid, columns)
    word.add_paragraph(_clean(shown.note))


def _as_on_page(table, tree, most_rows: int):
    """The table as a page shows it: a region by its name alone; what a page showed stays as it was."""
    from ...presentation import Presented, present

    if isinstance(table, Presented):
        return table
    chosen = None
    if "region" in table.columns and (tree is not None or "name" in table.columns):
        chosen = [name for name in table.columns if name not in ("region", "name")]
    return present(table, chosen, tree=tree, rows=most_rows)


def _share_width(grid, columns) -> None:
    """Figures stay on one line; columns of words share what is left."""
    from docx.shared import Cm

    asked = []
    for column in columns:
        head = min(_text_width(column.head), 8)
        asked.append(MARGINS + max(head, *map(_text_width, column.texts), 2))
    words = sum(width for width in asked if width > SHORT)
    left = PAGE_WIDTH / HALF_CHARACTER - (sum(asked) - words)
    if words > max(left, 0):
        share = max(left, 0) / words
        asked = [width if width <= SHORT else max(width * share, min(width, LEAST)) for width in asked]
    grid.autofit = False
    for column, width in zip(grid.columns, asked, strict=True):
        column.width = Cm(PAGE_WIDTH * width / sum(asked))
        for cell in column.cells:
            cell.width = column.width


def _text_width(text) -> int:
    """Width in half characters: a Chinese one takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in str(text))


def _picture(word, caption: str, figure) -> None:
    from docx.shared import Cm

    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=144, metadata={"Software": None})
    raw.seek(0)
    word.add_picture(raw, width=Cm(PAGE_WIDTH))
    word.add_paragraph(_clean(caption), style="Caption")


def _clean(text) -> str:
    return _CONTROL.sub("", str(text))


def _timeless(raw: bytes) -> bytes:
    """The same archive with one time for every file in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            info = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(info, before.read(name))
    return out.getvalue()
