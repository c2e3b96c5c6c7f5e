"""A house rule as a lint: `Model.objects` of an owned model is for the model's own app, everybody else navigates.

`merchant.partners…` cannot forget the tenant; `Partner.objects…` can. Row-level security would still hold, but an
empty answer where there should be one is a bug too. `Identity` belongs to nobody and is for its own app alone.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
MANAGERS = {"objects", "_default_manager", "_base_manager"}
APPS = [
    path.name for path in ROOT.iterdir() if (path / "__init__.py").exists() and path.name not in {"tests", "benchmarks"}
]


def guarded_models() -> dict[str, str]:
    """Class name of every model that a tenant owns, and Identity, with its app."""
    return {
        model.__name__: model._meta.app_label
        for model in apps.get_models()
        if model.__name__ == "Identity" or any(field.name == "merchant" for field in model._meta.get_fields())
    }


def offences(source: str, app: str, models: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Line and model of every manager of another app's owned model that `source` uses."""
    tree = ast.parse(source)
    names = {name: name for name in models}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname and alias.name in models}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and node.attr in MANAGERS):
            continue
        owner = node.value
        name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
        if name in names and models[names[name]] != app:
            yield node.lineno, names[name]


def sources() -> list[Path]:
    return sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def test_the_lint_knows_the_models() -> None:
    assert {"Partner", "Order", "Commission", "Entry", "Identity"} <= guarded_models().keys()
    assert len(sources()) > 50


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_reads_an_owned_model_of_another_app_past_the_tenant(path: Path) -> None:
    found = list(offences(path.read_text(), path.relative_to(ROOT).parts[0], guarded_models()))
    assert not found, f"{path.name}: start from the merchant instead of Model.objects at {found}"


@pytest.mark.parametrize(
    "source",
    [
        "from affiliates.models import Partner\nPartner.objects.all()",
        "from affiliates.models import Partner as P\nP.objects.all()",
        "from affiliates import models\nmodels.Partner._default_manager.all()",
    ],
)
def test_the_lint_catches_what_it_should(source: str) -> None:
    assert [model for _, model in offences(source, "payouts", guarded_models())] == ["Partner"]
    assert not list(offences(source, "affiliates", guarded_models()))
