"""The matrix asks through the API, with its fixtures."""

from tests.api.conftest import api, key_of, other_api

__all__ = ["api", "key_of", "other_api"]
