"""What DuckDB and igraph take for the same transfers: loaded, and four hops from the same addresses, without amounts.

    python trace_peers.py duckdb|duckdb-kept|igraph TRANSFERS.csv STARTS

`duckdb-kept` loads into a file beside the transfers, and counts until all of it is there, as Bongsu's store does; `duckdb` loads into
memory.
"""

import csv
import json
import pathlib
import sys
import time

peer, path, starts = sys.argv[1:]
with open(starts) as lines:
    starts = lines.read().split()
HOPS = 4


def say(load, hops, reached):
    print(json.dumps({"load_s": load, "hops_s": hops, "reached": reached}))


if peer.startswith("duckdb"):
    import duckdb

    kept = path + ".duckdb"
    pathlib.Path(kept).unlink(missing_ok=True)
    began = time.monotonic()
    base = duckdb.connect(kept if peer == "duckdb-kept" else ":memory:")
    # Amounts of 128 bits, or it would take them for floating-point numbers.
    base.execute(f"create table t as select * from read_csv('{path}', types = {{'amount': 'hugeint'}})")
    base.execute("checkpoint")
    loaded = time.monotonic()
    reached = base.execute(
        f"""with recursive reached(address, hop) as (
                select unnest(?), 0
                union select t."to", hop + 1 from t join reached on t."from" = reached.address where hop < {HOPS})
            select count(distinct address) from reached""",
        [starts],
    ).fetchone()[0]
    say(loaded - began, time.monotonic() - loaded, reached)
    base.close()
    pathlib.Path(kept).unlink(missing_ok=True)
else:
    import igraph

    began = time.monotonic()
    numbers, edges = {}, []
    with open(path, newline="") as rows:
        reader = csv.reader(rows)
        header = next(reader)
        giver, getter = header.index("from"), header.index("to")
        for row in reader:
            edges.append((numbers.setdefault(row[giver], len(numbers)), numbers.setdefault(row[getter], len(numbers))))
    graph = igraph.Graph(len(numbers), edges, directed=True)
    loaded = time.monotonic()
    reached = set()
    for some in graph.neighborhood([numbers[start] for start in starts], order=HOPS, mode="out"):
        reached.update(some)
    say(loaded - began, time.monotonic() - loaded, len(reached))
