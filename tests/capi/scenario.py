"""What two users do to each other through an SDK, as data: whichever SDK it is, it must answer and tell the same.

`$alice`, `$bob` and `$carol` are users, `$team` and the like groups with ids of the caller's choice, `$file` is a file;
other names stand for parts of earlier results, see `Step.saved`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from capi.calls import C2C, COMMUNITY, GROUP, prefixed

PUBLIC, WORK, MEETING = 0, 1, 2
NORMAL, ADMIN = 200, 300
NAMED = ("alice", "bob", "carol", "team", "work", "club")


class Step(NamedTuple):
    """A call by a user, and names for parts of its result: a path of keys and places in the parsed `json_param`."""

    who: str
    method: str
    param: Any = None
    saved: tuple[tuple[str, str], ...] = ()


NEXT_SECOND = Step("", "")
"""Not a call: what is kept by its time of whole seconds stands in the same order whichever SDK it is."""


def alice(method: str, param: Any = None, **saved: str) -> Step:
    """Let alice call."""
    return Step("alice", method, param, tuple(saved.items()))


def bob(method: str, param: Any = None, **saved: str) -> Step:
    """Let bob call."""
    return Step("bob", method, param, tuple(saved.items()))


def rest(path: str, **body: Any) -> Step:
    """Let the app's server call."""
    return Step("rest", path, body)


def made(group: str | None, kind: int, *members: str, **more: Any) -> dict[str, Any]:
    """Return the parameter of TIMGroupCreate."""
    people = [{"group_member_info_identifier": user} for user in members]
    named = {} if group is None else {"group_id": group}
    given = {**named, "group_name": "A group", "group_type": kind, "group_member_array": people, **more}
    return {"params": prefixed("create_group_param", **given), "data": "created"}


def changed(group: str, flag: int, **fields: Any) -> dict[str, Any]:
    """Return the parameter of TIMGroupModifyGroupInfo."""
    return {"params": prefixed("group_modify_info_param", group_id=group, modify_flag=flag, **fields), "data": "m"}


def member(user: str, flag: int, **fields: Any) -> dict[str, Any]:
    """Return the parameter of TIMGroupModifyMemberInfo."""
    who = {"group_id": "$team", "identifier": user, "modify_flag": flag}
    return {"params": prefixed("group_modify_member_info", **who, **fields), "data": "m"}


def people(what: str, group: str, *users: str) -> dict[str, Any]:
    """Return the parameter of TIMGroupInviteMember (`invite`) or TIMGroupDeleteMember (`delete`)."""
    given = {"group_id": group, "identifier_array": list(users), "user_data": "why"}
    return {"params": prefixed(f"group_{what}_member_param", **given), "data": "p"}


def says(place: dict[str, Any], words: str, **more: Any) -> dict[str, Any]:
    """Return the parameter of TIMMsgSendMessage with a text."""
    elems = [{"elem_type": 0, "text_elem_content": words}]
    return {**place, "params": {"message_elem_array": elems, **prefixed("message", **more)}, "user_data": "said"}


def history(place: dict[str, Any], **asked: Any) -> dict[str, Any]:
    """Return the parameter of TIMMsgGetMsgList."""
    return {**place, "params": prefixed("msg_getmsglist_param", **asked), "user_data": "h"}


TEAM: dict[str, Any] = {"conv_id": "$team", "conv_type": GROUP}
TO_BOB: dict[str, Any] = {"conv_id": "$bob", "conv_type": C2C}
TO_ALICE: dict[str, Any] = {"conv_id": "$alice", "conv_type": C2C}
HERE: dict[str, Any] = {"groupId": "$team", "data": "g"}
CLUB = {"group_id": "$club"}
ROLE = {**CLUB, "permission_group_id": "$role"}
COUNTER = {"group_id": "$team", "group_counter_key": "likes"}
CONVS = ["group_$team", "c2c_$bob"]
TEAM_INFO = {"json_get_conv_list_param": [prefixed("get_conversation_list_param", conv_id="$team", conv_type=GROUP)]}
RECEIPT = {"need_read_receipt": True, "support_message_extension": True}

GROUPS = (
    alice("TIMGetLoginStatus"),
    bob("TIMGetLoginUserID", {}),
    alice("TIMGroupCreate", made("$team", PUBLIC, "$bob", add_option=2, introduction="介绍", notification="公告",
                                 face_url="http://a/b.png", custom_info=[prefixed(
                                     "group_info_custom_string_info", key="GroupTestData1", value="登山")])),
    alice("TIMGroupCreate", made("$team", PUBLIC)),
    alice("TIMGroupCreate", made(None, MEETING), meeting="create_group_result_groupid"),
    alice("TIMGroupCreate", {"params": {}, "data": "x"}),
    alice("TIMGroupCreate", {"params": [], "data": "x"}),
    bob("TIMGroupJoin", {"groupId": "$meeting", "helloMsg": "hi", "data": "j"}),
    bob("TIMGroupJoin", {"groupId": "$team", "helloMsg": "hi", "data": "j"}),
    bob("TIMGroupJoin", {"groupId": "nowhere", "helloMsg": "", "data": "j"}),
    alice("TIMGroupCreate", made("$work", WORK)),
    alice("TIMGroupInviteMember", people("invite", "$work", "$bob", "$carol", "nobody")),
    bob("TIMGroupDeleteMember", people("delete", "$work", "$carol")),
    alice("TIMGroupDeleteMember", people("delete", "$work", "$carol")),
    bob("TIMGroupModifyGroupInfo", changed("$team", 1, group_name="No")),
    alice("TIMGroupModifyGroupInfo", changed("$team", 1 | 2 | 4 | 8, group_name="新名", notification="n",
                                             introduction="i", face_url="http://c")),
    alice("TIMGroupModifyGroupInfo", changed("$team", 512, custom_info=[prefixed(
        "group_info_custom_string_info", key="GroupTestData2", value="2")])),
    alice("TIMGroupModifyMemberInfo", member("$bob", 8, name_card="Bobby")),
    alice("TIMGroupModifyMemberInfo", member("$bob", 2, member_role=ADMIN)),
    alice("TIMGroupModifyMemberInfo", member("$bob", 16, custom_info=[prefixed(
        "group_member_info_custom_string_info", key="MemberDefined1", value="7")])),
    alice("TIMGroupModifyMemberInfo", member("$bob", 2, member_role=NORMAL)),
    alice("TIMGroupModifyMemberInfo", member("$bob", 4, shutup_time=60)),
    bob("TIMMsgSendMessage", says(TEAM, "am I muted?")),
    NEXT_SECOND,  # the message that failed is kept by its time
    alice("TIMGroupModifyMemberInfo", member("$bob", 4, shutup_time=0)),
    alice("TIMGroupGetGroupInfoList", {"groupIds": ["$team", "nowhere"], "data": "i"}),
    bob("TIMGroupGetJoinedGroupList", "joined"),
    bob("TIMGroupGetMemberInfoList", {"params": prefixed("group_get_members_info_list_param", group_id="$team",
                                                         identifier_array=["$alice", "$bob"], next_seq=0)}),
    bob("TIMGroupGetMemberInfoList", {"params": prefixed("group_get_members_info_list_param", group_id="$team",
                                                         next_seq=0)}),
    bob("TIMGroupSearchGroups", {"searchParams": prefixed("group_search_params", keyword_list=["新"],
                                                          field_list=[2])}),
    bob("TIMGroupSearchGroupMembers", {"searchParams": prefixed(
        "group_search_member_params", groupid_list=["$team"], keyword_list=["Bob"], field_list=[8])}),
    alice("TIMGroupGetOnlineMemberCount", HERE),
)  # fmt: skip

MESSAGES = (
    alice("TIMMsgSendMessage", says(TEAM, "hello 你好", **RECEIPT), said=""),
    alice("TIMMsgSendMessage", says(TEAM, "revoke me", priority=1, cloud_custom_str="c"), gone=""),
    alice("TIMMsgSendMessage", says(TEAM, "")),
    alice("TIMMsgSendMessage", says({"conv_id": "nowhere", "conv_type": GROUP}, "who hears?")),
    bob("TIMMsgGetMsgList", history(TEAM, count=5), seen="2"),
    bob("TIMMsgSendMessageReadReceipts", {"json_msg_array": "[$text:seen]", "user_data": "r"}),
    alice("TIMMsgGetMessageReadReceipts", {"json_msg_array": "[$text:said]", "user_data": "r"}),
    alice("TIMMsgGetGroupMessageReadMemberList", {"json_msg": "$text:said", "filter": 0, "next_seq": 0, "count": 10}),
    bob("TIMMsgReportReaded", {**TEAM, "json_msg_param": "$seen"}),
    bob("TIMMsgSetMessageExtensions", {"json_msg": "$seen", "json_extension_array": [
        prefixed("message_extension", key="k", value="v"), prefixed("message_extension", key="l", value="w")]}),
    alice("TIMMsgGetMessageExtensions", {"json_msg": "$said"}),
    bob("TIMMsgDeleteMessageExtensions", {"json_msg": "$seen", "json_extension_key_array": ["k"]}),
    alice("TIMMsgModifyMessage", {"params": "$said"}),
    bob("TIMMsgRevoke", {**TEAM, "json_msg_param": "$gone"}),
    alice("TIMMsgRevoke", {**TEAM, "json_msg_param": "$gone"}),
    bob("TIMMsgGetMsgList", history(TEAM, count=20, is_forward=False)),
    bob("TIMMsgDelete", {**TEAM, "params": {"msg_delete_param_msg": "$seen", "msg_delete_param_is_ramble": True}}),
    bob("TIMMsgGetMsgList", history(TEAM, count=20)),
    bob("TIMMsgFindMessages", {"json_message_id_array": ["nothing"]}),
    bob("TIMMsgSearchLocalMessages", {"params": prefixed("msg_search_param", keyword_array=["revoke"], page_size=5)}),
    alice("TIMMsgSendMessage", says(TO_BOB, "between us", need_read_receipt=True), letter=""),
    bob("TIMMsgGetMsgList", history(TO_ALICE, count=5), letter_seen="0"),
    bob("TIMMsgReportReaded", {**TO_ALICE, "json_msg_param": "$letter_seen"}),
    bob("TIMMsgSendMessageReadReceipts", {"json_msg_array": "[$text:letter_seen]"}),
    NEXT_SECOND,  # what two users say to each other is read up to a time
    bob("TIMMsgSendMessage", says(TO_ALICE, "an answer"), answer=""),
    bob("TIMMsgRevoke", {**TO_ALICE, "json_msg_param": "$answer"}),
    alice("TIMMsgSendMessage", says({"conv_id": "nobody", "conv_type": C2C}, "who hears?")),
    alice("TIMMsgBatchSend", {"params": prefixed("msg_batch_send_param", identifier_array=["$bob", "$carol"],
                                                 msg=says(TEAM, "to many")["params"])}),
    bob("TIMMsgSetLocalCustomData", {"json_msg_param": {"message_conv_id": "$alice", "message_conv_type": C2C}}),
    bob("TIMMsgSaveMsg", {**TO_ALICE, "params": {**says(TEAM, "here only")["params"], "message_sender": "$alice"}}),
    bob("TIMMsgSetGroupReceiveMessageOpt", {"group_id": "$team", "opt": 2}),
    bob("TIMMsgSetC2CReceiveMessageOpt", {"params": ["$alice"], "opt": 1}),
    bob("TIMMsgGetC2CReceiveMessageOpt", {"params": ["$alice", "$carol"]}),
    bob("TIMMsgSetC2CReceiveMessageOpt", {"params": ["$alice"], "opt": 0}),
    alice("TIMMsgSendMessage", {**TEAM, "params": {"message_elem_array": [{
        "elem_type": 4, "file_elem_file_path": "$file", "file_elem_file_name": "a.txt", "file_elem_file_size": 3}]},
        "user_data": "file"}),
    rest("group_open_http_svc/send_group_system_notification", GroupId="$team", Content="from the server"),
    rest("group_open_http_svc/modify_group_base_info", GroupId="$team", Name="by the server"),
    alice("TIMMsgTranslateText", {"json_source_text_array": ["x"], "source_language": "a", "target_language": "b"}),
)  # fmt: skip

ATTACHED = (
    alice("TIMGroupInitGroupAttributes", {**HERE, "attributes": [
        prefixed("group_attribute", key="color", value="red"), prefixed("group_attribute", key="size", value="9")]}),
    alice("TIMGroupSetGroupAttributes", {**HERE, "attributes": [prefixed("group_attribute", key="color", value="蓝")]}),
    bob("TIMGroupGetGroupAttributes", {**HERE, "attributesKey": ["color", "size", "none"]}),
    alice("TIMGroupDeleteGroupAttributes", {**HERE, "attributesKey": ["size"]}),
    bob("TIMGroupGetGroupAttributes", {**HERE, "attributesKey": []}),
    bob("TIMGroupDeleteGroupAttributes", {**HERE, "attributesKey": ["none"]}),
    alice("TIMGroupSetGroupCounters", {"params": {"group_id": "$team", "json_group_counter_array": [
        prefixed("group_counter", key="likes", value=5), prefixed("group_counter", key="views", value=-(2**40))]}}),
    bob("TIMGroupIncreaseGroupCounter", {**COUNTER, "group_counter_value": 3}),
    bob("TIMGroupDecreaseGroupCounter", {**COUNTER, "group_counter_value": 9}),
    bob("TIMGroupGetGroupCounters", {"group_id": "$team", "json_group_counter_key_array": ["likes", "views"]}),
    bob("TIMGroupIncreaseGroupCounter", {**COUNTER, "group_id": "nowhere", "group_counter_value": 1}),
)  # fmt: skip

CONVERSATIONS = (
    alice("TIMConvCreate", {"convId": "$carol", "convType": C2C, "userData": "c"}),
    alice("TIMConvGetConvInfo", TEAM_INFO),
    alice("TIMConvPinConversation", {"convId": "$team", "convType": GROUP, "isPinned": True, "user_data": "c"}),
    alice("TIMConvMarkConversation", {"conversation_id_array": CONVS, "mark_type": 1, "enable_mark": True}),
    alice("TIMConvSetConversationCustomData", {"conversation_id_array": [*CONVS, "bad"], "custom_data": "mine"}),
    alice("TIMConvSetDraft", {"convId": "$team", "convType": GROUP, "draftParam": prefixed(
        "draft", msg=says(TEAM, "a draft")["params"], user_define="u", edit_time=5)}),
    alice("TIMConvGetConvInfo", TEAM_INFO),
    alice("TIMConvCancelDraft", {"convId": "$team", "convType": GROUP}),
    alice("TIMConvGetConvList", {"userData": "c"}),
    alice("TIMConvGetConversationListByFilter", {"params": prefixed(
        "conversation_list_filter", conv_type=GROUP, next_seq=0, count=9)}),
    bob("TIMConvGetTotalUnreadMessageCount", {}),
    bob("TIMConvSubscribeUnreadMessageCountByFilter", {"params": {"conversation_list_filter_conv_type": C2C}}),
    alice("TIMMsgSendMessage", says(TO_BOB, "count me")),
    bob("TIMConvGetUnreadMessageCountByFilter", {"params": {"conversation_list_filter_conv_type": C2C}}),
    bob("TIMConvUnsubscribeUnreadMessageCountByFilter", {"params": {"conversation_list_filter_conv_type": C2C}}),
    bob("TIMConvCleanConversationUnreadMessageCount", {"conversation_id": "c2c_$alice", "clean_timestamp": 0,
                                                       "clean_sequence": 0}),
    alice("TIMConvCreateConversationGroup", {"group_name": "朋友", "conversation_id_array": ["c2c_$bob"]}),
    alice("TIMConvAddConversationsToGroup", {"group_name": "朋友", "conversation_id_array": ["group_$team"]}),
    alice("TIMConvDeleteConversationsFromGroup", {"group_name": "朋友", "conversation_id_array": ["c2c_$bob"]}),
    alice("TIMConvRenameConversationGroup", {"old_name": "朋友", "new_name": "friends"}),
    alice("TIMConvGetConversationGroupList", {}),
    alice("TIMConvDeleteConversationGroup", {"group_name": "friends"}),
    alice("TIMConvDeleteConversationGroup", {"group_name": "friends"}),
    alice("TIMConvDeleteConversationList", {"conversation_id_array": ["c2c_$carol"], "clearMessage": True}),
    alice("TIMMsgClearHistoryMessage", {**TO_BOB, "user_data": "c"}),
    alice("TIMMsgGetMsgList", history(TO_BOB, count=5)),
    alice("TIMConvDelete", {"convId": "$bob", "convType": C2C, "userData": "c"}),
)  # fmt: skip

APPLYING = (
    bob("TIMGroupQuit", HERE),
    bob("TIMMsgSendMessage", says(TEAM, "outside")),
    alice("TIMGroupModifyGroupInfo", changed("$team", 16, add_option=1)),
    bob("TIMGroupJoin", {**HERE, "helloMsg": "let me in"}),
    alice("TIMGroupGetPendencyList", {"params": prefixed("group_pendency_option", start_time=0, max_limited=10)},
          asked="group_pendency_result_pendency_array.0"),
    alice("TIMGroupHandlePendency", {"params": prefixed("group_handle_pendency_param", is_accept=True,
                                                        handle_msg="welcome", pendency="$asked")}),
    alice("TIMGroupReportPendencyReaded", {"timeStamp": 0}),
    bob("TIMGroupGetPendencyList", {"params": {}}),
)  # fmt: skip

COMMUNITIES = (
    alice("TIMGroupCreate", made("$club", COMMUNITY, "$bob", is_support_topic=True, enable_permission_group=True,
                                 default_permissions=0)),
    bob("TIMGroupGetJoinedCommunityList", {}),
    alice("TIMGroupCreateTopicInCommunity", {**CLUB, "json_topic_info": prefixed(
        "group_topic_info", topic_name="News", introduction="what is new", custom_string="c")}, topic=""),
    bob("TIMGroupCreateTopicInCommunity", {**CLUB, "json_topic_info": {"group_topic_info_topic_name": "Mine"}}),
    alice("TIMGroupSetTopicInfo", {"json_topic_info": {"group_topic_info_topic_id": "$topic",
          "group_topic_info_topic_name": "Old", "group_modify_info_param_modify_flag": 1}}),
    bob("TIMGroupGetTopicInfoList", {**CLUB, "json_topic_id_array": ["$topic"]}),
    alice("TIMMsgSendMessage", says({"conv_id": "$topic", "conv_type": GROUP}, "in a topic")),
    alice("TIMCommunityCreatePermissionGroupInCommunity", {"json_permission_group_info": {
        "community_group_id": "$club", "permission_group_name": "helpers", "group_permission": 1}}, role=""),
    alice("TIMCommunityModifyPermissionGroupInfoInCommunity", {"json_permission_group_info": {
        "community_group_id": "$club", "permission_group_id": "$role", "permission_group_name": "帮手",
        "permission_group_modify_info_flag": 1}}),
    alice("TIMCommunityAddCommunityMembersToPermissionGroup", {**ROLE, "json_member_id_array": ["$bob", "nobody"]}),
    bob("TIMCommunityGetJoinedPermissionGroupListInCommunity", CLUB),
    bob("TIMCommunityGetPermissionGroupListInCommunity", {**CLUB, "json_permission_group_id_array": ["$role"]}),
    alice("TIMCommunityGetCommunityMemberListInPermissionGroup", {**ROLE, "next_cursor": ""}),
    alice("TIMCommunityAddTopicPermissionToPermissionGroup", {**ROLE, "json_topic_permission_map": [
        prefixed("topic_permission", key="$topic", value=1)]}),
    alice("TIMCommunityModifyTopicPermissionInPermissionGroup", {**ROLE, "json_topic_permission_map": [
        prefixed("topic_permission", key="$topic", value=3)]}),
    bob("TIMCommunityGetTopicPermissionInPermissionGroup", {**ROLE, "json_topic_id_array": ["$topic"]}),
    alice("TIMCommunityDeleteTopicPermissionFromPermissionGroup", {**ROLE, "json_topic_id_array": ["$topic"]}),
    alice("TIMCommunityRemoveCommunityMembersFromPermissionGroup", {**ROLE, "json_member_id_array": ["$bob"]}),
    alice("TIMCommunityDeletePermissionGroupFromCommunity", {**CLUB, "json_permission_group_id_array": ["$role"]}),
    rest("group_open_http_svc/send_group_system_notification", GroupId="$club", TopicId="$topic", Content="to a topic"),
    alice("TIMGroupDeleteTopicFromCommunity", {**CLUB, "json_topic_id_array": ["$topic"]}),
)  # fmt: skip

ENDS = (
    alice("TIMGroupModifyGroupInfo", changed("$team", 2**31, owner="$bob")),
    alice("TIMGroupDelete", HERE),
    alice("TIMGroupQuit", HERE),
    bob("TIMGroupQuit", HERE),
    bob("TIMGroupDelete", HERE),
    alice("TIMGroupDelete", {"groupId": "$club", "data": "d"}),
    bob("TIMGroupGetJoinedGroupList", "joined"),
    bob("TIMConvGetConvList", {"userData": "c"}),
    rest("im_open_login_svc/kick", UserID="$bob"),
    bob("TIMGetLoginStatus"),
    bob("TIMGroupGetJoinedGroupList", "joined"),
)

SCENARIO = (*GROUPS, *MESSAGES, *ATTACHED, *CONVERSATIONS, *APPLYING, *COMMUNITIES, *ENDS)
