"""Bodies with a file: multipart/form-data, beside the JSON that every address takes.

The parts without a file name are the fields of the JSON body, so that one description serves both; the part `upload` is
the file. It is kept on disk while it is read, and what it is counts for the idempotency of the request.
"""

from hashlib import blake2b
from typing import Any, ClassVar, cast

import msgspec
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import File
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from api import bodies
from api.base import TenantRequest, TenantView
from api.problems import HttpProblem
from outreach.uploads import MAX_FILE

#: The largest file there is, and the fields around it.
MAX_BODY = MAX_FILE + 256 * 1024
_FIELD = "upload"


class UploadRequest(TenantRequest):
    """What a view gets that takes files."""

    upload: "File[bytes] | None"
    digest: bytes


class UploadView(TenantView):
    """A resource whose writes may bring a file."""

    lists: ClassVar[frozenset[str]] = frozenset()
    """Fields that may come more than once in a form."""

    def read(self, request: TenantRequest) -> bytes:
        """The fields as JSON, whichever way they came; the file is at `request.upload`."""
        with_file = cast(UploadRequest, request)
        with_file.upload, with_file.digest = None, b""
        declared = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if declared != "multipart/form-data":
            return bodies.read(request)
        fields, with_file.upload = _parts(request)
        with_file.digest = _digest(with_file.upload)
        return msgspec.json.encode({name: self._value(name, texts) for name, texts in fields.items()})

    def fingerprint(self, request: TenantRequest) -> bytes:
        """Fields and file."""
        return request.content + cast(UploadRequest, request).digest

    def _value(self, name: str, texts: list[str]) -> Any:
        return texts if name in self.lists else texts[-1]


def _parts(request: HttpRequest) -> tuple[dict[str, list[str]], "File[bytes] | None"]:
    length = request.META.get("CONTENT_LENGTH", "")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise HttpProblem(
            413, "body_too_large", f"Send at most {MAX_FILE // 1024**2} MB, and say how many with Content-Length."
        )
    stream = LimitedStream(cast(WSGIRequest, request).environ["wsgi.input"], int(length))
    handlers = [TemporaryFileUploadHandler(request)]
    try:
        fields, files = MultiPartParser(request.META, stream, handlers, "utf-8").parse()
        if unknown := [name for name in files if name != _FIELD]:
            raise HttpProblem(422, "unknown_field", f"The file comes in the part `{_FIELD}`.", field=str(unknown[0]))
        found = {name: [str(text) for text in fields.getlist(name)] for name in fields}
    except (MultiPartParserError, SuspiciousOperation, UnicodeDecodeError) as error:
        raise HttpProblem(400, "bad_request", "This is no multipart/form-data that can be read.") from error
    return found, cast("File[bytes] | None", files.get(_FIELD))


def _digest(upload: "File[bytes] | None") -> bytes:
    if upload is None:
        return b""
    made = blake2b(digest_size=16)
    for chunk in upload.chunks():
        made.update(chunk)
    upload.seek(0)
    return made.digest()
