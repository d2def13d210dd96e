"""`make bench`: measures, prints the ratios as a table, and writes them to bench.json."""

import json
import platform
import sys
from pathlib import Path

import torch

from tests.bench import bench_export, bench_files, bench_occlusion, bench_start, bench_trainer, bench_window
from tests.bench.row import Row


def main() -> int:
    """Run every measurement; 0 where all targets were reached."""
    rows: list[Row] = [*bench_window.measure(), *bench_start.measure(), *bench_files.measure()]
    found = bench_export.measure()
    rows.append(
        Row(
            "exporting overlays, speed of Pillow on all cores",
            float(str(found["ours"])),
            float(str(found["baseline"])),
            float(str(found["ratio"])),
            0.7,
            at_most=False,
        )
    )
    rows += bench_occlusion.measure()
    rows += bench_trainer.measure()
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
    sys.exit(main())
