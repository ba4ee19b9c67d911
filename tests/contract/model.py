"""The rules of the group service in plain Python, to run beside the server: dicts and ifs, nothing of the server's.

Written from the public documentation (group systems 1047/33529, 33530, the pages of the commands, permission groups
59829) and from docs/decisions/007 where that is silent. State has the names of the stored columns, events those of
core/events.py; a refusal is raised as ``No(code)`` before anything is changed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Fields = dict[str, Any]
ADMIN = "administrator"
FOREVER = 2**32 - 1
ALL_BITS = 2**64 - 1
RANK = {"": 0, "Member": 1, "Admin": 2, "Owner": 3}
ON_OFF = ("Off", "On")
#: Who may do what: o owner, d administrator, m member, u anybody, and app administrators unless it is "-". By kind:
#: Work, Public, Meeting, live room, Community.
MAY = {
    "see": ("odm", "odmu", "odmu", "odmu", "odmu"),
    "list": ("odm", "odm", "odm", "-", "odm"),
    "profile": ("odm", "od", "o", "o", "od"),
    "options": ("o", "od", "o", "o", "od"),
    "mute all": ("-", "od", "od", "o", "od"),
    "invite": ("odm", "odm", "odm", "-", "odm"),
    "kick": ("o", "od", "od", "-", "od"),
    "transfer": ("o", "o", "o", "-", "o"),
    "dissolve": ("", "o", "o", "o", "o"),
    "decide": ("o", "od", "od", "-", "-"),
    "appoint": ("-", "o", "o", "o", "o"),
    "self": ("odm", "odm", "odm", "-", "odm"),
    "member": ("o", "od", "od", "-", "od"),
    "mute": ("-", "od", "od", "od", "od"),
    "muted": ("o", "od", "od", "od", "od"),
    "notify": ("", "", "", "", ""),
    "import": ("", "", "", "-", ""),
    "ban": ("-", "-", "-", "od", "-"),
    "mark": ("-", "-", "-", "o", "-"),
    "online": ("-", "-", "-", "odmu", "-"),
    "attributes": ("odm", "odm", "odm", "odm", "odm"),
    "counters": ("odm", "odm", "odm", "odm", "-"),
    "topics": ("-", "-", "-", "-", "odm"),
    "new topic": ("-", "-", "-", "-", "od"),
    "topic": ("-", "-", "-", "-", "od"),
    "mute topic": ("-", "-", "-", "-", "od"),
    "end topic": ("-", "-", "-", "-", "od"),
    "permissions": ("-", "-", "-", "-", "odm"),
    "permission": ("-", "-", "-", "-", "od"),
    "in permission": ("-", "-", "-", "-", "od"),
    "topic permission": ("-", "-", "-", "-", "od"),
}
LETTER = {"": "u", "Member": "m", "Admin": "d", "Owner": "o"}
#: Bits of a permission group: of the whole community, and of one topic.
WIDE = {
    "profile": 0, "options": 0, "kick": 1, "member": 1, "permission": 2, "topic permission": 2, "in permission": 3,
    "new topic": 4, "topic": 4, "end topic": 4, "mute": 5, "mute all": 5, "muted": 5, "mute topic": 5,
}  # fmt: skip
NARROW = {"topic": 0, "end topic": 0, "topic permission": 1, "mute topic": 2}
#: A topic's bit, and that of the whole community that holds the same in all topics.
WIDER = ((0, 4), (1, 2), (2, 5), (3, 6), (4, 8), (5, 9), (6, 7))


class Kind(NamedTuple):
    """What differs by kind. Notices: stored, pushed or off, of members, profile and roles."""

    place: int
    prefix: str
    apply: str
    invite: str
    flag: str
    most: int
    notices: tuple[str, str, str]


STORED, PUSHED, OFF = ("stored",) * 3, ("pushed", "pushed", "off"), ("off", "stored", "off")
NOTIFY, QUIET = "AcceptAndNotify", "AcceptNotNotify"
KINDS = {
    "Private": Kind(0, "@TGS#1", "DisableApply", "FreeAccess", NOTIFY, 6000, STORED),
    "Public": Kind(1, "@TGS#2", "NeedPermission", "DisableInvite", NOTIFY, 6000, STORED),
    "ChatRoom": Kind(2, "@TGS#3", "FreeAccess", "DisableInvite", QUIET, 6000, OFF),
    "AVChatRoom": Kind(3, "@TGS#a", "FreeAccess", "DisableInvite", QUIET, 0, PUSHED),
    "Community": Kind(4, "@TGS#_@TGS#c", "FreeAccess", "FreeAccess", NOTIFY, 1_000_000, STORED),
}
PROFILE = {"Name": "name", "Introduction": "introduction", "Notification": "notification", "FaceUrl": "face_url"}
OPTIONS = {
    "MaxMemberNum": "max_member_num", "ApplyJoinOption": "apply_join", "InviteJoinOption": "invite_join",
    "HistoryMsgBeforeJoin": "history_before_join", "EnablePermission": "enable_permission",
    "DefaultPermission": "default_permission",
}  # fmt: skip
#: Custom fields that the tests' app has: who may write them, and in which kinds they are.
CUSTOM = {
    "open_g": ("Member", ""), "admin_g": ("AppAdmin", ""), "owner_g": ("Owner", ""), "work_g": ("Member", "Private"),
    "any_g": ("", ""), "open_m": ("Member", ""), "admin_m": ("AppAdmin", ""), "pub_m": ("Member", "Public"),
}  # fmt: skip


class No(Exception):
    """The documented refusal."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Who(NamedTuple):
    """Who calls, through which door."""

    user: str
    gateway: bool

    @property
    def admin(self) -> bool:
        """Say whether it is the app administrator."""
        return self.user == ADMIN


def kind_of(g: Fields) -> Kind:
    """Return what is particular to a group's kind."""
    return KINDS[g["kind_name"]]


def number(g: Fields) -> int:
    """Return how many members a group has: of a live room those who are there."""
    return len(g["live"] if g["kind_name"] == "AVChatRoom" else g["members"])


class Rules:
    """State of the app, and what the commands have in common."""

    def __init__(self, users: list[str], consent: tuple[str, ...], now: int) -> None:
        self.accounts = {ADMIN, *users}
        self.consent = consent
        self.now = now
        self.groups: dict[str, Fields] = {}
        self.sessions: dict[str, int] = {}
        """Number of each user's session."""
        self.applications: dict[int, Fields] = {}
        self.seen: dict[str, int] = {}
        self.events: list[Fields] = []
        self.made: list[Any] = []
        """What the server chose: ids and numbers, to be taken one by one."""

    @property
    def now_ms(self) -> int:
        """Return the time in milliseconds, as the tests' clock has it."""
        return self.now * 1000 + 123

    def run(self, name: str, who: Who, fields: Fields, made: list[Any]) -> tuple[int, Any]:
        """Run a command; return its code and its reply."""
        self.events, self.made = [], made
        try:
            return 0, getattr(self, name)(who, fields) or {}
        except No as refusal:
            return refusal.code, None

    def group(self, group_id: str) -> Fields:
        """Return a group, or refuse."""
        if group_id not in self.groups:
            raise No(10010)
        return self.groups[group_id]

    def role(self, g: Fields, user: str) -> str:
        """Return a user's role; owner and administrators of a live room need not be there."""
        if g["kind_name"] == "AVChatRoom":
            if user == g["owner"]:
                return "Owner"
            return "Admin" if user in g["admins"] else "Member" if user in g["live"] else ""
        return g["members"][user]["role"] if user in g["members"] else ""

    def masks(self, g: Fields, user: str, topic: str = "") -> tuple[int, int]:
        """Return the bits a member has: everybody's and those of his permission groups together."""
        mine = [one for one in g["permissions"].values() if user in one["users"]]
        wide, narrow = g["default_permission"], 0
        for one in mine:
            wide |= one["permission"]
            narrow |= one["topics"].get(topic, 0)
        return wide, narrow

    def acts_as(self, g: Fields, user: str, what: str, topic: str = "") -> str:
        """Return the role as which a user does something."""
        role = self.role(g, user)
        if not g["enable_permission"] or role in {"", "Owner"}:
            return role
        wide, narrow = self.masks(g, user, topic)
        given = (what in WIDE and wide >> WIDE[what] & 1) or (what in NARROW and narrow >> NARROW[what] & 1)
        return "Admin" if given else "Member"

    def may(self, who: Who, g: Fields, what: str, topic: str = "") -> bool:
        """Say whether somebody may do something in a group."""
        roles = MAY[what][kind_of(g).place]
        if who.admin and roles != "-":
            return True
        if what == "invite" and g["invite_join"] == "DisableInvite":
            return False
        return LETTER[self.acts_as(g, who.user, what, topic)] in roles

    def need(self, who: Who, g: Fields, what: str, topic: str = "") -> str:
        """Return the role as which somebody acts, or refuse."""
        if not self.may(who, g, what, topic):
            raise No(10004 if what == "kick" and g["kind_name"] == "AVChatRoom" else 10007)
        return self.acts_as(g, who.user, what, topic)

    @staticmethod
    def above(who: Who, role: str, target: str) -> None:
        """Refuse to act upon equals and those above."""
        if RANK["Owner" if who.admin else role] <= RANK[target]:
            raise No(10007)

    def given(self, who: Who, g: Fields, topic: str = "") -> tuple[int, int]:
        """Return the bits somebody may give to others."""
        role, (wide, narrow) = self.role(g, who.user), self.masks(g, who.user, topic)
        on = g["enable_permission"]
        if who.admin or role == "Owner" or (role == "Admin" and not on):
            return ALL_BITS, ALL_BITS
        if not on or not role:
            return 0, 0
        return wide, narrow | sum(1 << bit for bit, wider in WIDER if wide >> wider & 1)

    def custom(self, who: Who, kind: str, role: str, given: list[Fields]) -> dict[str, str]:
        """Return custom fields by key, or refuse unknown ones and those the caller may not write."""
        for item in given:
            level, only = CUSTOM.get(item["Key"], ("", "none"))
            if only not in {"", kind}:
                raise No(10004)
            if not who.admin and (level == "AppAdmin" or RANK[role] < RANK[level]):
                raise No(10007)
        return {item["Key"]: item["Value"] for item in given}

    def tell(self, g: Fields, who: Who, event: str, notice: str, *, silent: bool = False, **more: Any) -> int:
        """Let something have happened to a group: stored, pushed or kept to oneself; return its seq."""
        silent = silent or not g["active"]
        told, seq = not silent and notice != "off", 0
        if told and notice == "stored":
            seq, g["last_msg_at"] = g["next_seq"], self.now
            g["next_seq"] += 1
        record = self.emit(event, g, who, seq=seq, told=told, silent=silent, **more)
        if seq:
            g["stored"][seq] = record
        return seq

    def emit(self, event: str, g: Fields, who: Who, **more: Any) -> Fields:
        """Publish an event of a group."""
        record = {
            "type": event, "group_id": g["group_id"], "kind": g["kind_name"], "operator": who.user, "at": self.now,
            "seq": 0, "told": True, "silent": False, **more,
        }  # fmt: skip
        self.events.append(record)
        return record

    def until(self, seconds: int) -> int:
        """Return when a mute that begins now ends."""
        return min(FOREVER, self.now + seconds)

    def enter(
        self, who: Who, g: Fields, users: list[str], how: str, *, silent: bool = False, agreed: bool = False,
        own: dict[str, Fields] | None = None,
    ) -> None:  # fmt: skip
        """Make users members."""
        if len(g["members"]) + len(users) > g["max_member_num"]:
            raise No(10014)
        own, kind, before = own or {}, kind_of(g), g["next_seq"] - 1
        admins = [user for user in users if own.get(user, {}).get("role") == "Admin"]
        seq = self.tell(
            g, who, "MembersJoined", kind.notices[0], silent=silent, users=users, how=how, agreed=agreed,
            member_num=len(g["members"]) + len(users), admins=admins, session=0, most=0,
        )  # fmt: skip
        for user in users:
            g["members"][user] = {**self.member(kind, self.now), "read_seq": seq or before, **own.get(user, {})}

    @staticmethod
    def member(kind: Kind, at: int) -> Fields:
        """Return a new member."""
        return {
            "role": "Member", "joined_at": at, "read_seq": 0, "msg_flag": kind.flag, "name_card": "", "custom": {},
            "last_msg_at": 0,
        }  # fmt: skip

    def leave(self, who: Who, g: Fields, users: list[str], how: str, *, reason: str = "", silent: bool = False) -> None:
        """Take members out; the last one's leaving ends the group."""
        for user in users:
            del g["members"][user]
            for one in g["permissions"].values():
                one["users"].discard(user)
        self.applications = {
            num: a for num, a in self.applications.items()
            if a["handled_by"] or a["group"] != g["group_id"] or not {a["user"], a["inviter"]} & {*users}
        }  # fmt: skip
        self.tell(
            g, who, "MembersLeft", kind_of(g).notices[0], silent=silent, users=users, how=how, reason=reason,
            member_num=len(g["members"]),
        )  # fmt: skip
        if g["owner"] in users:
            self.own(g, who, "", "off")
        if not g["members"]:
            self.end(g, who)

    def own(self, g: Fields, who: Who, user: str, notice: str) -> None:
        """Give a group another owner, or none."""
        old, g["owner"] = g["owner"], user
        g["info_seq"], g["info_at"] = g["info_seq"] + 1, self.now
        self.tell(g, who, "OwnerChanged", notice, old=old, new=user)

    def end(self, g: Fields, who: Who) -> None:
        """Dissolve a group."""
        del self.groups[g["group_id"]]
        self.applications = {n: a for n, a in self.applications.items() if a["group"] != g["group_id"]}
        self.emit("GroupDissolved", g, who, name=g["name"], owner=g["owner"], member_num=number(g))

    def ask(self, g: Fields, sort: int, user: str, inviter: str = "", message: str = "", by: str = "") -> None:
        """Let an application wait, or renew it."""
        same = (g["group_id"], sort, user, inviter, "")
        key = ("group", "sort", "user", "inviter", "handled_by")
        found = [num for num, a in self.applications.items() if tuple(a[k] for k in key) == same]
        num = found[0] if found else self.made.pop(0)
        assert found or num not in self.applications
        self.applications[num] = {
            **dict(zip(key, same, strict=True)), "message": message, "at_ms": self.now_ms, "accepted": 0, "answer": "",
            "handled_at": 0,
        }  # fmt: skip
        leaders = sorted(u for u, m in g["members"].items() if m["role"] in {"Owner", "Admin"})
        deciders = [user] if sort == 1 else [] if by == "hand on" else leaders
        self.emit(
            "ApplicationMade", g, Who(inviter or user, gateway=True), told=False, num=num, sort=sort, user=user,
            inviter=inviter, message=message, at_ms=self.now_ms, deciders=deciders, dropped=[],
        )  # fmt: skip

    def mute(self, who: Who, g: Fields, users: list[str], seconds: int, topic: str = "") -> None:
        """Mute users, or lift their mutes."""
        for user in users:
            g["mutes"].pop((topic, user), None)
            if seconds:
                g["mutes"][topic, user] = self.until(seconds)
        self.tell(
            g, who, "MembersMuted", "off" if topic else kind_of(g).notices[2], users=users, seconds=seconds,
            until=self.until(seconds) if seconds else 0, topic_id=topic,
        )  # fmt: skip
