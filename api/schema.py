"""One operation of the OpenAPI document, made from a view's code: routes, scopes, structs and `documented`.

drf-spectacular walks the URLconf, keeps the components and validates the whole; the structs' own JSON Schema comes
from msgspec, which is also what checks the requests, so the document cannot promise anything else.
"""

import inspect
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, cast

import msgspec
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from api import codes, examples
from api.base import WRITES, TenantView
from api.operations import Operation, operation_of
from api.pages import ListQuery
from api.problems import CONTENT_TYPE, Problem

_REF = "#/components/schemas/{name}"
_ARTICLES = {"a", "an", "the", "of", "it"}

#: Refusals that any operation can answer, and those that a body, a query string or an id in the path brings along.
_ALWAYS = (
    "missing_api_key", "invalid_api_key", "api_key_revoked", "api_key_expired", "scope_missing", "not_acceptable",
    "rate_limited", "internal_error", "busy", "unavailable",
)  # fmt: skip
_OF_WRITES = (
    "invalid_idempotency_key", "idempotency_key_reused", "unsupported_media_type", "body_too_large",
)  # fmt: skip
_OF_BODIES = (
    "invalid_json", "nested_too_deeply", "missing_field", "unknown_field", "invalid_type", "invalid_value",
    "invalid_text",
)  # fmt: skip
_OF_QUERIES = ("unknown_field", "invalid_type", "invalid_value", "invalid_text")

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the write safe to repeat: the same key with the same request answers what it answered first."
    " 1 to 255 printable ASCII characters, kept for 30 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "3f1c9a52-7d5e-4a0b-9b1e-6a2f0c8d4e17",
}
REPLAYED = {
    "Idempotency-Replayed": {
        "description": "`true` when this is the answer to an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


class OperationSchema(AutoSchema):
    """DRF's hook: each view's `schema`."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        """The operation object of one method at one address."""
        view = cast(TenantView, self.view)
        handler = getattr(view, method.lower())
        operation = operation_of(handler)
        self.registry = registry
        described: dict[str, Any] = {
            "operationId": operation_id(operation.summary),
            "summary": operation.summary,
            "description": inspect.getdoc(handler) or "",
            "tags": [tag_of(path)],
            "security": [{"apiKey": [view.scope[method].value]}],
            "parameters": [*self._path_parameters(path), *self._query_parameters(operation)],
        }
        if method in WRITES:
            described["parameters"].append(IDEMPOTENCY_KEY)
        if operation.body is not None:
            described["requestBody"] = self._request(operation)
        described["responses"] = self._answers(operation, method) | self._problems(operation, method, path)
        return described

    def _path_parameters(self, path: str) -> Iterator[dict[str, Any]]:
        for name in re.findall(r"{(\w+)}", path):
            owner = name.removesuffix("_id")
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": f"The {owner.replace('_', ' ')}'s id.",
                "schema": {"type": "string", "format": "uuid"},
                "example": examples.IDS.get(owner, examples.SOME_ID),
            }

    def _query_parameters(self, operation: Operation) -> Iterator[dict[str, Any]]:
        query = operation.query
        if query is None:
            return
        (_, components) = msgspec.json.schema_components([query], ref_template=_REF)
        for name, schema in components[query.__name__]["properties"].items():
            if operation.answer is bytes and name in ListQuery.__struct_fields__:
                continue  # a file has no pages
            schema = _not_null(schema)
            description = schema.pop("description", "") or examples.meaning(name)
            if schema.get("default") in (None, ""):
                schema.pop("default", None)
            yield {"name": name, "in": "query", "description": description, "schema": schema}

    def _request(self, operation: Operation) -> dict[str, Any]:
        content: dict[str, Any] = {"schema": self._schema(operation.body)}
        if operation.example is not None:
            content["examples"] = {"example": {"value": dict(operation.example)}}
        taken = {"application/json": content}
        if operation.upload:
            taken["multipart/form-data"] = {"schema": self._with_upload(operation)}
        return {"required": True, "content": taken}

    def _with_upload(self, operation: Operation) -> dict[str, Any]:
        """The same fields, and a file beside them."""
        _, components = msgspec.json.schema_components([operation.body], ref_template=_REF)
        fields: dict[str, Any] = components[operation.body.__name__]
        upload = {"type": "string", "format": "binary", "description": operation.upload}
        return fields | {"properties": fields["properties"] | {"upload": upload}, "title": f"{fields['title']}WithFile"}

    def _answers(self, operation: Operation, method: str) -> dict[str, Any]:
        if operation.answer is bytes:
            is_text = operation.files == ("text/csv",)
            schema: dict[str, Any] = {"type": "string"} if is_text else {"type": "string", "format": "binary"}
            content_of_file = {each: {"schema": schema} for each in operation.files}
            return {"200": {"description": "The file.", "content": content_of_file}}
        content = {
            "schema": self._schema(operation.answer),
            "examples": {"example": {"value": operation.answer_example or examples.example_of(operation.answer)}},
        }
        replays = {"headers": REPLAYED} if method in WRITES else {}
        statuses = {operation.status: HTTPStatus(operation.status).phrase} | dict(operation.also)
        return {
            str(status): {"description": why, **replays, "content": {"application/json": content}}
            for status, why in sorted(statuses.items())
        }

    def _problems(self, operation: Operation, method: str, path: str) -> dict[str, Any]:
        refused = [*_ALWAYS, *operation.refusals]
        refused += _OF_WRITES if method in WRITES else ()
        refused += _OF_BODIES if operation.body is not None else ()
        refused += _OF_QUERIES if operation.query is not None else ()
        refused += ("not_found",) if "{" in path else ()
        refused += ("invalid_cursor",) if _is_paged(operation) else ()
        by_status: dict[int, list[str]] = {}
        for code in dict.fromkeys(refused):
            by_status.setdefault(codes.CODES[code].status, []).append(code)
        schema = self._schema(Problem)
        return {str(status): _problem_answer(schema, found) for status, found in sorted(by_status.items())}

    def _schema(self, shape: Any) -> dict[str, Any]:
        """A reference to the shape's schema, with everything it needs among the components."""
        (schema,), components = msgspec.json.schema_components([shape], ref_template=_REF)
        for name, component in components.items():
            resolved = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, schema=component, object=name
            )
            if resolved in self.registry and self.registry[resolved].schema != component:
                raise ValueError(f"two different structs are called {name}: the reference needs a name for each")
            self.registry.register_on_missing(resolved)
        return schema


def _is_paged(operation: Operation) -> bool:
    return operation.query is not None and issubclass(operation.query, ListQuery) and operation.answer is not bytes


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out is not one that may be null."""
    options = [option for option in schema.pop("anyOf", []) if option != {"type": "null"}]
    return (options[0] if options else {}) | schema


def _problem_answer(schema: dict[str, Any], found: list[str]) -> dict[str, Any]:
    status = codes.CODES[found[0]].status
    shown = {code: {"$ref": f"#/components/examples/{code}"} for code in found}
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in found)}.",
        "content": {CONTENT_TYPE: {"schema": schema, "examples": shown}},
    }


def operation_id(summary: str) -> str:
    """List partners: list_partners. Create a partner: create_partner."""
    words = re.findall(r"[a-z0-9]+", summary.lower())
    return "_".join(word for word in words if word not in _ARTICLES)


def tag_of(path: str) -> str:
    """The resource an address belongs to: the first part after the version."""
    return path.split("/")[3]
