"""Compiles the clash kernel on installation; where that is not possible Python runs its sources, more slowly."""

from __future__ import annotations

import os
import runpy
import shutil
import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "twin.clash.kernel"
SOURCES = "twin/clash/kernel/sources.py"
# Products must not be fused with sums: the figures would differ from Python's in the last place.
C_FLAGS = ("-ffp-contract=off",)
REMEDY = "the clash kernel runs interpreted and gives the same answers; install gcc and python3-dev, then 'make setup'"


class CompiledKernel(BuildHookInterface):  # type: ignore[type-arg]
    """The build hook `custom` of hatchling."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile into the source tree, from which an editable installation and a wheel both take it."""
        with chdir(self.root):
            sources = runpy.run_path(str(Path(SOURCES).resolve()))
            if is_built := compile_kernel(sources["list_sources"](), sources["COMPILED"]):
                sources["STAMP"].write_text(sources["take_fingerprint"]())
        build_data.update(pure_python=not is_built, infer_tag=is_built)
        build_data["artifacts"].append("/twin/clash/kernel/compiled/*")


def compile_kernel(paths: list[Path], target: Path) -> bool:
    """Whether modules were compiled into a folder, of which nothing is left where they were not."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        with TemporaryDirectory() as scratch:
            compile_modules([os.path.relpath(path) for path in paths], Path(scratch))
            shutil.copytree(Path(scratch, "lib", *PACKAGE.split(".")), target)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - mypyc, setuptools and the compiler leave by many ways
        print(f"not compiled ({error}): {REMEDY}", file=sys.stderr)  # noqa: T201
        return False
    return True


def compile_modules(paths: list[str], scratch: Path) -> None:
    """Leave below `scratch`/lib what mypyc and the C compiler make of modules."""
    import setuptools  # type: ignore[import-untyped]  # noqa: PLC0415 - where they are missing all the same is installed
    from mypyc.build import mypycify  # noqa: PLC0415

    extensions = mypycify(
        ["--config-file=", "--strict", f"--cache-dir={scratch / 'cache'}", *paths],
        debug_level="0",
        group_name=f"{PACKAGE}.native",
        target_dir=str(scratch / "c"),
    )
    for extension in extensions:
        extension.extra_compile_args += C_FLAGS
    command: Any = setuptools.Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(scratch / "lib"), str(scratch / "o")
    command.ensure_finalized()
    command.run()
