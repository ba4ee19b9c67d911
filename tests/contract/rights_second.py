"""The rights table, transcribed a second time from the public documentation alone.

Read from the pages on group systems (1047/33529, 1047/33530: the five kinds, permissions in words,
join and invite options) and from the pages of the single commands. Nothing here is derived from the
server's own table: the point of this file is that the two are compared.

A cell is ``0`` (allowed) or the documented refusal. ``None`` means that the role does not exist in
that kind, or that no interface of the reference offers the command to that caller.
"""

from __future__ import annotations

from typing import Final

#: The kinds in the order of the columns below, by their wire names.
KINDS: Final = ("Private", "Public", "ChatRoom", "AVChatRoom", "Community")
#: app admin: the REST door. The rest: users at their own door.
ROLES: Final = ("app_admin", "owner", "admin", "member", "outsider")

NO_RIGHT: Final = 10007
BAD_PARAMETER: Final = 10004
OWNER_STAYS: Final = 10009
ALREADY_IN: Final = 10013
ADMIN_ONLY: Final = 60010
NO_RECALL: Final = 10033
NO_HISTORY: Final = 10035
NO_RECEIPT: Final = 10062

Row = tuple[int | None, int | None, int | None, int | None, int | None]

_GROUP: Final[dict[str, dict[str, Row]]] = {
    # 34961; "Find by exact ID: no" for Work only. The refusal stands in the item, not the envelope.
    "get_group_info": {
        #              Work      Public  Meeting AVChat  Community
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (0, 0, 0, 0, 0),
        "outsider": (NO_RIGHT, 0, 0, 0, 0),
    },
    # 34948; AVChatRoom has no stored member list and is not among the supported kinds.
    "get_group_member_info": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (0, 0, 0, NO_RIGHT, 0),
        "admin": (None, 0, 0, NO_RIGHT, 0),
        "member": (0, 0, 0, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34963; "AVChatRoom fails 10007".
    "get_role_in_group": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (0, 0, 0, NO_RIGHT, 0),
        "admin": (None, 0, 0, NO_RIGHT, 0),
        "member": (0, 0, 0, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34921 and "Invited by members": Work and Community yes; Public and Meeting "app admin only";
    # AVChatRoom no one. (33530: default of InviteJoinOption forbids it outside Work, Community.)
    "add_group_member": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (0, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (0, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34949 and "Kick", of a plain member; "AVChatRoom fails 10004".
    "delete_group_member": {
        "app_admin": (0, 0, 0, BAD_PARAMETER, 0),
        "owner": (0, 0, 0, BAD_PARAMETER, 0),
        "admin": (None, 0, 0, BAD_PARAMETER, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, BAD_PARAMETER, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, BAD_PARAMETER, NO_RIGHT),
    },
    # 34949 and "Owner: kick and mute admins": removing an admin, which an admin may not.
    "delete_group_member of an admin": {
        "app_admin": (None, 0, 0, None, 0),
        "owner": (None, 0, 0, None, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, None, NO_RIGHT),
        "member": (None, NO_RIGHT, NO_RIGHT, None, NO_RIGHT),
        "outsider": (None, NO_RIGHT, NO_RIGHT, None, NO_RIGHT),
    },
    # 34962 and "Who edits base info", here of name, introduction, notice and avatar.
    "modify_group_base_info": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, NO_RIGHT, NO_RIGHT, 0),
        "member": (0, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # The same page, of the other fields (MaxMemberNum, join options): "any member (only name,
    # introduction, notice, avatar)" in Work.
    "modify_group_base_info of the rest": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # The row "Mute" of the kinds: Work no; "owner; admin may mute members" in Public, "as Public" in
    # Meeting and Community; owner in AVChatRoom. Here of everybody at once.
    "modify_group_base_info of MuteAllMember": {
        "app_admin": (NO_RIGHT, 0, 0, 0, 0),
        "owner": (NO_RIGHT, 0, 0, 0, 0),
        "admin": (None, 0, 0, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34900 and "Member: edit own card, receive option and writable custom fields"; "AVChatRoom unsupported
    # because member profiles are not stored". Here of oneself: the app admin's own membership is no question.
    "modify_group_member_info of oneself": {
        "app_admin": (None, None, None, None, None),
        "owner": (0, 0, 0, NO_RIGHT, 0),
        "admin": (None, 0, 0, NO_RIGHT, 0),
        "member": (0, 0, 0, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # The same page, of the card of a plain member. Nobody but the owner stands above members in Work.
    "modify_group_member_info": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (0, 0, 0, NO_RIGHT, 0),
        "admin": (None, 0, 0, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # The same page, of an administrator's card.
    "modify_group_member_info of an admin": {
        "app_admin": (None, 0, 0, None, 0),
        "owner": (None, 0, 0, None, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, None, NO_RIGHT),
        "member": (None, NO_RIGHT, NO_RIGHT, None, NO_RIGHT),
        "outsider": (None, NO_RIGHT, NO_RIGHT, None, NO_RIGHT),
    },
    # The same page and "Owner: appoint/remove admins"; "Set admins: Work no". In a live room another page does it.
    "modify_group_member_info of Role": {
        "app_admin": (NO_RIGHT, 0, 0, NO_RIGHT, 0),
        "owner": (NO_RIGHT, 0, 0, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # The same page, of MuteTime: "not for Work".
    "modify_group_member_info of MuteTime": {
        "app_admin": (NO_RIGHT, 0, 0, NO_RIGHT, 0),
        "owner": (NO_RIGHT, 0, 0, NO_RIGHT, 0),
        "admin": (None, 0, 0, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34951 and the row "Mute": Work no; "owner; admin may mute members"; AVChatRoom owner,
    # with administrators (2025) they too.
    "forbid_send_msg": {
        "app_admin": (NO_RIGHT, 0, 0, 0, 0),
        "owner": (NO_RIGHT, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # "Owner: kick and mute admins", of an administrator.
    "forbid_send_msg of an admin": {
        "app_admin": (None, 0, 0, 0, 0),
        "owner": (None, 0, 0, 0, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "member": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34964 lists all five kinds, Work too, where the list is always empty. Users who may not mute read nothing.
    "get_group_muted_account": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    "get_group_shutted_uin": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34958; a server's own command, no SDK has it.
    "send_group_system_notification": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (None, None, None, None, None),
        "admin": (None, None, None, None, None),
        "member": (None, None, None, None, None),
        "outsider": (None, None, None, None, None),
    },
    # 34959; "Talk: members"; the app admin in any group. In an AVChatRoom those who are in it.
    "send_group_msg": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (0, 0, 0, 0, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34959; "no @all in AVChatRoom".
    "send_group_msg of a mention of everybody": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (0, 0, 0, NO_RIGHT, 0),
        "admin": (None, 0, 0, NO_RIGHT, 0),
        "member": (0, 0, 0, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34971: not AVChatRoom, whose messages are not stored. By SDK members read.
    "group_msg_get_simple": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (0, 0, 0, NO_RIGHT, 0),
        "admin": (None, 0, 0, NO_RIGHT, 0),
        "member": (0, 0, 0, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34965: "AVChatRoom: no", with a code of its own. By SDK the sender recalls; here a notice, which nobody can.
    "group_msg_recall": {
        "app_admin": (0, 0, 0, NO_RECALL, 0),
        "owner": (0, 0, 0, NO_RECALL, 0),
        "admin": (None, 0, 0, NO_RECALL, 0),
        "member": (0, 0, 0, NO_RECALL, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RECALL, NO_RIGHT),
    },
    # 34970: a server command; in an AVChatRoom "no effect, no error".
    "delete_group_msg_by_sender": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (None, None, None, None, None),
        "admin": (None, None, None, None, None),
        "member": (None, None, None, None, None),
        "outsider": (None, None, None, None, None),
    },
    # A server command; an AVChatRoom has no history to clear.
    "clear_group_msg": {
        "app_admin": (0, 0, 0, NO_HISTORY, 0),
        "owner": (None, None, None, None, None),
        "admin": (None, None, None, None, None),
        "member": (None, None, None, None, None),
        "outsider": (None, None, None, None, None),
    },
    # 34968: "AVChatRoom fails 10007". A server command.
    "import_group_msg": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (None, None, None, None, None),
        "admin": (None, None, None, None, None),
        "member": (None, None, None, None, None),
        "outsider": (None, None, None, None, None),
    },
    # 34909: a server command; "Meeting and AVChatRoom silently succeed".
    "set_unread_msg_num": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (None, None, None, None, None),
        "admin": (None, None, None, None, None),
        "member": (None, None, None, None, None),
        "outsider": (None, None, None, None, None),
    },
    # Read receipts: Work, Public and Meeting; members for themselves. Here of a message that has none.
    "group_msg_receipt": {
        "app_admin": (NO_RECEIPT, NO_RECEIPT, NO_RECEIPT, NO_RIGHT, NO_RIGHT),
        "owner": (NO_RECEIPT, NO_RECEIPT, NO_RECEIPT, NO_RIGHT, NO_RIGHT),
        "admin": (None, NO_RECEIPT, NO_RECEIPT, NO_RIGHT, NO_RIGHT),
        "member": (NO_RECEIPT, NO_RECEIPT, NO_RECEIPT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 77694: AVChatRoom and Community no.
    "get_group_msg_receipt": {
        "app_admin": (0, 0, 0, NO_RIGHT, NO_RIGHT),
        "owner": (0, 0, 0, NO_RIGHT, NO_RIGHT),
        "admin": (None, 0, 0, NO_RIGHT, NO_RIGHT),
        "member": (0, 0, 0, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 49438: likewise; here of a message that has none.
    "get_group_msg_receipt_detail": {
        "app_admin": (NO_RECEIPT, NO_RECEIPT, NO_RECEIPT, NO_RIGHT, NO_RIGHT),
        "owner": (NO_RECEIPT, NO_RECEIPT, NO_RECEIPT, NO_RIGHT, NO_RIGHT),
        "admin": (None, NO_RECEIPT, NO_RECEIPT, NO_RIGHT, NO_RIGHT),
        "member": (NO_RECEIPT, NO_RECEIPT, NO_RECEIPT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34967, 34969; "AVChatRoom fails 10007". A server's own commands.
    "import_group": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (None, None, None, None, None),
        "admin": (None, None, None, None, None),
        "member": (None, None, None, None, None),
        "outsider": (None, None, None, None, None),
    },
    "import_group_member": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (None, None, None, None, None),
        "admin": (None, None, None, None, None),
        "member": (None, None, None, None, None),
        "outsider": (None, None, None, None, None),
    },
    # 34896 and "Dissolve": Work by the app admin only, which is a matter of kind and role (10007).
    "destroy_group": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (NO_RIGHT, 0, 0, 0, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 34966 and "Transfer: owner or app admin; new owner must be a member; AVChatRoom 10007".
    "change_group_owner": {
        "app_admin": (0, 0, 0, NO_RIGHT, 0),
        "owner": (0, 0, 0, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 49471, 49468, 49470: "only supported by communities with topics"; owner and administrators manage topics, as they
    # do the community's profile ("Who edits base info"). 49469: members read them.
    "create_topic": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    "get_topic": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    "modify_topic": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 49468: MuteAllMember mutes "all but owner, admins, app admin": who is not muted may mute.
    "modify_topic of MuteAllMember": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    "destroy_topic": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 53448: a server command; no user has it.
    "import_topic": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (None, None, None, None, None),
        "admin": (None, None, None, None, None),
        "member": (None, None, None, None, None),
        "outsider": (None, None, None, None, None),
    },
    # "Apply to join": Work no; Public by approval; Meeting, AVChatRoom and Community at once.
    # A duplicate join is 10013. "AVChatRoom: even the owner must join by SDK each session", so he may; so
    # may who has a session there already.
    # The REST interface has no such command.
    "join_group": {
        "app_admin": (None, None, None, None, None),
        "owner": (ALREADY_IN, ALREADY_IN, ALREADY_IN, 0, ALREADY_IN),
        "admin": (None, ALREADY_IN, ALREADY_IN, 0, ALREADY_IN),
        "member": (ALREADY_IN, ALREADY_IN, ALREADY_IN, 0, ALREADY_IN),
        "outsider": (NO_RIGHT, 0, 0, 0, 0),
    },
    # "Admin: member rights plus ... decide applications"; Work has an owner only, live rooms let everybody in, and
    # the options of a Community cannot be set, so that there is nothing to decide.
    "handle_group_application": {
        "app_admin": (0, 0, 0, NO_RIGHT, NO_RIGHT),
        "owner": (0, 0, 0, NO_RIGHT, NO_RIGHT),
        "admin": (None, 0, 0, NO_RIGHT, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # "Owner may leave": only in Work, which becomes ownerless; elsewhere 10009.
    "quit_group": {
        "app_admin": (None, None, None, None, None),
        "owner": (0, OWNER_STAYS, OWNER_STAYS, OWNER_STAYS, OWNER_STAYS),
        "admin": (None, 0, 0, 0, 0),
        "member": (0, 0, 0, 0, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 44187; all five kinds. The guides: members of the group read them, in a live room those who joined it.
    "get_group_attr": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (0, 0, 0, 0, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 44188; all five kinds. The guides give writing to every member: the one who takes a seat writes that he has it.
    "modify_group_attr": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (0, 0, 0, 0, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 44190; as 44188.
    "set_group_attr": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (0, 0, 0, 0, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 44189 says no of Community, 44187, 44188, 44190 and 59499 say yes: as they do.
    "clear_group_attr": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (0, 0, 0, 0, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 59499; as 44188.
    "delete_group_attr": {
        "app_admin": (0, 0, 0, 0, 0),
        "owner": (0, 0, 0, 0, 0),
        "admin": (None, 0, 0, 0, 0),
        "member": (0, 0, 0, 0, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 53427; Community no. The guide: counters of the group one is in.
    "get_group_counter": {
        "app_admin": (0, 0, 0, 0, NO_RIGHT),
        "owner": (0, 0, 0, 0, NO_RIGHT),
        "admin": (None, 0, 0, 0, NO_RIGHT),
        "member": (0, 0, 0, 0, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 53428; Community no. "Recommended that the group owner sets", so that others may too.
    "update_group_counter": {
        "app_admin": (0, 0, 0, 0, NO_RIGHT),
        "owner": (0, 0, 0, 0, NO_RIGHT),
        "admin": (None, 0, 0, 0, NO_RIGHT),
        "member": (0, 0, 0, 0, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 53429; Community no; as 53428.
    "delete_group_counter": {
        "app_admin": (0, 0, 0, 0, NO_RIGHT),
        "owner": (0, 0, 0, 0, NO_RIGHT),
        "admin": (None, 0, 0, 0, NO_RIGHT),
        "member": (0, 0, 0, 0, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61232: owner, and who manages permission groups; of the kinds, Community only.
    "create_permission_group": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61233; of the kinds, Community only.
    "destroy_permission_group": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61234; of the kinds, Community only.
    "modify_permission_group": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61235; 59829: "group members can access the permission group list"; of the kinds, Community only.
    "get_permission_group": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61236; of the kinds, Community only.
    "add_topic_permission_group": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61237; of the kinds, Community only.
    "set_topic_permission_group": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61238; of the kinds, Community only.
    "delete_topic_permission_group": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61239; of the kinds, Community only.
    "get_topic_permission_group": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61240; of the kinds, Community only.
    "add_permission_group_member": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61241; of the kinds, Community only.
    "delete_permission_group_member": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 61242; of the kinds, Community only.
    "get_permission_group_member_list": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, 0),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 38521: "supports AVChatRoom only"; by SDK anybody may ask, in the room or not.
    "get_online_member_num": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
    },
    # The online list of a live room, likewise.
    "get_members": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
    },
    # Who of some users is in a live room, likewise.
    "check_members": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
    },
    # Who administers a live room, likewise.
    "get_admin_list": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
    },
    # Marking members: the SDK lets the owner of the live room.
    "modify_user_info": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # "Set admins: 2025 yes": owner, "appoint and remove admins".
    "modify_admin": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 50295, 50296, 50297: live rooms only; by SDK owner and administrators.
    "get_group_ban_member": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 50296, here of a plain member.
    "ban_group_member": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
    # 50297.
    "unban_group_member": {
        "app_admin": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "owner": (NO_RIGHT, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "admin": (None, NO_RIGHT, NO_RIGHT, 0, NO_RIGHT),
        "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
        "outsider": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    },
}

#: Bits of permission groups (59829, the list of bits): those of the whole community that let a member run the command,
#: and those of the topic in question.
BITS: Final[dict[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    # 0: modify the group's information; the default mask and the switch are part of it.
    "modify_group_base_info": ((0,), ()),
    "modify_group_base_info of the rest": ((0,), ()),
    # 1: manage members, "including removing them".
    "delete_group_member": ((1,), ()),
    # 2: manage permission groups: create, modify, delete them; add, modify and delete topic permissions in them.
    "create_permission_group": ((2,), ()),
    "modify_permission_group": ((2,), ()),
    "destroy_permission_group": ((2,), ()),
    # Topic bit 1: manage the permissions for that topic.
    "add_topic_permission_group": ((2,), (1,)),
    "set_topic_permission_group": ((2,), (1,)),
    "delete_topic_permission_group": ((2,), (1,)),
    # 3: manage who is in permission groups.
    "add_permission_group_member": ((3,), ()),
    "delete_permission_group_member": ((3,), ()),
    # 5: mute members.
    "modify_group_base_info of MuteAllMember": ((5,), ()),
}

#: What a user may do that concerns no group of his: 0, or 60010 where it is the app admin's alone.
_APP: Final[dict[str, int]] = {
    "create_group": 0,  # 34895; by SDK anybody creates, and becomes the owner
    "get_joined_group_list": 0,  # 34925; of himself
    "get_appid_group_list": ADMIN_ONLY,  # 34960
    "account_import": ADMIN_ONLY,  # 34953
    "multiaccount_import": ADMIN_ONLY,  # 34954
    "account_delete": ADMIN_ONLY,  # 34955
    "account_check": ADMIN_ONLY,  # 34956
    "kick": ADMIN_ONLY,  # 34957
    "query_online_status": 90009,  # 35477: the service's own code
    "send_broadcast_msg": ADMIN_ONLY,  # 49440
}


def second() -> dict[tuple[str, str, str], int]:
    """Give every cell as ``(command, kind, role) -> 0 or code``; cells that do not exist are absent."""
    cells: dict[tuple[str, str, str], int] = {}
    for command, rows in _GROUP.items():
        for role in ROLES:
            for kind, code in zip(KINDS, rows[role], strict=True):
                if code is not None:
                    cells[command, kind, role] = code
    for command, code in _APP.items():
        for kind in KINDS:
            for role in ROLES:
                if not (role == "admin" and kind == "Private"):
                    cells[command, kind, role] = 0 if role == "app_admin" else code
    return cells
