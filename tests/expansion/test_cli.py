"""``mktanalysis expand`` prints the path and writes the steps."""

import pandas as pd
from typer.testing import CliRunner

from mktanalysis.cli import build_app


def test_expand_writes_the_steps(tmp_path):
    target = tmp_path / "path.csv"
    asked = ["expand", "--base", "郑州市", "--level", "prefecture", "--years", "4", "--budget", "20000"]
    result = CliRunner().invoke(build_app(), [*asked, "--to", str(target)])
    assert result.exit_code == 0, result.output
    assert "净现值增量" in result.output
    table = pd.read_csv(target, dtype=str)
    assert len(table) > 0 and table.iloc[:, 0].between("2025", "2028").all()
