"""Enums of the SDK interface, with the names and values of the C headers."""

import enum


class TIMResult(enum.IntEnum):
    """What a call returns at once where it does not begin."""

    TIM_SUCC = 0
    TIM_ERR_SDKUNINIT = -1
    TIM_ERR_NOTLOGIN = -2
    TIM_ERR_JSON = -3
    TIM_ERR_PARAM = -4
    TIM_ERR_CONV = -5
    TIM_ERR_GROUP = -6


class TIMErrCode(enum.IntEnum):
    """Codes of the SDK, and those of this server that the headers name. The server's codes pass through unchanged."""

    ERR_SUCC = 0
    ERR_PARSE_RESPONSE_FAILED = 6001
    ERR_NO_SUCC_RESULT = 6003
    ERR_INVALID_CONVERSATION = 6004
    ERR_FILE_TRANS_UPLOAD_FAILED = 6008
    ERR_FILE_TRANS_DOWNLOAD_FAILED = 6009
    ERR_REQUEST_TIME_OUT = 6012
    ERR_SDK_NOT_INITIALIZED = 6013
    ERR_SDK_NOT_LOGGED_IN = 6014
    ERR_INVALID_MSG_ELEM = 6016
    ERR_INVALID_PARAMETERS = 6017
    ERR_IO_OPERATION_FAILED = 6022
    ERR_OUT_OF_MEMORY = 6028
    ERR_IMAGE_UPLOAD_FAILED_NOTIMAGE = 6031
    ERR_USER_SIG_EXPIRED = 6206
    ERR_LOGIN_KICKED_OFF_BY_OTHER = 6208
    ERR_SDK_COMM_FILE_NOT_FOUND = 7004
    ERR_SDK_COMM_FILE_TOO_LARGE = 7005
    ERR_SDK_COMM_FILE_SIZE_EMPTY = 7006
    ERR_SDK_COMM_FILE_OPEN_FAILED = 7007
    ERR_SDK_INTERFACE_NOT_SUPPORT = 7013
    ERR_SDK_INVALID_OPERATION = 7014
    ERR_SDK_ACCOUNT_LOGIN_IN_PROCESS = 7501
    ERR_SDK_ACCOUNT_LOGOUT_IN_PROCESS = 7502
    ERR_MERGER_MSG_LAYERS_OVER_LIMIT = 8005
    ERR_SDK_MSG_MODIFY_CONFLICT = 8006
    ERR_SDK_INVALID_CANCEL_MESSAGE = 8020
    ERR_SDK_SEND_MESSAGE_FAILED_WITH_CANCEL = 8021
    ERR_SDK_GROUP_INVALID_ID = 8501
    ERR_SDK_GROUP_INVALID_NAME = 8502
    ERR_SDK_GROUP_INVALID_INTRODUCTION = 8503
    ERR_SDK_GROUP_INVALID_NOTIFICATION = 8504
    ERR_SDK_GROUP_INVALID_FACE_URL = 8505
    ERR_SDK_GROUP_INVALID_NAME_CARD = 8506
    ERR_SDK_GROUP_MEMBER_COUNT_LIMIT = 8507
    ERR_SDK_GROUP_JOIN_PRIVATE_GROUP_DENY = 8508
    ERR_SDK_GROUP_INVITE_SUPER_DENY = 8509
    ERR_SDK_GROUP_INVITE_NO_MEMBER = 8510
    ERR_SDK_NET_DISCONNECT = 9508
    ERR_SDK_NET_CONN_TIMEOUT = 9510
    ERR_SDK_NET_CONN_REFUSE = 9511
    ERR_SDK_NET_NET_UNREACH = 9512
    ERR_SDK_NET_HOST_GETADDRINFO_FAILED = 9516
    ERR_SDK_NET_PKG_SIZE_LIMIT = 9522
    ERR_SVR_GROUP_INTERNAL_ERROR = 10002
    ERR_SVR_GROUP_INVALID_PARAMETERS = 10004
    ERR_SVR_GROUP_ACOUNT_COUNT_LIMIT = 10005
    ERR_SVR_GROUP_FREQ_LIMIT = 10006
    ERR_SVR_GROUP_PERMISSION_DENY = 10007
    ERR_SVR_GROUP_SUPER_NOT_ALLOW_QUIT = 10009
    ERR_SVR_GROUP_NOT_FOUND = 10010
    ERR_SVR_GROUP_ALLREADY_MEMBER = 10013
    ERR_SVR_GROUP_FULL_MEMBER_COUNT = 10014
    ERR_SVR_GROUP_INVALID_GROUPID = 10015
    ERR_SVR_GROUP_RSP_SIZE_LIMIT = 10018
    ERR_SVR_GROUP_ACCOUNT_NOT_FOUND = 10019
    ERR_SVR_GROUP_GROUPID_IN_USED = 10021
    ERR_SVR_GROUP_SEND_MSG_FREQ_LIMIT = 10023
    ERR_SVR_GROUP_REQ_ALLREADY_BEEN_PROCESSED = 10024
    ERR_SVR_GROUP_GROUPID_IN_USED_FOR_SUPER = 10025
    ERR_SVR_GROUP_SDKAPPID_DENY = 10026
    ERR_SVR_GROUP_AVCHATROOM_COUNT_LIMIT = 10036
    ERR_SVR_GROUP_COUNT_LIMIT = 10037
    ERR_SVR_GROUP_MEMBER_COUNT_LIMIT = 10038
    ERR_SVR_COMM_INVALID_HTTP_URL = 60002
    ERR_SVR_COMM_REQ_JSON_PARSE_FAILED = 60003
    ERR_SVR_COMM_INVALID_RES = 60009
    ERR_SVR_COMM_ID_NOT_ADMIN = 60010
    ERR_SVR_COMM_SDKAPPID_MISS = 60012
    ERR_SVR_COMM_RSP_JSON_PARSE_FAILED = 60013
    ERR_SVR_COMM_INVALID_ID_FORMAT = 60015
    ERR_SVR_COMM_SDKAPPID_FORBIDDEN = 60016
    ERR_SVR_COMM_REQ_FORBIDDEN = 60017
    ERR_SVR_COMM_REQ_FREQ_LIMIT = 60018
    ERR_SVR_ACCOUNT_USERSIG_EXPIRED = 70001
    ERR_SVR_ACCOUNT_USERSIG_EMPTY = 70002
    ERR_SVR_ACCOUNT_USERSIG_CHECK_FAILED = 70003
    ERR_SVR_ACCOUNT_USERSIG_MISMATCH_PUBLICKEY = 70009
    ERR_SVR_ACCOUNT_USERSIG_MISMATCH_ID = 70013
    ERR_SVR_ACCOUNT_USERSIG_MISMATCH_SDKAPPID = 70014
    ERR_SVR_ACCOUNT_SDKAPPID_NOT_FOUND = 70020
    ERR_SVR_ACCOUNT_FREQ_LIMIT = 70050
    ERR_SVR_ACCOUNT_NOT_FOUND = 70107
    ERR_SVR_ACCOUNT_COUNT_LIMIT = 70398
    ERR_SVR_ACCOUNT_INVALID_PARAMETERS = 70402
    ERR_SVR_ACCOUNT_INTERNAL_ERROR = 70500
    ERR_SVR_MSG_JSON_PARSE_FAILED = 90001
    ERR_SVR_MSG_INVALID_TO_ACCOUNT = 90003
    ERR_SVR_MSG_TO_ACCOUNT_COUNT_LIMIT = 90011
    ERR_SVR_MSG_INTERNAL_ERROR2 = 90994


class TIMLoginStatus(enum.IntEnum):
    """Where the login stands."""

    kTIMLoginStatus_Logined = 1
    kTIMLoginStatus_Logining = 2
    kTIMLoginStatus_UnLogined = 3
    kTIMLoginStatus_Logouting = 4


class TIMNetworkStatus(enum.IntEnum):
    """Where the connection stands."""

    kTIMConnected = 0
    kTIMDisconnected = 1
    kTIMConnecting = 2
    kTIMConnectFailed = 3


class TIMLogLevel(enum.IntEnum):
    """How much a line of the log matters."""

    kTIMLog_Off = 0
    kTIMLog_Test = 1
    kTIMLog_Verbose = 2
    kTIMLog_Debug = 3
    kTIMLog_Info = 4
    kTIMLog_Warn = 5
    kTIMLog_Error = 6
    kTIMLog_Assert = 7


class TIMConvType(enum.IntEnum):
    """Kinds of conversation."""

    kTIMConv_Invalid = 0
    kTIMConv_C2C = 1
    kTIMConv_Group = 2
    kTIMConv_System = 3


class TIMElemType(enum.IntEnum):
    """Kinds of message element."""

    kTIMElem_Invalid = -1
    kTIMElem_Text = 0
    kTIMElem_Image = 1
    kTIMElem_Sound = 2
    kTIMElem_Custom = 3
    kTIMElem_File = 4
    kTIMElem_GroupTips = 5
    kTIMElem_Face = 6
    kTIMElem_Location = 7
    kTIMElem_GroupReport = 8
    kTIMElem_Video = 9
    kTIMElem_FriendChange = 10
    kTIMElem_ProfileChange = 11
    kTIMElem_Merge = 12


class TIMMsgStatus(enum.IntEnum):
    """What became of a message."""

    kTIMMsg_Sending = 1
    kTIMMsg_SendSucc = 2
    kTIMMsg_SendFail = 3
    kTIMMsg_Deleted = 4
    kTIMMsg_LocalImported = 5
    kTIMMsg_Revoked = 6
    kTIMMsg_Cancel = 7


class TIMMsgPriority(enum.IntEnum):
    """How important a message of a group is; the server knows three of them, and takes the lowest for low."""

    kTIMMsgPriority_High = 0
    kTIMMsgPriority_Normal = 1
    kTIMMsgPriority_Low = 2
    kTIMMsgPriority_Lowest = 3


class TIMPlatform(enum.IntEnum):
    """Where a message was sent from; the server does not tell."""

    kTIMPlatform_Other = 0
    kTIMPlatform_Windows = 1
    kTIMPlatform_Android = 2
    kTIMPlatform_IOS = 3
    kTIMPlatform_Mac = 4
    kTIMPlatform_Simulator = 5


class TIMImageLevel(enum.IntEnum):
    """How an image is sent; it goes out as it is, and the server makes the smaller ones."""

    kTIMImageLevel_Orig = 0
    kTIMImageLevel_Compression = 1
    kTIMImageLevel_HD = 2


class TIMDownloadType(enum.IntEnum):
    """What is downloaded."""

    kTIMDownload_VideoThumb = 0
    kTIMDownload_File = 1
    kTIMDownload_Video = 2
    kTIMDownload_Sound = 3


class TIMKeywordListMatchType(enum.IntEnum):
    """Whether one keyword is enough, or all must be there."""

    TIMKeywordListMatchType_Or = 0
    TIMKeywordListMatchType_And = 1


class TIMGroupMessageReadMembersFilter(enum.IntEnum):
    """Which members a list of a message's readers has."""

    TIM_GROUP_MESSAGE_READ_MEMBERS_FILTER_READ = 0
    TIM_GROUP_MESSAGE_READ_MEMBERS_FILTER_UNREAD = 1


class TIMOfflinePushFlag(enum.IntEnum):
    """Whether a message is pushed to those who are offline."""

    kTIMOfflinePushFlag_Default = 0
    kTIMOfflinePushFlag_NoPush = 1


class TIMGroupType(enum.IntEnum):
    """Kinds of group."""

    kTIMGroup_Public = 0
    kTIMGroup_Private = 1
    kTIMGroup_ChatRoom = 2
    kTIMGroup_BChatRoom = 3
    kTIMGroup_AVChatRoom = 4
    kTIMGroup_Community = 5


class TIMGroupAddOption(enum.IntEnum):
    """How applications and invitations are decided."""

    kTIMGroupAddOpt_Forbid = 0
    kTIMGroupAddOpt_Auth = 1
    kTIMGroupAddOpt_Any = 2
    kTIMGroupAddOpt_Unknown = 3


class TIMGroupMemberRole(enum.IntEnum):
    """Roles. 1, 2 and 3 of the older TypeScript file are read as Normal, Admin and Owner."""

    kTIMMemberRole_None = 0
    kTIMMemberRole_Normal = 200
    kTIMMemberRole_Admin = 300
    kTIMMemberRole_Owner = 400


class TIMReceiveMessageOpt(enum.IntEnum):
    """Receive options."""

    kTIMRecvMsgOpt_Receive = 0
    kTIMRecvMsgOpt_Not_Receive = 1
    kTIMRecvMsgOpt_Not_Notify = 2
    kTIMRecvMsgOpt_Not_Notify_Except_At = 3


class TIMGroupTipType(enum.IntEnum):
    """Kinds of group tip."""

    kTIMGroupTip_None = 0
    kTIMGroupTip_Invite = 1
    kTIMGroupTip_Quit = 2
    kTIMGroupTip_Kick = 3
    kTIMGroupTip_SetAdmin = 4
    kTIMGroupTip_CancelAdmin = 5
    kTIMGroupTip_GroupInfoChange = 6
    kTIMGroupTip_MemberInfoChange = 7
    kTIMGroupTip_MemberMarkChange = 8
    kTIMGroupTip_TopicInfoChange = 9


class TIMGroupJoinType(enum.IntEnum):
    """How members joined."""

    kTIMGroupJoin_None = 0
    kTIMGroupJoin_Apply = 1
    kTIMGroupJoin_Invite = 2


class TIMGroupTipGroupChangeFlag(enum.IntEnum):
    """Which field of a group changed."""

    kTIMGroupTipChangeFlag_Unknown = 0
    kTIMGroupTipChangeFlag_Name = 1
    kTIMGroupTipChangeFlag_Introduction = 2
    kTIMGroupTipChangeFlag_Notification = 3
    kTIMGroupTipChangeFlag_FaceUrl = 4
    kTIMGroupTipChangeFlag_Owner = 5
    kTIMGroupTipChangeFlag_Custom = 6
    kTIMGroupTipChangeFlag_ShutupAll = 8
    kTIMGroupTipChangeFlag_TopicCustomData = 9
    kTIMGroupTipChangeFlag_GroupAddOpt = 11
    kTIMGroupTipChangeFlag_GroupApproveOpt = 12
    kTIMGroupTipChangeFlag_EnablePermissionGroup = 13
    kTIMGroupTipChangeFlag_DefaultPermissions = 14


class TIMPermissionGroupModifyInfoFlag(enum.IntFlag):
    """Which fields of a permission group a change names."""

    kTIMPermissionGroupModifyInfoFlag_None = 0
    kTIMPermissionGroupModifyInfoFlag_Name = 1
    kTIMPermissionGroupModifyInfoFlag_GroupPermission = 2
    kTIMPermissionGroupModifyInfoFlag_CustomData = 4


class TIMGroupReportType(enum.IntEnum):
    """Kinds of system notice about a group that come today."""

    kTIMGroupReport_None = 0
    kTIMGroupReport_AddRequest = 1
    kTIMGroupReport_AddAccept = 2
    kTIMGroupReport_AddRefuse = 3
    kTIMGroupReport_BeKicked = 4
    kTIMGroupReport_Delete = 5
    kTIMGroupReport_Create = 6
    kTIMGroupReport_Invite = 7
    kTIMGroupReport_Quit = 8
    kTIMGroupReport_GrantAdmin = 9
    kTIMGroupReport_CancelAdmin = 10
    kTIMGroupReport_InviteReqToInvitee = 12
    kTIMGroupReport_InviteAccept = 13
    kTIMGroupReport_InviteRefuse = 14
    kTIMGroupReport_UserDefine = 16
    kTIMGroupReport_ShutUpMember = 17
    kTIMGroupReport_TopicCreate = 18
    kTIMGroupReport_TopicDelete = 19
    kTIMGroupReport_GroupMessageRecvOption = 21
    kTIMGroupReport_BannedFromGroup = 22
    kTIMGroupReport_UnbannedFromGroup = 23
    kTIMGroupReport_InviteReqToAdmin = 24


class TIMGroupPendencyType(enum.IntEnum):
    """What is to be decided, and by whom."""

    kTIMGroupPendency_GroupJoinNeedApprovedByAdmin = 0
    kTIMGroupPendency_GroupInviteNeedApprovedByInvitee = 1
    kTIMGroupPendency_GroupInviteNeedApprovedByAdmin = 2


class TIMGroupPendencyHandle(enum.IntEnum):
    """Who decided."""

    kTIMGroupPendency_NotHandle = 0
    kTIMGroupPendency_OtherHandle = 1
    kTIMGroupPendency_OperatorHandle = 2


class TIMGroupPendencyHandleResult(enum.IntEnum):
    """What was decided."""

    kTIMGroupPendency_Refuse = 0
    kTIMGroupPendency_Accept = 1


class TIMGroupSearchFieldKey(enum.IntEnum):
    """What a search for groups looks at."""

    kTIMGroupSearchFieldKey_GroupId = 1
    kTIMGroupSearchFieldKey_GroupName = 2


class TIMGroupMemberSearchFieldKey(enum.IntEnum):
    """What a search for members looks at. Remarks of friends are not served: nothing is found by them."""

    kTIMGroupMemberSearchFieldKey_Identifier = 1
    kTIMGroupMemberSearchFieldKey_NickName = 2
    kTIMGroupMemberSearchFieldKey_Remark = 4
    kTIMGroupMemberSearchFieldKey_NameCard = 8


class TIMGroupModifyInfoFlag(enum.IntFlag):
    """Which fields ``TIMGroupModifyGroupInfo`` changes."""

    kTIMGroupModifyInfoFlag_None = 0
    kTIMGroupModifyInfoFlag_Name = 1
    kTIMGroupModifyInfoFlag_Notification = 2
    kTIMGroupModifyInfoFlag_Introduction = 4
    kTIMGroupModifyInfoFlag_FaceUrl = 8
    kTIMGroupModifyInfoFlag_AddOption = 16
    kTIMGroupModifyInfoFlag_MaxMemberNum = 32
    kTIMGroupModifyInfoFlag_Visible = 64
    kTIMGroupModifyInfoFlag_Searchable = 128
    kTIMGroupModifyInfoFlag_ShutupAll = 256
    kTIMGroupModifyInfoFlag_Custom = 512
    kTIMGroupTopicModifyInfoFlag_CustomString = 2048
    kTIMGroupModifyInfoFlag_ApproveOption = 4096
    kTIMGroupModifyInfoFlag_EnablePermissionGroup = 8192
    kTIMGroupModifyInfoFlag_DefaultPermissions = 16384
    kTIMGroupModifyInfoFlag_Owner = 2147483648


class TIMCommunityTopicModifyInfoFlag(enum.IntFlag):
    """Which fields ``TIMGroupSetTopicInfo`` and ``TIMCommunitySetTopicInfo`` change."""

    kTIMCommunityTopicModifyInfoFlag_None = 0
    kTIMCommunityTopicModifyInfoFlag_Name = 1
    kTIMCommunityTopicModifyInfoFlag_Notification = 2
    kTIMCommunityTopicModifyInfoFlag_Introduction = 4
    kTIMCommunityTopicModifyInfoFlag_FaceUrl = 8
    kTIMCommunityTopicModifyInfoFlag_MuteALl = 256
    kTIMCommunityTopicModifyInfoFlag_CustomString = 2048
    kTIMCommunityTopicModifyInfoFlag_Draft = 16384
    kTIMCommunityTopicModifyInfoFlag_DefaultPermissions = 32768


class TIMGroupMemberModifyInfoFlag(enum.IntFlag):
    """Which fields ``TIMGroupModifyMemberInfo`` changes."""

    kTIMGroupMemberModifyFlag_None = 0
    kTIMGroupMemberModifyFlag_MsgFlag = 1
    kTIMGroupMemberModifyFlag_MemberRole = 2
    kTIMGroupMemberModifyFlag_ShutupTime = 4
    kTIMGroupMemberModifyFlag_NameCard = 8
    kTIMGroupMemberModifyFlag_Custom = 16


class TIMGroupMemberRoleFlag(enum.IntFlag):
    """Which roles a member list keeps; 0 is all."""

    kTIMGroupMemberRoleFlag_All = 0
    kTIMGroupMemberRoleFlag_Owner = 1
    kTIMGroupMemberRoleFlag_Admin = 2
    kTIMGroupMemberRoleFlag_Member = 4


class TIMGroupMemberInfoFlag(enum.IntFlag):
    """Which fields of members come; 0 is all."""

    kTIMGroupMemberInfoFlag_None = 0
    kTIMGroupMemberInfoFlag_JoinTime = 1
    kTIMGroupMemberInfoFlag_MsgFlag = 2
    kTIMGroupMemberInfoFlag_MsgSeq = 4
    kTIMGroupMemberInfoFlag_MemberRole = 8
    kTIMGroupMemberInfoFlag_ShutupUntill = 16
    kTIMGroupMemberInfoFlag_NameCard = 32


class HandleGroupMemberResult(enum.IntEnum):
    """What became of one user of an invitation or a removal."""

    kTIMGroupMember_HandledErr = 0
    kTIMGroupMember_HandledSuc = 1
    kTIMGroupMember_Included = 2
    kTIMGroupMember_Invited = 3


class TIMConvEvent(enum.IntEnum):
    """What a listener for conversations is told of."""

    kTIMConvEvent_Add = 0
    kTIMConvEvent_Del = 1
    kTIMConvEvent_Update = 2
    kTIMConvEvent_Start = 3
    kTIMConvEvent_Finish = 4


class TIMConversationMarkType(enum.IntFlag):
    """Marks of conversations; bits 32 to 63 are the app's own."""

    kTIMConversationMarkTypeStar = 1
    kTIMConversationMarkTypeUnread = 2
    kTIMConversationMarkTypeFold = 4
    kTIMConversationMarkTypeHide = 8


class TIMGroupAtType(enum.IntEnum):
    """Whom a message mentions."""

    kTIMGroup_At_Me = 1
    kTIMGroup_At_All = 2
    kTIMGroup_At_All_At_ME = 3
