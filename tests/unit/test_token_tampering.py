"""UserSig: whatever is changed in one is noticed, and whatever is no UserSig is refused with its documented code."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunzhu.core.errors import Refused
from qunzhu.core.token import check_usersig, make_usersig

KEY, APP, USER, NOW = "test-key", 1400000000, "alice", 1_700_000_000
VECTOR = "5aIV+hg3aERkfs6JlBgl2vHncGBZIOFtRqyWU/vr2Jo="


def document(usersig: str) -> dict:
    """Unpack a UserSig the documented way."""
    return json.loads(zlib.decompress(base64.b64decode(usersig.translate(str.maketrans("*-_", "+/=")))))


def packed(fields: object) -> str:
    """Pack a document the documented way."""
    raw = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return base64.b64encode(zlib.compress(raw)).decode().translate(str.maketrans("+/=", "*-_"))


def made(**more) -> str:
    return make_usersig(KEY, APP, USER, **{"now": NOW, "expire": 86400, **more})


def code(usersig: str, *, now: int = NOW, key: str = KEY, app: int = APP, user: str = USER) -> int:
    try:
        check_usersig(key, app, user, usersig, now)
    except Refused as refused:
        return refused.row.code
    return 0


@pytest.mark.parametrize(("expected", "usersig", "more"), [
    (70002, "", {}), (70003, "x", {}), (70003, "é", {}), (70003, "\ud800", {}), (70003, "x" * 5000, {}),
    (70003, base64.b64encode(b"{}").decode(), {}), (70003, packed({}), {}), (70003, packed([]), {}),
    (70003, packed(b"\xff"), {}), (70003, packed(b"[" * 10_000), {}), (70003, packed(b" " * 1_000_000), {}),
    (70003, made()[:-8], {}), (70009, made(), {"key": "other"}), (70013, made(), {"user": "bob"}),
    (70013, made(), {"user": "Alice"}), (70014, made(), {"app": APP + 1}), (0, made(), {}),
], ids=str)  # fmt: skip
def test_reasons(expected, usersig, more):
    assert code(usersig, **more) == expected


@pytest.mark.parametrize(("field", "value", "expected"), [
    ("TLS.identifier", "bob", 70013), ("TLS.sdkappid", APP + 1, 70014), ("TLS.expire", 10**9, 70009),
    ("TLS.time", NOW + 1, 70009), ("TLS.sig", VECTOR[:-2] + "==", 70009), ("TLS.sig", "", 70009),
    ("TLS.sig", "é", 70009), ("TLS.userbuf", "AAAA", 70009), ("TLS.sig", None, 70003), ("TLS.time", "now", 70003),
    ("TLS.time", 10**30, 70009), ("TLS.sdkappid", str(APP), 70003), ("TLS.ver", "2.0", 0),
])  # fmt: skip
def test_a_changed_field(field, value, expected):
    assert code(packed({**document(made()), field: value})) == expected


def test_a_signature_for_another_user_or_app_is_not_enough():
    assert code(packed({**document(make_usersig(KEY, APP, "bob", now=NOW)), "TLS.identifier": USER})) == 70009
    assert code(packed({**document(make_usersig(KEY, APP + 1, USER, now=NOW)), "TLS.sdkappid": APP})) == 70009


@pytest.mark.parametrize("userbuf", [b"", b"\x00room\xff", bytes(50)])
def test_userbuf_is_signed(userbuf):
    usersig = made(userbuf=userbuf)
    assert code(usersig) == 0
    bare = document(usersig)
    del bare["TLS.userbuf"]
    assert code(packed(bare)) == 70009


@given(
    user=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=32),
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    app=st.integers(1, 2**32 - 1),
    expire=st.integers(0, 2**40),
)
def test_what_is_made_is_accepted_with_its_key_only(user, key, app, expire):
    usersig = make_usersig(key, app, user, now=NOW, expire=expire)
    assert check_usersig(key, app, user, usersig, NOW).valid_until == NOW + expire
    assert code(usersig, key=key + "x", app=app, user=user) == 70009
