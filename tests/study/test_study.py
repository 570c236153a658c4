"""A study from its folder to one file: made, checked, run, changed, frozen, unpacked elsewhere, compared."""

import json
import zipfile

import numpy as np
import pandas as pd
import pytest

import mktanalysis as mkt
from mktanalysis.cli import main
from mktanalysis.errors import MktError
from mktanalysis.io import read_table
from mktanalysis.study import (
    add_notebook,
    check_study,
    compare_studies,
    freeze_study,
    new_study,
    open_study,
    run_study,
)
from mktanalysis.study.freeze import results_of
from mktanalysis.synthetic import make_company, write_company


@pytest.fixture(scope="module")
def china():
    return mkt.load_regions()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The example study, run once."""
    study = new_study(tmp_path_factory.mktemp("study") / "示例", example=True)
    rows = run_study(study)
    assert [row.status for row in rows] == ["done"], [row.message for row in rows]
    return study


def test_the_company_is_read_as_it_was_made(tmp_path, china):
    company = make_company(china, within="320000", random_state=3)
    paths = write_company(company, china, tmp_path)
    sales = read_table(paths["sales"], kind="sales", tree=china)
    merged = company.sales.merge(sales, on=["region", "period"])
    assert len(merged) == len(company.sales) == len(sales)
    assert np.allclose(merged["value_x"], merged["value_y"])
    targets = read_table(paths["targets"], kind="targets", tree=china)
    expected = company.targets.sort_values("region")["value"].to_numpy()
    assert np.allclose(targets["value"], expected)
    customers = read_table(paths["customers"], kind="customers", tree=china)
    assert customers["value"].sum() == company.customers["value"].sum()
    stores = read_table(paths["stores"], kind="stores", tree=china)
    assert set(stores["name"]) == set(company.dealers["name"])


def test_planted_growth_and_season_are_found_again(china):
    company = make_company(china, within="320000", n_years=6, random_state=5)
    sales = company.sales
    home = china.parents("prefecture", sales["region"]).to_numpy()
    yearly = sales.groupby([home, sales["period"].dt.year])["value"].sum().unstack()
    found = (yearly[2028] / yearly[2023]) ** (1 / 5) - 1
    assert (found - company.growth).abs().max() < 0.01
    sales = sales[sales["period"].dt.year < 2029]  # the running year follows its tasks
    by_month = sales.groupby(sales["period"].dt.month)["value"].sum()
    season = by_month / by_month.mean() / (1 + 0.08 / 12 * (np.arange(12) - 5.5))
    assert (season - company.season).abs().max() < 0.02


def test_the_example_runs_and_adds_up(finished):
    (folder,) = (path.parent for path in finished.out.glob("*/report.html"))
    assert (finished.out / "index.html").is_file()
    table = pd.read_csv(folder / "tables" / "cities.csv", encoding="utf-8-sig")
    sales = read_table(finished.path_of("sales"), kind="sales", tree=mkt.load_regions())
    total = sales[sales["period"].dt.year == 2024]["value"].sum() / 1e4
    assert table["2024"].sum() == pytest.approx(total)
    assert "读入" in (folder / "report.html").read_text("utf-8")


def test_frozen_and_unpacked_it_gives_the_same_tables(finished, tmp_path):
    path = freeze_study(finished, tmp_path / "packed.zip")
    again = freeze_study(finished, tmp_path / "again.zip")
    assert path.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "elsewhere")
    unpacked = open_study(tmp_path / "elsewhere" / "示例")
    record = json.loads((unpacked.folder / "freeze.json").read_text("utf-8"))
    assert [row.status for row in run_study(unpacked)] == ["done"]
    assert results_of(unpacked.out) == record["results"] == results_of(finished.out) != {}
    assert compare_studies(finished, unpacked).empty


def test_a_changed_file_is_run_again_and_the_difference_is_told(finished, tmp_path):
    path = freeze_study(finished, tmp_path / "packed.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    study = open_study(tmp_path / "示例")
    assert [row.status for row in run_study(study)] == ["done"]
    assert [row.status for row in run_study(study)] == ["kept"]
    sales = study.path_of("sales")
    lines = sales.read_text("utf-8-sig").splitlines()
    cells = lines[3].split(",")
    cells[-1] = f"{float(cells[-1]) * 2:.3f}"
    lines[3] = ",".join(cells)
    sales.write_text("\n".join(lines[:-1]), "utf-8-sig")
    assert [row.status for row in run_study(study)] == ["done"]
    assert [row.status for row in run_study(study, force=True)] == ["done"]
    found = compare_studies(finished, study)
    assert set(found["aspect"]) == {"数据", "结果"} and "sales" in set(found["item"])


def test_files_are_checked_before_anything_runs(tmp_path):
    study = new_study(tmp_path / "s", example=True)
    study.path_of("sales").write_text("城市,年份,销售额(万元)\n苏洲,2023,1", "utf-8")
    study.path_of("targets").unlink()
    found = check_study(study)
    assert set(found[~found["ok"]]["file"]) == {"data/销售.csv", "data/任务.csv"}
    with pytest.raises(MktError, match="苏洲") as caught:
        run_study(study)
    assert "任务.csv" in str(caught.value) and not study.out.exists()


def test_notebooks_are_copied_not_taken_over(tmp_path):
    study = new_study(tmp_path / "s", notebooks=("03",))
    assert (study.folder / "notebooks" / "03_capacity_forecast.ipynb").is_file()
    with pytest.raises(MktError, match="已经在研究里"):
        add_notebook(study, "03")
    add_notebook(study, "02")
    assert [part["title"] for part in open_study(study.folder).content["part"]][1:] == [
        "区域容量预测",
        "城市分级",
    ]
    with pytest.raises(MktError, match="没有名为"):
        add_notebook(study, "99")
    with pytest.raises(MktError, match="不是空文件夹"):
        new_study(study.folder)


def test_absolute_files_are_packed(tmp_path):
    study = new_study(tmp_path / "s", example=True)
    outside = tmp_path / "elsewhere.csv"
    study.path_of("sales").rename(outside)
    study.spec.write_text(study.spec.read_text("utf-8").replace("data/销售.csv", outside.as_posix()), "utf-8")
    study = open_study(study.folder)
    assert check_study(study)["ok"].all()
    with zipfile.ZipFile(freeze_study(study)) as archive:
        archive.extractall(tmp_path / "packed")
    unpacked = open_study(tmp_path / "packed" / "s")
    assert unpacked.files["sales"]["path"] == "data/sales_elsewhere.csv" and check_study(unpacked)["ok"].all()


def test_commands(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["study", *arguments])
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out + printed.err

    assert run("new", "我的", "--example")[0] == 0
    code, text = run("check", "我的")
    assert code == 0 and "读入" in text
    (tmp_path / "我的" / "data" / "任务.csv").write_text("城市,年份,任务(万元)\n苏洲,2023,1", "utf-8")
    code, text = run("check", "我的")
    assert code == 1 and "苏洲" in text
    code, text = run("run", "我的")
    assert code == 2 and "苏洲" in text
    assert run("check", "别处")[0] == 2
