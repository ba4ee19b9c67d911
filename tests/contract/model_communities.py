"""The model's commands upon topics and permission groups, and all that only read."""

from __future__ import annotations

from typing import Any

from contract.model import ON_OFF, RANK, Fields, No, Who, kind_of
from contract.model_groups import Groups, pairs, shown

TOPIC = {
    "TopicName": "name", "FaceUrl": "face_url", "Notification": "notification", "Introduction": "introduction",
    "CustomString": "custom_string",
}  # fmt: skip


class Communities(Groups):
    """Topics and permission groups."""

    def _with_topics(self, who: Who, f: Fields, what: str) -> tuple[Fields, Who]:
        """Return a community with topics, and who is named as the one who acts."""
        g = self.group(f["GroupId"])
        self.need(who, g, what)
        if not g["support_topic"]:
            raise No(11000)
        return g, who

    def _named(self, who: Who, f: Fields) -> Who:
        if not who.admin or "From_Account" not in f:
            return who
        if f["From_Account"] not in self.accounts:
            raise No(10004)
        return Who(f["From_Account"], who.gateway)

    def create_topic(self, who: Who, f: Fields, *, at: int = 0) -> Fields:
        """Create a topic."""
        g, who = self._with_topics(who, f, "new topic")
        named = self._named(who, f)
        if f.get("TopicId") in g["topics"]:
            raise No(10025 if g["topics"][f["TopicId"]]["creator"] in {named.user, who.user} else 10021)
        topic_id = f.get("TopicId") or self.made.pop(0)
        assert topic_id not in g["topics"]
        assert topic_id.startswith(g["group_id"] + "@TOPIC#_")
        g["topics"][topic_id] = {
            **{column: f.get(wire, "") for wire, column in TOPIC.items()}, "creator": named.user,
            "created_at": at or self.now, "mute_all": 0,
        }  # fmt: skip
        self.tell(
            g, named, "TopicCreated", "pushed", silent=bool(at), topic_id=topic_id, name=f["TopicName"],
            creator=named.user,
        )  # fmt: skip
        return {"TopicId": topic_id}

    def import_topic(self, who: Who, f: Fields) -> Fields:
        """Import a topic."""
        return self.create_topic(who, f, at=f.get("CreateTime") or self.now)

    def modify_topic(self, who: Who, f: Fields) -> None:
        """Change a topic, or mute everybody in it."""
        g, topic_id = self.group(f["GroupId"]), f["TopicId"]
        changes = {name: f[name] for name in TOPIC if name in f}
        if changes or "MuteAllMember" not in f:
            self.need(who, g, "topic", topic_id)
        if "MuteAllMember" in f:
            self.need(who, g, "mute topic", topic_id)
            changes["MuteAllMember"] = f["MuteAllMember"]
        if not g["support_topic"]:
            raise No(11000)
        if topic_id not in g["topics"]:
            raise No(10010)
        named = self._named(who, f)
        for name, value in changes.items():
            g["topics"][topic_id][TOPIC.get(name, "mute_all")] = ON_OFF.index(value) if value in ON_OFF else value
        if changes:
            self.tell(g, named, "TopicChanged", "pushed", topic_id=topic_id, changes=changes)

    def destroy_topic(self, who: Who, f: Fields) -> Fields:
        """Delete topics."""
        g = self.group(f["GroupId"])
        found = [topic for topic in f["TopicIdList"] if topic in g["topics"]]
        for topic in found or [""]:
            self.need(who, g, "end topic", topic)
        if not g["support_topic"]:
            raise No(11000)
        for topic in found:
            del g["topics"][topic]
            g["mutes"] = {key: until for key, until in g["mutes"].items() if key[0] != topic}
            for one in g["permissions"].values():
                one["topics"].pop(topic, None)
        if found:
            self.tell(g, who, "TopicsDestroyed", "pushed", topic_ids=found)
        return {"DestroyResultItem": [(topic, 0 if topic in found else 110003) for topic in f["TopicIdList"]]}

    def get_topic(self, who: Who, f: Fields) -> Fields:
        """Read topics."""
        g, who = self._with_topics(who, f, "topics")
        if "From_Account" not in f and not who.gateway:
            raise No(10004)
        user = self._named(who, f).user
        items = []
        for topic_id in f.get("TopicIdList", g["topics"]):
            item: Fields = {"GroupId": g["group_id"], "GroupID": g["group_id"], "TopicId": topic_id}
            if topic_id not in g["topics"]:
                items.append({"ErrorCode": 110003, "TopicInfo": item})
                continue
            topic = g["topics"][topic_id]
            item |= {wire: topic[column] for wire, column in TOPIC.items()}
            item |= {
                "NextMsgSeq": 1, "CreateTime": topic["created_at"], "LastMsgTime": 0,
                "MuteAllMember": ON_OFF[topic["mute_all"]],
            }  # fmt: skip
            until = g["mutes"].get((topic_id, user), 0)
            own = {"MsgFlag": kind_of(g).flag, "MsgSeq": 0, "ShutUpTime": until if until > self.now else 0}
            items.append({"ErrorCode": 0, "TopicInfo": item} | ({"SelfInfo": own} if user in g["members"] else {}))
        return {"TopicAndSelfInfo": items}

    def _permission(self, g: Fields, f: Fields) -> Fields:
        if f["PermissionGroupId"] not in g["permissions"]:
            raise No(110006)
        one: Fields = g["permissions"][f["PermissionGroupId"]]
        return one

    def create_permission_group(self, who: Who, f: Fields) -> Fields:
        """Create a permission group."""
        g, mask = self.group(f["GroupId"]), f.get("Permission", 0)
        self.need(who, g, "permission")
        if mask & ~self.given(who, g)[0]:
            raise No(10007)
        if f.get("PermissionGroupId") in g["permissions"]:
            raise No(10021)
        chosen = f.get("PermissionGroupId") or self.made.pop(0)
        assert chosen not in g["permissions"]
        assert chosen.startswith("@PMG#_")
        name, custom = f.get("PermissionGroupName", ""), f.get("CustomString", "")
        g["permissions"][chosen] = {
            "name": name, "permission": mask, "custom_string": custom, "created_at": self.now, "users": set(),
            "topics": {},
        }  # fmt: skip
        self.tell(
            g, who, "PermissionGroupCreated", "pushed", permission_group_id=chosen, name=name, permission=mask,
            custom_string=custom,
        )  # fmt: skip
        return {"PermissionGroupId": chosen}

    def modify_permission_group(self, who: Who, f: Fields) -> None:
        """Change a permission group."""
        g = self.group(f["GroupId"])
        self.need(who, g, "permission")
        one = self._permission(g, f)
        mask = f.get("Permission", one["permission"])
        if mask & ~one["permission"] & ~self.given(who, g)[0]:
            raise No(10007)
        new = {
            "name": f.get("PermissionGroupName", one["name"]), "permission": mask,
            "custom_string": f.get("CustomString", one["custom_string"]),
        }  # fmt: skip
        if new == {name: one[name] for name in new}:
            return
        one |= new
        self.tell(
            g, who, "PermissionGroupChanged", "pushed", permission_group_id=f["PermissionGroupId"],
            member_num=len(one["users"]), **new,
        )  # fmt: skip

    def destroy_permission_group(self, who: Who, f: Fields) -> Fields:
        """Destroy permission groups."""
        g = self.group(f["GroupId"])
        self.need(who, g, "permission")
        gone = [one for one in dict.fromkeys(f["PermissionGroupIdList"]) if g["permissions"].pop(one, None)]
        if gone:
            self.tell(g, who, "PermissionGroupDestroyed", "pushed", permission_group_ids=gone)
        return {"PermissionGroupResultList": [
            (one, 0 if one in gone else 110006) for one in f["PermissionGroupIdList"]
        ]}  # fmt: skip

    def add_permission_group_member(self, who: Who, f: Fields) -> Fields:
        """Put members into a permission group."""
        g = self.group(f["GroupId"])
        self.need(who, g, "in permission")
        one = self._permission(g, f)
        if one["permission"] & ~self.given(who, g)[0]:
            raise No(10007)
        if any(mask & ~self.given(who, g, topic)[1] for topic, mask in one["topics"].items()):
            raise No(10007)
        results = {}
        for item in f["MemberList"]:
            user = item["Member_Account"]
            results[user] = (
                10019 if user not in self.accounts else 10007 if user not in g["members"]
                else 10013 if user in one["users"] else 0
            )  # fmt: skip
        if new := [user for user, code in results.items() if not code]:
            one["users"] |= {*new}
            self.tell(
                g, who, "PermissionMembersAdded", "pushed", permission_group_id=f["PermissionGroupId"], users=new,
                member_num=len(one["users"]),
            )  # fmt: skip
        return {"MemberList": [{"Member_Account": user, "Result": code} for user, code in results.items()]}

    def delete_permission_group_member(self, who: Who, f: Fields) -> Fields:
        """Take members out of a permission group."""
        g = self.group(f["GroupId"])
        self.need(who, g, "in permission")
        one = self._permission(g, f)
        users = [item["Member_Account"] for item in f["MemberList"]]
        if gone := [user for user in users if user in one["users"]]:
            one["users"] -= {*gone}
            self.tell(
                g, who, "PermissionMembersRemoved", "pushed", permission_group_id=f["PermissionGroupId"], users=gone,
                member_num=len(one["users"]),
            )  # fmt: skip
        return {"MemberList": [{"Member_Account": user, "Result": 0} for user in users]}

    def _topics_of(self, who: Who, f: Fields, topics: list[str]) -> tuple[Fields, Fields]:
        """Return the community and the permission group whose bits for topics somebody may change."""
        g = self.group(f["GroupId"])
        for topic in topics:
            self.need(who, g, "topic permission", topic)
        return g, self._permission(g, f)

    @staticmethod
    def _fault(g: Fields, topic: str) -> int:
        if not topic.startswith(g["group_id"] + "@TOPIC#_"):
            return 110013
        return 0 if topic in g["topics"] else 110003

    def add_topic_permission_group(self, who: Who, f: Fields) -> Fields:
        """Give a permission group bits for topics."""
        return self._masks(who, f, add=True)

    def set_topic_permission_group(self, who: Who, f: Fields) -> Fields:
        """Change the bits a permission group has for topics."""
        return self._masks(who, f, add=False)

    def _masks(self, who: Who, f: Fields, *, add: bool) -> Fields:
        wanted = {item["TopicId"]: item["Permission"] for item in f["TopicPermissionList"]}
        g, one = self._topics_of(who, f, list(wanted))
        results, done = {}, {}
        for topic, mask in wanted.items():
            before = one["topics"].get(topic)
            results[topic] = self._fault(g, topic)
            if not results[topic] and not add and before is None:
                results[topic] = 110011
            new = mask if add else mask & ~(before or 0)
            if not results[topic] and new & ~self.given(who, g, topic)[1]:
                results[topic] = 10007
            if not results[topic] and add and before is not None:
                results[topic] = 110010
            if not results[topic] and mask != before:
                one["topics"][topic] = done[topic] = mask
        if done:
            self.tell(
                g, who, "TopicPermissionsAdded" if add else "TopicPermissionsChanged", "pushed",
                permission_group_id=f["PermissionGroupId"], permissions=done,
            )  # fmt: skip
        return {"TopicPermissionResultList": [(topic, code, None) for topic, code in results.items()]}

    def delete_topic_permission_group(self, who: Who, f: Fields) -> Fields:
        """Take topics out of a permission group."""
        g, one = self._topics_of(who, f, f["TopicIdList"])
        results, gone = [], []
        for topic in f["TopicIdList"]:
            code = self._fault(g, topic) or (0 if topic in one["topics"] else 110014)
            results.append((topic, code, None))
            if not code:
                gone.append(topic)
                del one["topics"][topic]
        if gone:
            self.tell(
                g, who, "TopicPermissionsRemoved", "pushed", permission_group_id=f["PermissionGroupId"], topics=gone
            )
        return {"TopicPermissionResultList": results}


class Model(Communities):
    """All commands: here those that only read."""

    def get_group_info(self, who: Who, f: Fields) -> Fields:
        """Read profiles; each has its own code."""
        items = []
        for group_id in f["GroupIdList"]:
            g = self.groups.get(group_id)
            if g is None or not self.may(who, g, "see"):
                items.append({"GroupId": group_id, "ErrorCode": 10010 if g is None else 10007})
                continue
            item = {"GroupId": group_id, "ErrorCode": 0, **shown(g), "AppDefinedData": pairs(g["custom"])}
            inside = who.admin or who.user in g["members"]
            if inside and g["kind_name"] not in {"AVChatRoom", "Community"}:
                item["MemberList"] = [self._member(g, user) for user in sorted(g["members"])]
            items.append(item)
        return {"GroupInfo": items}

    def _member(self, g: Fields, user: str) -> Fields:
        m, until = g["members"][user], g["mutes"].get(("", user), 0)
        mute = until if until > self.now else 0
        return {
            "Member_Account": user, "Role": m["role"], "JoinTime": m["joined_at"], "MsgSeq": m["read_seq"],
            "MsgFlag": m["msg_flag"], "LastSendMsgTime": 0, "NameCard": m["name_card"], "MuteUntil": mute,
            "ShutUpUntil": mute, "AppMemberDefinedData": pairs(m["custom"]),
        }  # fmt: skip

    def get_appid_group_list(self, who: Who, f: Fields) -> Fields:
        """List all groups."""
        if not who.admin:
            raise No(60010)
        ids = [g["group_id"] for g in self.groups.values() if f.get("GroupType") in {None, g["kind_name"]}]
        return {"TotalCount": len(ids), "GroupIdList": [{"GroupId": one} for one in ids], "Next": 0}

    def get_joined_group_list(self, who: Who, f: Fields) -> Fields:
        """List a user's groups."""
        user = f["Member_Account"]
        if not who.admin and user != who.user:
            raise No(10007)
        ids = [
            g["group_id"] for g in self.groups.values()
            if user in g["members"] and f.get("GroupType") in {None, g["kind_name"]}
            and (g["active"] or f.get("WithNoActiveGroups") or (who.gateway and self.role(g, user) == "Owner"))
        ]  # fmt: skip
        return {"TotalCount": len(ids), "GroupIdList": [{"GroupId": one} for one in ids]}

    def get_group_member_info(self, who: Who, f: Fields) -> Fields:
        """List members."""
        g = self.group(f["GroupId"])
        self.need(who, g, "list")
        users = sorted(g["members"])
        found = [user for user in users if g["members"][user]["role"] in f.get("MemberRoleFilter", RANK)]
        answer = {"MemberNum": len(users), "MemberList": [self._member(g, user) for user in found]}
        return answer | ({"Next": ""} if g["kind_name"] == "Community" else {})

    def get_specified_group_member_info(self, who: Who, f: Fields) -> Fields:
        """Read named members."""
        g = self.group(f["GroupId"])
        self.need(who, g, "list")
        users = [user for user in dict.fromkeys(f["Member_List_Account"]) if user in g["members"]]
        return {"GroupId": g["group_id"], "MemberList": [self._member(g, user) for user in users]}

    def get_role_in_group(self, who: Who, f: Fields) -> Fields:
        """Read roles."""
        g = self.group(f["GroupId"])
        self.need(who, g, "list")
        return {"UserIdList": [
            {"Member_Account": user, "Role": self.role(g, user) or "NotMember"} for user in f["User_Account"]
        ]}  # fmt: skip

    def get_group_muted_account(self, who: Who, f: Fields) -> Fields:
        """Read who is muted."""
        g, topic = self.group(f["GroupId"]), f.get("TopicId", "")
        self.need(who, g, "mute topic" if topic else "muted", topic)
        if topic and topic not in g["topics"]:
            raise No(110003)
        found = sorted((u, until) for (where, u), until in g["mutes"].items() if where == topic and until > self.now)
        return {
            "GroupId": g["group_id"], "MutedAccountList": [{"Member_Account": u, "MutedUntil": t} for u, t in found]
        }  # fmt: skip

    def get_group_shutted_uin(self, who: Who, f: Fields) -> Fields:
        """Read who is muted, under the older names."""
        found = self.get_group_muted_account(who, f)["MutedAccountList"]
        return {"GroupId": f["GroupId"], "ShuttedUinList": [
            {"Member_Account": item["Member_Account"], "ShuttedUntil": item["MutedUntil"]} for item in found
        ]}  # fmt: skip

    def get_group_applications(self, who: Who, f: Fields) -> Fields:
        """Read what the caller is to decide, and what he asked for."""
        me, mine, unread = who.user, [], 0
        for num, a in self.applications.items():
            g = self.groups[a["group"]]
            leads = g["members"].get(me, {}).get("role") in {"Owner", "Admin"} and a["inviter"] != me
            decides = a["user"] == me if a["sort"] == 1 else leads
            asked = a["inviter"] == me or (a["sort"] == 0 and a["user"] == me)
            if (decides or asked) and (a["handled_by"] or a["user"] not in g["members"]):
                mine.append((a["at_ms"], num, a))
                unread += decides and a["at_ms"] > self.seen.get(me, 0)
        mine.sort(key=lambda each: (-each[0], -each[1]))
        mine = [each for each in mine if each[0] <= f.get("StartTime", 2**53)]
        limit = f.get("Limit") or 50
        page = [each for each in mine if len(mine) < limit or each[0] >= mine[limit - 1][0]]
        rest = mine[len(page) :]
        return {
            "Applications": [{
                "ApplicationId": num, "GroupId": a["group"], "Sort": a["sort"], "User_Account": a["user"],
                "Inviter_Account": a["inviter"], "Message": a["message"], "AddTime": at,
                "Handled": 0 if not a["handled_by"] else 2 if a["handled_by"] == me else 1,
                "Handler_Account": a["handled_by"], "Accepted": a["accepted"], "Answer": a["answer"],
            } for at, num, a in page],
            "Next": rest[0][0] if rest else 0, "SeenTime": self.seen.get(me, 0), "UnreadNum": unread,
        }  # fmt: skip

    def _info(self, g: Fields, one: str) -> Fields:
        if one not in g["permissions"]:
            return {"PermissionGroupId": one, "ErrorCode": 110006}
        p = g["permissions"][one]
        return {
            "PermissionGroupId": one, "ErrorCode": 0, "PermissionGroupName": p["name"], "Permission": p["permission"],
            "CustomString": p["custom_string"], "MemberCount": len(p["users"]), "MemberNum": len(p["users"]),
            "CreateTime": p["created_at"],
        }  # fmt: skip

    def get_permission_group(self, who: Who, f: Fields) -> Fields:
        """Read permission groups."""
        g = self.group(f["GroupId"])
        self.need(who, g, "permissions")
        wanted = f.get("PermissionGroupIdList") or sorted(g["permissions"])
        return {"PermissionGroupInfoList": [self._info(g, one) for one in wanted], "Next": ""}

    def get_joined_permission_groups(self, who: Who, f: Fields) -> Fields:
        """Read the permission groups the caller is in."""
        g = self.group(f["GroupId"])
        self.need(who, g, "permissions")
        mine = sorted(one for one, p in g["permissions"].items() if who.user in p["users"])
        return {"PermissionGroupInfoList": [self._info(g, one) for one in mine], "Next": ""}

    def get_permission_group_member_list(self, who: Who, f: Fields) -> Fields:
        """Read who is in a permission group."""
        g = self.group(f["GroupId"])
        self.need(who, g, "permissions")
        users = sorted(self._permission(g, f)["users"])
        return {"MemberNum": len(users), "MemberList": [self._member(g, user) for user in users], "Next": ""}

    def get_topic_permission_group(self, who: Who, f: Fields) -> Any:
        """Read the bits that a permission group has for topics."""
        g = self.group(f["GroupId"])
        self.need(who, g, "permissions")
        masks = self._permission(g, f)["topics"]
        if "TopicIdList" not in f:
            return {"TopicPermissionResultList": [(t, 0, masks[t]) for t in g["topics"] if t in masks]}
        return {"TopicPermissionResultList": [
            (t, self._fault(g, t) or (0 if t in masks else 110011), masks.get(t)) for t in f["TopicIdList"]
        ]}  # fmt: skip
