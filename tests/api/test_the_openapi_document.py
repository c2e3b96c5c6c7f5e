"""The document is generated, valid, the same every time, and complete."""

import ast
from pathlib import Path

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from api.codes import CODES
from api.openapi import TAGS, document
from tests.api.conftest import Api

ROOT = Path(__file__).resolve().parents[2]
#: Codes of verbs that no address of the API leads to.
ELSEWHERE = {
    "affiliates/activation.py", "affiliates/applications.py", "affiliates/program_terms.py", "affiliates/questions.py",
    "commissions/adjustment.py", "merchants/accounts.py", "merchants/hosts.py",
    "merchants/invitations.py", "merchants/keys.py", "merchants/letters.py", "merchants/logo.py",
    "merchants/onboarding.py", "merchants/settings.py", "merchants/staff.py",
}  # fmt: skip
APPS = (
    "affiliates", "api", "commissions", "customers", "ledger", "merchants", "orders", "payouts", "rewards", "stats",
    "tracking",
)  # fmt: skip


def test_it_is_valid_and_generated_without_a_warning(tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yml"))


def test_it_is_the_same_every_time() -> None:
    first, second = (SchemaGenerator().get_schema(request=None, public=True) for _ in range(2))
    assert first == second
    assert str(first) == str(second)


def test_it_is_openapi_31_with_names_that_are_unique() -> None:
    assert document()["openapi"].startswith("3.1")
    names = [op["operationId"] for operations in document()["paths"].values() for op in operations.values()]
    assert len(names) == len(set(names)) > 40


def test_every_tag_has_operations_and_every_operation_a_tag_that_is_told() -> None:
    used = {op["tags"][0] for operations in document()["paths"].values() for op in operations.values()}
    assert used == {tag["name"] for tag in TAGS}


def codes_in(path: Path) -> set[str]:
    """Every literal code that a module refuses with."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
            found.add(str(node.value.value))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "HttpProblem":
            found |= {str(arg.value) for arg in node.args[1:2] if isinstance(arg, ast.Constant)}
    return found - {""}


@pytest.mark.parametrize("app", APPS)
def test_every_code_is_explained(app: str) -> None:
    for path in sorted((ROOT / app).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if name not in ELSEWHERE and "password" not in name:
            unknown = {code for code in codes_in(path) - CODES.keys() if not code.startswith("password_")}
            assert not unknown, f"{name}: explain {unknown} in api/codes.py"


@pytest.mark.django_db
def test_it_is_served_and_says_when_it_has_not_changed() -> None:
    api = Api()
    answer = api.get("/openapi.json")
    assert (answer.status, answer.body["info"]["title"]) == (200, "Accrue API")
    assert api.get("/openapi.json", If_None_Match=answer.headers["ETag"]).status == 304
