"""Where an app's callbacks go and which are on, as `qunzhu app` sets and shows it."""

from __future__ import annotations

import pytest

URL = "https://im.example.com/callback"


@pytest.fixture
def app(qunzhu):
    """Make an app without callbacks."""
    made = qunzhu("app", "create", "--json").json
    assert made["callbacks"] == {
        "url": "", "signed": False, "commands": [], "block": False, "private": False, "tries": 12
    }  # fmt: skip
    return made["sdkappid"]


def test_an_app_is_made_with_callbacks(qunzhu):
    made = qunzhu(
        "app", "create", "--json", "--callback-url", URL, "--callback-token", "t0k3n", "--callback", "*",
        "--callback-block", "--callback-private", "--callback-tries", 3,
    ).json  # fmt: skip
    assert made["callbacks"] == {
        "url": URL, "signed": True, "token": "t0k3n", "commands": ["*"], "block": True, "private": True, "tries": 3
    }  # fmt: skip


def test_what_is_not_named_stays_and_an_empty_text_empties(qunzhu, app):
    names = ("Group.CallbackBeforeSendMsg", "C2C.CallbackBeforeSendMsg")
    qunzhu("app", "set", app, "--callback-url", URL, "--callback", names[0], "--callback", names[1])
    found = qunzhu("app", "set", app, "--callback-block", "--callback-token", "t0k3n", "--json").json["callbacks"]
    assert (found["url"], found["commands"], found["block"]) == (URL, list(names), True)
    found = qunzhu("app", "set", app, "--callback", "", "--no-callback-block", "--json").json["callbacks"]
    assert (found["url"], found["commands"], found["block"], found["signed"]) == (URL, [], False, True)
    found = qunzhu("app", "set", app, "--callback-url", "", "--callback-token", "", "--json").json["callbacks"]
    assert (found["url"], found["signed"]) == ("", False)


def test_the_token_is_hidden_like_the_key(qunzhu, app):
    qunzhu("app", "set", app, "--callback-url", URL, "--callback-token", "t0k3n", "--callback", "*")
    for shown in (qunzhu("app", "show", app), qunzhu("app", "show", app, "--json"), qunzhu("app", "list", "--json")):
        assert "t0k3n" not in shown.out
    text = qunzhu("app", "show", app, "--show-key").out
    assert "t0k3n" in text
    assert URL in text
    assert qunzhu("app", "show", app, "--show-key", "--json").json["callbacks"]["token"] == "t0k3n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--callback-url", "im.example.com"), ("does not begin with http:// or https://",)),
        (("--callback-url", "ftp://im.example.com"), ("does not begin with",)),
        (("--callback-url", "http://im.example.com/a b"), ("has ' '",)),
        (("--callback-url", "http://im.example.com/?app=1"), ("has '?'",)),
        (("--callback-url", "http://im_example.com"), ("letters, digits, hyphens and dots",)),
        (("--callback-url", "http://[2001:db8::1]/"), ("letters, digits, hyphens and dots",)),
        (("--callback-url", f"http://{'a' * 64}/"), ("64 characters, at most 63",)),
        (("--callback-url", "http://user@im.example.com/"), ("names a user",)),
        (("--callback-url", "http://im.example.com:70000/"), ("out of range",)),
        (("--callback-url", "http://10.1.2.3/"), ("10.1.2.3 is private", "--callback-private")),
        (("--callback-url", "http://169.254.169.254/"), ("link-local", "--callback-private")),
        (("--callback-url", "http://127.0.0.1:9000/"), ("loopback", "--callback-private")),
        (("--callback-url", "http://localhost:9000/"), ("loopback", "--callback-private")),
        (("--callback-token", "a b"), ("1 to 256 printable ASCII",)),
        (("--callback-token", "x" * 257), ("1 to 256 printable ASCII",)),
        (("--callback-tries", "0"), ("0 is not within 1 to 100",)),
        (("--callback", "Group.CallbackBeforeSendMessage"), ("the nearest is Group.CallbackBeforeSendMsg",)),
        (("--callback", "callbackbeforesendmsg"), ("the nearest is Group.CallbackBeforeSendMsg",)),
        (("--callback", "nothing like it"), ("there is no callback",)),
        (("--callback", "Group.CallbackBeforeCreateTopic"), ("shares the switch of Group.CallbackBeforeCreateGroup",)),
        (("--callback", "Sns.CallbackFriendAdd"), ("a service that this server does not have",)),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(qunzhu, app, options, words):
    failed = qunzhu("app", "set", app, *options, "--json")
    assert failed.code in {1, 2}
    assert [word for word in words if word not in failed.error["message"]] == [], failed.error
    assert qunzhu("app", "show", app, "--json").json["callbacks"]["url"] == ""


def test_private_addresses_are_allowed_where_the_app_says_so(qunzhu, app):
    qunzhu("app", "set", app, "--callback-url", "http://10.1.2.3:8080/cb", "--callback-private")
    failed = qunzhu("app", "set", app, "--no-callback-private", "--json")
    assert "10.1.2.3 is private" in failed.error["message"]
