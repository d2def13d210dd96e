"""What a check is given, and what it leaves: one line of the table at a time, written as soon as it is known."""

import math
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from tests.gpu.table import Row, line, write


@dataclass
class Proof:
    """One check's run on a device.

    `small` makes everything small, so that a processor goes through all of it in minutes; `judges_speed` is False
    there. `pictures` is the packed file of real ones, where there is one. `end` is when to stop (time.monotonic).
    """

    check: str
    device: torch.device
    small: bool
    out: Path
    pictures: Path | None
    end: float
    judges_speed: bool
    rows: list[Row] = field(default_factory=list)

    @property
    def cuda(self) -> bool:
        """Whether it is a GPU of this kind."""
        return self.device.type == "cuda"

    @property
    def late(self) -> bool:
        """Whether the time is up, so that nothing more should be begun."""
        return time.monotonic() > self.end

    def tell(self, what: str, value: float | str, unit: str = "") -> None:
        """A value without a bound."""
        self._add(Row(self.check, what, value, unit))

    def judge(
        self,
        what: str,
        value: float,
        unit: str = "",
        *,
        most: float = math.inf,
        least: float = -math.inf,
        speed: bool = False,
    ) -> None:
        """A value that must lie within its bounds; one of `speed` is judged where speed is."""
        bound = f"at most {most:g}" if most < math.inf else f"at least {least:g}"
        holds = None if speed and not self.judges_speed else bool(least <= value <= most)  # NaN holds nowhere
        self._add(Row(self.check, what, value, unit, bound, holds))

    def require(self, what: str, holds: bool) -> None:
        """Something that is so, or is not."""
        self._add(Row(self.check, what, "yes" if holds else "no", "", "yes", bool(holds)))

    def wait(self) -> None:
        """Until the device has done what it was told."""
        if self.cuda:
            torch.cuda.synchronize(self.device)

    def seconds(self, work: Callable[[], object]) -> float:
        """How long something takes on the device."""
        self.wait()
        begun = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - begun

    def peak(self) -> float:
        """GiB that lay on the device at once since this was asked last; 0 where it does not say."""
        if not self.cuda:
            return 0.0
        most = torch.cuda.max_memory_allocated(self.device) / 2**30
        torch.cuda.reset_peak_memory_stats(self.device)
        return most

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        print(line(row), flush=True)
        write(self.out / f"{self.check}.json", {**about(self.device), "rows": [asdict(row) for row in self.rows]})


def about(device: torch.device) -> dict[str, str]:
    """The device and the versions that the numbers belong to."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    return {
        "device": f"{device} ({name})",
        "torch": str(torch.__version__),
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "command": " ".join(sys.argv[1:]),
    }
