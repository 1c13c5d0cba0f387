"""What the documents claim: every claim names the test that keeps it, and that test is there."""

import ast
import re
from pathlib import Path

import pytest

DOCUMENTS = sorted([*Path("docs").glob("*.md"), Path("README.md")])
NAMED = re.compile(r"`(test_\w+)\.py::(\w+)`")
PRIVACY_PAGE = Path("templates/privacy/privacy.html")


def names_in(file: Path) -> set[str]:
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_test_that_a_document_names_exists(document):
    for module, name in NAMED.findall(document.read_text()):
        assert name in names_in(Path("tests", f"{module}.py")), f"{document}: {module}.py has no {name}"


@pytest.mark.parametrize("document", ["docs/threat-model.md", "docs/dpia.md"])
def test_every_measure_in_the_threat_model_and_the_dpia_points_to_a_test(document):
    measures = re.findall(r"^- \*\*.*\n(?:  .*\n)*", Path(document).read_text(), re.M)
    assert len(measures) > 5
    assert [measure for measure in measures if not NAMED.search(measure)] == []


def test_every_promise_of_the_privacy_page_points_to_a_test():
    promises = re.findall(r'<li><strong>{% translate "([^"]+)" %}', PRIVACY_PAGE.read_text())
    kept = Path("docs/promises.md").read_text().splitlines()
    assert len(promises) > 5
    for promise in promises:
        assert [line for line in kept if line.startswith(f"- **{promise}**") and NAMED.search(line)], promise
