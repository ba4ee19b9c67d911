"""Notices of an app administrator: send_group_system_notification (doc 1047/34958)."""

import pytest

from qunzhu.core.notices import system_notices, tip
from worlds import ADMIN, KINDS, NOW, WITH_MEMBERS

NAME = "send_group_system_notification"


@pytest.fixture
def peopled(world):
    world.people("owner", "bob", "carl", "dora")
    return world


def told(world):
    """Return whom the newest event is told to, and the notice."""
    event = world.events[-1]
    assert tip(event) is None
    [(users, notice)] = system_notices(event)
    return users, notice


@pytest.mark.parametrize("kind", KINDS)
def test_to_everybody(peopled, kind):
    group = peopled.group(kind, members=[] if kind == "AVChatRoom" else ["bob"])
    before, number = peopled.dump(), len(peopled.events)
    for named in ({}, {"ToMembers_Account": []}, {"ToMembers_Account": None}):
        assert peopled.call(NAME, GroupId=group, Content="hello\n\x00", **named) == {}
        users, notice = told(peopled)
        assert users is None
        assert notice == {
            "GroupId": group, "GroupType": kind, "Operator_Account": ADMIN, "Time": NOW, "ReportType": "UserDefine",
            "Content": "hello\n\x00",
        }  # fmt: skip
    assert len(peopled.events) == number + 3
    assert peopled.dump() == before, "it is not stored"


@pytest.mark.parametrize("kind", WITH_MEMBERS)
def test_to_some(peopled, kind):
    group = peopled.group(kind, members=["bob", "carl"])
    peopled.call(NAME, GroupId=group, Content="x", ToMembers_Account=["carl", "dora", "ghost", "bob", "carl"])
    assert told(peopled)[0] == ["carl", "bob"]
    number = len(peopled.events)
    peopled.call(NAME, GroupId=group, Content="x", ToMembers_Account=["dora", "ghost"])
    assert len(peopled.events) == number, "nobody of those named is a member"


def test_about_a_topic(peopled):
    group = peopled.group("Community", GroupId="@TGS#_club", SupportTopic=1)
    topic = "@TGS#_club@TOPIC#_news"
    peopled.execute(
        "INSERT INTO topics (group_num, topic_id, name, introduction, notification, face_url, custom_string,"
        " creator, created_at, last_msg_at, next_seq, mute_all) SELECT num, :topic, 'news', '', '', '', '',"
        " 'owner', 0, 0, 1, 0 FROM groups WHERE group_id = :group_id", topic=topic, group_id=group,
    )  # fmt: skip
    peopled.call(NAME, GroupId=group, Content="x", TopicId=topic)
    users, notice = told(peopled)
    assert (users, notice["TopicId"], notice["GroupId"]) == (None, topic, group)
    for wrong in ("nowhere", "@TGS#_other@TOPIC#_news"):
        assert "TopicId" in peopled.refused(110003, NAME, GroupId=group, Content="x", TopicId=wrong)
    peopled.refused(110013, NAME, GroupId=group, Content="x", TopicId="x" * 97)


def test_refusals(peopled):
    group = peopled.group("Public", members=["bob"])
    peopled.refused(10010, "send_group_system_notification", GroupId="gone", Content="x")
    peopled.refused(10015, NAME, GroupId="", Content="x")
    peopled.refused(10004, NAME, GroupId=group)
    peopled.call(NAME, GroupId=group, Content="x" * 12288)
    assert "12288" in peopled.refused(10004, NAME, GroupId=group, Content="群" * 4097)
    text = peopled.refused(10005, NAME, GroupId=group, Content="x", ToMembers_Account=[f"u{n}" for n in range(501)])
    assert "ToMembers_Account" in text
    peopled.call(NAME, GroupId=group, Content="x", ToMembers_Account=[f"u{n}" for n in range(500)])
    peopled.refused(60015, NAME, GroupId=group, Content="x", ToMembers_Account=[7])
    live = peopled.group("AVChatRoom")
    assert "ToMembers_Account" in peopled.refused(10004, NAME, GroupId=live, Content="x", ToMembers_Account=["bob"])


@pytest.mark.parametrize("by", ["owner", "bob", "dora"])
def test_it_is_the_app_administrators(peopled, by):
    group = peopled.group("Public", members=["bob"])
    peopled.refused(10007, NAME, by, GroupId=group, Content="x")
