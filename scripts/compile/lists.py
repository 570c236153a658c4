"""Macro-region schemes and published tier lists, written down from their publications.

Always holds: a region has one label in a scheme and one tier in a list; a name of a list is either
resolved to a code or listed with the reason why not.
"""

from __future__ import annotations

import pandas as pd

from .sources import Sources, city_code

PROVINCE = dict(
    zip(
        "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新台港澳",
        [
            "110000",
            "120000",
            "130000",
            "140000",
            "150000",
            "210000",
            "220000",
            "230000",
            "310000",
            "320000",
            "330000",
            "340000",
            "350000",
            "360000",
            "370000",
            "410000",
            "420000",
            "430000",
            "440000",
            "450000",
            "460000",
            "500000",
            "510000",
            "520000",
            "530000",
            "540000",
            "610000",
            "620000",
            "630000",
            "640000",
            "650000",
            "710000",
            "810000",
            "820000",
        ],
        strict=True,
    )
)
SEVEN = {
    "华北": "京津冀晋蒙",
    "东北": "辽吉黑",
    "华东": "沪苏浙皖闽赣鲁",
    "华中": "豫鄂湘",
    "华南": "粤桂琼",
    "西南": "渝川贵云藏",
    "西北": "陕甘青宁新",
}
#: Schemes of provinces: label -> provinces by their one-character names.
PROVINCE_SCHEMES = {
    "seven": SEVEN,
    "eight": {
        "东北": "辽吉黑",
        "华北": "京津冀晋蒙",
        "华中": "鄂湘赣豫",
        "华东": "沪闽浙苏皖鲁",
        "华南": "粤桂琼",
        "西南": "渝云贵川藏",
        "西北": "陕甘宁青新",
        "台港澳": "台港澳",
    },
    "six": {
        "华北": "京津冀晋蒙",
        "东北": "辽吉黑",
        "华东": "沪苏浙皖闽赣鲁",
        "华南": "豫鄂湘粤桂琼",
        "西南": "渝川贵云藏",
        "西北": "陕甘青宁新",
    },
    "company": {**SEVEN, "华东": "沪苏浙皖闽赣", "总部直辖": "鲁"},
}
#: Plates of cities around a centre: the first city is the core.
NINE_PLATES = {
    "东北": "沈阳 哈尔滨 长春",
    "环渤海": "北京 天津 大连 烟台 青岛 唐山 石家庄 太原 呼和浩特",
    "中原": "西安 郑州 济南 洛阳 徐州 淄博",
    "长江中游": "武汉 长沙 南昌 芜湖",
    "长三角": "上海 合肥 南京 杭州 苏州 无锡 宁波 温州",
    "珠三角": "广州 香港 澳门 深圳 佛山 珠海",
    "西南": "成都 重庆 贵阳 昆明 南宁",
    "西北": "乌鲁木齐 兰州 银川",
    "东南": "台湾 厦门 福州 泉州",
}
JIANGSU = {"苏南": "南京 镇江 常州 无锡 苏州", "苏中": "南通 泰州 扬州", "苏北": "盐城 淮安 连云港 宿迁 徐州"}
JIANGSU_ZONES = {
    "苏南": JIANGSU["苏南"],
    "苏中": JIANGSU["苏中"],
    "苏北一区": "盐城 淮安",
    "苏北二区": "连云港 宿迁 徐州",
}

RETAIL_2014 = {
    "特级城市": "北京 上海 广州 深圳",
    "一线城市": "南京 苏州 无锡 杭州 宁波 福州 厦门 长沙 武汉 天津 济南 青岛 大连 沈阳 哈尔滨 成都 重庆 西安",
    "二线城市": "珠海 佛山 泉州 东莞 南宁 海口 三亚 昆明 绵阳 贵阳 拉萨 石家庄 太原 包头 呼和浩特 烟台 长春 鞍山 南昌 郑州 合肥 乌鲁木齐 兰州 西宁 银川",
    "三线城市": "唐山 秦皇岛 邯郸 保定 廊坊 大同 阳泉 长治 临汾 抚顺 本溪 锦州 吉林 四平 齐齐哈尔 大庆 佳木斯 牡丹江 常熟 镇江 连云港 江阴 宜兴 昆山 湖州 "
    "丽水 萧山 瑞安 义乌 芜湖 蚌埠 马鞍山 安庆 莆田 漳州 石狮 景德镇 九江 鹰潭 东营 潍坊 泰安 威海 滨州 开封 洛阳 平顶山 十堰 宜昌 襄樊 株洲 湘潭 衡阳 "
    "邵阳 韶关 汕头 江门 茂名 中山 潮州 柳州 桂林 北海 自贡 攀枝花 乐山 宜宾 南充 曲靖 玉溪 保山 大理 遵义 铜川 宝鸡 咸阳 汉中",
}
PROPERTY = {
    "一线强": "北京 上海",
    "一线": "广州 深圳",
    "准一线": "天津",
    "二线强": "南京 武汉 沈阳 西安 成都 重庆 杭州 青岛 大连 宁波",
    "二线中": "济南 哈尔滨 长春 厦门 合肥 郑州 长沙 福州 乌鲁木齐 昆明 苏州 无锡",
    "二线弱": "兰州 南昌 贵阳 南宁 太原 石家庄 呼和浩特",
    "准二线": "佛山 东莞 唐山 烟台 泉州 包头",
    "三线强": "银川 西宁 海口 洛阳 南通 常州 徐州 潍坊 淄博 绍兴 温州 台州 大庆 鞍山 中山 珠海 汕头 吉林 柳州",
    "三线中": "拉萨 保定 邯郸 秦皇岛 沧州 鄂尔多斯 东营 威海 济宁 临沂 德州 滨州 泰安 湖州 嘉兴 金华 泰州 镇江 盐城 扬州 桂林 惠州 湛江 江门 茂名 株洲 "
    "岳阳 衡阳 宝鸡 咸阳 宜昌 襄樊 开封 许昌 平顶山 赣州 九江 芜湖 绵阳 齐齐哈尔 牡丹江 抚顺",
    "三线弱": "本溪 丹东 辽阳 锦州 营口 承德 廊坊 邢台 大同 榆林 延安 天水 克拉玛依 喀什 石河子 南阳 濮阳 安阳 焦作 新乡 日照 聊城 枣庄 蚌埠 淮南 马鞍山 "
    "连云港 淮安 丽水 衢州 荆州 安庆 景德镇 新余 湘潭 常德 郴州 漳州 清远 揭阳 梅州 肇庆 玉林 北海 德阳 宜宾 遵义 大理",
}
#: list name -> (tiers best first, what every other prefecture-level city is)
TIER_LISTS = {"retail_2014": (RETAIL_2014, "四线城市"), "property": (PROPERTY, "四线城市")}
#: Old names in the lists.
FORMER = {"襄樊": "420600"}
#: Gaps of the publications themselves.
UNRESOLVED = [
    (
        "retail_2014",
        "二线城市",
        "（空）",
        "two empty places in the printed list, beside 呼和浩特: no name is given",
    )
]


class Names:
    """Short names -> codes at prefecture level first, then province, then county."""

    def __init__(self, regions: pd.DataFrame):
        known = regions[regions["in_tree"] | (regions["kind"] == "special")]
        self.level = known.set_index("region")["level"]
        self._by_level = []
        for level in ("prefecture", "county", "province"):
            part = known[(known["level"] == level) & (known["kind"] != "direct")]
            self._by_level.append(part.groupby("short_name")["region"].agg(list))

    def __call__(self, name: str) -> str:
        for table in self._by_level:
            found = FORMER.get(name) or table.get(name)
            if found is not None:
                if isinstance(found, str):
                    return found
                assert len(found) == 1, f"{name}: {found}"
                return found[0]
        raise AssertionError(f"no region is called {name}")


def schemes(sources: Sources, regions: pd.DataFrame) -> pd.DataFrame:
    """All schemes: scheme, label, region, is_core."""
    names, rows = Names(regions), []
    for scheme, groups in PROVINCE_SCHEMES.items():
        rows += [(scheme, label, PROVINCE[sign], False) for label, signs in groups.items() for sign in signs]
    blocks = sources.province_groups
    rows += [
        ("four_blocks", label, code, False)
        for code, label in zip(blocks["adcode"], blocks["nbs_region4"], strict=True)
    ]
    for scheme, groups in (
        ("nine_plates", NINE_PLATES),
        ("jiangsu_parts", JIANGSU),
        ("jiangsu_zones", JIANGSU_ZONES),
    ):
        for label, cities in groups.items():
            for i, city in enumerate(cities.split()):
                rows.append((scheme, label, names(city), scheme == "nine_plates" and i == 0))
    table = pd.DataFrame(rows, columns=["scheme", "label", "region", "is_core"])
    seven = dict(zip(blocks["adcode"], blocks["region7"], strict=True))
    assert all(seven[r.region] == r.label for r in table[table["scheme"] == "seven"].itertuples())
    return table


def tier_lists(sources: Sources, regions: pd.DataFrame) -> pd.DataFrame:
    """All tier lists: list, position, tier, region, level, name_in_list (empty: not named, hence in the last tier)."""
    names, rows = Names(regions), []
    cities = regions[(regions["level"] == "prefecture") & regions["in_tree"] & (regions["kind"] != "direct")][
        "region"
    ]
    for name, (tiers, rest) in TIER_LISTS.items():
        seen = {}
        for place, (tier, members) in enumerate(tiers.items(), start=1):
            for member in members.split():
                code = names(member)
                assert code not in seen, f"{name}: {member} twice"
                seen[code] = (name, place, tier, code, names.level[code], member)
        rows += seen.values()
        rows += [(name, len(tiers) + 1, rest, code, "prefecture", "") for code in cities if code not in seen]
    published = sources.tiers_2021
    place = {tier: i for i, tier in enumerate(published["tier"].unique(), start=1)}
    for tier, code, city in zip(
        published["tier"], city_code(published["adcode"]), published["name"], strict=True
    ):
        rows.append(("yicai_2021", place[tier], tier, code, "prefecture", city))
    return pd.DataFrame(rows, columns=["list", "position", "tier", "region", "level", "name_in_list"])


def tier_list_unresolved() -> pd.DataFrame:
    return pd.DataFrame(UNRESOLVED, columns=["list", "tier", "name", "reason"])
