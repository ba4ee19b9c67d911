"""The keys of the interface's JSON, and its other texts, under the names that the C headers give them.

A table's line that is not indented names an object, and what its names and its keys begin with (``-``: nothing). The
words below it are what follows: a name alone where the key is the same in lower case with underscores (``GroupName`` is
``group_name``), else ``Name=key``.
"""

import re

_OBJECTS = """
CreateGroupParam kTIMCreateGroup create_group_param_
    ParamGroupName=group_name ParamGroupId=group_id ParamGroupType=group_type IsSupportTopic
    ParamGroupMemberArray=group_member_array ParamNotification=notification ParamIntroduction=introduction
    ParamFaceUrl=face_url ParamAddOption=add_option ParamApproveOption=approve_option ParamMaxMemberCount=max_member_num
    ParamCustomInfo=custom_info ParamEnablePermissionGroup=enable_permission_group
    ParamDefaultPermissions=default_permissions
CreateGroupResult - -
    kTIMCreateGroupResultGroupId=create_group_result_groupid
GroupMemberInfo kTIMGroupMemberInfo group_member_info_
    Identifier GroupId JoinTime MemberRole MsgFlag MsgSeq ShutupTime NameCard NickName FriendRemark FaceUrl CustomInfo
    IsOnline OnlineDevices
GroupMemberInfoCustomString kTIMGroupMemberInfoCustomStringInfo group_member_info_custom_string_info_
    Key Value
GroupInfoCustomString kTIMGroupInfoCustomStringInfo group_info_custom_string_info_
    Key Value
GroupTipGroupChangeInfo kTIMGroupTipGroupChangeInfo group_tips_group_change_info_
    Flag Value Key BoolValue IntValue Uint64Value
GroupTipMemberChangeInfo kTIMGroupTipMemberChangeInfo group_tips_member_change_info_
    Identifier ShutupTime=shutupTime
GroupTipMemberMarkChangeInfo kTIMGroupTipMember group_tips_member_mark_change_info_
    ChangeInfoEnableMark=enableMark MarkChangeInfoMarkType=markType MarkChangeInfoUserIDList=userIDList
GroupTipsElem kTIMGroupTipsElem group_tips_elem_
    TipType JoinType OpUser GroupId UserArray GroupChangeInfoArray MemberChangeInfoArray OpUserInfo
    OpGroupMemberInfo=op_group_memberinfo ChangedUserInfoArray
    ChangedGroupMemberInfoArray=changed_group_memberinfo_array MemberNum Platform MemberMarkInfoArray PinnedMessageList
    GroupName Time
GroupSelfInfo kTIMGroupSelfInfo group_self_info_
    JoinTime Role UnReadNum=unread_num MsgFlag
GroupBaseInfo kTIMGroupBaseInfo group_base_info_
    GroupId GroupName GroupType FaceUrl InfoSeq LatestSeq ReadedSeq MsgFlag IsShutupAll SelfInfo
GroupDetailInfo kTIMGroupDetailInfo group_detail_info_
    GroupId GroupType IsSupportTopic GroupName Notification Introduction FaceUrl CreateTime InfoSeq LastInfoTime
    NextMsgSeq LastMsgTime MemberNum MaxMemberNum AddOption ApproveOption Visible Searchable IsShutupAll OwnerIdentifier
    CustomInfo EnablePermissionGroup DefaultPermissions OnlineMemberNum
GetGroupInfoResult kTIMGetGroupInfoResult get_groups_info_result_
    Code Desc Info
GroupSearchParam TIMGroupSearchParam group_search_params_
    KeywordList FieldList
GroupModifyInfoParam kTIMGroupModifyInfoParam group_modify_info_param_
    GroupId ModifyFlag GroupName Notification Introduction FaceUrl AddOption ApproveOption MaxMemberNum Visible
    SearchAble=searchable IsShutupAll Owner CustomInfo EnablePermissionGroup DefaultPermissions
GroupAttributes TIMGroupAttribute group_attribute_
    Key Value
GroupCounter kTIMGroupCounter group_counter_
    Key Value
GroupGetOnlineMemberCountResult TIMGroup group_
    GetOnlineMemberCountResult
TIMGroupTopicInfo kTIMGroupTopicInfo group_
    TopicID=topic_info_topic_id TopicName=topic_info_topic_name Introduction=topic_info_introduction
    Notification=topic_info_notification TopicFaceURL=topic_info_topic_face_url IsAllMuted=topic_info_is_all_muted
    SelfMuteTime=topic_info_self_mute_time CustomString=topic_info_custom_string RecvOpt=topic_info_recv_opt
    DraftText=topic_info_draft_text UnreadCount=topic_info_unread_count LastMessage=topic_info_last_message
    GroupAtInfoArray=topic_info_group_at_info_array ModifyFlag=modify_info_param_modify_flag
TIMGroupTopicOperationResult kTIMGroupTopicOperationResult group_topic_operation_result_
    ErrorCode ErrorMessage TopicID
TIMGroupTopicInfoResult kTIMGroupTopicInfoResult group_topic_info_result_
    ErrorCode ErrorMessage TopicInfo
GroupMemberGetInfoOption kTIMGroupMemberGetInfoOption group_member_get_info_option_
    RoleFlag InfoFlag CustomArray
GroupGetMemberInfoListParam kTIMGroupGetMemberInfoListParam group_get_members_info_list_param_
    GroupId IdentifierArray Option NextSeq
GroupGetMemberInfoListResult kTIMGroupGetMemberInfoListResult group_get_member_info_list_result_
    NexSeq=next_seq InfoArray
GroupMemberSearchParam TIMGroupMemberSearchParam group_search_member_params_
    GroupidList KeywordList FieldList
GroupSearchGroupMembersResult TIMGroupSearchGroupMembersResult group_search_member_result_
    GroupID=groupid MemberInfoList
GroupModifyMemberInfoParam kTIMGroupModifyMemberInfoParam group_modify_member_info_
    GroupId Identifier ModifyFlag MsgFlag MemberRole ShutupTime NameCard CustomInfo
GroupInviteMemberParam kTIMGroupInviteMemberParam group_invite_member_param_
    GroupId IdentifierArray UserData
GroupInviteMemberResult kTIMGroupInviteMemberResult group_invite_member_result_
    Identifier Result
GroupDeleteMemberParam kTIMGroupDeleteMemberParam group_delete_member_param_
    GroupId IdentifierArray UserData Duration
GroupDeleteMemberResult kTIMGroupDeleteMemberResult group_delete_member_result_
    Identifier Result
GroupPendencyOption kTIMGroupPendencyOption group_pendency_option_
    StartTime MaxLimited
GroupPendency kTIMGroupPendency group_pendency_
    GroupId FromIdentifier=form_identifier FromNickName FromFaceUrl ToIdentifier AddTime PendencyType Handled
    HandleResult ApplyInviteMsg FromUserDefinedData=form_user_defined_data ApprovalMsg ToUserDefinedData Key
    Authentication SelfIdentifier
GroupPendencyResult kTIMGroupPendencyResult group_pendency_result_
    NextStartTime ReadTimeSeq UnReadNum=unread_num PendencyArray
GroupHandlePendencyParam kTIMGroupHandlePendencyParam group_handle_pendency_param_
    IsAccept HandleMsg Pendency
SdKConfig kTIMSdkConfig sdk_config_
    ConfigFilePath LogFilePath MainThreadID JavaVM
UserConfig kTIMUserConfig user_config_
    IsDisableStorage=is_is_disable_storage IsReadReceipt IsIgnoreGroupTipsUnRead=is_ignore_grouptips_unread IsSyncReport
    GroupGetInfoOption=group_getinfo_option GroupMemberGetInfoOption=group_member_getinfo_option
HttpProxyInfo kTIMHttpProxyInfo http_proxy_info_
    Ip Port UserName=username Password
Socks5ProxyInfo kTIMSocks5ProxyInfo socks5_proxy_info_
    Ip Port UserName=username Password
PACProxyInfo kTIMPACProxyInfo pac_proxy_info_
    UserName=username Password
SetConfig kTIMSetConfig set_config_
    LogLevel CallbackLogLevel IsLogOutputConsole UserConfig UserDefineData HttpProxyInfo Socks5ProxyInfo PACProxyInfo
    IsOnlyLocalDNSSource
FriendShipGetProfileListParam kTIMFriendShipGetProfileListParam friendship_getprofilelist_param_
    IdentifierArray ForceUpdate
TIMUserStatus kTIMUserStatus user_status_
    Identifier StatusType CustomStatus OnlineDevices
UserProfile kTIMUserProfile user_profile_
    Identifier NickName Gender FaceUrl FriendRemark SelfSignature AddPermission Location Language BirthDay=birthday
    Level Role CustomStringArray
UserProfileItem kTIMUserProfileItem user_profile_item_
    NickName Gender FaceUrl SelfSignature AddPermission Location Language BirthDay=birthday Level Role CustomStringArray
UserProfileCustomStringInfo kTIMUserProfileCustomStringInfo user_profile_custom_string_info_
    Key Value
ProfileChangeElem kTIMProfileChangeElem profile_change_elem_
    ChangeType FromIdentifier UserProfileItem
GroupGetInfoOption kTIMGroupGetInfoOption group_get_info_option_
    InfoFlag CustomArray
ElemType kTIMElem elem_
    Type
TextElem kTIMText text_
    ElemContent
CustomElem kTIMCustomElem custom_elem_
    Data Desc Ext Sound
ImageElem kTIMImageElem image_elem_
    OrigPath Level Format OrigId OrigPicHeight OrigPicWidth OrigPicSize ThumbId ThumbPicHeight ThumbPicWidth
    ThumbPicSize LargeId LargePicHeight LargePicWidth LargePicSize OrigUrl ThumbUrl LargeUrl TaskId
SoundElem kTIMSoundElem sound_elem_
    FilePath FileSize FileTime FileId BusinessId Url TaskId
VideoElem kTIMVideoElem video_elem_
    VideoType VideoSize VideoDuration VideoPath VideoId BusinessId VideoUrl ImageType ImageSize ImageWidth ImageHeight
    ImagePath ImageId ImageUrl TaskId
FileElem kTIMFileElem file_elem_
    FilePath FileName FileSize FileId BusinessId Url TaskId
LocationElem kTIMLocationElem location_elem_
    Desc Longitude Latitude
FaceElem kTIMFaceElem face_elem_
    Index Buf
MergerElem kTIMMergerElem merge_elem_
    Title AbstractArray CompatibleText MsgArray=message_array LayersOverLimit=layer_over_limit RelayPbKey RelayJsonKey
    RelayBuffer
GroupReportElem kTIMGroupReportElem group_report_elem_
    ReportType GroupId GroupName OpUser Msg UserData OpUserInfo OpGroupMemberInfo=op_group_memberinfo Platform
    ShutUpTime GroupMessageReceiveOption
Message kTIMMsg message_
    ElemArray ConvId ConvType Sender Priority ClientTime ServerTime IsFormSelf=is_from_self Platform IsRead IsOnlineMsg
    IsPeerRead ReceiptPeerRead NeedReadReceipt SupportMessageExtension IsBroadcastMessage HasSentReceipt
    GroupReceiptReadCount GroupReceiptUnreadCount Version Status UniqueId MsgId Rand Seq CustomInt CustomStr
    CloudCustomStr IsExcludedFromUnreadCount GroupAtUserArray IsForwardMessage SenderProfile SenderGroupMemberInfo
    ExcludedFromLastMessage ExcludedFromContentModeration CustomModerationConfigurationID HasRiskContent
    RiskTypeIdentified TargetGroupMemberArray OfflinePushConfig RevokerUserId RevokerNickName RevokerFaceUrl
    RevokeReason PinnerUserId PinnerNickName PinnerFriendRemark PinnerNameCard PinnerFaceURL
MsgBatchSendParam kTIMMsgBatchSendParam msg_batch_send_param_
    IdentifierArray Msg
MsgBatchSendResult kTIMMsgBatchSendResult msg_batch_send_result_
    Identifier Code Desc Msg
DownloadElemParam kTIMMsgDownloadElemParam msg_download_elem_param_
    Type Id BusinessId Url
MsgDownloadElemResult kTIMMsgDownloadElemResult msg_download_elem_result_
    CurrentSize TotalSize
MsgGetMsgListParam kTIMMsgGetMsgList msg_getmsglist_param_
    ParamLastMsg=last_msg ParamCount=count ParamIsRamble=is_ramble MessageTypeArray ParamIsForward=is_forward
    ParamLastMsgSeq=last_msg_seq ParamTimeBegin=time_begin ParamTimePeriod=time_period
    ParamMessageSeqArray=message_seq_array
MsgLocator kTIMMsgLocator message_locator_
    ConvId ConvType IsRevoked Time Seq IsSelf Rand UniqueId
MessageSearchParam kTIMMsgSearchParam msg_search_param_
    KeywordArray MessageTypeArray ConvId ConvType SearchTimePosition SearchTimePeriod PageIndex PageSize
    KeywordListMatchType SenderIdentifierArray=send_identifier_array SearchCount SearchCursor
MessageSearchResultItem kTIMMsgSearchResultItem msg_search_result_item_
    ConvId ConvType TotalMessageCount MessageArray
MessageSearchResult kTIMMsgSearchResult msg_search_result_
    TotalCount ItemArray SearchCursor
MsgDeleteParam kTIMMsgDeleteParam msg_delete_param_
    Msg IsRamble
GetC2CRecvMsgOptResult kTIMMsgGetC2CRecvMsgOptResult msg_recv_msg_opt_result_
    Identifier Opt
TIMReceiveMessageOptInfo kTIMMsgAllRecvMsg msg_all_recv_msg_
    OptStartHour OptStartMinute OptStartSecond OptStartTimeStamp Duration OptLevel
MessageTranslateTextResult kTIMMsgTranslateText msg_translate_text_
    SourceText TargetText
MessageReceipt kTIMMsgReceipt msg_receipt_
    ConvId ConvType MsgId TimeStamp IsPeerRead ReadCount UnreadCount
MessageExtension kTIMMsgExtension message_extension_
    Key Value
MessageExtensionResult kTIMMsgExtension message_extension_
    ResultCode ResultInfo Item
MessageReaction kTIMMsgReaction message_reaction_
    ID TotalUserCount PartialUserInfoList=partial_user_info_array ReactedByMyself
MessageReactionResult kTIMMsgReactionResult message_reaction_result_
    Code Info MsgId ReactionList
MessageReactionUserResult kTIMMsgReactionUserResult message_reaction_user_result_
    UserInfoArray NextSeq IsFinished
MessageReactionChangeInfo kTIMMsgReactionChangeInfo message_reaction_change_info_
    MsgId ReactionList
Draft kTIMDraft draft_
    Msg UserDefine EditTime
GroupAtInfo kTIMGroupAtInfo conv_group_at_info_
    Seq AtType
ConvInfo kTIMConv conv_
    Id Type FaceUrl UnReadNum=unread_num ActiveTime IsHasLastMsg=is_has_lastmsg LastMsg IsHasDraft Draft RecvOpt
    GroupType GroupAtInfoArray IsPinned ShowName MarkArray CustomData ConversationGroupArray
    C2CReadTimestamp=c2c_read_timestamp GroupReadSequence Owner
TIMConversationListFilter kTIMConversationListFilter conversation_list_filter_
    ConvType ConversationGroup MarkType HasUnreadCount HasGroupAtInfo
TIMConversationListResult TIMConversationListResult conversation_list_result_
    ConvList NextSeq IsFinished
GetConversationListParam kTIMGetConversationListParamConv get_conversation_list_param_conv_
    Id Type
GetTotalUnreadNumberResult kTIMConv conv_
    GetTotalUnreadMessageCountResultUnreadCount
TIMConversationOperationResult kTIMConversationOperationResult conversation_operation_result_
    ConversationID ResultCode ResultInfo
FriendProfileCustomStringInfo kTIMFriendProfileCustomStringInfo friend_profile_custom_string_info_
    Key Value
FriendProfile kTIMFriendProfile friend_profile_
    Identifier GroupNameArray Remark AddWording AddSource AddTime UserProfile CustomStringArray
FriendProfileItem kTIMFriendProfileItem friend_profile_item_
    Remark GroupNameArray CustomStringArray
FriendshipModifyFriendProfileParam kTIMFriendshipModifyFriendProfileParam friendship_modify_friend_profile_param_
    Identifier Item
FriendProfileUpdate kTIMFriendProfileUpdate friend_profile_update_
    Identifier Item
FriendshipAddFriendParam kTIMFriendshipAddFriendParam friendship_add_friend_param_
    Identifier FriendType Remark GroupName AddSource AddWording
FriendshipDeleteFriendParam kTIMFriendshipDeleteFriendParam friendship_delete_friend_param_
    FriendType IdentifierArray
FriendAddPendency kTIMFriendAddPendency friend_add_pendency_
    Type Identifier NickName FaceUrl AddTime AddSource AddWording
FriendshipGetPendencyListParam kTIMFriendshipGetPendencyListParam friendship_get_pendency_list_param_
    Type StartSeq StartTime LimitedSize
PendencyPage kTIMPendencyPage pendency_page_
    StartTime UnReadNum=unread_num CurrentSeq PendencyInfoArray
FriendAddPendencyInfo kTIMFriendAddPendencyInfo friend_add_pendency_info_
    Type Identifier NickName FaceUrl AddTime AddSource AddWording
FriendResponse kTIMFriendResponse friend_response_
    Identifier Action Remark GroupName
FriendshipDeletePendencyParam kTIMFriendshipDeletePendencyParam friendship_delete_pendency_param_
    Type IdentifierArray
FriendshipCheckFriendTypeParam kTIMFriendshipCheckFriendTypeParam friendship_check_friendtype_param_
    CheckType IdentifierArray
FriendshipCheckFriendTypeResult kTIMFriendshipCheckFriendTypeResult friendship_check_friendtype_result_
    Identifier Relation Code Desc
FriendResult kTIMFriendResult friend_result_
    Identifier Code Desc
CreateFriendGroupParam kTIMFriendshipCreateFriendGroupParam friendship_create_friend_group_param_
    NameArray IdentifierArray
FriendGroupInfo kTIMFriendGroupInfo friend_group_info_
    Name Count IdentifierArray
FriendshipModifyFriendGroupParam kTIMFriendshipModifyFriendGroupParam friendship_modify_friend_group_param_
    Name NewName DeleteIdentifierArray AddIdentifierArray
FriendSearchParam kTIMFriendshipSearchParam friendship_search_param_
    KeywordList SearchFieldList
FriendInfoGetResult kTIMFriendshipFriendInfoGetResult friendship_friend_info_get_result_
    Identifier RelationType ErrorCode ErrorMessage FriendInfo=field_info
OfficialAccountInfo kTIMOfficialAccount official_account_
    ID Name FaceUrl OwnerUserID Introduction Organization CreateTime SubscriberCount SubscribeTime CustomData
GetOfficialAccountInfoResult kTIMGetOfficialAccount get_official_accounts_
    InfoResultCode InfoResultDesc Info
FollowOperationResult kTIMFollowOperationResult follow_operation_result_
    UserID Code Info=Info
FollowListResult kTIMFollowListResult follow_list_result_
    NextCursor UerInfoList=user_info_list
FollowInfo kTIMFollowInfo follow_info_
    ResultCode ResultInfo UserID FollowingCount FollowersCount MutualFollowersCount
FollowTypeCheckResult kTIMFollowTypeCheckResult follow_type_check_result_
    UserID Code Info FollowType
FriendChangeElem kTIMFriendChangeElem friend_change_elem_
    ChangeType FriendAddIdentifierArray FriendDelIdentifierArray FriendAddPendencyItemArray=friend_add_pendency_array
    PendencyDelIdentifierArray PendencyReadedReportTimestamp BlackListAddIdentifierArray=blacklist_add_identifier_array
    BlackListDelIdentifierArray=blacklist_del_identifier_array FriendProfileUpdateItemArray
    FriendGroupAddIdentifierArray=friend_group_add_array FriendGroupDelIdentifierArray=friend_group_del_array
    FriendGroupModifyIdentifierArray=friend_group_update_array
TopicInfo kTIMCommunityTopic -
    InfoTopicID=group_topic_info_topic_id InfoTopicName=group_topic_info_topic_name
    InfoIntroduction=group_topic_info_introduction InfoNotification=group_topic_info_notification
    InfoFaceURL=group_topic_info_topic_face_url InfoIsAllMuted=group_topic_info_is_all_muted
    InfoSelfMuteTime=group_topic_info_self_mute_time InfoCustomString=group_topic_info_custom_string
    InfoRecvOpt=group_topic_info_recv_opt InfoDraftText=group_topic_info_draft_text
    InfoUnreadCount=group_topic_info_unread_count InfoLastMessage=group_topic_info_last_message
    InfoReadSequence=topic_info_read_sequence InfoGroupAtInfoArray=group_topic_info_group_at_info_array
    InfoModifyFlag=group_modify_info_param_modify_flag CreateTime=topic_create_time
    InfoDefaultPermissions=default_permissions
TopicInfoResult kTIMCommunityTopicInfoResult group_topic_info_result_
    ErrorCode ErrorMessage TopicInfo
TopicOperationResult kTIMCommunityTopicOperationResult group_topic_operation_result_
    ErrorCode ErrorMessage TopicID
PermissionGroupInfo kTIM -
    CommunityGroupID PermissionGroupID PermissionGroupName PermissionCustomData GroupPermission
    PermissionGroupMemberCount PermissionGroupModifyInfoFlag
TopicPermissionMap kTIMTopicPermission topic_permission_
    Key Value
PermissionGroupInfoResult kTIMPermissionGroupInfo permission_group_info_
    ResultErrorCode ResultErrorMessage Result
PermissionGroupOperationResult kTIMPermissionGroupOperationResult permission_group_operation_result_
    ErrorCode ErrorMessage ID
PermissionGroupMemberOperationResult kTIMPermissionGroupMemberOperationResult permission_group_member_operation_result_
    Identifier ErrorCode
PermissionGroupMemberInfoResult kTIMPermissionGroupMemberInfoResult permission_group_member_info_result_
    NextCursor Array
TopicPermissionResult kTIMTopicPermissionResult topic_permission_result_
    ErrorCode ErrorMessage TopicID TopicPermission GroupID PermissionGroupID
PermissionGroupCallback kTIM -
    TopicPermissionMap TopicIDList MemberIDList
SignalingInfo kTIMSignalingInfo signaling_info_
    InviteID GroupID Inviter InviteeList Data ActionType Timeout
OfflinePushToken kTIMOfflinePushToken offline_push_token_
    Token BusinessID Type
IOSOfflinePushConfig kTIMIOSOfflinePushConfig ios_offline_push_config_
    Title Sound IgnoreBadge PushType Image
AndroidOfflinePushConfig kTIMAndroidOfflinePushConfig android_offline_push_config_
    Title Sound NotifyMode VIVOClassification VIVOCategory OPPOChannelID XiaoMiChannelID=xiaomi_channel_id FCMChannelID
    HuaWeiCategory=huawei_category HuaWeiImage=huawei_image HonorImage FCMImage
OfflinePushConfig kTIMOfflinePushConfig offline_push_config_
    Desc Ext Flag IOSConfig AndroidConfig
SSODataParam kTIMSSODataParam sso_data_param_
    Cmd Body Timeout
SSODataRes kTIMSSODataRes sso_data_res_
    Cmd Body
UserInfo kTIMUserInfo user_info_
    UserId=userid TinyId=tinyid
ServerAddress kTIMServerAddress server_address_
    Ip Port IsIPv6=is_ipv6 IsQuic
CustomServerInfo kTIMCustomServerInfo -
    LongConnectionAddressArray=longconnection_address_array ShortConnectionAddressArray=shortconnection_address_array
    ServerPublicKey
QuicChannelInfo kTIMQuic quic_
    ChannelInfoEnableQuic
SM4GCMCallbackParam kTIMSM4GCMCallbackParam sm4_gcm_callback_param_
    Encrypt Decrypt
CosSaveRegionForConversationParam kTIMCosSaveRegionForConversationParam cos_save_region_for_conversation_param_
    ConversationID CosSaveRegion
DatabaseEncryptInfo kTIMDatabaseEncryptInfoEncrypt database_encrypt_info_encrypt_
    Type Key
CommercialAbilityResult kTIMCommercial commercial_
    AbilityResultEnabled
RequestParam kTIMRequest -
    InternalOperation=request_internal_operation SSODataParam=request_sso_data_param
    UserId2TinyIdParam=request_userid_tinyid_param TinyId2UserIdParam=request_tinyid_userid_param
    SetEnvParam=request_set_env_param SetIPv6PriorParam=request_set_ipv6_prior_param
    SetMaxRetryCountParam=request_set_max_retry_count_param
    SetPacketRequestTimeoutParam=request_set_packet_request_timeout_param
    SetCustomServerInfoParam=request_set_custom_server_info_param
    EnableQuicChannelParam=request_enable_quic_channel_param SetSM4GCMCallbackParam=request_set_sm4_gcm_callback_param
    InitLocalStorageParam=request_init_local_storage_user_id_param
    SetCosSaveRegionForConversationParam=request_set_cos_save_region_for_conversation_param
    SetUIPlatformParam=request_set_ui_platform_param SetDatabaseEncryptInfoParam=request_set_database_encrypt_info_param
    IsCommercialAbilityEnabledParam=request_is_commercial_ability_enabled_param
    SetOfflinePushStateParam=request_set_offline_push_state_param
    MessageRevokerMessageIdArray=request_message_revoker_message_id_array
    WriteLogLogLevelParam=request_write_log_log_level_param WriteLogLogContentParam=request_write_log_log_content_param
    WriteLogFileNameParam=request_write_log_file_name_param WriteLogFuncNameParam=request_write_log_func_name_param
    WriteLogLineNumberParam=request_write_log_line_number_param
    ClearLocalHistoryMessageConversationIDParam=request_clear_local_history_message_conversation_id_param
    ClearLocalHistoryMessageBeginTimestampParam=request_clear_local_history_message_begin_timestamp_param
    ClearLocalHistoryMessageEndTimestampParam=request_clear_local_history_message_end_timestamp_param
    ReportTUIComponentUsageUIComponentTypeParam=report_tuicomponent_usage_uicomponent_type_param
    ReportTUIComponentUsageUIStyleTypeParam=report_tuicomponent_usage_uistyle_type_param
    SendTRTCCustomDataParam=request_send_trtc_custom_data_param
    SendRoomCustomDataServiceCommandParam=request_send_room_custom_data_service_command_param
    SendRoomCustomDataRequestContentParam=request_send_room_custom_data_request_content_param
    SetApplicationIDParam=request_set_application_id_param GetServerConfigKeyParam=request_get_server_config_key_param
    GetServerConfigValueTypeParam=request_get_server_config_value_type_param
    SetIgnoreRepeatLoginParam=request_set_ignore_repeat_login_param
    StartMessageLongPollingIDParam=request_start_message_long_polling_id_param
    StartMessageLongPollingKeyParam=request_start_message_long_polling_key_param
    StartMessageLongPollingSequenceParam=request_start_message_long_polling_sequence_param
    StopMessageLongPollingIDParam=request_stop_message_long_polling_id_param
    FindMergerMessagesMessageIDParam=request_find_merger_messages_message_id_param
    FindMergerMessagesMergerMessageIDListParam=request_find_merger_messages_merger_message_id_list_param
    GetBriefGroupMemberListGroupIDParam=request_get_brief_group_member_list_group_id_param
ResponseInfo kTIMResponse response_
    InternalOperation SSODataRes UserId2TinyIdRes=userid_tinyid_res TinyId2UserIdRes=tinyid_userid_res
    SetEvnRes=set_env_res GetOfflinePushStateRes MessageId MessageRevoker
"""
_OPERATIONS = """
TIMInternalOperation kTIMInternalOperation internal_operation_
    SSOData UserId2TinyId=userid_tinyid TinyId2UserId=tinyid_userid SetEnv SetIPv6Prior=set_ipv6_prior SetMaxRetryCount
    SetPacketRequestTimeout SetCustomServerInfo EnableQuicChannel SetSM4GCMCallback InitLocalStorage
    SetCosSaveRegionForConversation SetUIPlatform SetDatabaseEncryptInfo IsCommercialAbilityEnabled SetOfflinePushState
    GetOfflinePushState GetMessageRevoker WriteLog ClearLocalHistoryMessage UpdateProxyInfo
    ReportTUIComponentUsage=report_tuicomponent_usage SendTRTCCustomData SendRoomCustomData SetApplicationID
    GetServerConfig SetIgnoreRepeatLogin StartMessageLongPolling StopMessageLongPolling FindMergerMessages
    GetBriefGroupMemberList
"""
_ALIASES = """
FriendTypeSignle=FriendTypeSingle kTIMFriendshipSearchFieldKey_NikeName=kTIMFriendshipSearchFieldKey_NickName
kTIMFriendChangeElemFreindProfileUpdateItemArray=kTIMFriendChangeElemFriendProfileUpdateItemArray
kTIMFriendProfileCustemStringInfoKey=kTIMFriendProfileCustomStringInfoKey
kTIMFriendProfileCustemStringInfoValue=kTIMFriendProfileCustomStringInfoValue
kTIMFriendResponeIdentifier=kTIMFriendResponseIdentifier kTIMFriendResponeAction=kTIMFriendResponseAction
kTIMFriendResponeRemark=kTIMFriendResponseRemark kTIMFriendResponeGroupName=kTIMFriendResponseGroupName
KTIMFollowListResultNextCursor=kTIMFollowListResultNextCursor
KTIMFollowListResultUerInfoList=kTIMFollowListResultUerInfoList
kTIMGroupModifyInfoFlag_MaxMmeberNum=kTIMGroupModifyInfoFlag_MaxMemberNum
kTIMGroupMemberSearchFieldKey_NikeName=kTIMGroupMemberSearchFieldKey_NickName
kTIMGroupMemberInfoCustemStringInfoKey=kTIMGroupMemberInfoCustomStringInfoKey
kTIMGroupMemberInfoCustemStringInfoValue=kTIMGroupMemberInfoCustomStringInfoValue
kTIMGroupInfoCustemStringInfoKey=kTIMGroupInfoCustomStringInfoKey
kTIMGroupInfoCustemStringInfoValue=kTIMGroupInfoCustomStringInfoValue
kTIMGroupBaseInfoLastestSeq=kTIMGroupBaseInfoLatestSeq kTIMGroupDetialInfoGroupId=kTIMGroupDetailInfoGroupId
kTIMGroupDetialInfoGroupType=kTIMGroupDetailInfoGroupType
kTIMGroupDetialInfoIsSupportTopic=kTIMGroupDetailInfoIsSupportTopic
kTIMGroupDetialInfoGroupName=kTIMGroupDetailInfoGroupName
kTIMGroupDetialInfoNotification=kTIMGroupDetailInfoNotification
kTIMGroupDetialInfoIntroduction=kTIMGroupDetailInfoIntroduction kTIMGroupDetialInfoFaceUrl=kTIMGroupDetailInfoFaceUrl
kTIMGroupDetialInfoCreateTime=kTIMGroupDetailInfoCreateTime kTIMGroupDetialInfoInfoSeq=kTIMGroupDetailInfoInfoSeq
kTIMGroupDetialInfoLastInfoTime=kTIMGroupDetailInfoLastInfoTime
kTIMGroupDetialInfoNextMsgSeq=kTIMGroupDetailInfoNextMsgSeq
kTIMGroupDetialInfoLastMsgTime=kTIMGroupDetailInfoLastMsgTime kTIMGroupDetialInfoMemberNum=kTIMGroupDetailInfoMemberNum
kTIMGroupDetialInfoMaxMemberNum=kTIMGroupDetailInfoMaxMemberNum
kTIMGroupDetialInfoAddOption=kTIMGroupDetailInfoAddOption
kTIMGroupDetialInfoApproveOption=kTIMGroupDetailInfoApproveOption
kTIMGroupDetialInfoOnlineMemberNum=kTIMGroupDetailInfoOnlineMemberNum
kTIMGroupDetialInfoVisible=kTIMGroupDetailInfoVisible kTIMGroupDetialInfoSearchable=kTIMGroupDetailInfoSearchable
kTIMGroupDetialInfoIsShutupAll=kTIMGroupDetailInfoIsShutupAll
kTIMGroupDetialInfoOwnerIdentifier=kTIMGroupDetailInfoOwnerIdentifier
kTIMGroupDetialInfoCustomInfo=kTIMGroupDetailInfoCustomInfo
TIMGroupGetOnlineMemberCountResulCount=TIMGroupGetOnlineMemberCountResult
kTIMGroupMemberInfoRemark=kTIMGroupMemberInfoFriendRemark
TIMGroupSearchGroupMembersdResultGroupID=TIMGroupSearchGroupMembersResultGroupID
TIMGroupSearchGroupMembersdResultMemberInfoList=TIMGroupSearchGroupMembersResultMemberInfoList
KTIMGroupMemberInfoOnlineDevices=kTIMGroupMemberInfoOnlineDevices kTIMGroupInfoFlag_AddOpton=kTIMGroupInfoFlag_AddOption
kTIMGenderType_Unkown=kTIMGenderType_Unknown kTIMUserConfigIsIngoreGroupTipsUnRead=kTIMUserConfigIsIgnoreGroupTipsUnRead
kTIMSetConfigCackBackLogLevel=kTIMSetConfigCallbackLogLevel
kTIMProfileChangeElemFromIndentifier=kTIMProfileChangeElemFromIdentifier
kTIMUserProfileCustemStringInfoKey=kTIMUserProfileCustomStringInfoKey
kTIMUserProfileCustemStringInfoValue=kTIMUserProfileCustomStringInfoValue
kTIMUserProfileItemLoaction=kTIMUserProfileItemLocation KTIMUserStatusOnlineDevices=kTIMUserStatusOnlineDevices
kImSDK_MesssageAtALL=kImSDK_MessageAtALL kTIMLocationElemlatitude=kTIMLocationElemLatitude
"""
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _table(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    name = prefix = key_prefix = ""
    for line in text.strip().splitlines():
        if not line.startswith(" "):
            name, prefix, key_prefix = ("" if word == "-" else word for word in line.split())
            found[name] = {}
            continue
        for word in line.split():
            own, _, key = word.partition("=")
            found[name][prefix + own] = key_prefix + (key or _WORD.sub("_", own).lower())
    return found


KEYS = _table(_OBJECTS)
"""By object: each key by its name."""
OPERATIONS = _table(_OPERATIONS)["TIMInternalOperation"]
"""What ``callExperimentalAPI`` may be asked for, by its name."""
TEXTS = {
    "kImSDK_MessageAtALL": "__kImSDK_MessageAtALL__",
    "kIOSOfflinePushNoSound": "push.no_sound",
    "kIOSOfflinePushDefaultSound": "default",
}
"""Values that stand for something: everybody mentioned, and sounds of iOS."""
ALIASES = dict(pair.split("=") for pair in _ALIASES.split())
"""Other spellings of names and of enum members, and what is meant."""
