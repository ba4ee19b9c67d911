"""All commands of the reference service's server API, so that coverage can be counted and a missing one is told apart.

By service, in the order of its documentation.
"""

REFERENCE: dict[str, tuple[str, ...]] = {
    "group_open_http_svc": (
        "get_appid_group_list", "create_group", "get_group_info", "get_group_member_info",
        "get_specified_group_member_info", "modify_group_base_info", "add_group_member", "delete_group_member",
        "modify_group_member_info", "destroy_group", "get_joined_group_list", "get_role_in_group", "forbid_send_msg",
        "get_group_muted_account", "get_group_shutted_uin", "send_group_msg", "send_group_system_notification",
        "group_msg_recall", "change_group_owner", "import_group", "import_group_msg", "import_group_member",
        "set_unread_msg_num", "delete_group_msg_by_sender", "clear_group_msg", "group_msg_get_simple",
        "get_online_member_num", "modify_group_attr", "set_group_attr", "clear_group_attr", "delete_group_attr",
        "get_group_counter", "update_group_counter", "delete_group_counter", "send_broadcast_msg",
        "get_group_ban_member", "ban_group_member", "unban_group_member", "get_group_msg_receipt",
        "get_group_msg_receipt_detail", "group_msg_receipt", "import_topic", "create_permission_group",
        "destroy_permission_group", "modify_permission_group", "get_permission_group", "add_topic_permission_group",
        "set_topic_permission_group", "delete_topic_permission_group", "get_topic_permission_group",
        "add_permission_group_member", "delete_permission_group_member", "get_permission_group_member_list",
    ),
    "group_open_attr_http_svc": (
        "get_group_attr",
    ),
    "group_open_avchatroom_http_svc": (
        "get_members", "modify_user_info", "modify_admin", "get_admin_list", "check_members",
    ),
    "million_group_open_http_svc": (
        "create_topic", "get_topic", "modify_topic", "destroy_topic",
    ),
    "openim_msg_ext_http_svc": (
        "set_key_values", "get_key_values", "group_set_key_values", "group_get_key_values",
    ),
    "im_open_login_svc": (
        "account_import", "multiaccount_import", "account_delete", "account_check", "kick",
    ),
    "openim": (
        "query_online_status", "querystate", "sendmsg", "batchsendmsg", "importmsg", "admin_getroammsg",
        "admin_msgwithdraw", "admin_set_msg_read", "get_c2c_unread_msg_num", "modify_c2c_msg", "modify_group_msg",
        "delete_c2c_msg_ramble", "c2c_msg_read_receipt",
    ),
    "profile": (
        "portrait_set", "portrait_get",
    ),
    "sns": (
        "friend_add", "friend_import", "friend_update", "friend_delete", "friend_delete_all", "friend_check",
        "friend_get", "friend_get_list", "black_list_add", "black_list_delete", "black_list_get", "black_list_check",
        "group_add", "group_delete", "group_get",
    ),
    "follow": (
        "follow_add", "follow_delete", "follow_check", "follow_get", "follow_get_info",
    ),
    "recentcontact": (
        "get_list", "delete", "create_contact_group", "update_contact_group", "del_contact_group", "mark_contact",
        "get_contact_group", "search_contact_group",
    ),
    "openconfigsvr": (
        "setnospeaking", "getnospeaking", "getappinfo",
    ),
    "open_msg_svc": (
        "get_history",
    ),
    "ConfigSvc": (
        "GetIPList",
    ),
    "all_member_push": (
        "im_push", "im_set_attr_name", "im_get_attr_name", "im_get_attr", "im_set_attr", "im_remove_attr",
        "im_get_tag", "im_add_tag", "im_remove_tag", "im_remove_all_tags",
    ),
    "openim_robot_http_svc": (
        "create_robot", "delete_robot", "get_all_robots",
    ),
    "official_account_open_http_svc": (
        "create_official_account", "destroy_official_account", "modify_official_account_base_info",
        "get_official_account_info", "add_subscriber", "delete_subscriber", "get_subscriber_info",
        "modify_subscriber_info", "get_subscribed_official_account_list", "send_official_account_msg",
        "official_account_msg_recall", "official_account_msg_get_simple",
    ),
    "im_msg_audit": (
        "content_moderation", "batch_content_moderation",
    ),
    "im_msg_audit_mgr": (
        "add_local_audit_keywords", "delete_local_audit_keywords", "get_local_audit_keywords",
        "get_cloud_audit_keywords_ids", "get_cloud_audit_keywords", "add_cloud_audit_keywords",
        "delete_cloud_audit_keywords",
    ),
    "im_cos_msg": (
        "get_cos_sig", "forbid_illegal_object", "allow_banned_object",
    ),
}  # fmt: skip
REFERENCE_PATHS = frozenset(f"{service}/{name}" for service, names in REFERENCE.items() for name in names)
