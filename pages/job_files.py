"""The file of a job, to save. It has no address of its own: whoever asks has come through a door that found the job."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404

from jobs.models import Job


def file_answer(job: Job) -> FileResponse:
    """The file, streamed from the storage. Http404 for a job without one, also when the storage has lost it."""
    if not job.file:
        raise Http404
    try:
        content = default_storage.open(job.file)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(content, as_attachment=True, filename=job.saved_as)
