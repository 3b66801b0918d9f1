"""What the command line shows: tables and progress, in Vietnamese or English."""

from __future__ import annotations

import shlex
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Column, Table

from importers.faults import TEXTS, Fault
from importers.phrases import in_both
from twin.clash.chance_words import tell_chance
from twin.console_review import show_review
from twin.console_ways import show_ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import ConsoleOptions, RenderableType

    from importers.folder import Progress as ImportProgress
    from importers.inspect import LayerView
    from importers.report import FileReport, ImportReport
    from layers.quarantine import QuarantinedFile
    from twin.clash.accuracy import Wording
    from twin.clash.report import Clash, ClashReport

_WORDS = {
    "importing": ("Đang nạp", "Importing"),
    "adding": ("Đang thêm lớp", "Adding the layer"),
    "rows": ("dòng", "rows"),
    "reporting": ("Đang lập báo cáo", "Writing the report"),
    "writing": ("Đang ghi mẫu", "Writing the sample"),
    "auditing": ("Đang rà soát", "Auditing"),
    "audit": ("Rà soát", "Audit"),
    "reviewing": ("Đang kiểm tra mạng lưới và viết báo cáo", "Checking the networks, writing the report"),
    "backup": ("Đang sao lưu", "Backing up"),
    "restore": ("Đang khôi phục", "Restoring"),
    "restored": ("Đã khôi phục thành phố", "The city is restored"),
    "mosaic": ("Đang ghép địa hình", "Joining the terrain"),
    "rasters": ("số ảnh địa hình", "rasters"),
    "packaging": ("Đang lập hồ sơ", "Writing the package"),
    "package": ("Hồ sơ trả lời", "Response package"),
    "twice": (
        "{count} đối tượng có hai bản: theo hiện trường và theo hồ sơ giao lại; xem 'twin excavation redelivered'",
        "{count} objects stand twice, as found in the field and as delivered since: see 'twin excavation redelivered'",
    ),
    "absent": (
        "Không còn trong thư mục, dữ liệu vẫn ở trong thành phố (kể cả khi chỉ đổi tên)",
        "No longer in the folder, what they brought is in the city still (also where a file was only renamed)",
    ),
    "gone": ("không còn ở chỗ cũ: hãy nạp lại từ nơi mới", "no longer where it was: import it from where it is"),
    "undoing": ("Đang hoàn tác", "Undoing"),
    "is_undone": (
        "lượt {run}{file} đã được hoàn tác, {back} đối tượng trở lại",
        "run {run}{file} is undone, {back} features are back",
    ),
    "when": ("Lúc", "When"),
    "undone": ("Hoàn tác lúc", "Undone"),
    "request": ("Đề nghị theo phương án", "Way out as a request"),
    "import": ("Kết quả nạp", "Import"),
    "folder": ("Thư mục", "Folder"),
    "layer": ("Lớp", "Layer"),
    "geometry": ("Hình học", "Geometry"),
    "crs": ("Hệ tọa độ", "CRS"),
    "text": ("Bảng mã", "Text"),
    "unused": ("Trường không dùng", "Fields not used"),
    "page": ("Báo cáo", "Report"),
    "run": ("Lượt nạp", "Run"),
    "files": ("Tệp", "Files"),
    "rows_read": ("Dòng đọc", "Rows read"),
    "features": ("Đối tượng đã nạp", "Features loaded"),
    "refused": ("Dòng cách ly", "Rows refused"),
    "found": ("Điều tìm thấy", "What was found"),
    "times": ("Số lần", "Times"),
    "quarantined": ("Tệp bị cách ly", "Files in quarantine"),
    "reason": ("Lý do", "Reason"),
    "remedy": ("Cách khắc phục", "Remedy"),
    "file": ("Tệp", "File"),
    "checking": ("Đang kiểm tra", "Checking"),
    "outcome": ("Kết luận", "Outcome"),
    "owner": ("Chủ sở hữu", "Owner"),
    "what": ("Công trình", "Object"),
    "plan": ("Mặt bằng (m)", "Plan gap (m)"),
    "vertical": ("Theo đứng (m)", "Vertical gap (m)"),
    "space": ("Không gian (m)", "3D gap (m)"),
    "chance": ("Xác suất chạm", "Probability"),
    "source": ("Nguồn", "Source"),
    "clear": ("không còn gì trong tầm ảnh hưởng", "nothing in reach is left open"),
    "total": ("Tổng", "Total"),
    "features_per_second": ("đối tượng/giây", "features/s"),
}
_OUTCOMES = {
    "loaded": ("đã nạp", "loaded"),
    "partly": ("nạp một phần", "partly"),
    "quarantined": ("cách ly", "quarantined"),
    "duplicate": ("trùng lặp", "duplicate"),
    "unchanged": ("không đổi", "unchanged"),
    "definite": ("chắc chắn", "definite"),
    "possible": ("có thể", "possible"),
    "unknown": ("chưa biết", "unknown"),
    "clear": ("an toàn", "clear"),
}
_WIDTH_OF_FILES = 160
_MOST_ABSENT = 20
_WIDTH_OF_TIME = len("0:00:00")  # a narrow terminal shortens the bar and the path instead
_CONTROLS = {number: None for number in (*range(32), *range(127, 160)) if number != ord("\n")}
_COLOURS = {"definite": "bold red", "possible": "yellow", "unknown": "magenta", "clear": "green"}


class SafeConsole(Console):
    """Passes no control character on: names and values of strangers' files could steer the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else segment.text.translate(_CONTROLS)
            yield segment if text == segment.text else Segment(text, segment.style)


def _console() -> Console:
    """A terminal as wide as it is; a file or a pipe gets room for the widest table."""
    console = SafeConsole()
    return console if console.is_terminal else SafeConsole(width=_WIDTH_OF_FILES)


class Advance(Protocol):
    def __call__(self, done: int, total: int, remark: str = "", /) -> None: ...


class Screen:
    """Prints for people; `lang` is "vi" or "en"."""

    def __init__(self, lang: str, console: Console | None = None) -> None:
        self.console = console or _console()
        self._index = 0 if lang == "vi" else 1

    def say(self, word: str) -> str:
        return _WORDS[word][self._index]

    def translate(self, message: str) -> str:
        """What an importer says, in the language of the screen."""
        both = in_both(message)
        return both.en if self._index else both.vi

    def outcome(self, name: str) -> str:
        return _OUTCOMES[name][self._index]

    def wording(self, text: Wording) -> str:
        return (text.vi, text.en)[self._index]

    @contextmanager
    def progress(self, word: str) -> Iterator[Advance]:
        """A progress bar; call it with what is done, how much there is, and perhaps a remark."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(table_column=Column(min_width=_WIDTH_OF_TIME)),
            TextColumn("{task.fields[remark]}", markup=False),
        )
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(self.say(word), total=None, remark="")

            def advance(done: int, total: int, remark: str = "", /) -> None:
                bar.update(task, completed=done, total=total, remark=remark)

            yield advance

    @contextmanager
    def import_progress(self) -> Iterator[Callable[[ImportProgress], None]]:
        """A bar over the bytes of a delivery, with files, rows, rows a second and the time that is left."""
        columns = (
            TextColumn(self.say("importing")),
            BarColumn(),
            TextColumn("{task.fields[files]}"),
            TextColumn("{task.fields[rows]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(table_column=Column(min_width=_WIDTH_OF_TIME)),
            TextColumn("{task.fields[path]}", markup=False),
        )
        began = time.monotonic()
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task("", total=None, files="", rows="", path="")

            def tell(progress: ImportProgress) -> None:
                rate = progress.rows / max(time.monotonic() - began, 0.1)
                files = f"{progress.files:,}/{progress.of_files:,} {self.say('files').lower()}"
                rows = f"{progress.rows:,} {self.say('rows')} ({rate:,.0f}/s)"
                total = max(progress.of_bytes, 1)
                bar.update(task, completed=progress.bytes, total=total, files=files, rows=rows, path=progress.path)

            yield tell

    def show_import(self, report: ImportReport) -> None:
        self.console.print(self._by_folder(report))
        if report.faults:
            found = Table(title=self.say("found"), title_justify="left")
            found.add_column(self.say("reason"))
            found.add_column(self.say("times"), justify="right")
            for fault, times in report.faults.most_common():
                found.add_row(TEXTS[Fault(fault)][self._index], f"{times:,}")
            self.console.print(found)
        refused = [file for file in report.files if file.outcome == "quarantined"]
        if refused:
            self.console.print(self._quarantined(refused))
        if report.absent:
            self.console.print(f"{self.say('absent')}:", markup=False, style="yellow")
            for file in report.absent[:_MOST_ABSENT]:
                line = f"  {file.path}: twin undo {file.run_id} --file {shlex.quote(file.path)}"
                self.console.print(line, markup=False, highlight=False, soft_wrap=True, style="yellow")
            if len(report.absent) > _MOST_ABSENT:
                self.console.print(f"  … {len(report.absent):,} {self.say('files').lower()}", style="yellow")
        if report.page is not None:
            self.console.print(f"{self.say('page')}: {report.page}", markup=False, soft_wrap=True)
        if report.run_id is not None:
            self.console.print(f"{self.say('run')} {report.run_id}: twin undo {report.run_id}", style="dim")
        rate = report.loaded / max(report.seconds, 1e-6)
        self.console.print(
            f"{len(report.files)} {self.say('files').lower()}, {report.loaded:,} {self.say('features').lower()},"
            f" {report.refused:,} {self.say('refused').lower()}, {report.seconds:.1f} s,"
            f" {rate:,.0f} {self.say('features_per_second')}"
        )

    def _by_folder(self, report: ImportReport) -> Table:
        table = Table(title=escape(f"{self.say('import')}: {report.root}"), title_justify="left")
        outcomes = [name for name in _OUTCOMES if report.outcomes[name]]
        table.add_column(self.say("folder"))
        for name in ("files", *outcomes, "rows_read", "features", "refused"):
            title = self.outcome(name) if name in outcomes else self.say(name)
            table.add_column(title, justify="right")
        folders: dict[str, list[FileReport]] = {}
        for file in report.files:
            folders.setdefault(file.path.rpartition("/")[0] or ".", []).append(file)
        for folder, files in folders.items():
            table.add_row(escape(folder), *self._sums(files, outcomes))
        table.add_section()
        table.add_row(self.say("total"), *self._sums(list(report.files), outcomes), style="bold")
        return table

    def _sums(self, files: list[FileReport], outcomes: list[str]) -> list[str]:
        by_outcome = [sum(file.outcome == name for file in files) for name in outcomes]
        rows = [sum(f.read for f in files), sum(f.loaded for f in files), sum(f.refused for f in files)]
        return [f"{number:,}" for number in (len(files), *by_outcome, *rows)]

    def _quarantined(self, files: list[FileReport]) -> Table:
        table = Table(title=self.say("quarantined"), title_justify="left")
        for word in ("file", "reason", "remedy"):
            table.add_column(self.say(word), overflow="fold")
        for file in files:
            finding = next((f for f in file.findings if not f["rows"]), file.findings[0])
            reason = TEXTS[Fault(finding["fault"])][self._index]
            table.add_row(escape(file.path), reason, escape(self.translate(finding["remedy"])))
        return table

    def show_check(self, report: ClashReport) -> None:
        counts = ", ".join(f"{self.outcome(name)} {count}" for name, count in report.counts.items() if count)
        ground = f", {report.ground_m[0]:.2f}…{report.ground_m[1]:.2f} m" if report.ground_m else ""
        depth = "" if report.depth_m is None else f" {report.depth_m:g} m"
        title = f"{report.name}:{depth}{ground}; {counts or self.say('clear')}"
        table = Table(title=escape(title), title_justify="left")
        for word in ("outcome", "owner", "what"):
            table.add_column(self.say(word))
        for word in ("plan", "vertical", "space", "chance"):
            table.add_column(self.say(word), justify="right")
        table.add_column(self.say("source"), overflow="fold")
        for clash in report.clashes:
            table.add_row(*self._cells(clash))
        self.console.print(table)
        for part in show_review(report, "en" if self._index else "vi"):
            self.console.print(part)
        for part in show_ways(report.ways_out, "en" if self._index else "vi") if report.ways_out else ():
            self.console.print(part)
        for remark in report.warnings:
            self.console.print(self.wording(remark), style="dim", markup=False)

    def _cells(self, clash: Clash) -> tuple[str, ...]:
        width, height = clash.size_m
        sides = [f"{side * 1000:.0f}" for side in dict.fromkeys((width, height)) if side is not None]
        size = "×".join(sides) or "?"
        colour = _COLOURS[clash.outcome]
        thing = " ".join(filter(None, (clash.discipline, clash.kind, clash.material, f"{size} mm")))
        gaps = (clash.plan_gap_m, clash.vertical_gap_m, clash.gap_m)
        return (
            f"[{colour}]{self.outcome(clash.outcome)}[/]",
            escape(clash.owner or "?"),
            escape(thing),
            *("–" if gap is None else f"{gap:.2f}" for gap in gaps),
            "–" if clash.chance is None else self.wording(tell_chance(clash.chance)),
            escape(f"{clash.source_file} #{clash.source_row}"),
        )

    def show_inspection(self, views: Sequence[LayerView]) -> None:
        for view in views:
            table = Table(title=escape(f"{view.file}: {view.layer}"), title_justify="left", show_header=False)
            geometry = ", ".join(f"{count:,} {kind}" for kind, count in view.geometry.items())
            z = "" if view.z is None else f", z {view.z[0]:g} … {view.z[1]:g}"
            crs = f"{view.crs or '?'}: {view.crs_reason}" if view.crs_reason else ""
            lines = (
                ("layer", view.target),
                ("geometry", f"{view.format}, {geometry}{z}"),
                ("crs", crs),
                ("text", view.text),
                ("unused", ", ".join(view.unused)),
                ("reason", view.fault),
            )
            for word, line in lines:
                if line:
                    table.add_row(self.say(word), escape(line))
            for p in view.proposals:
                name = p.field if p.unit is None else f"{p.field} [{p.unit}]"
                table.add_row(p.attribute, escape(f"{name}  {p.confidence:.2f}  {', '.join(p.samples)}"))
            self.console.print(table)

    def show_quarantine(self, files: Sequence[QuarantinedFile]) -> None:
        table = Table(title=self.say("quarantined"), title_justify="left")
        for word in ("file", "reason", "times", "remedy"):
            table.add_column(self.say(word), overflow="fold", justify="right" if word == "times" else "left")
        for file in files:
            reason = TEXTS[Fault(file.fault)][self._index]
            table.add_row(escape(file.path), reason, f"{file.records:,}", escape(self.translate(file.remedy)))
        self.console.print(table)

    def show_files(self, word: str, paths: Sequence[Path]) -> None:
        for path in paths:
            self.console.print(f"{self.say(word)}: {path}", markup=False, highlight=False, soft_wrap=True)

    def show_values(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            self.console.print(f"{name}: {value}", highlight=False, soft_wrap=True)
