"""The same request three times: curl, Python, JavaScript. Made from the example that the document carries."""

import json
import shlex
from typing import Any

#: What stands where the reader's own key goes; the page's script puts it in when one is pasted.
KEY = "YOUR_API_KEY"


def curl(method: str, url: str, body: Any, idempotency_key: str) -> str:
    """For a shell."""
    lines = [f"curl {shlex.quote(url)}" if method == "GET" else f"curl -X {method} {shlex.quote(url)}"]
    lines.append(f'-H "Authorization: Bearer {KEY}"')
    if method != "GET":
        lines.append('-H "Content-Type: application/json"')
    if idempotency_key:
        lines.append(f'-H "Idempotency-Key: {idempotency_key}"')
    if body is not None:
        lines.append(f"-d {shlex.quote(json.dumps(body, indent=2, ensure_ascii=False))}")
    elif method != "GET":
        lines.append("-d '{}'")
    return " \\\n  ".join(lines)


def python(method: str, url: str, body: Any, idempotency_key: str) -> str:
    """For `requests`."""
    headers = [f'"Authorization": "Bearer {KEY}"']
    headers += [f'"Idempotency-Key": "{idempotency_key}"'] if idempotency_key else []
    lines = ["import requests", "", f"response = requests.{method.lower()}(", f'    "{url}",']
    lines += ["    headers={", *(f"        {header}," for header in headers), "    },"]
    if method != "GET":
        lines.append(f"    json={_indented(_python_value(body or {}), 4)},")
    lines += [")", "response.raise_for_status()"]
    lines.append("print(response.text)" if url.endswith(".csv") else "print(response.json())")
    return "\n".join(lines)


def javascript(method: str, url: str, body: Any, idempotency_key: str) -> str:
    """For `fetch`, on a server: an API key has no place in a browser."""
    headers = [f'    "Authorization": "Bearer {KEY}",']
    headers += ['    "Content-Type": "application/json",'] if method != "GET" else []
    headers += [f'    "Idempotency-Key": "{idempotency_key}",'] if idempotency_key else []
    lines = [f'const response = await fetch("{url}", {{']
    lines += [f'  method: "{method}",'] if method != "GET" else []
    lines += ["  headers: {", *headers, "  },"]
    if method != "GET":
        shown = json.dumps(body or {}, indent=2, ensure_ascii=False)
        lines.append(f"  body: JSON.stringify({_indented(shown, 2)}),")
    lines += ["});", "if (!response.ok) throw new Error((await response.json()).detail);"]
    lines.append(f"console.log(await response.{'text' if url.endswith('.csv') else 'json'}());")
    return "\n".join(lines)


def _python_value(value: Any) -> str:
    text = json.dumps(value, indent=4, ensure_ascii=False)
    for json_word, python_word in ((": true", ": True"), (": false", ": False"), (": null", ": None")):
        text = text.replace(json_word, python_word)
    return text


def _indented(text: str, spaces: int) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line for line in rest)])
