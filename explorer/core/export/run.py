"""Batch export: draw what a plan lists, on all cores, and keep the folder's manifest."""

import hashlib
import os
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby, repeat
from typing import TYPE_CHECKING

from explorer.core.arrays import RGB
from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.export.manifest import Row, write_manifest
from explorer.core.export.plan import ExportPlan, Figure, plan_export
from explorer.core.export.provenance import Records, given_on, spoken_prediction
from explorer.core.export.reconcile import FolderState, compare_folder, settings_of
from explorer.core.figures.captioned import captioned_page, picture_style
from explorer.core.figures.encoding import encode, encode_pages
from explorer.core.figures.sheet import SheetPanel, draw_page
from explorer.core.figures.sheet_layout import Layout, Page, panel_pixels
from explorer.core.figures.single import Canvas, canvas, draw, draw_single, fit
from explorer.core.images import one_line, picture_digest
from explorer.core.maps.activation_cache import Recorded, Recorder
from explorer.core.maps.value_range import scale_of
from explorer.core.progress import OnStep, no_step
from explorer.core.tags.book import FilterKey
from trainer.files.atomic_files import cannot_write, replace_file

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["ExportPlan", "ExportReport", "Figure", "plan_export", "run_export"]

_AHEAD = 8
"""Figures that wait for each worker, so that none is idle while the network looks at the next picture."""
_SAVE_EVERY = 10.0
"""Seconds between two savings of the manifest: so much work is drawn again after a power cut."""


@dataclass(frozen=True)
class ExportReport:
    """File names of the figures that were written and that were right already; (picture, reason) of what failed."""

    written: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def run_export(plan: ExportPlan, *, on_step: OnStep = no_step, jobs: int | None = None) -> ExportReport:
    """Draw and write every figure of the plan that is not there yet; `jobs` threads, None for all cores.

    `on_step` counts maps, those of figures that are right already included. Whenever it ends, also by an exception
    of `on_step`, there are only whole figures in the folder, and the manifest lists them. A picture that cannot be
    read is reported, and everything else is exported. UserError where the folder cannot be written or holds files
    that must not be replaced.

    Threads and not processes: nearly all time is spent in Pillow's and numpy's C code, which leaves the
    interpreter to others, and torch is loaded once.
    """
    workers = jobs or cores()
    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="export") as pool:
        try:
            return _Run(plan, pool, max(1, workers), on_step).go()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def drawn_figures(plan: ExportPlan, *, jobs: int | None = None) -> list[bytes]:
    """The content of every figure of the plan that can be drawn; nothing is written."""
    workers = max(1, jobs or cores())
    with ThreadPoolExecutor(workers, thread_name_prefix="export") as pool:
        run = _Run(plan, pool, workers, no_step, contents=[])
        run.draw_all()
        return run.contents or []


def cores() -> int:
    """The processor cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class _Run:
    """One run of a plan. Only the thread that calls `go` changes anything here; the pool's threads draw."""

    def __init__(
        self,
        plan: ExportPlan,
        pool: ThreadPoolExecutor,
        workers: int,
        on_step: OnStep,
        contents: list[bytes] | None = None,
    ) -> None:
        """With a list of `contents` that is filled, nothing is written."""
        self.contents = contents
        self._plan, self._pool, self._workers, self._on_step = plan, pool, workers, on_step
        self._total = sum(figure.cells for figure in plan.figures)
        self._done = 0
        self._failed: dict[int, tuple[str, str]] = {}
        self._digests: dict[int, str] = {}
        self._settings: dict[str, str] = {}
        self._rows: dict[str, list[Row]] = {}
        self._written: list[str] = []
        self._picture_style = picture_style(plan.style) if plan.style.caption and not plan.layout else plan.style
        layers = [key.layer for key in plan.filters]
        self._recorder = Recorder(plan.network, plan.pictures, layers, raw=plan.style.raw, digests=self._digests)
        self._saved, self._saving = time.monotonic(), 0.0

    def go(self) -> ExportReport:
        self._on_step(0, self._total)
        self._read_digests()
        self._settings = settings_of(self._plan, self._digests)
        standing = compare_folder(self._plan, self._settings, self._digests, self._pool)
        self._rows = standing.rows
        try:
            self._draw(standing)
        except BaseException:
            with suppress(UserError):  # what ended the run says more
                self._save()
            raise
        self._save()
        skipped = tuple(figure.name for figure in standing.right)
        return ExportReport(tuple(self._written), skipped, (*self._plan.left_out, *self._failed.values()))

    def draw_all(self) -> None:
        """Draw every figure, whatever stands in the folder."""
        self._read_digests()
        self._settings = settings_of(self._plan, self._digests)
        self._draw(FolderState(self._plan.figures, (), {}))

    def _read_digests(self) -> None:
        futures = [self._pool.submit(picture_digest, path) for path in self._plan.pictures]
        for number, future in enumerate(futures):
            try:
                self._digests[number] = future.result()
            except UserError as error:
                self._fail(number, error)

    def _draw(self, standing: FolderState) -> None:
        self._step(sum(figure.cells for figure in standing.right))
        if standing.todo and self._plan.style.scale == "seen" and len(self._plan.scales) < len(self._plan.filters):
            for number in self._digests:
                self._step(0)
                try:
                    self._recorder.sample(number)
                except UserError as error:
                    self._fail(number, error)
        if self._plan.layout:
            for figure in standing.todo:
                self._sheet(figure)
        else:
            self._singles(standing.todo)

    def _singles(self, figures: Sequence[Figure]) -> None:
        pending: deque[Future[list[Row]]] = deque()
        try:
            for number, group in groupby(figures, key=lambda figure: figure.pictures[0]):
                of_picture = list(group)
                recorded = self._recorded(number)
                try:
                    drawn_on = canvas(recorded.rgb, recorded.frame, self._picture_style) if recorded else None
                except UserError as error:
                    self._fail(number, error)
                    drawn_on = None
                if recorded is None or drawn_on is None:
                    self._step(len(of_picture))
                    continue
                for figure in of_picture:
                    while len(pending) >= _AHEAD * self._workers:
                        self._collect(pending)
                    pending.append(self._pool.submit(self._single, figure, recorded, drawn_on))
            while pending:
                self._collect(pending)
        except BaseException:
            # What is being written is finished, so that the manifest can list it; the rest is dropped.
            for future in [future for future in pending if not future.cancel()]:
                with suppress(Exception):
                    self._keep(future.result())
            raise

    def _single(self, figure: Figure, recorded: Recorded, drawn_on: Canvas) -> list[Row]:
        """Draw and write one overlay; called in the pool."""
        style, key = self._plan.style, figure.filters[0]
        scale = self._scale(key, recorded)
        rgb = draw_single(drawn_on, recorded.maps[key.layer][key.filter], scale, self._picture_style)
        records = self._records(figure)
        records.add(1, key, figure.pictures[0], recorded, scale)
        if style.caption:
            page = captioned_page(rgb, scale, style, records.caption(key, figure.pictures[0], recorded))
            content = encode_pages([page], self._plan.format, style.dpi, records.description)
        else:
            content = encode(rgb, self._plan.format, style.dpi, records.description(), style.width_mm)
        return self._put(records, content)

    def _collect(self, pending: "deque[Future[list[Row]]]") -> None:
        # It leaves the queue only when it is kept: Ctrl-C may come while its result is waited for.
        self._keep(pending[0].result())
        pending.popleft()
        self._step(1)

    def _sheet(self, figure: Figure) -> None:
        records = self._records(figure)
        pages = (self._page(number, page, records) for number, page in enumerate(figure.pages, 1))
        if all(self._recorded(number) is None for number in figure.pictures):
            self._step(figure.cells)
            return
        content = encode_pages(pages, self._plan.format, self._plan.style.dpi, records.description)
        self._keep(self._put(records, content))
        self._step(0)

    def _page(self, number: int, page: Page, records: Records) -> "matplotlib.figure.Figure":
        """One page of a sheet, drawn; the pool makes its panels."""
        style, layout = self._plan.style, self._plan.layout
        assert layout is not None
        panels: dict[tuple[FilterKey, int], SheetPanel] = {}
        untouched: dict[int, RGB] = {}
        spoken: dict[int, str] = {}
        for picture in page.pictures:
            recorded = self._recorded(picture)
            if recorded:
                drawn_on = self._panel_canvas(layout, recorded)
                untouched[picture], spoken[picture] = drawn_on.rgb, spoken_prediction(recorded)
                scales = [self._scale(key, recorded) for key in page.filters]
                maps = [recorded.maps[key.layer][key.filter] for key in page.filters]
                drawn = self._pool.map(draw, repeat(drawn_on), maps, scales, repeat(style))
                for key, scale, rgb in zip(page.filters, scales, drawn, strict=True):
                    panels[key, picture] = SheetPanel(rgb, scale)
                    records.add(number, key, picture, recorded, scale)
            self._step(len(page.filters))
        note = f"page {layout.pages.index(page) + 1} of {len(layout.pages)}" if len(layout.pages) > 1 else ""
        plan, given = self._plan, given_on(self._plan, page.pictures)
        return draw_page(layout, page, plan.captions, panels, untouched, style, note, spoken, plan.words, given)

    def _panel_canvas(self, layout: Layout, recorded: Recorded) -> Canvas:
        height, width = recorded.rgb.shape[:2]
        vector = self._plan.format in ("pdf", "svg")
        size = panel_pixels(layout, self._plan.style, (height, width), most=vector)
        return fit(recorded.rgb, recorded.frame, size)

    def _records(self, figure: Figure) -> Records:
        return Records(self._plan, figure, self._settings[figure.name], self._digests)

    def _recorded(self, number: int) -> Recorded | None:
        if number in self._failed:
            return None
        try:
            return self._recorder.get(number)
        except UserError as error:
            self._fail(number, error)
            return None

    def _scale(self, key: FilterKey, recorded: Recorded) -> Scale:
        measured_scale, style = self._plan.scales.get(key), self._plan.style
        if measured_scale is not None:
            return measured_scale
        seen = self._recorder.seen(key.layer)
        return scale_of(recorded.maps[key.layer], key.layer, key.filter, style.scale, seen=seen, fixed=style.fixed)

    def _put(self, records: Records, content: bytes) -> list[Row]:
        """Write the figure; the manifest's lines of it."""
        if self.contents is not None:
            self.contents.append(content)
            return records.rows
        path = self._plan.out / records.figure.name
        try:
            # Not flushed: a figure can be made again, and a run finds out by its digest if it must be.
            replace_file(path, content, follow=False, flush=False)
        except OSError as error:
            raise UserError(
                f"{cannot_write(path, error)} The figures written so far are whole; export again to go on."
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        return [replace(row, file_digest=digest) for row in records.rows]

    def _keep(self, rows: list[Row]) -> None:
        self._rows[rows[0].file] = rows
        self._written.append(rows[0].file)
        now = time.monotonic()
        if now - self._saved > max(_SAVE_EVERY, 20 * self._saving):
            self._save()

    def _save(self) -> None:
        if self.contents is not None:
            return
        started = time.monotonic()
        write_manifest(self._plan.out, (row for rows in self._rows.values() for row in rows))
        self._saved = time.monotonic()
        self._saving = self._saved - started

    def _fail(self, number: int, error: UserError) -> None:
        self._failed.setdefault(number, (one_line(self._plan.pictures[number].name), str(error)))

    def _step(self, maps: int) -> None:
        self._done += maps
        self._on_step(self._done, self._total)
