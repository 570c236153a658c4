"""The table of China's holidays against days that are known, and against what a calendar must keep."""

import numpy as np
import pandas as pd
import pytest

from mktanalysis import MktError
from mktanalysis.forecasting import load_holidays

#: As announced by the State Council for these years (the holiday's own day).
KNOWN = {
    "2023": "元旦 01-01 春节 01-22 清明 04-05 劳动节 05-01 端午 06-22 中秋 09-29 国庆 10-01",
    "2025": "元旦 01-01 春节 01-29 清明 04-04 劳动节 05-01 端午 05-31 中秋 10-06 国庆 10-01",
}


@pytest.mark.parametrize("year", KNOWN)
def test_days_are_the_announced_ones(year):
    table = load_holidays(int(year), int(year)).set_index("name")["date"].dt.strftime("%m-%d")
    words = KNOWN[year].split()
    assert table.to_dict() == dict(zip(words[::2], words[1::2], strict=True))


def test_lunar_days_keep_their_distance_from_the_new_year():
    """The fifth day of the fifth month and the fifteenth of the eighth: a leap month between or not."""
    table = load_holidays(1995, 2040)
    day = {name: part["date"].to_numpy() for name, part in table.groupby("name")}
    to_dragon_boat = (day["端午"] - day["春节"]) / np.timedelta64(1, "D")
    to_mid_autumn = (day["中秋"] - day["端午"]) / np.timedelta64(1, "D")
    months = [29.53 * 4 + 4, 29.53 * 5 + 4]
    assert np.abs(to_dragon_boat[:, None] - months).min(axis=1).max() < 1.6
    months = [29.53 * 3 + 10, 29.53 * 4 + 10]
    assert np.abs(to_mid_autumn[:, None] - months).min(axis=1).max() < 1.6
    assert set(pd.DatetimeIndex(day["清明"]).day) == {4, 5}
    assert len(table) == 46 * 7


def test_years_beyond_the_table_are_told():
    with pytest.raises(MktError, match="1995—2040"):
        load_holidays(2039, 2041)
