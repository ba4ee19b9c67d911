"""The model's commands upon groups, members and applications, in the order in which the server has to check."""

from __future__ import annotations

from typing import Any

from contract.model import ADMIN, KINDS, ON_OFF, OPTIONS, PROFILE, Fields, No, Who, kind_of, number
from contract.model_rooms import Rooms

SILENT = {"MuteAllMember", "ApplyJoinOption", "InviteJoinOption", "MaxMemberNum", "HistoryMsgBeforeJoin"}


def shown(g: Fields) -> Fields:
    """Return a group's profile as the wire has it."""
    mute = ON_OFF[g["mute_all"]]
    return {
        "Type": g["kind_name"], "Appid": 1400000000, "Owner_Account": g["owner"], "CreateTime": g["created_at"],
        "InfoSeq": g["info_seq"], "LastInfoTime": g["info_at"], "LastMsgTime": g["last_msg_at"],
        "NextMsgSeq": g["next_seq"], "MemberNum": number(g), "MuteAllMember": mute, "ShutUpAllMember": mute,
        "SupportTopic": g["support_topic"], **{wire: g[name] for wire, name in (PROFILE | OPTIONS).items()},
        "HistoryMsgBeforeJoin": ON_OFF[g["history_before_join"]],
    }  # fmt: skip


def pairs(custom: dict[str, str]) -> list[Fields]:
    """Return custom fields as the wire has them."""
    return [{"Key": key, "Value": value} for key, value in custom.items()]


class Groups(Rooms):
    """Groups, members, applications."""

    def create_group(self, who: Who, f: Fields) -> Fields:
        """Create a group."""
        g = self._make(who, f, self.now, imported=False)
        reply: Fields = {"GroupId": g["group_id"], "Type": g["kind_name"]}
        if f.get("SupportTopic"):
            reply["HugeGroupFlag"] = 0
        if who.gateway:
            reply["GroupInfo"] = {
                "ErrorCode": 0, "GroupId": g["group_id"], **shown(g), "AppDefinedData": pairs(g["custom"]),
            }  # fmt: skip
        return reply

    def import_group(self, who: Who, f: Fields) -> Fields:
        """Import a group."""
        at = f.get("CreateTime") or self.now
        if at > self.now:
            raise No(10004)
        return {"GroupId": self._make(who, f, at, imported=True)["group_id"]}

    def _make(self, who: Who, f: Fields, at: int, *, imported: bool) -> Fields:  # noqa: C901 - a rule each
        name, owner = f["Type"], f.get("Owner_Account", ADMIN if who.gateway else "") if who.admin else who.user
        kind = KINDS[name]
        if not who.admin and f.get("Owner_Account", who.user) != who.user:
            raise No(10007)
        if imported and name == "AVChatRoom":
            raise No(10007)
        if f.get("SupportTopic") and name != "Community":
            raise No(10004)
        if f.get("EnablePermission") and not f.get("SupportTopic"):
            raise No(10004)
        if f.get("DefaultPermission") and not f.get("EnablePermission"):
            raise No(10004)
        listed = f.get("MemberList", [])
        if listed and name == "AVChatRoom":
            raise No(10007)
        members, mutes = self._first(who, name, owner, listed, at) if name != "AVChatRoom" else ({}, {})
        custom = self.custom(who, name, "Owner" if owner == who.user else "", f.get("AppDefinedData", []))
        cap = f.get("MaxMemberCount") or kind.most
        if kind.most and len(members) > cap:
            raise No(10038)
        if not {*members, owner} - {""} <= self.accounts:
            raise No(10019)
        if f.get("GroupId") in self.groups:
            present = self.groups[f["GroupId"]]["owner"]
            raise No(10025 if present and present in {owner, who.user} else 10021)
        others = [user for user in members if user != owner]
        told = bool(others) and name != "Private" and not imported and kind.notices[0] != "off"
        seq = int(told and kind.notices[0] == "stored")
        group_id = f.get("GroupId") or self.made.pop(0)
        assert group_id not in self.groups
        assert f.get("GroupId") or group_id.startswith(kind.prefix)
        fixed = name in {"AVChatRoom", "Community"}
        g = self.groups[group_id] = {
            "group_id": group_id, "kind_name": name, "owner": owner, "created_at": at, "info_seq": 0, "info_at": at,
            "last_msg_at": at if seq else 0, "next_seq": 1 + seq, "max_member_num": cap, "mute_all": 0,
            "apply_join": kind.apply if name == "Community" else f.get("ApplyJoinOption", kind.apply),
            "invite_join": kind.invite if fixed else f.get("InviteJoinOption", kind.invite),
            "custom": {k: v for k, v in custom.items() if v}, "support_topic": f.get("SupportTopic", 0),
            "enable_permission": f.get("EnablePermission", 0), "default_permission": f.get("DefaultPermission", 0),
            "history_before_join": int(name == "ChatRoom"), "active": int(imported or name != "Private"),
            **{column: f.get(wire, "") for wire, column in PROFILE.items()}, "members": members, "mutes": mutes,
            "stored": {}, "topics": {}, "permissions": {}, "admins": {}, "bans": {}, "live": {}, "attributes": {},
            "version": 0, "writes": (0, 0), "counters": {},
        }  # fmt: skip
        event = self.emit(
            "GroupCreated", g, who, seq=seq, told=told, silent=imported or name == "Private", name=f["Name"],
            owner=owner, members=others, imported=imported,
        )  # fmt: skip
        if seq:
            g["stored"][seq] = event
        if name == "AVChatRoom" and owner == who.user:
            self.enter_room(who, g, told=False)
        return g

    def _first(self, who: Who, name: str, owner: str, listed: list[Fields], at: int) -> tuple[Fields, Fields]:
        """Return first members and their mutes."""
        kind, users = KINDS[name], dict.fromkeys([*([owner] if owner else []), *(m["Member_Account"] for m in listed)])
        members: Fields = {user: self.member(kind, at) for user in users}
        mutes = {}
        for user, item in {m["Member_Account"]: m for m in reversed(listed)}.items():  # named twice: the first counts
            columns = {
                "name_card": item.get("NameCard", ""),
                "custom": {k: v for k, v in self.custom(
                    who, name, "Owner", item.get("AppMemberDefinedData", [])).items() if v},
            }  # fmt: skip
            if item.get("Role") == "Admin" and user != owner:
                if name == "Private":
                    raise No(10007)
                columns["role"] = "Admin"
            if "MsgFlag" in item and (who.admin or user == who.user):
                columns["msg_flag"] = item["MsgFlag"]
            if who.admin and len(item) > 1:
                columns["joined_at"] = item.get("JoinTime") or self.now
            members[user] |= columns
            if item.get("MuteTime") and name != "Private" and user != owner:
                mutes["", user] = self.until(item["MuteTime"])
        if owner:
            members[owner]["role"] = "Owner"
        return members, mutes

    def destroy_group(self, who: Who, f: Fields) -> None:
        """Dissolve a group."""
        g = self.group(f["GroupId"])
        self.need(who, g, "dissolve")
        self.end(g, who)

    def change_group_owner(self, who: Who, f: Fields) -> None:
        """Give a group away."""
        g, new = self.group(f["GroupId"]), f["NewOwner_Account"]
        self.need(who, g, "transfer")
        if new not in g["members"]:
            raise No(10004)
        if new == g["owner"]:
            return
        if g["owner"]:
            g["members"][g["owner"]]["role"] = "Member"
        g["members"][new]["role"] = "Owner"
        g["mutes"] = {key: until for key, until in g["mutes"].items() if key[1] != new}
        self.own(g, who, new, kind_of(g).notices[1])

    def modify_group_base_info(self, who: Who, f: Fields) -> None:  # noqa: C901, PLR0912 - a rule each
        """Change a group's profile."""
        g = self.group(f["GroupId"])
        given = {name: value for name, value in f.items() if name not in {"GroupId", "From_Account"}}
        if not who.admin and not self.role(g, who.user):
            raise No(10007)
        for what, names in (("profile", PROFILE), ("options", OPTIONS), ("mute all", {"MuteAllMember"})):
            if given.keys() & set(names):
                self.need(who, g, what)
        if "AppDefinedData" in f:
            role = self.acts_as(g, who.user, "profile")
            given["AppDefinedData"] = self.custom(who, g["kind_name"], role, f["AppDefinedData"])
        live, community = g["kind_name"] == "AVChatRoom", g["kind_name"] == "Community"
        if live:
            given.pop("MaxMemberNum", None)
        if (community and "ApplyJoinOption" in f) or (
            (live or community) and f.keys() & {"InviteJoinOption", "HistoryMsgBeforeJoin"}
        ):
            raise No(10004)
        if (f.get("EnablePermission") or f.get("DefaultPermission")) and not g["support_topic"]:
            raise No(10004)
        if f.get("DefaultPermission", 0) & ~g["default_permission"] & ~self.given(who, g)[0]:
            raise No(10007)
        if who.admin and "From_Account" in f:
            if f["From_Account"] not in self.accounts:
                raise No(10019)
            who = Who(f["From_Account"], who.gateway)
        if not given:
            return
        for name, value in given.items():
            if name == "AppDefinedData":
                g["custom"] = {k: v for k, v in (g["custom"] | value).items() if v}
            else:
                column = (PROFILE | OPTIONS).get(name, "mute_all")
                g[column] = ON_OFF.index(value) if value in ON_OFF else value
        g["info_seq"], g["info_at"] = g["info_seq"] + 1, self.now
        self.tell(g, who, "GroupInfoChanged", kind_of(g).notices[1], silent=given.keys() <= SILENT, changes=given)

    def add_group_member(self, who: Who, f: Fields) -> Fields:
        """Add or invite members."""
        g = self.group(f["GroupId"])
        self.need(who, g, "invite")
        users = [item["Member_Account"] for item in f["MemberList"]]
        results = {u: 2 if u in g["members"] else int(u in self.accounts) for u in users}
        new = [user for user, result in results.items() if result == 1]
        if {*results.values()} == {0}:
            raise No(10019)
        admins_decide = g["invite_join"] == "NeedPermission" and not self.may(who, g, "decide")
        if not who.admin and (admins_decide or g["kind_name"] in self.consent):
            for user in new:
                self.ask(g, 2 if admins_decide else 1, user, who.user, f.get("Message", ""))
                results[user] = 3
        elif new:
            self.enter(who, g, new, "Invite", silent=who.admin and bool(f.get("Silence")))
        return {"MemberList": [{"Member_Account": user, "Result": results[user]} for user in users]}

    def import_group_member(self, who: Who, f: Fields) -> Fields:
        """Import members."""
        g = self.group(f["GroupId"])
        self.need(who, g, "import")
        results, own = {}, {}
        for item in f["MemberList"]:
            user = item["Member_Account"]
            if user in results:
                continue
            results[user] = 2 if user in g["members"] else int(user in self.accounts)
            if results[user] == 1:
                last, role = g["next_seq"] - 1, item.get("Role", "Member")
                at = item.get("JoinTime") or self.now
                if role == "Admin" and g["kind_name"] == "Private":
                    raise No(10007)
                if not g["created_at"] <= at <= self.now:
                    raise No(10004)
                own[user] = {
                    "role": role, "joined_at": at, "read_seq": last - min(item.get("UnreadMsgNum", 0), last)
                }  # fmt: skip
        if own:
            self.enter(who, g, list(own), "Import", silent=True, own=own)
        return {"MemberList": [
            {"Member_Account": item["Member_Account"], "Result": results[item["Member_Account"]]}
            for item in f["MemberList"]
        ]}  # fmt: skip

    def delete_group_member(self, who: Who, f: Fields) -> None:
        """Remove members."""
        g = self.group(f["GroupId"])
        role = self.need(who, g, "kick")
        users = [user for user in dict.fromkeys(f["MemberToDel_Account"]) if user in g["members"]]
        for user in users:
            self.above(who, role, self.role(g, user))
        if users:
            silent = who.admin and bool(f.get("Silence"))
            self.leave(who, g, users, "Kick", reason=f.get("Reason", ""), silent=silent)

    def modify_group_member_info(self, who: Who, f: Fields) -> None:
        """Change a member's fields."""
        g, user = self.group(f["GroupId"]), f["Member_Account"]
        own = who.admin or user == who.user
        self.need(who, g, "self")
        what = {"Role": "appoint", "MuteTime": "mute"}
        if not own:
            what |= {"NameCard": "member", "AppMemberDefinedData": "member"}
        roles = [self.need(who, g, what[name]) for name in f if name in what]
        if "MsgFlag" in f and not own:
            raise No(10007)
        if user not in g["members"]:
            raise No(10004)
        member = g["members"][user]
        for role in roles:
            self.above(who, role, member["role"])
        changes = {name: f[name] for name in ("MsgFlag", "NameCard") if name in f}
        if "AppMemberDefinedData" in f:
            changes["AppMemberDefinedData"] = self.custom(
                who, g["kind_name"], self.role(g, who.user), f["AppMemberDefinedData"]
            )
        if changes:
            member["msg_flag"], member["name_card"] = (
                f.get("MsgFlag", member["msg_flag"]), f.get("NameCard", member["name_card"]),
            )  # fmt: skip
            custom = member["custom"] | changes.get("AppMemberDefinedData", {})
            member["custom"] = {k: v for k, v in custom.items() if v}
            self.tell(g, who, "MemberInfoChanged", "off", user=user, changes=changes)
        if f.get("Role", member["role"]) != member["role"]:
            member["role"] = f["Role"]
            self.tell(g, who, "MemberRoleChanged", kind_of(g).notices[2], user=user, role=f["Role"])
        if "MuteTime" in f:
            self.mute(who, g, [user], f["MuteTime"])

    def forbid_send_msg(self, who: Who, f: Fields) -> None:
        """Mute users in a group or topic."""
        g, topic = self.group(f["GroupId"]), f.get("TopicId", "")
        role = self.need(who, g, "mute topic" if topic else "mute", topic)
        if topic and topic not in g["topics"]:
            raise No(110003)
        users = [user for user in dict.fromkeys(f["Members_Account"]) if user in self.accounts]
        if not users:
            raise No(10019)
        for user in users:
            self.above(who, role, self.role(g, user))
        self.mute(who, g, users, f["MuteTime"], topic)

    def send_group_system_notification(self, who: Who, f: Fields) -> None:
        """Tell members something."""
        g, topic, named = self.group(f["GroupId"]), f.get("TopicId", ""), f.get("ToMembers_Account", [])
        self.need(who, g, "notify")
        if topic and topic not in g["topics"]:
            raise No(110003)
        if named and g["kind_name"] == "AVChatRoom":
            raise No(10004)
        users = [user for user in dict.fromkeys(named) if user in g["members"]]
        if users or not named:
            self.emit("NoticeSent", g, who, users=users, content=f["Content"], topic_id=topic)

    def join_group(self, who: Who, f: Fields) -> None:
        """Join, or apply."""
        g = self.group(f["GroupId"])
        if who.user in g["members"]:
            raise No(10013)
        shut = g["apply_join"] == "DisableApply"
        if g["kind_name"] == "AVChatRoom":
            if g["bans"].get(who.user, (0, ""))[0] > self.now:
                raise No(10007)
            if shut and not self.role(g, who.user) and not who.admin:
                raise No(10007)
            self.enter_room(who, g)
            return
        if g["kind_name"] == "Private" or shut:
            raise No(10007)
        if g["kind_name"] == "Public" and g["apply_join"] == "NeedPermission":
            self.ask(g, 0, who.user, message=f.get("Message", ""))
        else:
            self.enter(who, g, [who.user], "Apply")

    def quit_group(self, who: Who, f: Fields) -> None:
        """Leave."""
        g = self.group(f["GroupId"])
        role = self.role(g, who.user)
        if role == "Owner" and g["kind_name"] != "Private":
            raise No(10009)
        if not role:
            raise No(10007)
        if g["kind_name"] == "AVChatRoom":
            self.leave_room(who, g, [who.user], "Quit")
        else:
            self.leave(who, g, [who.user], "Quit")

    def handle_group_application(self, who: Who, f: Fields) -> None:
        """Decide an application."""
        g, num, accepted = self.group(f["GroupId"]), f["ApplicationId"], bool(f["Accept"])
        a = self.applications.get(num)
        if a is None or a["group"] != g["group_id"] or a["sort"] != 1:
            self.need(who, g, "decide")
            if a is None or a["group"] != g["group_id"]:
                raise No(10004)
        elif a["user"] != who.user:
            raise No(10007)
        if a["handled_by"]:
            raise No(10024)
        enters = accepted and a["user"] not in g["members"]
        hand_on = enters and a["sort"] == 2 and g["kind_name"] in self.consent
        if enters and not hand_on and len(g["members"]) >= g["max_member_num"]:
            raise No(10014)
        a |= {
            "handled_by": who.user, "accepted": int(accepted), "answer": f.get("Message", ""),
            "handled_at": self.now_ms,
        }  # fmt: skip
        self.emit(
            "ApplicationDecided", g, who, told=False, num=num, sort=a["sort"], user=a["user"], inviter=a["inviter"],
            accepted=accepted, message=f.get("Message", ""), final=not hand_on,
        )  # fmt: skip
        if hand_on:
            self.ask(g, 1, a["user"], a["inviter"], a["message"])
        elif enters:
            by = Who(a["inviter"] or who.user, gateway=True)
            self.enter(by, g, [a["user"]], "Invite" if a["inviter"] else "Apply", agreed=a["sort"] == 1)

    def report_group_applications_read(self, who: Who, f: Fields) -> None:
        """Have seen applications."""
        at = min(f["Time"], self.now_ms) or self.now_ms
        if at > self.seen.get(who.user, 0):
            self.seen[who.user] = at
            self.events.append({"type": "ApplicationsSeen", "user": who.user, "at_ms": at})

    def account_delete(self, who: Who, f: Fields) -> Any:
        """Delete an account, which leaves its groups."""
        user = f["DeleteItem"][0]["UserID"]
        if not who.admin:
            raise No(60010)
        if user == ADMIN or user not in self.accounts:
            return {"ResultItem": [70402 if user == ADMIN else 70107]}
        for g in list(self.groups.values()):
            if user in g["members"]:
                self.leave(who, g, [user], "AccountDeleted")
        for g in self.groups.values():
            if g["admins"].pop(user, None) is not None:
                self.tell(g, who, "MemberRoleChanged", "off", user=user, role="Member")
        for g in self.groups.values():
            g["live"].pop(user, None)
            g["bans"].pop(user, None)
            if g["owner"] == user:
                self.own(g, who, "", "off")
            g["mutes"] = {key: until for key, until in g["mutes"].items() if key[1] != user}
        self.applications = {
            num: a for num, a in self.applications.items() if user not in {a["user"], a["inviter"]}
        }  # fmt: skip
        self.seen.pop(user, None)
        self.accounts.remove(user)
        self.events.append({"type": "AccountsChanged", "registered": [], "deleted": [user]})
        return {"ResultItem": [0]}
