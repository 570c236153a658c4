import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktanalysis.errors import MktError, UnknownNameError
from mktanalysis.regions import RegionTree, resolve_names
from mktanalysis.regions.names import short_names
from mktanalysis.synthetic import make_market


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("南京市", "320100"),
        ("南京", "320100"),
        ("昆山", "320583"),
        ("北京", "110000"),
        ("北京市", "110000"),
        ("襄樊", "420600"),
        ("襄樊市", "420600"),
        ("京城", "110000"),
        ("湖北襄樊", "420600"),
        ("北 京　市", "110000"),
        ("３２０５８３", "320583"),
        (320583, "320583"),
        (320583.0, "320583"),
        (np.int64(320583), "320583"),
        ("320583000000", "320583"),
        ("320583.0", "320583"),
        ("江苏南京", "320100"),
        ("江苏省苏州市昆山市", "320583"),
        ("苏州市昆山市", "320583"),
        ("江苏昆山", "320583"),
        ("江苏/南京/鼓楼区", "320106"),
        ("江苏省-徐州市-鼓楼区", "320302"),
        ("鼓楼区（南京）", "320106"),
        ("北京朝阳", "110105"),
        ("延边", "222400"),
        ("延边州", "222400"),
        ("内蒙古", "150000"),
        ("鄂伦春旗", "150723"),
        ("吉林省", "220000"),
        ("吉林市", "220200"),
        ("吉林省吉林市", "220200"),
        ("长沙县", "430121"),
    ],
)
def test_understood(china, name, code):
    assert resolve_names([name], china).tolist() == [code]


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("鼓楼区", ["320106", "320302"]),
        ("吉林", ["220000", "220200"]),
        ("海南", ["460000", "632500"]),
        ("朝阳", ["110105", "211300", "211321"]),
        ("长沙", ["430100", "430121"]),
        ("江苏鼓楼", ["320106", "320302"]),
    ],
)
def test_ambiguous_is_never_guessed(china, name, candidates):
    with pytest.raises(UnknownNameError) as caught:
        resolve_names([name], china)
    row = caught.value.unresolved.iloc[0]
    assert row["reason"] == "ambiguous"
    assert sorted(part[:6] for part in row["candidates"].split("、")) == candidates
    assert resolve_names([name], china, on_unknown="keep").isna().all()


def test_level_and_within_settle(china):
    assert resolve_names(["吉林", "朝阳"], china, level="prefecture").tolist() == ["220200", "211300"]
    assert resolve_names(
        ["长沙", "海南"], china, level=["province", "prefecture"], on_unknown="keep"
    ).isna().tolist() == [False, True]
    assert resolve_names(["鼓楼区", "朝阳区"], china, within=["徐州", "110000"]).tolist() == [
        "320302",
        "110105",
    ]
    assert resolve_names(["鼓楼区"], china, within="南京市").tolist() == ["320106"]
    assert resolve_names(["北京"], china, level="prefecture").tolist() == ["110100"]
    assert resolve_names(["北京"], china, within="北京", level="prefecture").tolist() == ["110100"]


def test_all_unknown_names_at_once_with_nearest(china):
    with pytest.raises(UnknownNameError) as caught:
        resolve_names(["南经市", "南京", "昆山县", "鼓楼区", None, "", "999999"], china)
    table = caught.value.unresolved
    assert table["name"].tolist() == ["南经市", "昆山县", "鼓楼区", "", "", "999999"]
    assert "320100 南京市（江苏省/南京市）" in table["candidates"].iloc[0]
    assert "320583" in table["candidates"].iloc[1]  # a former kind of unit is no reason to guess
    kept = resolve_names(["南经市", "南京"], china, on_unknown="keep")
    assert kept.index.tolist() == ["南经市", "南京"] and kept.isna().tolist() == [True, False]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_path_comes_back(china, data):
    region = data.draw(st.sampled_from(list(china.regions[1:])))
    separator = data.draw(st.sampled_from(["", "/", "-", " ", "、", "　", ">"]))
    path = china.paths([region], separator=separator).iloc[0]
    # 北京市北京市 and 北京市 are one place; the path of the lower one names it
    assert resolve_names([path], china).tolist() == [region]


def test_every_official_name_of_a_market_comes_back_whatever_the_row_order():
    tree = make_market(n_provinces=5, random_state=0).tree
    shuffled = RegionTree.from_table(tree.table.sample(frac=1, random_state=1))
    for each in (tree, shuffled):
        assert (resolve_names(tree.table["name"], each).to_numpy() == tree.regions.to_numpy()).all()
        assert (resolve_names(list(tree.regions), each).to_numpy() == tree.regions.to_numpy()).all()


def test_a_number_may_have_lost_its_zeros_but_a_text_may_not():
    table = pd.DataFrame(
        {
            "region": ["us", "01", "01001", "48001"],
            "name": ["USA", "Alabama", "Autauga", "Anderson"],
            "level": ["nation", "state", "county", "county"],
            "parent": [None, "us", "01", "01"],
        }
    )
    tree = RegionTree.from_table(table)
    assert resolve_names([1001, 48001, "AUTAUGA"], tree).tolist() == ["01001", "48001", "01001"]
    with pytest.raises(UnknownNameError):
        resolve_names(["1001"], tree)


def test_short_names_never_lose_the_name_itself():
    assert short_names("城区") == [] and short_names("吉县") == []
    assert short_names("鄂伦春自治旗")[0] == "鄂伦春"
    assert short_names("双江拉祜族佤族布朗族傣族自治县")[0] == "双江"
    assert short_names("新疆维吾尔自治区")[0] == "新疆"
    assert short_names("西藏自治区")[0] == "西藏"
    assert short_names("克孜勒苏柯尔克孜自治州")[0] == "克孜勒苏"
    assert short_names("Springfield") == []


def test_own_aliases_and_bad_arguments(china):
    own = pd.DataFrame({"alias": ["金陵", "南京"], "region": ["320100", "320106"]})
    assert resolve_names(["金陵"], china, aliases=own).tolist() == ["320100"]
    with pytest.raises(UnknownNameError, match="同名"):
        resolve_names(["南京"], china, aliases=own)
    with pytest.raises(MktError, match="on_unknown"):
        resolve_names(["南京"], china, on_unknown="skip")
    with pytest.raises(MktError, match="一组名称"):
        resolve_names("南京", china)
    with pytest.raises(MktError, match="一样多"):
        resolve_names(["南京"], china, within=["江苏", "江苏"])
    assert resolve_names([], china).empty
