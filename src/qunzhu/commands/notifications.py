"""Notices that an app administrator writes himself (doc 1047/34958)."""

from typing import Annotated

from qunzhu.commands._shared import allowed_in, find_group, roles_of
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import NoticeSent
from qunzhu.core.limits import Account, items, text
from qunzhu.core.ports import REST, Tx, Who
from qunzhu.core.rights import Action, Role

SERVICE = "group_open_http_svc"
MESSAGE_BYTES = 12288


class SendGroupSystemNotification(Request[Done], frozen=True, kw_only=True):
    """What to tell, and to whom; nobody named is everybody."""

    GroupId: GroupIdText
    Content: Annotated[str, text(MESSAGE_BYTES, binary=True)]
    ToMembers_Account: Annotated[list[Account], items(500)] | None = None
    TopicId: TopicIdText | None = None


@command(SERVICE, writes=True, doc="1047/34958", doors=(REST,),
         errors=(err.BAD_PARAMETER, err.TOO_MANY_ACCOUNTS, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID,
                 err.TOPIC_UNKNOWN, err.TOPIC_ID_INVALID))  # fmt: skip
def send_group_system_notification(tx: Tx, who: Who, req: SendGroupSystemNotification) -> Done:
    """Push a notice of one's own to members who are online; it is not stored.

    Those named who are no members are passed over. In a live room everybody is told, nobody can be named (10004).
    """
    group = find_group(tx, req.GroupId)
    allowed_in(tx, who, group, Action.SEND_NOTICE, req.TopicId)
    named = req.ToMembers_Account or []
    if named and not group.kind.stores_members:
        raise Refused(err.BAD_PARAMETER, f"ToMembers_Account: a {group.kind_name} group knows no members")
    roles = roles_of(tx, group, dict.fromkeys(named))
    users = [user for user, role in roles.items() if role is not Role.OUTSIDER]
    if users or not named:
        event = NoticeSent(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, users=users,
            content=req.Content, topic_id=req.TopicId or "",
        )  # fmt: skip
        tx.emit(event, keep=False)
    return Done()
