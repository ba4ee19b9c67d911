"""``python -m qunzhu``."""

from qunzhu.cli import main

main()
