"""The commands, one module per noun. Importing this package fills ``qunzhu.core.command.COMMANDS``."""

from qunzhu.commands import accounts, groups, members, sessions

__all__ = ["accounts", "groups", "members", "sessions"]
