"""The commands, one module per noun. Importing this package fills ``qunzhu.core.command.COMMANDS``.

What stands on the commands is left to those who use it: it would change the order in which they fill the table.
"""

import importlib
import pkgutil

_ON_THEM = "_before"
for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    if not _module.name.endswith(f".{_ON_THEM}"):
        importlib.import_module(_module.name)
