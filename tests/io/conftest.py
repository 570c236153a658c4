"""Files as analysts send them, made on the spot."""

from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from mktanalysis.regions import RegionTree

REGIONS = """
100000,全国,nation,
110000,北京市,province,100000
110100,北京市,prefecture,110000
110105,朝阳区,county,110100
320000,江苏省,province,100000
320100,南京市,prefecture,320000
320106,鼓楼区,county,320100
320115,江宁区,county,320100
320200,无锡市,prefecture,320000
320281,江阴市,county,320200
320300,徐州市,prefecture,320000
320302,鼓楼区,county,320300
320500,苏州市,prefecture,320000
320581,常熟市,county,320500
320582,张家港市,county,320500
320583,昆山市,county,320500
320585,太仓市,county,320500
430000,湖南省,province,100000
430100,长沙市,prefecture,430000
430121,长沙县,county,430100
430200,株洲市,prefecture,430000
220000,吉林省,province,100000
220200,吉林市,prefecture,220000
"""


@pytest.fixture(scope="session")
def tree() -> RegionTree:
    rows = [line.split(",") for line in REGIONS.split()]
    table = pd.DataFrame(rows, columns=["region", "name", "level", "parent"])
    return RegionTree.from_table(table.assign(parent=table["parent"].replace("", None)))


@pytest.fixture
def xlsx(tmp_path):
    """Return a function that writes rows (and merged cells) and gives the path."""

    def write(rows: list[list], *, name: str = "数据.xlsx", sheet: str = "数据", merged=()) -> Path:
        path = tmp_path / name
        book = xlsxwriter.Workbook(
            str(path), {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False}
        )
        page = book.add_worksheet(sheet)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if cell is not None:
                    page.write(i, j, cell)
        for area in merged:
            page.merge_range(*area)
        book.close()
        return path

    return write
