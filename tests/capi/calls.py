"""One call of every C function that the npm package calls, with plausible arguments, in an order that makes sense.

A value `$name` stands for what an earlier call gave, see `SAVED`; inside a text it stands for a text.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from npm_package import heard_as

C2C, GROUP, PRIVATE, COMMUNITY = 1, 2, 1, 5
URL = "http://127.0.0.1:1/nothing"


class Call(NamedTuple):
    """A C function, the package's method that calls it, its argument, and what it answers."""

    c: str
    param: Any = None
    method: str = ""
    code: int | None = 0
    """None: the method has no result with a code."""

    @property
    def name(self) -> str:
        """Return the method's name."""
        return self.method or self.c


def prefixed(prefix: str, **values: Any) -> dict[str, Any]:
    """Return an object whose keys all begin alike."""
    return {f"{prefix}_{key}": value for key, value in values.items()}


def _listens(c: str, method: str = "", key: str = "user_data") -> Call:
    return Call(c, {"callback": heard_as(method or c), key: f"{c}'s own"}, method, code=None)


def text(words: str) -> dict[str, Any]:
    """Return a message with a text."""
    return {
        "message_elem_array": [{"elem_type": 0, "text_elem_content": words}],
        "message_need_read_receipt": True,
        "message_support_message_extension": True,
    }


def group_params(name: str, kind: int, *members: str, **more: Any) -> dict[str, Any]:
    """Return a CreateGroupParam."""
    people = [{"group_member_info_identifier": user} for user in members]
    given = {"group_name": name, "group_type": kind, "group_member_array": people, **more}
    return {"params": prefixed("create_group_param", **given), "data": "own"}


TO_GROUP: dict[str, Any] = {"conv_id": "$group", "conv_type": GROUP}
TO_BOB: dict[str, Any] = {"conv_id": "bob", "conv_type": C2C}
HERE: dict[str, Any] = {"groupId": "$group", "data": "own"}
COMMUNITY_HERE = {"group_id": "$community"}
ROLE = {"group_id": "$community", "permission_group_id": "$role"}
GROUP_CONV = ["group_$group"]
ATTRIBUTES = [prefixed("group_attribute", key="color", value="red")]
SEARCH = prefixed("msg_search_param", keyword_array=["hello"], page_index=0, page_size=10, search_count=10)
OFFLINE = prefixed("offline_push_config", desc="call", ext="", flag=0)
ROLE_INFO = {"community_group_id": "$community", "permission_group_name": "helpers", "group_permission": 1}
SAVED = {
    "group": ("TIMGroupCreate", "create_group_result_groupid"),
    "message": ("TIMMsgSendMessage", ""),
    "topic": ("TIMGroupCreateTopicInCommunity", ""),
    "role": ("TIMCommunityCreatePermissionGroupInCommunity", ""),
}
"""Which call's result a name stands for, and under which key it is in there. `community` is made over REST."""

BASE_LISTENERS = (
    *(
        _listens(f"TIMSetCommunity{what}Callback")
        for what in (
            "ReceiveTopicRESTCustomData", "CreatePermissionGroup", "DeletePermissionGroup",
            "ChangePermissionGroupInfo", "AddMembersToPermissionGroup", "RemoveMembersFromPermissionGroup",
            "AddTopicPermission", "DeleteTopicPermission", "ModifyTopicPermission",
        )
    ),
    *(
        _listens(f"TIMSetConv{what}Callback")
        for what in (
            "Event", "TotalUnreadMessageCountChanged", "UnreadMessageCountChangedByFilter", "ConversationGroupCreated",
            "ConversationGroupDeleted", "ConversationGroupNameChanged", "ConversationsAddedToGroup",
            "ConversationsDeletedFromGroup",
        )
    ),
    *(
        _listens(f"TIMSet{what}Callback")
        for what in (
            "OnAddFriend", "OnDeleteFriend", "UpdateFriendProfile", "FriendAddRequest",
            "FriendApplicationListDeleted", "FriendApplicationListRead", "FriendBlackListAdded",
            "FriendBlackListDeleted", "GroupCounterChanged", "GroupTopicCreated", "GroupTopicDeleted",
            "GroupTopicChanged", "SelfInfoUpdated", "UserStatusChanged", "UserInfoChanged", "Log",
            "MsgElemUploadProgress", "MsgReadedReceipt", "MsgRevoke", "MsgUpdate", "MsgExtensionsChanged",
            "MsgExtensionsDeleted",
        )
    ),
    _listens("TIMSetGroupTipsEventCallback", key="data"),
    _listens("TIMSetGroupAttributeChangedCallback", key="data"),
    _listens("TIMSetNetworkStatusListenerCallback", key="userData"),
    _listens("TIMSetKickedOfflineCallback", key="userData"),
    _listens("TIMSetUserSigExpiredCallback", key="userData"),
    _listens("TIMAddRecvNewMsgCallback"),
    *(
        _listens(f"TIMSetSignaling{c}Callback", method)
        for c, method in (
            ("ReceiveNewInvitation", "TIMOnInvited"), ("InvitationCancelled", "TIMOnCancelled"),
            ("InviteeAccepted", "TIMOnAccepted"), ("InviteeRejected", "TIMOnRejected"),
            ("InvitationTimeout", "TIMOnTimeout"), ("InvitationModified", "TIMOnModified"),
        )
    ),
)  # fmt: skip

BASE = (
    Call("TIMGetSDKVersion", code=None),
    Call("TIMGetServerTime", code=None),
    Call("TIMGetLoginStatus", code=None),
    Call("TIMGetLoginUserID", {}),
    Call("callExperimentalAPI", {"json_param": {"request_internal_operation": "internal_operation_set_ui_platform",
                                                "request_set_ui_platform_param": 7}}),
    Call("TIMSetConfig", {"json_config": prefixed("set_config", log_level=4, callback_log_level=4), "user_data": ""}),
    Call("TIMProfileGetUserProfileList", {"json_get_user_profile_list_param":
         prefixed("friendship_getprofilelist_param", identifier_array=["bob"], force_update=True), "user_data": ""}),
    Call("TIMProfileModifySelfUserProfile",
         {"json_modify_self_user_profile_param": {"user_profile_item_nick_name": "Alice"}, "user_data": ""}),
    Call("TIMSubscribeUserInfo", {"json_user_id_list": ["bob"]}),
    Call("TIMGetUserStatus", {"id_array": ["bob"]}),
    Call("TIMSetSelfStatus", {"status": {"user_status_custom_status": "busy"}}),
    Call("TIMSubscribeUserStatus", {"id_array": ["bob"]}),
    Call("TIMUnsubscribeUserStatus", {"id_array": ["bob"]}),
)  # fmt: skip

GROUPS = (
    Call("TIMGroupCreate", group_params("Team", PRIVATE, "bob")),
    Call("TIMGroupGetJoinedGroupList", "own"),
    Call("TIMGroupGetGroupInfoList", {"groupIds": ["$group"], "data": "own"}),
    Call("TIMGroupSearchGroups", {"searchParams":
         prefixed("group_search_params", keyword_list=["Team"], field_list=[2]), "data": "own"}),
    Call("TIMGroupModifyGroupInfo", {"params": prefixed(
         "group_modify_info_param", group_id="$group", modify_flag=1, group_name="Team 2"), "data": "own"}),
    Call("TIMGroupInitGroupAttributes", {**HERE, "attributes": ATTRIBUTES}),
    Call("TIMGroupSetGroupAttributes", {**HERE, "attributes": ATTRIBUTES}),
    Call("TIMGroupGetGroupAttributes", {**HERE, "attributesKey": ["color"]}),
    Call("TIMGroupDeleteGroupAttributes", {**HERE, "attributesKey": ["color"]}),
    Call("TIMGroupGetOnlineMemberCount", HERE, code=10007),
    Call("TIMGroupSetGroupCounters", {"params": {"group_id": "$group",
         "json_group_counter_array": [prefixed("group_counter", key="likes", value=5)]}}),
    Call("TIMGroupSetGroupCounters", {"group_id": "$group", "json_group_counter_key_array": ["likes"]},
         "TIMGroupGetGroupCounters"),
    Call("TIMGroupIncreaseGroupCounter",
         {"group_id": "$group", "group_counter_key": "likes", "group_counter_value": 1}),
    Call("TIMGroupDecreaseGroupCounter",
         {"group_id": "$group", "group_counter_key": "likes", "group_counter_value": 2}),
    Call("TIMGroupGetMemberInfoList", {"params": prefixed(
         "group_get_members_info_list_param", group_id="$group", next_seq=0), "data": "own"}),
    Call("TIMGroupSearchGroupMembers", {"searchParams": prefixed(
         "group_search_member_params", groupid_list=["$group"], keyword_list=["bob"], field_list=[1])}),
    Call("TIMGroupModifyMemberInfo", {"params": prefixed(
         "group_modify_member_info", group_id="$group", identifier="bob", modify_flag=8, name_card="B")}),
    Call("TIMGroupInviteMember", {"params": prefixed(
         "group_invite_member_param", group_id="$group", identifier_array=["carol"], user_data="come")}),
    Call("TIMGroupDeleteMember", {"params": prefixed(
         "group_delete_member_param", group_id="$group", identifier_array=["carol"], user_data="go")}),
    Call("TIMGroupGetPendencyList", {"params": prefixed("group_pendency_option", start_time=0, max_limited=10)}),
    Call("TIMGroupHandlePendency", {"params": {
        "group_handle_pendency_param_is_accept": True, "group_handle_pendency_param_handle_msg": "yes",
        "group_handle_pendency_param_pendency": prefixed(
            "group_pendency", group_id="$group", form_identifier="dave", to_identifier="", pendency_type=0,
            authentication="x", add_time=1, key="k")}}, code=-4),
    Call("TIMGroupReportPendencyReaded", {"timeStamp": 1}),
    Call("TIMGroupJoin", {"groupId": "open", "helloMsg": "hi", "data": "own"}),
    Call("TIMGroupQuit", {"groupId": "open", "data": "own"}),
)  # fmt: skip

MESSAGES = (
    Call("TIMMsgSendMessage", {**TO_GROUP, "params": text("hello"), "user_data": "own"}),
    Call("TIMMsgSendMessage", {**TO_GROUP, "params": text("hello 2"), "callback": heard_as("sent"), "user_data": "own"},
         "TIMMsgSendMessageV2", code=None),
    Call("TIMMsgCancelSend", {**TO_GROUP, "message_id": "alice-1-1"}, code=8020),
    Call("TIMMsgBatchSend", {"params": prefixed(
         "msg_batch_send_param", identifier_array=["bob", "carol"], msg=text("hello all"))}),
    Call("TIMMsgDownloadElemToPath", {"params": prefixed("msg_download_elem_param", type=1, id="", url=URL),
         "path": "$home/file", "callback": heard_as("download")}, code=None),
    Call("TIMMsgDownloadMergerMessage", {"params": "$message"}, code=6016),
    Call("TIMMsgSetLocalCustomData", {"json_msg_param": "$message"}),
    Call("TIMMsgSetC2CReceiveMessageOpt", {"params": ["bob"], "opt": 1}),
    Call("TIMMsgGetC2CReceiveMessageOpt", {"params": ["bob"]}),
    Call("TIMMsgSetGroupReceiveMessageOpt", {"group_id": "$group", "opt": 1}),
    Call("TIMMsgGetMsgList", {**TO_GROUP, "params": prefixed("msg_getmsglist_param", count=10)}),
    Call("TIMMsgModifyMessage", {"params": "$message"}),
    Call("TIMMsgSaveMsg", {**TO_GROUP, "params": {**text("here only"), "message_sender": "bob"}}),
    Call("TIMMsgImportMsgList", {**TO_GROUP, "params": [
         {**text("from elsewhere"), "message_sender": "bob", "message_server_time": 1700000000}]}),
    Call("TIMMsgFindMessages", {"json_message_id_array": ["alice-1-1"]}),
    Call("TIMMsgFindByMsgLocatorList", {**TO_GROUP, "params": [
         prefixed("message_locator", conv_id="$group", conv_type=GROUP, seq=1)]}),
    Call("TIMMsgSearchLocalMessages", {"params": SEARCH}),
    Call("TIMMsgSearchCloudMessages", {"params": SEARCH}),
    Call("TIMMsgSendMessageReadReceipts", {"json_msg_array": "[$text]"}, code=10062),
    Call("TIMMsgGetMessageReadReceipts", {"json_msg_array": "[$text]"}),
    Call("TIMMsgGetGroupMessageReadMemberList", {"json_msg": "$text", "filter": 0, "next_seq": 0, "count": 10}),
    Call("TIMMsgSetMessageExtensions", {"json_msg": "$message", "json_extension_array": [
         prefixed("message_extension", key="k", value="v")]}),
    Call("TIMMsgGetMessageExtensions", {"json_msg": "$message"}),
    Call("TIMMsgDeleteMessageExtensions", {"json_msg": "$message", "json_extension_key_array": ["k"]}),
    Call("TIMMsgTranslateText", {"json_source_text_array": ["你好"], "source_language": "zh", "target_language": "en"},
         code=7013),
    Call("TIMMsgConvertVoiceToText", {"url": URL, "language": "zh"}, code=7013),
    Call("TIMMsgReportReaded", {**TO_GROUP, "json_msg_param": "$message"}),
    Call("TIMMsgSetOfflinePushToken", {"param": prefixed("offline_push_token", token="t", business_id=1, type=0)}),
    Call("TIMMsgDelete", {**TO_GROUP, "params": prefixed("msg_delete_param", msg="$message", is_ramble=False)}),
    Call("TIMMsgRevoke", {**TO_GROUP, "json_msg_param": "$message"}),
    Call("TIMMsgListDelete", {**TO_GROUP, "params": ["$message"]}),
    Call("TIMMsgClearHistoryMessage", TO_GROUP),
)  # fmt: skip

CONVERSATIONS = (
    Call("TIMConvCreate", {"convId": "bob", "convType": C2C, "userData": "own"}),
    Call("TIMConvGetConvList", {"userData": "own"}),
    Call("TIMConvGetConvInfo", {"json_get_conv_list_param": [
         prefixed("get_conversation_list_param", conv_id="$group", conv_type=GROUP)]}),
    Call("TIMConvGetConversationListByFilter", {"params": prefixed(
         "conversation_list_filter", conv_type=GROUP, next_seq=0, count=10)}),
    Call("TIMConvSetDraft", {"convId": "$group", "convType": GROUP, "draftParam": prefixed(
         "draft", msg=text("draft"), user_define="", edit_time=0)}, code=None),
    Call("TIMConvCancelDraft", {"convId": "$group", "convType": GROUP}, code=None),
    Call("TIMConvSetConversationCustomData", {"conversation_id_array": GROUP_CONV, "custom_data": "mine"}),
    Call("TIMConvPinConversation", {"convId": "$group", "convType": GROUP, "isPinned": True, "user_data": ""}),
    Call("TIMConvMarkConversation", {"conversation_id_array": GROUP_CONV, "mark_type": 1, "enable_mark": True}),
    Call("TIMConvGetTotalUnreadMessageCount", {}),
    Call("TIMConvGetUnreadMessageCountByFilter", {"params": {"conversation_list_filter_conv_type": GROUP}}),
    Call("TIMConvSubscribeUnreadMessageCountByFilter", {"params": {"conversation_list_filter_conv_type": GROUP}},
         code=None),
    Call("TIMConvUnsubscribeUnreadMessageCountByFilter", {"params": {"conversation_list_filter_conv_type": GROUP}},
         code=None),
    Call("TIMConvCleanConversationUnreadMessageCount", {"conversation_id": "group_$group", "clean_timestamp": 0,
         "clean_sequence": 0}),
    Call("TIMConvCreateConversationGroup", {"group_name": "work", "conversation_id_array": GROUP_CONV}),
    Call("TIMConvGetConversationGroupList", {}),
    Call("TIMConvAddConversationsToGroup", {"group_name": "work", "conversation_id_array": ["c2c_bob"]}),
    Call("TIMConvDeleteConversationsFromGroup", {"group_name": "work", "conversation_id_array": ["c2c_bob"]}),
    Call("TIMConvRenameConversationGroup", {"old_name": "work", "new_name": "job"}),
    Call("TIMConvDeleteConversationGroup", {"group_name": "job"}),
    Call("TIMConvDelete", {"convId": "bob", "convType": C2C, "userData": "own"}),
    Call("TIMConvDeleteConversationList", {"conversation_id_array": GROUP_CONV, "clearMessage": False}),
)  # fmt: skip

COMMUNITIES = (
    Call("TIMGroupGetJoinedCommunityList", {}),
    Call("TIMGroupCreateTopicInCommunity", {**COMMUNITY_HERE, "json_topic_info":
         prefixed("group_topic_info", topic_name="News", introduction="what is new")}),
    Call("TIMGroupSetTopicInfo", {"json_topic_info": {"group_topic_info_topic_id": "$topic",
         "group_topic_info_topic_name": "Old", "group_modify_info_param_modify_flag": 1}}),
    Call("TIMGroupGetTopicInfoList", {**COMMUNITY_HERE, "json_topic_id_array": ["$topic"]}),
    Call("TIMCommunityCreatePermissionGroupInCommunity", {"json_permission_group_info": ROLE_INFO}),
    Call("TIMCommunityModifyPermissionGroupInfoInCommunity", {"json_permission_group_info":
         {**ROLE_INFO, "permission_group_id": "$role", "permission_group_modify_info_flag": 1}}),
    Call("TIMCommunityGetPermissionGroupListInCommunity",
         {**COMMUNITY_HERE, "json_permission_group_id_array": ["$role"]}),
    Call("TIMCommunityAddCommunityMembersToPermissionGroup", {**ROLE, "json_member_id_array": ["bob"]}),
    Call("TIMCommunityGetJoinedPermissionGroupListInCommunity", COMMUNITY_HERE),
    Call("TIMCommunityGetCommunityMemberListInPermissionGroup", {**ROLE, "next_cursor": ""}),
    Call("TIMCommunityRemoveCommunityMembersFromPermissionGroup", {**ROLE, "json_member_id_array": ["bob"]}),
    Call("TIMCommunityAddTopicPermissionToPermissionGroup", {**ROLE, "json_topic_permission_map": [
         prefixed("topic_permission", key="$topic", value=1)]}),
    Call("TIMCommunityModifyTopicPermissionInPermissionGroup", {**ROLE, "json_topic_permission_map": [
         prefixed("topic_permission", key="$topic", value=2)]}),
    Call("TIMCommunityGetTopicPermissionInPermissionGroup", {**ROLE, "json_topic_id_array": ["$topic"]}),
    Call("TIMCommunityDeleteTopicPermissionFromPermissionGroup", {**ROLE, "json_topic_id_array": ["$topic"]}),
    Call("TIMCommunityDeletePermissionGroupFromCommunity",
         {**COMMUNITY_HERE, "json_permission_group_id_array": ["$role"]}),
    Call("TIMGroupDeleteTopicFromCommunity", {**COMMUNITY_HERE, "json_topic_id_array": ["$topic"]}),
)  # fmt: skip

FRIENDS = (
    Call("TIMFriendshipAddFriend", {"params": prefixed(
         "friendship_add_friend_param", identifier="bob", friend_type=1, remark="B", add_wording="hi")}),
    Call("TIMFriendshipGetFriendProfileList", {}),
    Call("TIMFriendshipGetFriendsInfo", {"params": ["bob"]}),
    Call("TIMFriendshipModifyFriendProfile", {"params": prefixed(
         "friendship_modify_friend_profile_param", identifier="bob",
         item={"friend_profile_item_remark": "Bobby"})}),
    Call("TIMFriendshipSearchFriends", {"params": prefixed(
         "friendship_search_param", keyword_list=["bob"], search_field_list=[1])}),
    Call("TIMFriendshipCheckFriendType", {"params": prefixed(
         "friendship_check_friendtype_param", check_type=0, identifier_array=["bob"])}),
    Call("TIMFriendshipGetPendencyList", {"params": prefixed(
         "friendship_get_pendency_list_param", type=0, start_seq=0, start_time=0, limited_size=10)}),
    Call("TIMFriendshipHandleFriendAddRequest", {"params": prefixed(
         "friend_response", identifier="bob", action=0, remark="", group_name="")}),
    Call("TIMFriendshipReportPendencyReaded", {"timestamp": 1}),
    Call("TIMFriendshipDeletePendency", {"params": prefixed(
         "friendship_delete_pendency_param", type=0, identifier_array=["bob"])}),
    Call("TIMFriendshipAddToBlackList", {"params": ["carol"]}),
    Call("TIMFriendshipGetBlackList", {}),
    Call("TIMFriendshipDeleteFromBlackList", {"params": ["carol"]}),
    Call("TIMFriendshipCreateFriendGroup", {"params": prefixed(
         "friendship_create_friend_group_param", name_array=["close"], identifier_array=["bob"])}),
    Call("TIMFriendshipGetFriendGroupList", {"params": ["close"]}),
    Call("TIMFriendshipModifyFriendGroup", {"params": prefixed(
         "friendship_modify_friend_group_param", name="close", new_name="far")}),
    Call("TIMFriendshipDeleteFriendGroup", {"params": ["far"]}),
    Call("TIMFriendshipDeleteFriend", {"params": prefixed(
         "friendship_delete_friend_param", friend_type=1, identifier_array=["bob"])}),
)  # fmt: skip

SIGNALS = (
    Call("TIMSignalingInvite", {"invitee": "bob", "data": "ring", "online_user_only": False, "timeout": 30,
         "json_offline_push_info": OFFLINE}, "TIMInvite"),
    Call("TIMSignalingInviteInGroup", {"group_id": "$group", "json_invitee_array": ["bob"], "data": "ring",
         "online_user_only": False, "timeout": 30}, "TIMInviteInGroup"),
    Call("TIMSignalingCancel", {"invite_id": "i", "data": "no"}, "TIMCancelInvite"),
    Call("TIMSignalingAccept", {"invite_id": "i", "data": "yes"}, "TIMAcceptInvite"),
    Call("TIMSignalingReject", {"invite_id": "i", "data": "no"}, "TIMRejectInvite"),
    Call("TIMGetSignalingInfo", {"json_msg": "$message"}),
    Call("TIMSignalingModifyInvitation", {"invite_id": "i", "data": "new"}),
)  # fmt: skip

LAST = (
    Call("TIMRemoveRecvNewMsgCallback", code=None),
    Call("TIMGroupDelete", {"groupId": "$community", "data": "own"}),
    Call("TIMLogout", {"userData": "own"}, code=None),
    Call("TIMUninit", code=None),
)

FIRST = (Call("TIMInit", code=None), Call("TIMLogin", {"userID": "alice", "userSig": "$usersig", "userData": "own"}))
CALLS = (
    *BASE_LISTENERS, *FIRST, *BASE, *GROUPS, *MESSAGES, *CONVERSATIONS, *COMMUNITIES, *FRIENDS, *SIGNALS, *LAST,
)  # fmt: skip
