"""`make bench`: measures, prints the ratios as a table, and writes them to bench.json.

`python -m tests.bench freeze files` runs only those of `BENCHES`; with BENCH_ROUNDS=1 in the environment they measure
one round, which says nothing but that they run.
"""

import json
import platform
import sys
from pathlib import Path

import torch

from tests.bench import (
    bench_export,
    bench_files,
    bench_freeze,
    bench_index,
    bench_lenses,
    bench_muting,
    bench_occlusion,
    bench_opening,
    bench_start,
    bench_trainer,
    bench_window,
)
from tests.bench.row import Row

BENCHES = {
    "window": bench_window.measure,
    "freeze": bench_freeze.measure,
    "start": bench_start.measure,
    "files": bench_files.measure,
    "opening": bench_opening.measure,
    "export": bench_export.rows,
    "occlusion": bench_occlusion.measure,
    "lenses": bench_lenses.measure,
    "index": bench_index.measure,
    "muting": bench_muting.measure,
    "trainer": bench_trainer.measure,
}


def main(names: list[str]) -> int:
    """Run the measurements of these names, all without one; 0 where all targets were reached."""
    rows: list[Row] = [row for name in names or BENCHES for row in BENCHES[name]()]
    width = max(len(row.what) for row in rows)
    print(f"{'what':{width}}      ours  baseline   ratio  target")
    for row in rows:
        print(
            f"{row.what:{width}}  {row.ours:8.4g}  {row.baseline:8.4g}  {row.ratio:6.2f}  "
            f"{'<=' if row.at_most else '>='} {row.target:<5g} {'' if row.reached else 'MISSED'}"
        )
    machine = {"machine": platform.platform(), "cores": torch.get_num_threads(), "torch": torch.__version__}
    result = {**machine, "rows": [{**vars(row), "reached": row.reached} for row in rows]}
    Path("bench.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(json.dumps(result))
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
