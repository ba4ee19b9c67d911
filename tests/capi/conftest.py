"""Makes the shared server a fixture."""

from served import server

__all__ = ["server"]
