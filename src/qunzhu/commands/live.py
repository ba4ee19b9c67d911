"""Live rooms."""

from typing import NoReturn

from qunzhu.commands._shared import GroupRow
from qunzhu.core.errors import NOT_BUILT, Refused
from qunzhu.core.ports import Tx, Who


def enter_live_room(tx: Tx, who: Who, group: GroupRow) -> NoReturn:
    """Refuse (10026): a session's stay in a live room is not built yet."""
    del tx, who
    raise Refused(NOT_BUILT, f"entering a {group.kind_name} group")
