"""Write the transition matrix and mobility indices of giddy on its US-states example.

Run with giddy and libpysal installed (an environment of their own):
    python tests/reference/tiers_mobility_giddy.py
Writes tiers_mobility_giddy.csv (per-capita income of 48 US states, 1929-2009, relative to the yearly
mean, cut into pooled quintiles) and tiers_mobility_giddy.json (giddy's results on it).
"""

import json
from pathlib import Path

import giddy
import libpysal
import numpy as np
import pandas as pd
from giddy.markov import Markov
from giddy.mobility import markov_mobility

here = Path(__file__).parent
table = libpysal.io.open(libpysal.examples.get_path("usjoin.csv"))
years = [str(year) for year in range(1929, 2010)]
income = np.array([table.by_col[year] for year in years], dtype=float).T
relative = income / income.mean(axis=0)
edges = np.quantile(relative, [0.2, 0.4, 0.6, 0.8])
classes = np.searchsorted(edges, relative, side="left")
chain = Markov(classes)
steady = np.asarray(chain.steady_state).ravel()
result = {
    "giddy": giddy.__version__,
    "p": np.asarray(chain.p).tolist(),
    "transitions": np.asarray(chain.transitions).astype(int).tolist(),
    "steady_state": steady.tolist(),
    "prais": markov_mobility(chain.p, measure="P"),
    "shorrocks": markov_mobility(chain.p, measure="D"),
    "eigenvalue": markov_mobility(chain.p, measure="L2"),
    "leaving": markov_mobility(chain.p, measure="B1", ini=steady),
    "steps": markov_mobility(chain.p, measure="B2", ini=steady),
}
(here / "tiers_mobility_giddy.json").write_text(json.dumps(result, indent=1) + "\n")
states = pd.Index(table.by_col["STATE_FIPS"], name="state")
pd.DataFrame(classes, states, years).to_csv(here / "tiers_mobility_giddy.csv", lineterminator="\n")
