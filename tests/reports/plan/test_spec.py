import pytest

from mktanalysis.errors import MktError
from mktanalysis.reports.plan.grids import region_name
from mktanalysis.reports.plan.spec import SpecError, find_spec, read_spec

ONE = """
title = "测试"
[[part]]
title = "一"
[[part.chapter]]
notebook = "small"
"""


def problems(path):
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    return caught.value.problems


def test_grid_from_the_tree_with_exclusions(write_notebook, write_spec):
    write_notebook("1")
    spec = write_spec(
        ONE
        + """
exclude = [{ region = ["南京市", "320500"] }]
[part.chapter.grid]
region = { level = "prefecture", within = "江苏" }
years = [3, 5]
"""
    )
    plan = read_spec(spec)
    codes = [report.parameters["region"] for report in plan.reports]
    assert len(plan.reports) == 22 and "320100" not in codes and "320500" not in codes
    assert codes == sorted(codes) and {report.parameters["years"] for report in plan.reports} == {3, 5}
    assert plan.reports[0].label == "无锡市、3"
    assert len({report.name for report in plan.reports}) == 22


def test_inherited_parameters_reach_only_notebooks_that_have_them(write_notebook, write_spec):
    write_notebook("1")
    write_notebook("1", name="other", typed="limit: float = 0.5")
    spec = write_spec(
        """
title = "测试"
[parameters]
years = 9
[[part]]
title = "一"
[part.parameters]
limit = 1
[[part.chapter]]
notebook = "small"
[[part.chapter]]
notebook = "other.ipynb"
[[part]]
title = "二"
[[part.chapter]]
notebook = "small"
parameters = { years = 2 }
"""
    )
    found = [(report.part, report.parameters) for report in read_spec(spec).reports]
    assert found == [("一", {"years": 9}), ("一", {"limit": 1.0}), ("二", {"years": 2})]


def test_grid_from_a_table_in_either_encoding(write_notebook, write_spec, tmp_path):
    write_notebook("1")
    for encoding in ("utf-8-sig", "gb18030"):
        (tmp_path / "own.csv").write_text("代码,名\n010000,甲\n320000,乙\n", encoding)
        spec = write_spec(ONE + '[part.chapter.grid]\nregion = { table = "own.csv", column = "代码" }\n')
        assert [r.parameters["region"] for r in read_spec(spec).reports] == ["010000", "320000"]
    (tmp_path / "rows.csv").write_text("region,years\n110000,2\n120000,\n", "utf-8")
    spec = write_spec(ONE + '[part.chapter.rows]\ntable = "rows.csv"\n')
    rows = [report.parameters for report in read_spec(spec).reports]
    assert rows == [{"region": "110000", "years": 2}, {"region": "120000"}]


def test_include_keeps_the_order(write_notebook, write_spec):
    write_notebook("1")
    write_spec(ONE, name="first")
    spec = write_spec(
        'title = "全"\ninclude = ["first.toml"]\n[[part]]\ntitle = "二"\n'
        '[[part.chapter]]\nnotebook = "small"\n'
        "parameters = { years = 5 }\n"
    )
    assert [report.part for report in read_spec(spec).reports] == ["一", "二"]
    looped = write_spec('title = "圈"\ninclude = ["loop.toml"]\n', name="loop")
    assert "包含了自己" in problems(looped)[0]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('title = "a"\n[[part]]\n[[part.chapter]]\nnotebook = "missing"\n', "第 4 行", "找不到笔记本"),
        (ONE + "parameters = { yeers = 3 }\n", "第 7 行", "'years'"),
        (ONE + '[part.chapter.parameters]\nyears = "3"\n', "第 7 行", "类型应为 int"),
        (ONE + "[part.chapter.grid]\nregion = []\n", "第 8 行", "个数"),
        (ONE + "[part.chapter.grid]\nregoin = []\n", "第 8 行", "'region'"),
        (ONE + '[part.chapter.grid]\nregion = { level = "city" }\n', "第 8 行", "没有层级"),
        (
            ONE + '[part.chapter.grid]\nregion = { level = "prefecture", within = "桃花源" }\n',
            "第 8 行",
            "桃花源",
        ),
        (ONE + '[part.chapter.grid]\nregion = { table = "none.csv" }\n', "第 8 行", "找不到表格"),
        (ONE + '[part.chapter.grid]\nregion = ["1", "1"]\n', "第 8 行", "重复"),
        (ONE + 'exclude = [{ region = "1" }]\n[part.chapter.grid]\nregion = ["1"]\n', "行", "没有留下"),
        (ONE + 'exclude = [{ regoin = "1" }]\n[part.chapter.grid]\nregion = ["1"]\n', "第 7 行", "'region'"),
        (ONE + 'colour = "red"\n', "第 7 行", "colour"),
        (ONE + '[[part.chapter]]\nnotebook = "small"\n', "", "出现两次"),
        (ONE + "[part.parameters]\nyeers = 3\n", "第 8 行", "没有哪个笔记本"),
        ('title = "a"\n', "", "没有任何报告"),
        ('title = "a\n', "", "不是合法的 TOML"),
    ],
)
def test_errors_name_line_and_key(write_notebook, write_spec, text, line, word):
    write_notebook("1")
    (problem, *_) = problems(write_spec(text))
    assert line in problem and word in problem
    assert "spec.toml" in problem or word == "出现两次"


def test_all_problems_at_once_and_nothing_starts(write_notebook, write_spec, tmp_path):
    from mktanalysis.reports import run_batch

    write_notebook("1", name="untyped", typed=None)
    spec = write_spec(
        'title = "a"\n[[part]]\n[[part.chapter]]\nnotebook = "x"\n[[part.chapter]]\nnotebook = "untyped"\n'
    )
    found = problems(spec)
    assert len(found) == 2 and "parameters 标签" in found[1]
    with pytest.raises(SpecError):
        run_batch(spec, out_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_package_knows_its_own_specifications():
    assert find_spec("china").name == "china.toml"
    assert region_name("320000") == "江苏省" and region_name("abc") == ""
    with pytest.raises(SpecError):
        find_spec("no_such_spec")


def test_a_former_name_of_a_notebook_is_answered_with_the_new_one(write_spec, tmp_path, capsys):
    from mktanalysis.cli import main
    from mktanalysis.reports import run_report
    from mktanalysis.study import new_study

    old = "05_province_report"
    text = f'title = "a"\n[[part]]\ntitle = "b"\n[[part.chapter]]\nnotebook = "{old}"\n'
    assert any("已改名为 05_province_plan" in found for found in problems(write_spec(text)))
    with pytest.raises(MktError, match="已改名为 05_province_plan"):
        run_report(old, {}, out_dir=tmp_path / "out")
    with pytest.raises(MktError, match="已改名为 05_province_plan"):
        new_study(tmp_path / "study", notebooks=(old,))
    for asked in (("run", old), ("plan", old), ("show", old), ("run", f"{old}.ipynb")):
        with pytest.raises(SystemExit) as ended:
            main(["report", *asked])
        said = "".join(capsys.readouterr().err.split())  # folded to the terminal's width
        assert ended.value.code == 2 and "已改名为05_province_plan" in said
    with pytest.raises(SystemExit):
        main(["report", "run", "05_province_plan"])
    assert "是一本笔记本" in "".join(capsys.readouterr().err.split())


def test_2850_reports_are_planned_quickly(write_notebook, write_spec, tmp_path):
    from mktanalysis.reports.run.estimate import estimate_run

    write_notebook("1")
    plan = read_spec(write_spec(ONE + '[part.chapter.grid]\nregion = { level = "county" }\n'))
    assert len(plan.reports) > 2800
    estimate = estimate_run(plan, tmp_path / "out", jobs=2)
    assert estimate.to_make == len(plan.reports) and estimate.seconds is None
    assert "无法预计" in estimate.text()


def test_parameters_on_the_command_line(write_notebook, write_spec):
    """A chosen value takes the place of the file's value and of a grid's axis; what nobody has is told."""
    write_notebook("1", name="05_small")
    write_notebook("1", name="other")
    spec = write_spec(
        """
[[part]]
[[part.chapter]]
notebook = "05_small"
parameters = { region = "110000" }
[part.chapter.grid]
years = [1, 2]
[[part.chapter]]
notebook = "other"
"""
    )

    def chosen(*texts):
        return [(r.notebook.stem, dict(r.parameters)) for r in read_spec(spec, texts).reports]

    assert chosen("years=7") == [
        ("05_small", {"region": "110000", "years": 7}),
        ("other", {"years": 7}),
    ]
    assert chosen("05.region=010000", "region=330000") == [
        ("05_small", {"region": "010000", "years": 1}),
        ("05_small", {"region": "010000", "years": 2}),
        ("other", {"region": "330000"}),
    ]
    for text, word in (
        ("budget=3", "没有笔记本有这个参数"),
        ("07.years=3", "07"),
        ("years=three", "years"),
        ("years", "应写成"),
        ("=3", "应写成"),
    ):
        with pytest.raises(MktError, match=word):
            read_spec(spec, [text])


def test_a_file_full_of_faults_is_laid_out_once(write_spec, monkeypatch):
    from mktanalysis import settings

    calls = []
    key_lines = settings.key_lines
    monkeypatch.setattr(settings, "key_lines", lambda text: calls.append(text) or key_lines(text))
    found = problems(write_spec("title = '多'\n" + "[[part]]\n" * 2000))
    assert len(found) == 2000 and "第 2001 行 part[2000]" in found[-1]
    assert len(calls) == 1


def test_a_list_that_is_too_long_is_told_with_its_length(write_notebook, write_spec):
    write_notebook("1")
    many = ",".join(map(str, range(100_001)))
    (told,) = problems(write_spec(ONE + f"[part.chapter.grid]\nyears = [{many}]\n"))
    assert "现为 100001" in told


def test_namesakes_in_folders_outside_are_told_apart_and_keep_their_neighbours(
    write_notebook, write_spec, tmp_path
):
    for folder in ("a/x", "b/x"):
        (tmp_path / folder).mkdir(parents=True)
        write_notebook("1").rename(tmp_path / folder / "small.ipynb")
    write_notebook("1", name="other")
    chapters = "".join(
        f'[[part.chapter]]\nnotebook = "{name}"\ngrid = {{ years = [1, 2] }}\n'
        for name in ((tmp_path / "a/x/small").as_posix(), (tmp_path / "b/x/small").as_posix(), "other")
    )
    plan = read_spec(write_spec(f'title = "t"\n[[part]]\n{chapters}'))
    keys = [report.key for report in plan.reports]
    assert keys == ["a/x/small"] * 2 + ["b/x/small"] * 2 + ["other"] * 2
    assert len({report.name for report in plan.reports}) == 6
    for first, second in zip(plan.reports[::2], plan.reports[1::2], strict=True):
        assert first.after[0] == second.name and second.before[0] == first.name
        assert first.before is None and second.after is None


def test_the_same_report_twice_is_still_refused(write_notebook, write_spec):
    write_notebook("1")
    twice = ONE + '[[part.chapter]]\nnotebook = "small"\n'
    assert "同一份报告出现两次" in problems(write_spec(twice))[0]


def test_a_title_says_choices_and_numbers_in_words(write_notebook, write_spec):
    cell = (
        "from typing import Literal\n"
        'level: Literal["county", "prefecture"] = "county"  # 单元\n'
        "budget: float = 1.0  # 预算（万元）\n"
        "often: bool = False  # 常见\n"
        'file: str = "x"  # 文件'
    )
    write_notebook("1", typed=cell)
    given = '[part.chapter.parameters]\nlevel = "prefecture"\nbudget = 20000.0\noften = true\nfile = ""\n'
    plan = read_spec(write_spec(ONE + given))
    assert plan.reports[0].label == "市级、20,000、是"
