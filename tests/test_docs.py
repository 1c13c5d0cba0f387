"""What the documents claim: every claim names the test that keeps it, and that test is there."""

import ast
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

DOCUMENTS = sorted([*Path("docs").glob("*.md"), Path("README.md")])
NAMED = re.compile(r"`(test_\w+)\.py::(\w+)`")
OPERATING = Path("docs/operating.md").read_text()
OURS = {"exercises", "kwetsbaar.accounts"}
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


def test_every_variable_that_is_read_stands_in_the_one_table_and_the_other_way_round():
    code = [Path("kwetsbaar", name).read_text() for name in ("settings.py", "keys.py", "../deploy/Caddyfile")]
    read = set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"|\{\$(\w+)', "\n".join(code)))
    table = re.findall(r"^\| `([A-Z_]+)` \|", OPERATING, re.M)
    assert sorted(table) == sorted({name for pair in read for name in pair if name})


def test_the_settings_name_every_variable_and_send_on_to_the_table():
    docstring = ast.get_docstring(ast.parse(Path("kwetsbaar/settings.py").read_text()))
    assert "docs/operating.md" in docstring


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_command_that_a_document_names_exists(document):
    named = set(re.findall(r"manage\.py ([a-z_]+)", document.read_text()))
    assert named <= set(get_commands())


def test_every_command_of_ours_stands_in_a_document():
    told = "".join(document.read_text() for document in DOCUMENTS)
    ours = {name for name, app in get_commands().items() if app in OURS}
    assert [name for name in sorted(ours) if not re.search(rf"manage\.py {name}\b|`{name}`", told)] == []
