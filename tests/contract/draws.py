"""Random commands for the machine: some actor, mostly valid fields, drawn from what the model knows to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contract.model import ADMIN, ALL_BITS, FOREVER, KINDS, Fields, Who

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from contract.model_communities import Model

USERS = [f"u{number}" for number in range(7)]
REST_ONLY = {"import_group", "import_group_member", "send_group_system_notification", "import_topic"}
GATEWAY_ONLY = {
    "join_group", "quit_group", "get_group_applications", "handle_group_application",
    "report_group_applications_read", "get_joined_permission_groups",
}  # fmt: skip
IN_ROOMS = {
    "ban_group_member", "unban_group_member", "get_group_ban_member", "modify_admin", "get_admin_list",
    "modify_user_info", "get_members", "check_members", "get_online_member_num",
}  # fmt: skip
FLAGS = ["AcceptAndNotify", "AcceptNotNotify", "Discard"]
MASKS = [0, 1, 2, 4, 6, 8, 12, 16, 32, 36, 63, 1024, 2**63, ALL_BITS]
TEXTS = {"Name": "nm", "Introduction": "in", "Notification": "", "FaceUrl": "fa"}


class Draw:
    """One draw: a group, its people, and pieces of requests."""

    def __init__(self, rng: random.Random, model: Model, name: str) -> None:
        self.rng, self.model = rng, model
        groups = list(model.groups.values())
        if any(word in name for word in ("topic", "permission")) and self.chance(0.95):
            groups = [g for g in groups if g["kind_name"] == "Community"] or groups
        if name in {"join_group", "handle_group_application", "add_group_member"} and self.chance(0.75):
            asking = {"Public", "AVChatRoom"} if name == "join_group" else {"Public", "ChatRoom"}
            groups = [g for g in groups if g["kind_name"] in asking] or groups
        if "group_attr" in name and self.chance(0.8):
            groups = [g for g in groups if g["attributes"]] or groups
        if name in IN_ROOMS and self.chance(0.9):
            groups = [g for g in groups if g["kind_name"] == "AVChatRoom"] or groups
        self.g = rng.choice(groups) if groups else {"group_id": "gone", "members": {}, "topics": {}, "permissions": {}}
        if self.chance(0.02):
            self.g = {**self.g, "group_id": "gone"}
        self.id = self.g["group_id"]
        self.inside = [*self.g["members"], *self.g.get("live", ())]
        self.outside = [user for user in USERS if user not in self.inside]

    def chance(self, share: float) -> bool:
        """Say yes in this share of cases."""
        return self.rng.random() < share

    def maybe(self, share: float, **fields: Any) -> Fields:
        """Return fields in this share of cases."""
        return fields if self.chance(share) else {}

    def some(self, choices: Fields, most: int = 3) -> Fields:
        """Return a few of the fields."""
        return {name: choices[name] for name in self.rng.sample(list(choices), self.rng.randint(1, most))}

    def user(self, inside: float = 0.7) -> str:
        """Return a member of the group, or somebody else."""
        people = self.inside if self.chance(inside) else self.outside
        return "nobody" if self.chance(0.03) else self.rng.choice(people or USERS)

    def users(self, inside: float = 0.7, most: int = 3) -> list[str]:
        """Return some users, each once."""
        return list(dict.fromkeys(self.user(inside) for _ in range(self.rng.randint(1, most))))

    def listed(self, inside: float = 0.7) -> list[Fields]:
        """Return some users as the wire lists them."""
        return [{"Member_Account": user} for user in self.users(inside)]

    def who(self, name: str) -> Who:
        """Return somebody to call a command."""
        if name in REST_ONLY:
            return Who(ADMIN, gateway=False)
        if name not in GATEWAY_ONLY and self.chance(0.25):
            return Who(ADMIN, gateway=False)
        if self.chance(0.03):
            return Who(ADMIN, gateway=True)
        role = self.rng.choice(["Owner", "Admin", "Member", "Member", ""])
        people = [user for user in self.inside if self.model.role(self.g, user) == role]
        if self.g.get("kind_name") == "AVChatRoom" and self.chance(0.5):
            people = [user for user in (self.g["owner"], *self.g["admins"]) if user] or people
        if name in {"join_group", "create_group"}:
            people = self.outside if self.chance(0.9) else self.inside
        user = self.rng.choice(people or self.outside or USERS)
        # A deleted account calls nothing: its sessions are over.
        return Who(user if user in self.model.accounts else ADMIN, gateway=True)

    def topic(self) -> str:
        """Return a topic's id, mostly of one that is there."""
        there = list(self.g["topics"])
        if self.chance(0.02):
            return "elsewhere@TOPIC#_a"
        return self.rng.choice(there) if there and self.chance(0.85) else f"{self.id}@TOPIC#_{self.rng.choice('abc')}"

    def topics(self) -> list[str]:
        """Return some topics, each once."""
        return list(dict.fromkeys(self.topic() for _ in range(self.rng.randint(1, 3))))

    def permission(self) -> str:
        """Return a permission group's id, mostly of one that is there."""
        there = list(self.g["permissions"])
        return self.rng.choice(there) if there and self.chance(0.9) else f"@PMG#_{self.rng.choice('ab')}"

    def attributes(self, new: float = 0.7) -> list[Fields]:
        """Return attributes, some of them with the version that was read."""
        present = self.g.get("attributes", {})
        keys = {self.rng.choice("abcdef") if self.chance(new) or not present else self.rng.choice(list(present))}
        keys |= set(self.rng.sample(list(present), 1)) if present and self.chance(0.5) else set()
        return [
            {"key": key, "value": self.rng.choice("xyz"),
             **self.maybe(0.3, seq=present.get(key, ("", 0))[1] + self.chance(0.2))}
            for key in sorted(keys)
        ]  # fmt: skip

    def custom(self, *keys: str) -> list[Fields]:
        """Return custom fields, mostly one that everybody in the group may write."""
        key = keys[0] if self.chance(0.7) else self.rng.choice(keys)
        return [{"Key": key, "Value": self.rng.choice(["", "v", "w"])}]


def creation(d: Draw) -> Fields:
    """Return fields of a new group."""
    kind = d.rng.choice([*KINDS, "Public", "Community", "Community"])
    fields: Fields = {"Type": kind, "Name": d.rng.choice("abc"), **d.maybe(0.8, Owner_Account=d.user(0))}
    fields |= d.maybe(0.3, GroupId=("@TGS#_" if kind == "Community" else "") + d.rng.choice(["one", "two"]))
    fields |= d.maybe(0.2, MaxMemberCount=d.rng.choice([1, 3, 5])) | d.maybe(0.2, FaceUrl="f", Notification="n")
    fields |= d.maybe(0.3, ApplyJoinOption=d.rng.choice(["FreeAccess", "NeedPermission", "DisableApply"]))
    fields |= d.maybe(0.1, AppDefinedData=d.custom("open_g", "admin_g", "owner_g", "work_g", "any_g"))
    if d.chance(0.9 if kind == "Community" else 0.02):
        fields |= {"SupportTopic": 1}
    return fields


def create_group(d: Draw) -> Fields:
    """Return fields of create_group."""
    fields = creation(d)
    fields |= d.maybe(0.4, InviteJoinOption=d.rng.choice(["FreeAccess", "NeedPermission", "DisableInvite"]))
    if d.chance(0.5 if fields.get("SupportTopic") else 0.02):
        fields |= {"EnablePermission": 1} | d.maybe(0.5, DefaultPermission=d.rng.choice(MASKS))
    if d.chance(0.8 if fields["Type"] != "AVChatRoom" else 0.05):
        admins = 0.4 if fields["Type"] != "Private" else 0.02
        fields["MemberList"] = [
            {
                "Member_Account": d.user(0),
                **d.maybe(admins, Role="Admin"), **d.maybe(0.1, NameCard="c"), **d.maybe(0.1, MuteTime=5),
                **d.maybe(0.05, AppMemberDefinedData=d.custom("open_m", "admin_m", "pub_m", "none")),
                **d.maybe(0.1, MsgFlag=d.rng.choice(FLAGS)), **d.maybe(0.1, JoinTime=d.model.now - 5),
            }
            for _ in range(d.rng.randint(1, 5))
        ]  # fmt: skip
    return fields


def change(d: Draw) -> Fields:
    """Return fields of modify_group_base_info."""
    fields = d.some({
        **TEXTS, "MaxMemberNum": d.rng.choice([2, 4, 50]), "MuteAllMember": d.rng.choice(["On", "Off"]),
        "ApplyJoinOption": d.rng.choice(["FreeAccess", "NeedPermission", "NeedPermission", "DisableApply"]),
        "InviteJoinOption": d.rng.choice(["FreeAccess", "NeedPermission", "NeedPermission", "DisableInvite"]),
        "HistoryMsgBeforeJoin": d.rng.choice(["On", "Off"]), "EnablePermission": d.rng.randint(0, 1),
        "DefaultPermission": d.rng.choice(MASKS),
        "AppDefinedData": d.custom("open_g", "admin_g", "owner_g", "work_g", "any_g", "none"),
    }, 2 if d.chance(0.8) else 5)  # fmt: skip
    return fields | d.maybe(0.1, From_Account=d.user())


def member_change(d: Draw) -> Fields:
    """Return fields of modify_group_member_info."""
    return {"Member_Account": d.user(0.95), **d.some({
        "Role": d.rng.choice(["Admin", "Member"]), "MuteTime": d.rng.choice([0, 2, 100]),
        "NameCard": d.rng.choice(["", "c"]),
        "MsgFlag": d.rng.choice(FLAGS), "AppMemberDefinedData": d.custom("open_m", "admin_m", "pub_m", "none"),
    }, 2)}  # fmt: skip


def decision(d: Draw) -> Fields:
    """Return fields of handle_group_application, mostly of one that waits."""
    rows = [(num, a) for num, a in d.model.applications.items() if not a["handled_by"] or d.chance(0.1)]
    fields = {"GroupId": d.id, "ApplicationId": 10**9, "Accept": int(d.chance(0.7)), **d.maybe(0.3, Message="m")}
    if rows and d.chance(0.97):
        num, a = d.rng.choice(rows)
        fields |= {"ApplicationId": num} | ({"GroupId": a["group"]} if d.chance(0.97) else {})
    return fields


def topic_profile(d: Draw) -> Fields:
    """Return fields of a topic."""
    return d.some(
        {"CustomString": "c", "FaceUrl": "f", "Notification": "n", "Introduction": d.rng.choice(["", "i"])}, 2
    )


def new_topic(d: Draw) -> Fields:
    """Return fields of create_topic."""
    chosen = f"{d.id}@TOPIC#_{d.rng.choice('abc')}"
    return {"TopicName": "t", **d.maybe(0.7, TopicId=chosen), **d.maybe(0.2, From_Account=d.user()), **topic_profile(d)}


def topic_masks(d: Draw) -> Fields:
    """Return fields of the commands that give bits for topics."""
    masks = [{"TopicId": topic, "Permission": d.rng.choice([0, 1, 2, 4, 7, ALL_BITS])} for topic in d.topics()]
    return {"PermissionGroupId": d.permission(), "TopicPermissionList": masks}


#: Fields of each command, and how often it is drawn. GroupId is added unless it is given.
COMMANDS: dict[str, tuple[int, Callable[[Draw], Fields]]] = {
    "create_group": (5, create_group),
    "import_group": (1, lambda d: {**creation(d), **d.maybe(0.7, CreateTime=d.model.now + d.rng.randint(-9, 1))}),
    "modify_group_base_info": (7, change),
    "change_group_owner": (3, lambda d: {"NewOwner_Account": d.user(0.9)}),
    "destroy_group": (1, lambda d: {}),
    "add_group_member": (8, lambda d: {
        "MemberList": d.listed(0.15), **d.maybe(0.1, Silence=1), **d.maybe(0.2, Message="m"),
    }),
    "import_group_member": (2, lambda d: {"MemberList": [
        {**item, **d.maybe(0.3, Role=d.rng.choice(["Admin", "Member"])), **d.maybe(0.3, UnreadMsgNum=2),
         **d.maybe(0.3, JoinTime=d.model.now - d.rng.randint(-1, 3))}
        for item in d.listed(0.2)
    ]}),
    "delete_group_member": (4, lambda d: {
        "MemberToDel_Account": d.users(0.9, 2), **d.maybe(0.1, Silence=1), **d.maybe(0.3, Reason="r"),
    }),
    "modify_group_member_info": (8, member_change),
    "forbid_send_msg": (5, lambda d: {
        "Members_Account": d.users(0.8, 2), "MuteTime": d.rng.choice([0, 3, 100, FOREVER]),
        **(d.maybe(0.5, TopicId=d.topic()) if d.g["topics"] else {}),
    }),
    "send_group_system_notification": (1, lambda d: {
        "Content": "c", **d.maybe(0.5, ToMembers_Account=d.users()), **d.maybe(0.1, TopicId=d.topic()),
    }),
    "join_group": (7, lambda d: d.maybe(0.3, Message="m")),
    "quit_group": (3, lambda d: {}),
    "handle_group_application": (8, decision),
    "report_group_applications_read": (1, lambda d: {
        "GroupId": None, "Time": d.rng.choice([0, (d.model.now - 2) * 1000, 2**50]),
    }),
    "account_delete": (1, lambda d: {"GroupId": None, "DeleteItem": [{"UserID": d.user()}]}),
    "create_topic": (6, new_topic),
    "import_topic": (1, lambda d: {**new_topic(d), **d.maybe(0.5, CreateTime=5)}),
    "modify_topic": (4, lambda d: {
        "TopicId": d.topic(), **(topic_profile(d) if d.chance(0.6) else {}), **d.maybe(0.5, MuteAllMember="On"),
        **d.maybe(0.1, From_Account=d.user()),
    }),
    "destroy_topic": (3, lambda d: {"TopicIdList": d.topics()}),
    "create_permission_group": (5, lambda d: {
        **d.maybe(0.7, PermissionGroupId=f"@PMG#_{d.rng.choice('ab')}"), **d.maybe(0.8, Permission=d.rng.choice(MASKS)),
        **d.maybe(0.3, PermissionGroupName="p"),
    }),
    "modify_permission_group": (3, lambda d: {
        "PermissionGroupId": d.permission(), **d.some({
            "Permission": d.rng.choice(MASKS), "PermissionGroupName": d.rng.choice("pq"), "CustomString": "c",
        }),
    }),
    "destroy_permission_group": (1, lambda d: {
        "PermissionGroupIdList": list(dict.fromkeys([d.permission(), d.permission()])),
    }),
    "add_permission_group_member": (7, lambda d: {"PermissionGroupId": d.permission(), "MemberList": d.listed(0.9)}),
    "delete_permission_group_member": (2, lambda d: {
        "PermissionGroupId": d.permission(), "MemberList": d.listed(0.9),
    }),
    "add_topic_permission_group": (5, topic_masks),
    "set_topic_permission_group": (3, topic_masks),
    "delete_topic_permission_group": (1, lambda d: {
        "PermissionGroupId": d.permission(), "TopicIdList": d.topics(),
    }),
    "ban_group_member": (2, lambda d: {
        "Members_Account": d.users(), "Duration": d.rng.choice([0, 3, 1000, FOREVER]), **d.maybe(0.3, Description="d"),
    }),
    "unban_group_member": (1, lambda d: {"Members_Account": d.users()}),
    "get_group_ban_member": (1, lambda d: {"Offset": 0}),
    "modify_admin": (2, lambda d: {"CommandType": 1 + d.chance(0.3), "Admin_Account": d.users()}),
    "get_admin_list": (1, lambda d: {}),
    "modify_user_info": (3, lambda d: {"CommandType": 1 + d.chance(0.3), "MemberList": [
        {"Member_Account": user, "Marks": d.rng.sample([500, 600, 1000, 1001, 1002] + [700] * d.chance(0.1), 2)}
        for user in d.users(1)
    ]}),
    "get_members": (1, lambda d: {"Timestamp": 0, **d.maybe(0.3, Mark=d.rng.choice([500, 600, 1000]))}),
    "check_members": (1, lambda d: {"Member_Account": d.users()}),
    "get_online_member_num": (1, lambda d: {}),
    "modify_group_attr": (4, lambda d: {"GroupAttr": d.attributes()}),
    "set_group_attr": (2, lambda d: {"GroupAttr": d.attributes()}),
    "delete_group_attr": (2, lambda d: {"GroupAttr": [
        {name: value for name, value in item.items() if name != "value"} for item in d.attributes(new=0.1)
    ]}),
    "clear_group_attr": (1, lambda d: d.maybe(0.3, MainSeq=d.g.get("version", 0) + d.chance(0.2))),
    "get_group_attr": (2, lambda d: {}),
    "update_group_counter": (4, lambda d: {
        "GroupCounter": [{"Key": d.rng.choice("abc"), "Value": d.rng.choice([1, -7, 2**62])} for _ in d.users()],
        **d.maybe(0.7, Mode=d.rng.choice(["Set", "Increase", "Decrease"])),
    }),
    "delete_group_counter": (1, lambda d: d.maybe(0.7, GroupCounterKeys=[d.rng.choice("abc")])),
    "get_group_counter": (2, lambda d: d.maybe(0.5, GroupCounterKeys=["a", "z"])),
    "get_group_info": (2, lambda d: {"GroupId": None, "GroupIdList": [*d.model.groups, "gone"]}),
    "get_appid_group_list": (1, lambda d: {"GroupId": None, **d.maybe(0.5, GroupType=d.rng.choice(list(KINDS)))}),
    "get_joined_group_list": (2, lambda d: {
        "GroupId": None, "Member_Account": d.user(), **d.maybe(0.5, WithNoActiveGroups=1),
        **d.maybe(0.3, GroupType=d.rng.choice(list(KINDS))),
    }),
    "get_group_member_info": (1, lambda d: d.maybe(0.3, MemberRoleFilter=["Admin", "Owner"])),
    "get_specified_group_member_info": (1, lambda d: {"Member_List_Account": d.users()}),
    "get_role_in_group": (1, lambda d: {"User_Account": d.users()}),
    "get_group_muted_account": (1, lambda d: d.maybe(0.3, TopicId=d.topic())),
    "get_group_shutted_uin": (1, lambda d: {}),
    "get_group_applications": (2, lambda d: {
        "GroupId": None, **d.maybe(0.5, Limit=d.rng.randint(0, 2)), **d.maybe(0.2, StartTime=d.model.now_ms - 3000),
    }),
    "get_topic": (2, lambda d: {**d.maybe(0.9, From_Account=d.user()), **d.maybe(0.5, TopicIdList=d.topics())}),
    "get_permission_group": (1, lambda d: d.maybe(0.3, PermissionGroupIdList=[d.permission()])),
    "get_joined_permission_groups": (1, lambda d: {}),
    "get_permission_group_member_list": (1, lambda d: {"PermissionGroupId": d.permission()}),
    "get_topic_permission_group": (1, lambda d: {
        "PermissionGroupId": d.permission(), **d.maybe(0.5, TopicIdList=d.topics()),
    }),
}  # fmt: skip
#: What the model calls the right that a command needs.
NEEDS = {
    "modify_group_base_info": "options", "change_group_owner": "transfer", "add_group_member": "invite",
    "delete_group_member": "kick", "modify_group_member_info": "appoint", "forbid_send_msg": "mute",
    "create_topic": "new topic", "modify_topic": "topic", "destroy_topic": "end topic", "get_topic": "topics",
    "create_permission_group": "permission", "modify_permission_group": "permission",
    "destroy_permission_group": "permission", "add_permission_group_member": "in permission",
    "delete_permission_group_member": "in permission", "add_topic_permission_group": "topic permission",
    "set_topic_permission_group": "topic permission", "delete_topic_permission_group": "topic permission",
    "get_group_muted_account": "muted", "get_joined_permission_groups": "permissions",
    "modify_group_attr": "attributes", "set_group_attr": "attributes", "delete_group_attr": "attributes",
    "update_group_counter": "counters", "get_group_counter": "counters", "delete_group_counter": "counters",
    "ban_group_member": "ban", "unban_group_member": "ban", "modify_admin": "appoint", "modify_user_info": "mark",
    "get_topic_permission_group": "permissions", "get_permission_group": "permissions",
    "get_permission_group_member_list": "permissions",
}  # fmt: skip
NAMES = [name for name, (often, _) in COMMANDS.items() for _ in range(often)]


def drawn(rng: random.Random, model: Model, name: str) -> tuple[Who, Fields]:
    """Return somebody, and fields of a command."""
    draw = Draw(rng, model, name)
    who = draw.who(name)
    banned = sorted({*draw.g.get("bans", ())} & model.accounts)
    if name == "join_group" and banned and draw.chance(0.5):
        who = Who(rng.choice(banned), gateway=True)
    if name in NEEDS and draw.id in model.groups and not who.admin and draw.chance(0.7):
        people = [Who(user, gateway=True) for user in {*draw.inside, *draw.g["admins"], draw.g["owner"] or ADMIN}]
        people = sorted(one for one in people if one.user in model.accounts)
        who = rng.choice([one for one in people if model.may(one, draw.g, NEEDS[name])] or [who])
    fields = COMMANDS[name][1](draw)
    if "Owner_Account" in fields and not who.admin and draw.chance(0.95):
        fields["Owner_Account"] = who.user
    if "get_joined" in name and "Member_Account" in fields and not who.admin and draw.chance(0.9):
        fields["Member_Account"] = who.user
    if name == "handle_group_application" and (a := model.applications.get(fields["ApplicationId"])):
        leaders = [u for u, m in model.groups[a["group"]]["members"].items() if m["role"] != "Member"]
        people = [a["user"]] if a["sort"] == 1 else leaders
        if people and draw.chance(0.8):
            who = Who(rng.choice(people), gateway=True)
    if name == "get_topic" and not who.gateway and draw.chance(0.9):
        fields.setdefault("From_Account", draw.user())
    if name not in {"create_group", "import_group"}:
        fields.setdefault("GroupId", draw.id)
        if fields["GroupId"] is None:
            del fields["GroupId"]
    return who, fields
