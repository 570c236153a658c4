"""Packages of the field on one job, in an environment of their own.

    peers/bin/python benchmarks/territories_peers.py JOB.json METHOD

The job lists codes, x, y, load, borders and the number of territories; the answer, on the last line, is the
label of every unit and the CPU seconds of the call. Needs spopt, geopandas, gerrychain.
"""

from __future__ import annotations

import json
import random
import sys
import time
from functools import partial

import numpy as np
import pandas as pd

#: Steps of gerrychain in bursts of so many.
BURSTS, BURST = 100, 10


def frame(job):
    """Units as points, and their neighbours as weights of pysal."""
    import geopandas
    from libpysal.weights import W

    units = pd.DataFrame(job["units"])
    place = {code: i for i, code in enumerate(units["region"])}
    near = {i: [] for i in units.index}
    for a, b in job["edges"]:
        near[place[a]].append(place[b])
        near[place[b]].append(place[a])
    points = geopandas.points_from_xy(units["x"], units["y"])
    return geopandas.GeoDataFrame(units, geometry=points), W(near, silence_warnings=True)


def skater(job):
    """Skater on places and loads."""
    from spopt.region import Skater

    (units, weights) = frame(job)
    model = Skater(units, weights, ["x", "y", "load"], n_clusters=job["n"])
    model.solve()
    return np.asarray(model.labels_)


def max_p(job):
    """As many regions as hold 0.9 of the mean load."""
    from spopt.region import MaxPHeuristic

    (units, weights) = frame(job)
    model = MaxPHeuristic(units, weights, ["x", "y"], "load", 0.9 * units["load"].sum() / job["n"])
    model.solve()
    return np.asarray(model.labels_)


def gerrychain(job):
    """Fewest cut borders by short bursts of recombination."""
    import networkx
    from gerrychain import Graph, Partition, constraints, proposals, updaters
    from gerrychain.optimization import SingleMetricOptimizer

    random.seed(0)
    units = pd.DataFrame(job["units"])
    graph = networkx.Graph(job["edges"])
    networkx.set_node_attributes(graph, dict(zip(units["region"], units["load"], strict=True)), "load")
    graph = Graph.from_networkx(graph)
    total = units["load"].sum()
    (mean, band) = (total / job["n"], job["tolerance"])
    start = Partition.from_random_assignment(
        graph, job["n"], epsilon=band, pop_col="load",
        updaters={"load": updaters.Tally("load"), "cut_edges": updaters.cut_edges},
    )  # fmt: skip
    propose = partial(proposals.recom, pop_col="load", pop_target=mean, epsilon=band, node_repeats=2)
    fits = constraints.within_percent_of_ideal_population(start, band, "load")
    chain = SingleMetricOptimizer(
        proposal=propose, constraints=[fits], initial_state=start,
        optimization_metric=lambda part: len(part["cut_edges"]), maximize=False,
    )  # fmt: skip
    for _ in chain.short_bursts(BURST, BURSTS):
        pass
    best = chain.best_part
    found = best.graph.original_nx_node_id_for_internal_node_id
    ids = {found(node): label for node, label in best.assignment.items()}
    return np.array([ids[code] for code in units["region"]])


def main() -> None:
    """Run one method on one job."""
    (file, method) = sys.argv[1:]
    with open(file, encoding="utf-8") as handle:
        job = json.load(handle)
    start = time.process_time()
    labels = {"skater": skater, "maxp": max_p, "gerrychain": gerrychain}[method](job)
    seconds = time.process_time() - start
    print(json.dumps({"labels": [int(label) for label in labels], "seconds": seconds}))


if __name__ == "__main__":
    main()
