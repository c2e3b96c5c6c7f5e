"""Jobs of kinds that only tests have, and a folder for their files."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def own_kinds_and_folder(settings: Any, tmp_path: Path) -> None:
    settings.JOB_KINDS = [*settings.JOB_KINDS, "tests.jobs.kinds.KINDS"]
    settings.MEDIA_ROOT = tmp_path
