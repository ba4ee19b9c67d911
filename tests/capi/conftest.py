"""Makes the shared server and the library fixtures."""

from capi.fixtures import library, library_file, loaded
from served import server

__all__ = ["library", "library_file", "loaded", "server"]
