"""Makes the shared server, the library and the npm package fixtures."""

from capi.fixtures import library, library_file, loaded
from npm_package import package
from served import server

__all__ = ["library", "library_file", "loaded", "package", "server"]
