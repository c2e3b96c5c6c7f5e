"""The OpenAPI document in the form that the reference page shows: sections, operations, fields, snippets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString

from api import markup, snippets
from api.codes import CODES
from api.examples import encoded
from api.snippets import KEY

_METHODS = ("post", "get", "patch", "delete")
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of a body."""

    name: str
    kind: str
    """In words: text, integer, list of objects."""
    text: SafeString
    required: bool = False
    default: str = ""
    choices: list[str] = field(default_factory=list)
    limits: str = ""
    children: list["Field"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Snippet:
    """One tab of the example."""

    language: str
    label: str
    text: SafeString


@dataclass(frozen=True, slots=True)
class Shown:
    """One operation."""

    id: str
    method: str
    path: str
    path_shown: SafeString
    """Breakable after each part, for narrow columns."""
    summary: str
    text: SafeString
    scope: str
    path_fields: list[Field]
    query_fields: list[Field]
    body_fields: list[Field]
    body_example: str
    answer_fields: list[Field]
    answers: list[tuple[str, str]]
    """Status and when."""
    answer_example: SafeString
    refusals: list[tuple[str, list[str]]]
    """Status and its codes."""
    snippets: list[Snippet]
    is_write: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A resource."""

    id: str
    title: str
    text: SafeString
    operations: list[Shown]


def sections(document: Mapping[str, Any], base_url: str) -> list[Section]:
    """The whole reference, in the order of the tags."""
    reader = _Reader(document, base_url)
    by_tag: dict[str, list[Shown]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                by_tag.setdefault(operation["tags"][0], []).append(reader.operation(path, method.upper(), operation))
    return [
        Section(tag["name"], tag["x-title"], markup.inline(tag["description"]), by_tag.get(tag["name"], []))
        for tag in document["tags"]
    ]


def errors() -> list[tuple[int, list[tuple[str, str, SafeString]]]]:
    """Every code by status: code, title, what to do."""
    by_status: dict[int, list[tuple[str, str, SafeString]]] = {}
    for code, known in CODES.items():
        by_status.setdefault(known.status, []).append((code, known.title, markup.inline(known.advice)))
    return sorted(by_status.items())


class _Reader:
    def __init__(self, document: Mapping[str, Any], base_url: str) -> None:
        self._schemas: Mapping[str, Any] = document["components"]["schemas"]
        self._base_url = base_url

    def operation(self, path: str, method: str, operation: Mapping[str, Any]) -> Shown:
        """One operation as it is shown."""
        parameters = operation["parameters"]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        body_example = body.get("examples", {}).get("example", {}).get("value")
        good = {status: answer for status, answer in operation["responses"].items() if status < "300"}
        content = next(iter(good.values()))["content"]
        answer = content.get("application/json", {})
        answer_example = answer.get("examples", {}).get("example", {}).get("value")
        return Shown(
            id=operation["operationId"],
            method=method,
            path=path,
            path_shown=SafeString(escape(path).replace("/", "/<wbr>")),
            summary=operation["summary"],
            text=markup.prose(operation["description"]),
            scope=operation["security"][0]["apiKey"][0],
            path_fields=[self._parameter(p) for p in parameters if p["in"] == "path"],
            query_fields=[self._parameter(p) for p in parameters if p["in"] == "query"],
            body_fields=sorted(self._members(body.get("schema", {})), key=lambda member: not member.required),
            body_example=encoded(body_example).decode() if body_example is not None else "",
            answer_fields=self._members(answer.get("schema", {})),
            answers=[(status, shown["description"]) for status, shown in sorted(good.items(), reverse=True)],
            answer_example=_answer_shown(answer_example),
            refusals=_refusals(operation["responses"]),
            snippets=self._snippets(path, method, parameters, body_example),
            is_write=method != "GET",
        )

    def _parameter(self, parameter: Mapping[str, Any]) -> Field:
        schema = parameter["schema"] | {"description": parameter.get("description", "")}
        return self._field(parameter["name"], schema, parameter.get("required", False))

    def _members(self, schema: Mapping[str, Any], depth: int = 0) -> list[Field]:
        resolved = self._resolved(schema)
        required = resolved.get("required", [])
        return [
            self._field(name, member, name in required, depth=depth)
            for name, member in resolved.get("properties", {}).items()
        ]

    def _field(self, name: str, schema: Mapping[str, Any], required: bool, depth: int = 0) -> Field:
        options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
        inner = {**schema, **options[0]} if len(options) == 1 else schema
        of_list = inner.get("items", {}) if inner.get("type") == "array" else {}
        children = self._members(of_list or inner, depth + 1) if depth < _DEEPEST else []
        described = (schema, inner, self._resolved(inner))
        description = next((s["description"] for s in described if s.get("description")), "")
        return Field(
            name=name,
            kind=_kind(inner, of_list) + (" or null" if len(options) < len(schema.get("anyOf", [])) else ""),
            text=markup.inline(description),
            required=required,
            default=_default(schema),
            choices=[str(choice) for choice in (of_list or inner).get("enum", [])],
            limits=_limits(inner),
            children=children,
        )

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = schema.get("$ref", "")
        return self._schemas[reference.rpartition("/")[2]] if reference else schema

    def _snippets(self, path: str, method: str, parameters: list[Any], body: Any) -> list[Snippet]:
        for parameter in parameters:
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
        key = next((p["example"] for p in parameters if p["name"] == "Idempotency-Key"), "")
        url = f"{self._base_url}{path}"
        made = (
            ("curl", "curl", snippets.curl(method, url, body, key)),
            ("python", "Python", snippets.python(method, url, body, key)),
            ("javascript", "JavaScript", snippets.javascript(method, url, body, key)),
        )
        return [Snippet(language, label, _with_key(markup.source(text))) for language, label, text in made]


def _with_key(text: SafeString) -> SafeString:
    """The key's place in an element of its own, so that the page's script can fill it in."""
    return SafeString(text.replace(KEY, f'<span class="your-key">{KEY}</span>'))


def _answer_shown(example: Any) -> SafeString:
    return markup.source(encoded(example).decode()) if example is not None else SafeString("")


def _refusals(responses: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (status, list(answer["content"]["application/problem+json"]["examples"]))
        for status, answer in responses.items()
        if "application/problem+json" in answer["content"]
    ]


_FORMATS = {"uuid": "id", "date-time": "time", "date": "date", "decimal": "decimal"}
_TYPES = {"string": "text", "array": "list", "boolean": "true or false", "number": "number", "null": "null"}


def _kind(schema: Mapping[str, Any], of_list: Mapping[str, Any]) -> str:
    if of_list:
        return f"list of {_plural(_kind(of_list, {}))}"
    if "$ref" in schema:
        return "object"
    if "enum" in schema:
        return "choice"
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return _TYPES.get(schema.get("type", ""), schema.get("type") or "any")


def _plural(kind: str) -> str:
    return {"text": "texts", "id": "ids", "object": "objects", "choice": "choices"}.get(kind, kind)


def _default(schema: Mapping[str, Any]) -> str:
    given = schema.get("default")
    return "" if given in (None, "", [], {}) else str(given).lower() if isinstance(given, bool) else str(given)


def _limits(schema: Mapping[str, Any]) -> str:
    def named(low: str, high: str, unit: str) -> Iterator[str]:
        least, most = schema.get(low), schema.get(high)
        if least == most and most is not None:
            yield f"{most:,}{unit}"
        elif least is not None and most is not None:
            yield f"{least:,} to {most:,}{unit}"
        elif most is not None:
            yield f"at most {most:,}{unit}"
        elif least:
            yield f"at least {least:,}{unit}"

    return ", ".join(
        [
            *named("minimum", "maximum", ""),
            *named("minLength", "maxLength", " characters"),
            *named("minItems", "maxItems", " items"),
        ]
    )
