"""Leave to upload, and links: request_upload, renew_media_links (docs/guide/media.md)."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from qunzhu.core.command import BY_NAME
from qunzhu.core.errors import Refused
from qunzhu.core.media import SORTS, Grant, Links, MediaRules, Target, target_of
from worlds import KEY, NOW, SDKAPPID

ASK, RENEW = "request_upload", "renew_media_links"
MB = 1 << 20
LINKS = Links(SDKAPPID, KEY)
ONE = "0" * 32


def granted(url: str, now: int = NOW) -> Grant:
    """Return what an upload link allows, by its signature."""
    parts = urlsplit(url)
    target = target_of(parts.path)
    assert target.type == 0
    return LINKS.granted(target.uuid, parse_qs(parts.query)["token"][0], now)


def opened(url: str, now: int = NOW) -> Target:
    """Return what a download link leads to, by its signature."""
    parts = urlsplit(url)
    query, target = parse_qs(parts.query), target_of(parts.path)
    assert LINKS.require(target, query["e"][0], query["k"][0], now) == int(query["e"][0])
    return target


class TestRequestUpload:
    def test_both_links(self, sqlite_world):
        found = sqlite_world.call(ASK, "bob", Sort="Image", Size=5, FileName="a b.png", ContentType="image/png")
        assert re.fullmatch(r"[0-9a-f]{32}", found["UUID"])
        grant = Grant(user="bob", sort="Image", name="a b.png", content_type="image/png", size=5, until=NOW + 900)
        assert granted(found["UploadUrl"]) == grant
        assert opened(found["Url"]) == Target(SDKAPPID, found["UUID"], 1)
        assert (found["UploadUntil"], found["UrlUntil"]) == (NOW + 900, NOW + 7 * 86400)

    def test_each_has_a_uuid_of_its_own(self, sqlite_world):
        assert len({sqlite_world.call(ASK, "bob", Sort="File", Size=1)["UUID"] for _ in range(50)}) == 50

    @pytest.mark.parametrize(
        ("sort", "most"),
        [("Image", 28 * MB), ("Sound", 28 * MB), ("Video", 100 * MB), ("VideoThumb", 28 * MB), ("File", 100 * MB)],
    )
    def test_sizes(self, sqlite_world, sort, most):
        assert granted(sqlite_world.call(ASK, "bob", Sort=sort, Size=most)["UploadUrl"]).size == most
        text = sqlite_world.refused(114002, "request_upload", "bob", Sort=sort, Size=most + 1)
        assert f"Size: {most + 1} bytes, {sort} may have {most}" in text
        sqlite_world.refused(114011, "request_upload", "bob", Sort=sort, Size=0)
        sqlite_world.refused(114011, "request_upload", "bob", Sort=sort, Size=2**64)

    def test_sizes_are_settings(self, sqlite_world):
        rules = MediaRules(public_url="https://im.example.com", image_bytes=10, upload_seconds=7, link_seconds=70)
        who = msgspec.structs.replace(sqlite_world.who("bob"), media=rules)
        command = BY_NAME[ASK]
        found = command.run(None, who, command.decode(b'{"Sort":"Image","Size":10}'))
        assert (found.UploadUntil, found.UrlUntil) == (NOW + 7, NOW + 70)
        assert found.Url.startswith("https://im.example.com/media/")
        assert found.UploadUrl.startswith("https://im.example.com/media/")
        with pytest.raises(Refused) as refused:
            command.run(None, who, command.decode(b'{"Sort":"Image","Size":11}'))
        assert refused.value.row.code == 114002

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("../../etc/passwd", "passwd"), ("C:\\Users\\bob\\cat.png", "cat.png"), ("/", ""), ("..", ".."),
            ("群.png", "群.png"), (None, ""), ("", ""), ('a";b', 'a";b'),
        ],
    )  # fmt: skip
    def test_of_a_path_the_name_is_kept(self, sqlite_world, given, kept):
        assert granted(sqlite_world.call(ASK, "bob", Sort="File", Size=1, FileName=given)["UploadUrl"]).name == kept

    def test_names(self, sqlite_world):
        sqlite_world.call(ASK, "bob", Sort="File", Size=1, FileName="群" * 85)
        assert "258 bytes" in sqlite_world.refused(
            114011, "request_upload", "bob", Sort="File", Size=1, FileName="群" * 86
        )
        assert "U+000A" in sqlite_world.refused(114011, "request_upload", "bob", Sort="File", Size=1, FileName="a\nb")

    @pytest.mark.parametrize(
        ("sort", "given", "kept"),
        [
            ("Image", "image/PNG", "image/png"), ("Sound", "audio/ogg; codecs=opus", "audio/ogg"),
            ("Video", None, "application/octet-stream"), ("Video", "", "application/octet-stream"),
            ("Image", "application/octet-stream", "application/octet-stream"),
            ("File", "text/html", "text/html"), ("VideoThumb", "image/jpeg", "image/jpeg"),
        ],
    )  # fmt: skip
    def test_types(self, sqlite_world, sort, given, kept):
        found = sqlite_world.call(ASK, "bob", Sort=sort, Size=1, ContentType=given)
        assert granted(found["UploadUrl"]).content_type == kept

    @pytest.mark.parametrize(
        ("sort", "given"),
        [
            ("Image", "text/html"), ("Sound", "video/mp4"), ("Video", "audio/mp4"), ("VideoThumb", "video/mp4"),
            ("File", "text"), ("File", "/"), ("File", "a/b/c"), ("File", "text/html\x00"), ("File", "a/" + "b" * 99),
            ("File", "té/x"), ("File", "a b/c"),
        ],
    )  # fmt: skip
    def test_types_that_do_not_suit(self, sqlite_world, sort, given):
        assert "ContentType: " in sqlite_world.refused(
            114011, "request_upload", "bob", Sort=sort, Size=1, ContentType=given
        )

    def test_the_documented_sorts(self):
        assert set(SORTS) == {"Image", "Sound", "Video", "VideoThumb", "File"}


class TestRenewMediaLinks:
    def test_in_the_order_of_the_request(self, sqlite_world):
        wanted = [{"UUID": ONE, "Type": 3}, {"UUID": "f" * 32}, {"UUID": ONE, "Type": None}, {"UUID": ONE, "Type": 2}]
        found = sqlite_world.call(RENEW, "bob", MediaList=wanted)
        assert found["UrlUntil"] == NOW + 7 * 86400
        assert [(item["UUID"], item["Type"]) for item in found["MediaList"]] == [
            (ONE, 3), ("f" * 32, 1), (ONE, 1), (ONE, 2),
        ]  # fmt: skip
        for item in found["MediaList"]:
            assert opened(item["Url"], NOW + 7 * 86400) == Target(SDKAPPID, item["UUID"], item["Type"])

    @pytest.mark.parametrize(
        "uuid", ["", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "../" * 10, "0" * 32 + "\n", "٣" * 32]
    )
    def test_what_is_no_uuid(self, sqlite_world, uuid):
        text = sqlite_world.refused(114011, "renew_media_links", "bob", MediaList=[{"UUID": ONE}, {"UUID": uuid}])
        assert "MediaList[1].UUID" in text

    def test_how_many(self, sqlite_world):
        assert len(sqlite_world.call(RENEW, "bob", MediaList=[{"UUID": ONE}] * 100)["MediaList"]) == 100
        sqlite_world.refused(114011, "renew_media_links", "bob", MediaList=[{"UUID": ONE}] * 101)
        sqlite_world.refused(114011, "renew_media_links", "bob", MediaList=[])


class TestLinks:
    """Whatever is changed in a link, it is worth nothing."""

    GRANT = Grant(user="bob", sort="File", name="n", content_type="a/b", size=1, until=NOW)

    def refused(self, links: Links, uuid: str, token: str, now: int = NOW) -> str:
        with pytest.raises(Refused) as refused:
            links.granted(uuid, token, now)
        assert refused.value.row.code == 114001
        return refused.value.detail

    def test_an_upload_link(self):
        token = LINKS.upload(ONE, self.GRANT).partition("token=")[2]
        claims, _, seal = token.partition(".")
        assert LINKS.granted(ONE, token, NOW) == self.GRANT
        assert self.refused(LINKS, ONE, token, NOW + 5) == "the link expired 5 s ago"
        larger = LINKS.upload(ONE, msgspec.structs.replace(self.GRANT, size=2)).partition("token=")[2].partition(".")[0]
        for other in ("", ".", claims, f"{claims}.", f"{larger}.{seal}", f"{claims}.{seal[:-1]}", f"{claims}.{seal}x",
                      token + "=" * 5000, f"é.{seal}", f"{claims}.é"):  # fmt: skip
            self.refused(LINKS, ONE, other)
        self.refused(LINKS, "1" * 32, token)
        self.refused(Links(SDKAPPID + 1, KEY), ONE, token)
        self.refused(Links(SDKAPPID, KEY + "x"), ONE, token)

    def test_what_is_signed_but_no_grant(self):
        for claims in ("", "e30", "%%%", "W10"):
            self.refused(LINKS, ONE, f"{claims}.{LINKS._seal('put', ONE, claims)}")

    def test_a_download_link(self):
        query = parse_qs(urlsplit(LINKS.download(ONE, 1, NOW)).query)
        until, seal, target = query["e"][0], query["k"][0], Target(SDKAPPID, ONE, 1)
        assert LINKS.require(target, until, seal, NOW) == NOW
        later = str(NOW + 1)
        changed = [
            (LINKS, target, until, seal, NOW + 1), (LINKS, target, later, seal, NOW), (LINKS, target, until, "", NOW),
            (LINKS, target, until, seal[:-1], NOW), (LINKS, target, "", seal, NOW),
            (LINKS, target, f"+{until}", seal, NOW), (LINKS, target, f"0{until}", seal, NOW),
            (LINKS, target, until, "é", NOW), (LINKS, Target(SDKAPPID, ONE, 2), until, seal, NOW),
            (LINKS, Target(SDKAPPID, "1" * 32, 1), until, seal, NOW),
            (Links(SDKAPPID + 1, KEY), target, until, seal, NOW),
            (Links(SDKAPPID, KEY + "x"), target, until, seal, NOW),
        ]  # fmt: skip
        for links, at, e, k, now in changed:
            with pytest.raises(Refused) as refused:
                links.require(at, e, k, now)
            assert refused.value.row.code == 114001

    @pytest.mark.parametrize("path", [
        "/media/", "/media/1400000000", f"/media/0/{ONE}", f"/media/1400000000/{ONE}/4", f"/media/1400000000/{ONE}/",
        f"/media/1400000000/{ONE}/1/", f"/media/1400000000/../{ONE}", f"/media/1400000000/{'A' * 32}",
        f"/media/1400000000/{ONE}\n", f"/media/١٤/{ONE}", f"//media/1400000000/{ONE}", f"/media/99999999999/{ONE}",
    ])  # fmt: skip
    def test_paths_that_are_no_links(self, path):
        assert target_of(path) is None
