"""The commands, one module per noun. Importing this package fills ``qunzhu.core.command.COMMANDS``."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
