"""UserSig against the rule book's vector and against the public package's idea of it."""

import base64
import json
import zlib

import pytest

from qunzhu.core.errors import Refused
from qunzhu.core.token import check_usersig, make_usersig

NOW = 1_700_000_000


def document(usersig: str) -> dict:
    """Return what a UserSig says."""
    return json.loads(zlib.decompress(base64.b64decode(usersig.translate(str.maketrans("*-_", "+/=")))))


def code(*args) -> int:
    """Return the code of a refused check."""
    with pytest.raises(Refused) as refused:
        check_usersig(*args)
    return refused.value.row.code


def test_the_vector():
    made = document(make_usersig("test-key", 1400000000, "alice", now=NOW, expire=86400))
    assert made["TLS.sig"] == "5aIV+hg3aERkfs6JlBgl2vHncGBZIOFtRqyWU/vr2Jo="
    assert made["TLS.ver"] == "2.0"
    assert (made["TLS.identifier"], made["TLS.sdkappid"], made["TLS.time"], made["TLS.expire"]) == (
        "alice", 1400000000, NOW, 86400,
    )  # fmt: skip


@pytest.mark.parametrize("userbuf", [None, b"", b"\x00room"])
def test_round_trip_to_the_last_second(userbuf):
    sig = make_usersig("key", 7, "群主", now=NOW, expire=60, userbuf=userbuf)
    assert check_usersig("key", 7, "群主", sig, NOW + 60).made_at == NOW
    assert code("key", 7, "群主", sig, NOW + 61) == 70001


def test_each_mismatch_has_its_code():
    sig = make_usersig("key", 7, "alice", now=NOW)
    assert code("key", 7, "bob", sig, NOW) == 70013
    assert code("key", 8, "alice", sig, NOW) == 70014
    assert code("other", 7, "alice", sig, NOW) == 70009
    assert code("key", 7, "alice", "", NOW) == 70002
    assert code("key", 7, "alice", sig[:-8], NOW) == 70003
    assert code("key", 7, "alice", "群", NOW) == 70003


def test_a_packed_bomb_is_not_unpacked():
    bomb = base64.b64encode(zlib.compress(b" " * 3_000_000, 9)).translate(bytes.maketrans(b"+/=", b"*-_")).decode()
    assert len(bomb) <= 4096
    assert code("key", 7, "alice", bomb, NOW) == 70003
