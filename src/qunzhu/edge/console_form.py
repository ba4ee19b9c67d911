"""What the console's forms are made from: the records' limits, the kinds, the plan and the app's fields.

The limits are those that the command itself checks, so the form cannot know others than the server.
"""

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from qunzhu.commands.groups import CreateGroup
from qunzhu.core.fields import about
from qunzhu.core.ids import (
    COMMUNITY_PREFIX,
    GENERATED_COMMUNITY_PREFIX,
    GENERATED_PREFIX,
    MAX_GROUP_ID,
    TOPIC_MARK,
)
from qunzhu.core.kinds import COMMUNITY, KINDS, Kind
from qunzhu.core.plans import OPEN_CAP
from qunzhu.core.ports import App

SEED_NAMES: Mapping[str, str] = {
    "Type": "create_group_param_group_type", "Name": "create_group_param_group_name",
    "GroupId": "create_group_param_group_id", "Owner_Account": "",
    "Introduction": "create_group_param_introduction", "Notification": "create_group_param_notification",
    "FaceUrl": "create_group_param_face_url", "MaxMemberCount": "create_group_param_max_member_num",
    "ApplyJoinOption": "create_group_param_add_option", "InviteJoinOption": "create_group_param_approve_option",
    "AppDefinedData": "create_group_param_custom_info", "MemberList": "create_group_param_group_member_array",
    "SupportTopic": "create_group_param_is_support_topic",
    "EnablePermission": "create_group_param_enable_permission_group",
    "DefaultPermission": "create_group_param_default_permissions",
}  # fmt: skip
"""The SDK's name of each field; empty where the SDK has none: who creates a group through it owns it."""
SDK_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "Type": {
        "Public": "kTIMGroup_Public", "Private": "kTIMGroup_Private", "ChatRoom": "kTIMGroup_ChatRoom",
        "AVChatRoom": "kTIMGroup_AVChatRoom", "Community": "kTIMGroup_Community",
    },
    "Option": {
        "DisableApply": "kTIMGroupAddOpt_Forbid", "DisableInvite": "kTIMGroupAddOpt_Forbid",
        "NeedPermission": "kTIMGroupAddOpt_Auth", "FreeAccess": "kTIMGroupAddOpt_Any",
    },
}  # fmt: skip


def create_form(app: App) -> dict[str, Any]:
    """Return the form's fields with their limits, and what each kind of group has of its own."""
    _, records = msgspec.json.schema_components([CreateGroup], ref_template="{name}")
    return {
        "fields": [_field(name, part) for name, part in records["CreateGroup"]["properties"].items()],
        "required": records["CreateGroup"]["required"],
        "member": {name: _limits(part) for name, part in records["FirstMember"]["properties"].items()},
        "custom_value": _limits(records["GroupField"]["properties"]["Value"]),
        "kinds": [_kind(app, kind) for kind in KINDS],
        "group_fields": [msgspec.structs.asdict(field) for field in app.settings.group_fields],
        "member_fields": [msgspec.structs.asdict(field) for field in app.settings.member_fields],
        "ids": {
            "max_bytes": MAX_GROUP_ID, "reserved": GENERATED_PREFIX, "community": COMMUNITY_PREFIX,
            "community_reserved": GENERATED_COMMUNITY_PREFIX, "topic_mark": TOPIC_MARK,
        },
        "sdk_options": SDK_OPTIONS,
        "plan": app.plan_name,
    }  # fmt: skip


@functools.lru_cache(maxsize=64)
def limits_of(record: type[msgspec.Struct]) -> dict[str, dict[str, Any]]:
    """Return the limits of the top-level fields of a record."""
    _, records = msgspec.json.schema_components([record], ref_template="{name}")
    fields = records[record.__name__].get("properties", {})
    return {name: _limits(part) for name, part in fields.items()}


def _field(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "seed": SEED_NAMES[name], "about": about("CreateGroup", name), **_limits(part)}


def _limits(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the limits of a field in the words of JSON Schema; ``x-max-bytes`` are bytes of UTF-8."""
    wanted = next((one for one in part.get("anyOf", ()) if one.get("type") != "null"), part)
    whole = {**wanted, **part}
    names = ("type", "x-max-bytes", "minLength", "maxLength", "pattern", "enum", "minimum", "maximum", "maxItems")
    return {name: whole[name] for name in names if name in whole}


def _kind(app: App, kind: Kind) -> dict[str, Any]:
    """Return what the form must know of a kind under the app's plan; ``closed`` says why there can be none."""
    cap = getattr(app.plan, kind.member_cap) if kind.member_cap else None
    closed = ""
    if kind is COMMUNITY and (app.plan.communities == 0 or not app.communities_on):
        closed = "plan" if app.plan.communities == 0 else "off"
    return {
        "name": kind.name, "new_name": kind.new_name, "closed": closed, "max_members": cap,
        "default_members": (cap or OPEN_CAP[kind.member_cap]) if kind.member_cap else None,
        "takes_members": kind.stores_members, "has_admins": kind.has_admins,
        "apply": {"default": kind.default_apply, "fixed": kind.fixed_apply},
        "invite": {"default": kind.default_invite, "fixed": kind.fixed_invite},
        "topics": kind is COMMUNITY,
    }  # fmt: skip
