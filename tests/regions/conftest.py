"""Small trees that the tests of this room share."""

import pandas as pd
import pytest

from mktanalysis.regions import RegionTree

#: A piece of China with every kind of name that is hard.
CHINA = """
100000,全国,nation,
110000,北京市,province,100000
110100,北京市,prefecture,110000
110105,朝阳区,county,110100
210000,辽宁省,province,100000
211300,朝阳市,prefecture,210000
211321,朝阳县,county,211300
220000,吉林省,province,100000
220200,吉林市,prefecture,220000
222400,延边朝鲜族自治州,prefecture,220000
222401,延吉市,county,222400
320000,江苏省,province,100000
320100,南京市,prefecture,320000
320106,鼓楼区,county,320100
320300,徐州市,prefecture,320000
320302,鼓楼区,county,320300
320500,苏州市,prefecture,320000
320583,昆山市,county,320500
420000,湖北省,province,100000
420600,襄阳市,prefecture,420000
430000,湖南省,province,100000
430100,长沙市,prefecture,430000
430121,长沙县,county,430100
460000,海南省,province,100000
632500,海南藏族自治州,prefecture,630000
630000,青海省,province,100000
632521,共和县,county,632500
140000,山西省,province,100000
140500,晋城市,prefecture,140000
140502,城区,county,140500
150000,内蒙古自治区,province,100000
150700,呼伦贝尔市,prefecture,150000
150723,鄂伦春自治旗,county,150700
"""


@pytest.fixture(scope="session")
def china_table() -> pd.DataFrame:
    rows = [line.split(",") for line in CHINA.split()]
    table = pd.DataFrame(rows, columns=["region", "name", "level", "parent"])
    return table.assign(parent=table["parent"].replace("", None))


@pytest.fixture(scope="session")
def china(china_table) -> RegionTree:
    aliases = pd.DataFrame(
        {"alias": ["襄樊市", "京城", "不在树里"], "region": ["420600", "110000", "999999"]}
    )
    return RegionTree.from_table(china_table, aliases=aliases)
