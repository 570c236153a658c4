"""The commands on an analyst's own files: tasks, months, race, rebates, outlook, dealers, staff."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mktanalysis.cli import build_app, main
from mktanalysis.io import write_xlsx

CITIES = ["南京市", "无锡市", "徐州市", "常州市", "苏州市"]


def run(*asked):
    result = CliRunner().invoke(build_app(), list(map(str, asked)))
    assert result.exit_code == 0, result.output
    return result.output


def refused(capsys, *asked) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, asked)))
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "Traceback" not in said
    return said


def file_of(folder, name, table):
    path = folder / name
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def sales(tmp_path):
    rng = np.random.default_rng(0)
    months = pd.period_range("2021-01", "2025-06", freq="M")
    rows = [
        (city, str(m), round(100 * (i + 1) * (1.08 ** (m.year - 2021)) * rng.uniform(0.9, 1.1), 1))
        for i, city in enumerate(CITIES)
        for m in months
    ]
    return file_of(tmp_path, "销售.csv", pd.DataFrame(rows, columns=["地区", "月份", "销售额(万元)"]))


def test_own_sales_in_tasks_out_and_months_in_one_command_each(tmp_path, sales):
    out = tmp_path / "任务.xlsx"
    asked = ("targets", "quotas", "--file", sales, "--total", 30000)
    assert "%" in run(*asked, "--method", "equal_chance").split("达成把握")[1]
    said = run(*asked, "--compare", "--to", out)
    assert "2025 年任务" in said and "江苏省" in said and "各方法回看" in said
    table = pd.read_excel(out, engine="calamine", dtype={"地区代码": str})
    quota = table.set_index("地区")["任务（元）"]
    assert quota["全国"] == quota["江苏省"] == 3e8 == quota[CITIES].sum()
    wanted = pd.DataFrame({"地区": CITIES, "年份": 2025, "任务(万元)": quota[CITIES].to_numpy() / 1e4})
    monthly = tmp_path / "月度.csv"
    path = file_of(tmp_path, "年度任务.csv", wanted)
    said = run("targets", "months", "--targets", path, "--file", sales, "--to", monthly)
    back = pd.read_csv(monthly, dtype={"地区代码": str})
    assert len(back) == 60
    assert back.groupby("地区")["任务（元）"].sum().to_dict() == quota[CITIES].to_dict()
    assert (back["任务（元）"] % 1e4 == 0).all()


def test_race_and_outlook_read_plan_and_sales(tmp_path, sales):
    rows = [(c, f"2025-{m:02d}", 130 * (i + 1)) for i, c in enumerate(CITIES) for m in range(1, 13)]
    rows = [(c, m, v * (2 if c == "徐州市" else 1)) for c, m, v in rows]  # it will miss
    plan = file_of(tmp_path, "月度任务.csv", pd.DataFrame(rows, columns=["地区", "月份", "任务(万元)"]))
    board = tmp_path / "排名.xlsx"
    said = run("targets", "race", "--plan", plan, "--actual", sales, "--year-prize", 20000, "--to", board)
    assert "冠军" in said and "奖金合计" in said
    found = pd.read_excel(board, engine="calamine")
    assert set(found["周期"]) == {"月", "季", "年"}
    said = run("targets", "outlook", "--plan", plan, "--actual", sales)
    assert "需要支援：" in said and "徐州市" in said.split("需要支援：")[1]


def test_rebates_of_the_source_table(tmp_path, capsys):
    table = pd.DataFrame(
        {"经销商": ["甲", "乙", "丙"], "年销售额(万元)": [300, 650, 250], "任务(万元)": [200, 200, 260]}
    )
    path = file_of(tmp_path, "经销商.csv", table)
    out = tmp_path / "返利.xlsx"
    said = run("targets", "rebates", path, "--to", out)
    assert "返利合计 48.0 万元；临界点附近 2 家" in said  # 9 + 39 + 0: 丙 missed the task and stands near it
    assert pd.read_excel(out, engine="calamine")["返利（元）"].tolist() == [90000, 390000, 0]
    assert "返利合计 19.0 万元" in run("targets", "rebates", path, "--mode", "marginal")
    bands = pd.DataFrame({"起点(万元)": [200, 290], "终点(万元)": [300, 400], "返利率(%)": [2, 3]})
    said = refused(capsys, "targets", "rebates", path, "--bands", file_of(tmp_path, "档.csv", bands))
    assert "与上一档重叠" in said
    bare = file_of(tmp_path, "无单位.csv", table.rename(columns={"年销售额(万元)": "年销售额"}))
    assert "要写明单位" in refused(capsys, "targets", "rebates", bare)
    odd = file_of(tmp_path, "错.csv", table.astype(object).replace({300: "三百"}))
    assert "第 2 行，列“年销售额(万元)”：不是数字" in refused(capsys, "targets", "rebates", odd)


def test_dealers_by_class_and_place(tmp_path, capsys):
    table = pd.DataFrame(
        {
            "经销商": ["甲", "乙", "丙", "总"],
            "地区": ["南京市", "南京", "徐州市", "江苏省"],
            "年销量(万元)": [600, 100, 250, 900],
        }
    )
    path = file_of(tmp_path, "经销商.csv", table)
    said = run("dealers", path, "--within", "江苏")
    assert "空白" in said and "苏州市" in said and "代理范围超过地级市" in said and "总" in said
    frame = pd.DataFrame({"城市级别": ["一线", "新一线", "二线", "三线", "四线", "五线"]})
    frame = frame.assign(A="旗舰", B="标准", C=["", "", "基础", "基础", "基础", "基础"])
    frames = file_of(tmp_path, "框架.csv", frame)
    cities = file_of(tmp_path, "市.csv", table[table["地区"] != "江苏省"])
    out = tmp_path / "分类.xlsx"
    run("dealers", cities, "--framework", frames, "--thresholds", "A=500,B=200,C=0", "--to", out)
    found = pd.read_excel(out, engine="calamine").set_index("经销商")
    assert found["状态"].to_dict() == {"甲": "符合", "乙": "须向上靠拢", "丙": "符合"}
    assert found.loc["乙", "还差年销量（元）"] == 1e6
    assert "按分位数" in run("dealers", cities, "--framework", frames)
    assert "门槛应写成" in refused(capsys, "dealers", cities, "--framework", frames, "--thresholds", "A>5")
    nowhere = file_of(tmp_path, "外.csv", table.replace({"江苏省": "火星市"}))
    assert "火星市" in refused(capsys, "dealers", nowhere)


def test_staff_and_calendar(tmp_path, capsys):
    units = pd.DataFrame(
        {"地区": CITIES, "客户数": [400, 300, 200, 150, 500], "面积": 6000, "距离(公里)": 30}
    )
    path = tmp_path / "单元.xlsx"
    write_xlsx(path, {"单元": units})
    out = tmp_path / "人员.csv"
    said = run("staff", path, "--people", 12, "--to", out)
    assert "编制 12 人" in said and "主管（每人带 8 人）：第 1 层 2 人，第 2 层 1 人" in said
    assert pd.read_csv(out)["销售人员（人）"].sum() == 12
    customers = pd.DataFrame(
        {"人员": "甲", "客户": [f"k{i}" for i in range(30)], "类别": ["A"] * 3 + ["B"] * 27}
    )
    customers["时间(小时)"] = 2.0
    listed = file_of(tmp_path, "客户.csv", customers)
    calendar = tmp_path / "日历.xlsx"
    said = run("staff", "--visits", listed, "--intervals", "A=1,B=4", "--to", calendar)
    assert "最忙的一周" in said
    assert len(pd.read_excel(calendar, engine="calamine")) == 3 * 52 + 27 * 13
    assert "应写成 A=1" in refused(capsys, "staff", "--visits", listed, "--intervals", "A")
    assert "没有拜访间隔" in refused(capsys, "staff", "--visits", listed, "--intervals", "A=1")
    assert "请给出市场单元表" in refused(capsys, "staff")


def test_bad_targets_are_told(tmp_path, sales, capsys):
    assert "没有任务分解方法" not in run("targets", "quotas", "--file", sales, "--total", 30000)
    said = refused(capsys, "targets", "quotas", "--file", sales, "--total", 30000, "--method", "拍脑袋")
    assert "应为" in said
    low = pd.DataFrame({"地区": CITIES, "年份": 2025, "保底(万元)": 90000})
    said = refused(
        capsys,
        "targets",
        "quotas",
        "--file",
        sales,
        "--total",
        30000,
        "--bounds",
        file_of(tmp_path, "保底.csv", low),
    )
    assert "各下限（保底）之和高于总数" in said
