"""The model's commands upon live rooms, attributes and counters."""

from __future__ import annotations

from typing import Any

from contract.model import FOREVER, Fields, No, Rules, Who

ALWAYS, HIDDEN, FIRST = 500, 600, 1000


class Rooms(Rules):
    """Live rooms, where everything but the owner, administrators and bans is in memory; attributes and counters."""

    def room(self, who: Who, f: Fields, what: str) -> tuple[Fields, str]:
        """Return a live room, and the role as which the caller acts there."""
        g = self.group(f["GroupId"])
        if g["kind_name"] != "AVChatRoom":
            raise No(10007)
        return g, self.need(who, g, what)

    def enter_room(self, who: Who, g: Fields, *, told: bool = True) -> None:
        """Let the caller's session in; without one nobody comes in."""
        if not (session := self.sessions.get(who.user, 0) if who.gateway else 0):
            return
        g["live"].setdefault(who.user, {"at": self.now, "marks": set()})
        self.emit(
            "MembersJoined", g, who, users=[who.user], how="Apply", member_num=0, agreed=False, admins=[],
            session=session, most=0, told=told,
        )  # fmt: skip

    def leave_room(self, who: Who, g: Fields, users: list[str], how: str, reason: str = "") -> None:
        """Let users go out."""
        for user in users:
            g["live"].pop(user, None)
        self.emit("MembersLeft", g, who, users=users, how=how, member_num=0, reason=reason)

    def get_online_member_num(self, who: Who, f: Fields) -> Fields:
        """Count who is there."""
        return {"OnlineMemberNum": len(self.room(who, f, "online")[0]["live"])}

    def get_members(self, who: Who, f: Fields) -> Fields:
        """List who is there, newest first."""
        g, mark = self.room(who, f, "online")[0], f.get("Mark", 0)
        users = [
            {"Member_Account": user, "JoinTime": one["at"], "NickName": "", "Avatar": ""}
            for user, one in reversed(g["live"].items())
            if (mark in one["marks"] if mark else HIDDEN not in one["marks"])
        ]  # fmt: skip
        return {"MemberList": users, "NextTimestamp": 0}

    def check_members(self, who: Who, f: Fields) -> Fields:
        """Tell who of the named is there."""
        g, _ = self.room(who, f, "online")
        return {"Member_Account": [user for user in f["Member_Account"] if user in g["live"]]}

    def modify_user_info(self, who: Who, f: Fields) -> Fields:
        """Give or take marks."""
        g, _ = self.room(who, f, "mark")
        on, live = f["CommandType"] == 1, g["live"]
        if any(mark < FIRST and mark not in {ALWAYS, HIDDEN} for item in f["MemberList"] for mark in item["Marks"]):
            raise No(10004)
        there = [item for item in f["MemberList"] if item["Member_Account"] in live]
        changes: dict[int, list[str]] = {}
        for item in there:
            for mark in item["Marks"]:
                if (mark in live[item["Member_Account"]]["marks"]) is not on:
                    changes.setdefault(mark, []).append(item["Member_Account"])
        own = {mark for one in live.values() for mark in one["marks"]} | changes.keys()
        if on and len([mark for mark in own if mark >= FIRST]) > 10:
            raise No(10004)
        for mark, users in changes.items():
            for user in users:
                live[user]["marks"] ^= {mark}
        if changes:
            self.emit("MarksChanged", g, who, enabled=on, marks=changes)
        return {"CommandType": f["CommandType"], "MemberList": there}

    def modify_admin(self, who: Who, f: Fields) -> None:
        """Appoint or remove administrators of a room."""
        g, _ = self.room(who, f, "appoint")
        on, users = f["CommandType"] == 1, f["Admin_Account"]
        if on and not {*users} <= self.accounts:
            raise No(10019)
        if on and (g["owner"] in users or len({*g["admins"], *users}) > 5):
            raise No(10004)
        for user in users:
            if (user in g["admins"]) is on:
                continue
            if on:
                g["admins"][user] = self.now
            else:
                del g["admins"][user]
            self.tell(g, who, "MemberRoleChanged", "off", user=user, role="Admin" if on else "Member")

    def get_admin_list(self, who: Who, f: Fields) -> Fields:
        """List a room's administrators."""
        g, _ = self.room(who, f, "online")
        order = sorted(g["admins"], key=lambda user: (g["admins"][user], user))
        return {"Admin_List": [{"Admin_Account": user, "NickName": "", "Avatar": ""} for user in order]}

    def ban_group_member(self, who: Who, f: Fields) -> None:
        """Put users out of a room for a time."""
        g, role = self.room(who, f, "ban")
        users, seconds, why = f["Members_Account"], f["Duration"], f.get("Description", "")
        for user in users:
            self.above(who, role, self.role(g, user))
        if not seconds:
            self.leave_room(who, g, users, "Kick", why)
            return
        until = FOREVER if seconds == FOREVER else self.now + seconds
        for user in users:
            g["bans"][user] = (until, why)
            g["live"].pop(user, None)
        self.tell(g, who, "MembersBanned", "pushed", users=users, until=until, reason=why)

    def unban_group_member(self, who: Who, f: Fields) -> None:
        """Lift bans."""
        g, _ = self.room(who, f, "ban")
        lifted = [user for user in f["Members_Account"] if g["bans"].pop(user, (0, ""))[0] > self.now]
        if lifted:
            self.tell(g, who, "MembersUnbanned", "pushed", users=lifted)

    def get_group_ban_member(self, who: Who, f: Fields) -> Fields:
        """List bans."""
        g, _ = self.room(who, f, "ban")
        found = [
            {"Member_Account": user, "BannedUntil": until}
            for user, (until, _) in sorted(g["bans"].items()) if until > self.now
        ]  # fmt: skip
        return {"BannedAccountList": found, "NextOffset": 0}

    def get_group_attr(self, who: Who, f: Fields) -> Fields:
        """Read attributes."""
        g = self.group(f["GroupId"])
        self.need(who, g, "attributes")
        items = [
            {"key": key, "value": value, **({"seq": version} if who.gateway else {})}
            for key, (value, version) in sorted(g["attributes"].items())
        ]  # fmt: skip
        hears = who.user in g["live"] or who.user in g["members"]
        return {"GroupAttrAry": items} | ({"MainSeq": g["version"]} if who.gateway and hears else {})

    def _attributes(self, who: Who, f: Fields) -> tuple[Fields, list[Fields]]:
        """Return a group whose attributes somebody may write, having read the newest of those he names."""
        g, given = self.group(f["GroupId"]), f.get("GroupAttr", [])
        self.need(who, g, "attributes")
        for item in given:
            if (
                who.gateway
                and item.get("seq", g["attributes"].get(item["key"], ("", 0))[1])
                != (g["attributes"].get(item["key"], ("", 0))[1])
            ):
                raise No(10056)
        return g, given

    def _write(self, who: Who, g: Fields, option: str, changed: dict[str, str], removed: list[str]) -> Fields:
        kept = {key for key in g["attributes"] if key not in removed} | changed.keys()
        if len(kept) > 16:
            raise No(10047)
        at, writes = g["writes"]
        writes = writes + 1 if at == self.now else 1
        if writes > 5:
            raise No(10049)
        g["version"], g["writes"] = g["version"] + 1, (self.now, writes)
        for key in removed:
            del g["attributes"][key]
        g["attributes"] |= {key: (value, g["version"]) for key, value in changed.items()}
        self.emit("AttributesChanged", g, who, version=g["version"], option=option, changed=changed, removed=removed)
        return {"MainSeq": g["version"]} if who.gateway else {}

    def modify_group_attr(self, who: Who, f: Fields) -> Fields:
        """Add or change attributes."""
        g, given = self._attributes(who, f)
        return self._write(who, g, "modify", {item["key"]: item["value"] for item in given}, [])

    def set_group_attr(self, who: Who, f: Fields) -> Fields:
        """Replace all attributes."""
        g, given = self._attributes(who, f)
        changed = {item["key"]: item["value"] for item in given}
        return self._write(who, g, "set", changed, [key for key in sorted(g["attributes"]) if key not in changed])

    def delete_group_attr(self, who: Who, f: Fields) -> Fields:
        """Remove named attributes."""
        g, given = self._attributes(who, f)
        keys = [item["key"] for item in given]
        if not {*keys} <= g["attributes"].keys():
            raise No(10050)
        return self._write(who, g, "delete", {}, keys)

    def clear_group_attr(self, who: Who, f: Fields) -> Fields:
        """Remove all attributes."""
        g, _ = self._attributes(who, f)
        if who.gateway and f.get("MainSeq", g["version"]) != g["version"]:
            raise No(10056)
        return self._write(who, g, "clear", {}, sorted(g["attributes"]))

    def get_group_counter(self, who: Who, f: Fields) -> Fields:
        """Read counters."""
        g = self.group(f["GroupId"])
        self.need(who, g, "counters")
        keys = f.get("GroupCounterKeys") or g["counters"]
        return {
            "GroupCounter": [{"Key": key, "Value": g["counters"][key]} for key in sorted({*keys} & {*g["counters"]})]
        }

    def update_group_counter(self, who: Who, f: Fields) -> Fields:
        """Set counters, or add to them."""
        g = self.group(f["GroupId"])
        self.need(who, g, "counters")
        step = {"Increase": 1, "Decrease": -1}.get(f.get("Mode", "Set"))
        changed: dict[str, int] = {}
        for item in f["GroupCounter"]:
            key, value = item["Key"], item["Value"]
            changed[key] = value if step is None else changed.get(key, g["counters"].get(key, 0)) + step * value
            if not -(2**63) <= changed[key] < 2**63:
                raise No(10004)
        if len(g["counters"].keys() | changed.keys()) > 20:
            raise No(10063)
        g["counters"] |= changed
        self.emit("CountersChanged", g, who, changed=changed, removed=[])
        return {"GroupCounter": [{"Key": key, "Value": value} for key, value in changed.items()]}

    def delete_group_counter(self, who: Who, f: Fields) -> Any:
        """Delete counters."""
        g = self.group(f["GroupId"])
        self.need(who, g, "counters")
        removed = [key for key in sorted(g["counters"]) if key in f.get("GroupCounterKeys", g["counters"])]
        for key in removed:
            del g["counters"][key]
        if removed:
            self.emit("CountersChanged", g, who, changed={}, removed=removed)
