"""Moving whole apps: to files and back, and from the reference service."""


class CannotMove(Exception):
    """What cannot be done, and what to do instead."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice
