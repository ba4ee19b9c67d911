"""Makes the shared server and the npm package fixtures."""

from npm_package import package
from served import server

__all__ = ["package", "server"]
