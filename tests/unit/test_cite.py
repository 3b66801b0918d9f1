"""`make cite`: what it reads out of the results of OGC's suites, and that it never passes without them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CITE = Path(__file__).resolve().parents[1] / "cite"

RESULTS = """<?xml version="1.0" encoding="UTF-8"?>
<testng-results failed="2" passed="2" skipped="1"><suite name="ogcapi"><groups/>
  <test name="Core"><class name="a.Conformance">
    <test-method name="setUp" status="PASS" is-config="true"/>
    <test-method name="landingPage" status="PASS"/>
    <test-method name="items" status="FAIL"><exception><message><![CDATA[
      status 500,
      expected 200 ]]></message></exception></test-method>
    <test-method name="items" status="SKIP"><exception><message>no features</message></exception></test-method>
  </class></test>
  <test name="CRS"><class name="b.Discovery">
    <test-method name="setUp" status="FAIL" is-config="true"><exception/></test-method>
    <test-method name="default" status="PASS"/>
    <test-method name="verifyBboxCrsParameter" status="FAIL">
      <exception class="org.locationtech.proj4j.UnknownAuthorityCodeException"><message>EPSG:9214</message></exception>
    </test-method>
    <test-method name="items" status="FAIL"><exception><message>EPSG:9214</message></exception></test-method>
  </class></test>
</suite></testng-results>"""

UNKNOWN_SYSTEM = (
    "the suite's dictionary of systems lacks this one; OGC 18-058r1 skips systems that a test does not know"
)


@pytest.fixture(scope="module")
def outcome() -> Any:
    spec = importlib.util.spec_from_file_location("outcome", CITE / "outcome.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["outcome"] = module
    spec.loader.exec_module(module)
    return module


def test_results_are_counted_by_conformance_class(outcome: Any, tmp_path: Path) -> None:
    """Each class with its counts, below it what failed or was skipped and why; a set-up counts where it failed.

    What is the fault of a test that is known to be wrong is excused, and nothing else.
    """
    file = tmp_path / "testng-results.xml"
    file.write_text(RESULTS)
    methods = outcome.read_results(file)
    assert list(outcome.report(methods)) == [
        "  Core: 1 passed, 1 failed, 1 skipped",
        "    failed 1 × items: status 500, expected 200",
        "    skipped 1 × items: no features",
        "  CRS: 1 passed, 2 failed, 0 skipped, 1 excused",
        "    failed 1 × setUp: without a word",
        f"    excused 1 × verifyBboxCrsParameter: EPSG:9214 ({UNKNOWN_SYSTEM})",
        "    failed 1 × items: EPSG:9214",
    ]
    assert not outcome.is_clean(methods)
    passed = [method for method in methods if method.state == "passed"]
    assert outcome.is_clean(passed)
    assert not outcome.is_clean([])


PROJ4J, FAILED = "org.locationtech.proj4j.UnknownAuthorityCodeException", "java.lang.AssertionError"
EDGES = "[1, 2, 3, 4, 5, 6, 7, 8, 10, 11] are not all in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] expected [true]"


@pytest.mark.parametrize(
    ("method", "thrown", "message", "state"),
    [
        ("verifyBboxCrsParameter", FAILED, EDGES, "excused"),
        ("verifyBboxCrsParameter", PROJ4J, "EPSG:9218", "excused"),
        ("verifyBboxCrsParameter", PROJ4J, "EPSG:3405", "failed"),
        ("verifyBboxCrsParameter", PROJ4J, "EPSG:99999", "failed"),
        ("verifyBboxCrsParameter", FAILED, "EPSG:9214", "failed"),
        ("verifyFeaturesCrsParameterValidContentCrsHeader", PROJ4J, "EPSG:9214", "failed"),
        ("verifyBboxCrsParameter", FAILED, "[7, 8, 9] are not all in [1, 2, 3] expected [true]", "failed"),
        ("verifyBboxCrsParameter", FAILED, "[1, 7, 8, 9] are not all in [1, 2, 3] expected [true]", "failed"),
        ("verifyBboxCrsParameter", FAILED, "[1, 2] are not all in [] expected [true]", "failed"),
        ("verifyFeatureCrsParameterValid", FAILED, EDGES, "failed"),
    ],
)
def test_no_fault_of_the_server_is_excused(  # noqa: PLR0917 - what makes an excuse
    outcome: Any, tmp_path: Path, method: str, thrown: str, message: str, state: str
) -> None:
    """A system that the suite knows or nobody has, another method, a page of other features: these are failures."""
    file = tmp_path / "testng-results.xml"
    file.write_text(
        f'<r><test name="CRS"><test-method name="{method}" status="FAIL"><exception class="{thrown}">'
        f"<message>{message}</message></exception></test-method></test></r>"
    )
    (found,) = outcome.read_results(file)
    assert found.state == state


@pytest.mark.parametrize("arguments", [[], ["--jars", "nowhere"]], ids=["fetched", "given"])
def test_without_the_suites_nothing_is_passed(arguments: list[str]) -> None:
    """It says what is missing and what helps, and its exit is neither that of a pass nor of a failure."""
    command = [sys.executable, str(CITE / "run.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/nowhere"})
    assert done.returncode == 2
    assert "The suites were not run: java is not there: install Java 17" in done.stdout
