"""Uploads and downloads byte by byte: both places behave the same."""

from __future__ import annotations

import time

import msgspec
import pytest

from media.files import Files, picture
from qunzhu.apps import create_app, find_app, mark_erased, save_app
from qunzhu.core.media import Grant, Links
from qunzhu.edge import media_body
from served import KEY, SDKAPPID

LINKS = Links(SDKAPPID, KEY)
BODY = bytes(range(256)) * 4
INERT = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
)


def grant(size: int = len(BODY), **changes) -> Grant:
    """Return what an upload link says."""
    fields = {"user": "alice", "sort": "File", "name": "n", "content_type": "a/b", "until": int(time.time()) + 100}
    return Grant(size=size, **{**fields, **changes})


class TestRoundTrips:
    @pytest.mark.parametrize(
        ("sort", "name", "given", "kind", "shown"),
        [
            ("Sound", "voice.m4a", "audio/mp4", "audio/mp4", "inline"),
            ("Video", "clip.mp4", "video/mp4", "video/mp4", "inline"),
            ("Video", "clip.bin", None, "application/octet-stream", "attachment"),
            ("File", "paper.pdf", "application/pdf", "application/octet-stream", "attachment"),
            ("File", "cat.png", "image/png", "image/png", "attachment"),
        ],
    )
    def test_what_comes_back(self, files: Files, sort, name, given, kind, shown):
        found = files.upload(BODY, sort, FileName=name, ContentType=given)
        assert found == {
            "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "UUID": found["UUID"], "Size": len(BODY),
            "Url": found["Url"], "UrlUntil": found["UrlUntil"],
        }  # fmt: skip
        answer = files.get(found["Url"])
        assert (answer.status, answer.body) == (200, BODY)
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"] == f"{shown}; filename=\"{name}\"; filename*=UTF-8''{name}"
        assert answer.headers["content-length"] == str(len(BODY))

    @pytest.mark.parametrize("pieces", [1, 7, 1024])
    def test_in_pieces(self, files: Files, pieces):
        assert files.get(files.upload(BODY, pieces=pieces)["Url"]).body == BODY

    def test_one_byte(self, files: Files):
        assert files.get(files.upload(b"x")["Url"]).body == b"x"

    def test_more_than_is_moved_at_a_time(self, files: Files):
        body = BODY * 6000
        found = files.upload(body, "Video", pieces=50)
        assert files.get(found["Url"]).body == body
        assert files.get(found["Url"], range="bytes=3000000-3999999").body == body[3_000_000:4_000_000]

    def test_links_of_the_first_answer_and_fresh_ones(self, files: Files):
        allowed = files.allow(BODY)
        files.put(allowed["UploadUrl"], BODY)
        assert files.get(allowed["Url"]).body == BODY
        [fresh] = files.call("renew_media_links", MediaList=[{"UUID": allowed["UUID"]}])["MediaList"]
        assert files.get(fresh["Url"]).body == BODY
        [other] = files.call("renew_media_links", MediaList=[{"UUID": allowed["UUID"], "Type": 2}])["MediaList"]
        assert (files.get(other["Url"]).status, files.get(other["Url"]).code) == (404, 114000)

    def test_variants_by_fresh_links(self, files: Files):
        found = files.upload(picture(1000, 1000), "Image")
        wanted = [{"UUID": found["UUID"], "Type": kind} for kind in (1, 2, 3)]
        for one, link in zip(found["ImageInfoArray"], files.call("renew_media_links", MediaList=wanted)["MediaList"],
                             strict=True):  # fmt: skip
            assert files.get(link["Url"]).body == files.get(one["URL"]).body

    def test_links_begin_with_the_address_that_was_asked(self, files: Files):
        found = files.put(files.allow(BODY)["UploadUrl"], BODY).json
        assert found["Url"].startswith("http://im.example.com:8140/media/")


class TestInert:
    """Whatever was uploaded, no browser runs it."""

    @pytest.mark.parametrize(("sort", "given", "body"), [
        ("File", "text/html", b"<script>alert(1)</script>"), ("File", "image/svg+xml", b"<svg onload='alert(1)'/>"),
        ("File", "application/xhtml+xml", b"<html/>"), ("File", "text/javascript", b"alert(1)"),
        ("Sound", "audio/x-scpls", b"<html>"), ("Video", None, b"<html><script>"),
    ])  # fmt: skip
    def test_types_that_could_run(self, files: Files, sort, given, body):
        answer = files.get(files.upload(body, sort, FileName="page.html", ContentType=given)["Url"])
        assert answer.body == body
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment; ")

    def test_what_every_answer_has(self, files: Files):
        url = files.upload(BODY)["Url"]
        answers = [files.get(url), files.get(url, "HEAD"), files.get(url, range="bytes=1-2"), files.get(url + "x"),
                   files.get(url, range="bytes=9999-"), files.get(url, if_none_match="*"), files.get("/media/"),
                   files.get(url, "POST"), files.put(url, b"x")]  # fmt: skip
        assert [answer.status for answer in answers] == [200, 200, 206, 403, 416, 304, 404, 405, 403]
        for answer in answers:
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"] == INERT
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["referrer-policy"] == "no-referrer"

    @pytest.mark.parametrize(("given", "plain", "exact"), [
        ('a"b\\c.txt', "c.txt", "c.txt"), ("群.txt", "_.txt", "%E7%BE%A4.txt"),
        ("../../etc/passwd", "passwd", "passwd"), ('x";y=1', "x_;y=1", "x%22%3By%3D1"),
        ("a%2e\U0001f600", "a_2e_", "a%252e%F0%9F%98%80"), ("fdp.\u202eexe", "fdp.exe", "fdp.exe"),
    ])  # fmt: skip
    def test_names(self, files: Files, given, plain, exact):
        answer = files.get(files.upload(b"x", FileName=given)["Url"])
        assert answer.headers["content-disposition"] == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"

    def test_a_card_that_cannot_be_read(self, files: Files, place, tmp_path):
        if place == "s3":
            pytest.skip("nothing but the server writes there")
        found = files.upload(BODY)
        folder = files.door.backend.home.folder / "apps" / str(SDKAPPID) / "media" / found["UUID"][:2] / found["UUID"]
        (folder / "card.json").write_text("{")
        answer = files.get(found["Url"])
        assert (answer.status, answer.code) == (503, 114004)
        assert str(folder) not in answer.json["ErrorInfo"]

    def test_without_a_name_it_is_the_uuid(self, files: Files):
        found = files.upload(b"x")
        assert f'filename="{found["UUID"]}"' in files.get(found["Url"]).headers["content-disposition"]


class TestParts:
    @pytest.fixture
    def url(self, files: Files):
        return files.upload(BODY)["Url"]

    @pytest.mark.parametrize(("asked", "start", "stop"), [
        ("bytes=0-0", 0, 1), ("bytes=0-", 0, 1024), ("bytes=10-19", 10, 20), ("bytes=1023-1023", 1023, 1024),
        ("bytes=1000-99999", 1000, 1024), ("bytes=-1", 1023, 1024), ("bytes=-1024", 0, 1024), ("bytes=-5000", 0, 1024),
        ("bytes=1023-", 1023, 1024), ("bytes=0-999999999999999999", 0, 1024),
    ])  # fmt: skip
    def test_a_part(self, files: Files, url, asked, start, stop):
        answer = files.get(url, range=asked)
        assert (answer.status, answer.body) == (206, BODY[start:stop])
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/1024"
        assert answer.headers["content-length"] == str(stop - start)

    @pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=1024-1025", "bytes=-0", "bytes=999999999999999999-"])
    def test_behind_the_end(self, files: Files, url, asked):
        answer = files.get(url, range=asked)
        assert (answer.status, answer.code) == (416, 114011)
        assert answer.headers["content-range"] == "bytes */1024"

    @pytest.mark.parametrize("asked", [
        "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "bytes=a-b", "bytes=1", "lines=0-1", "bytes 0-1", "", "bytes=--1",
        "bytes=+1-2", "bytes=0-1 ", f"bytes={'9' * 40}-",
    ])  # fmt: skip
    def test_what_is_not_one_part_gives_the_whole(self, files: Files, url, asked):
        answer = files.get(url, range=asked)
        assert (answer.status, answer.body) == (200, BODY)
        assert "content-range" not in answer.headers

    def test_of_another_version(self, files: Files, url):
        tag = files.get(url).headers["etag"]
        assert files.get(url, range="bytes=0-1", if_range=tag).status == 206
        assert files.get(url, range="bytes=0-1", if_range='"other"').status == 200
        assert files.get(url, range="bytes=0-1", if_range="Thu, 26 Nov 2026 13:00:00 GMT").status == 200

    def test_what_the_client_has_already(self, files: Files, url):
        tag = files.get(url).headers["etag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            answer = files.get(url, if_none_match=known)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers["etag"] == tag
        assert files.get(url, if_none_match='"x"').status == 200
        assert files.get(url, "HEAD", if_none_match=tag).status == 304

    def test_the_head_alone(self, files: Files, url):
        answer, whole, part = files.get(url, "HEAD"), files.get(url), files.get(url, "HEAD", range="bytes=0-1")
        for one in (answer, whole, part):
            assert one.headers.pop("cache-control").startswith("private, max-age="), "it counts down with the link"
        assert (answer.status, answer.body, answer.headers) == (200, b"", whole.headers)
        assert part.headers == whole.headers, "a part of nothing is nothing"

    def test_it_may_be_kept_as_long_as_the_link(self, files: Files, url):
        kept = files.get(url).headers["cache-control"]
        assert kept.startswith("private, max-age=604")
        assert kept.endswith(", immutable")
        assert files.get(url + "x").headers["cache-control"] == "no-store"


class TestUploads:
    def test_a_link_is_used_once(self, files: Files):
        allowed = files.allow(BODY)
        assert files.put(allowed["UploadUrl"], BODY).status == 200
        again = files.put(allowed["UploadUrl"], b"y" * len(BODY))
        assert (again.status, again.code) == (409, 114001)
        assert files.get(allowed["Url"]).body == BODY

    def test_of_two_at_once_the_first_wins(self, files: Files):
        allowed = files.allow(BODY)
        first = files.begin("PUT", allowed["UploadUrl"], Content_Length=str(len(BODY)))
        first.put(BODY[:500])
        second = files.put(allowed["UploadUrl"], b"y" * len(BODY))
        assert (second.status, second.code) == (409, 114001)
        assert files.get(allowed["Url"]).status == 404
        first.put(BODY[500:], more=False)
        assert first.answer().status == 200
        assert files.get(allowed["Url"]).body == BODY

    def test_many_at_once(self, files: Files):
        allowed = files.allow(BODY)
        tries = [files.begin("PUT", allowed["UploadUrl"], Content_Length=str(len(BODY))) for _ in range(12)]
        for number, one in enumerate(tries):
            one.put(bytes([number]) * len(BODY), more=False)
        answers = [one.answer() for one in tries]
        assert sorted(answer.status for answer in answers) == [200] + [409] * 11
        winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
        assert files.get(allowed["Url"]).body == bytes([winner]) * len(BODY)

    @pytest.mark.parametrize("told", ["1023", "0", "-1", "x", "", "1e3", "٣", "9" * 30])
    def test_a_length_that_the_link_is_not_for(self, files: Files, told):
        answer = files.put(files.allow(BODY)["UploadUrl"], BODY, Content_Length=told)
        assert (answer.status, answer.code) == (400, 114011)

    @pytest.mark.parametrize("told", ["1025", "999999999999999999"])
    def test_a_length_over_the_links(self, files: Files, told):
        answer = files.put(files.allow(BODY)["UploadUrl"], BODY, Content_Length=told)
        assert (answer.status, answer.code) == (413, 114002)
        assert f"Content-Length: {told} bytes, the link is for 1024" in answer.json["ErrorInfo"]

    def test_no_length(self, files: Files):
        request = files.begin("PUT", files.allow(BODY)["UploadUrl"], Transfer_Encoding="chunked")
        request.put(BODY, more=False)
        assert (request.answer().status, request.answer().code) == (411, 114011)

    def test_more_or_less_than_was_told(self, files: Files):
        allowed = files.allow(BODY)
        for body, status, code in ((BODY + b"x", 413, 114002), (BODY[:-1], 400, 114011), (b"", 400, 114011)):
            answer = files.put(allowed["UploadUrl"], body, Content_Length="1024")
            assert (answer.status, answer.code) == (status, code)
            assert files.get(allowed["Url"]).status == 404
        assert files.put(allowed["UploadUrl"], BODY).status == 200, "a try that failed does not use the link up"

    def test_who_hangs_up_leaves_nothing(self, files: Files):
        allowed = files.allow(BODY)
        for _ in range(2):
            request = files.begin("PUT", allowed["UploadUrl"], Content_Length="1024")
            request.put(BODY[:900])
            request.hang_up()
            assert files.get(allowed["Url"]).status == 404
        media = files.door.backend.home.folder / "apps" / str(SDKAPPID) / "media"
        assert list((media / "incoming").iterdir()) == []
        assert files.put(allowed["UploadUrl"], BODY).status == 200

    def test_who_stands_still_is_not_waited_for(self, files: Files, monkeypatch):
        monkeypatch.setattr(media_body, "STILL_SECONDS", 0.2)
        allowed = files.allow(BODY)
        request = files.begin("PUT", allowed["UploadUrl"], Content_Length="1024")
        request.put(BODY[:900])
        answer = request.answer()
        assert (answer.status, answer.code, answer.headers["connection"]) == (408, 114005, "close")
        assert files.put(allowed["UploadUrl"], BODY).status == 200

    def test_who_waits_for_leave_to_send_is_told_no(self, files: Files):
        allowed = files.allow(BODY)
        answer = files.get(allowed["UploadUrl"], "PUT", Expect="100-continue", Content_Length="5000")
        assert (answer.status, answer.headers["connection"]) == (413, "close")


class TestLinks:
    """Links that do not hold, and who may not."""

    def denied(self, answer, status: int = 403, code: int = 114001) -> str:
        assert (answer.status, answer.code) == (status, code), answer
        assert answer.json["ActionStatus"] == "FAIL"
        return answer.json["ErrorInfo"]

    def test_downloads(self, files: Files):
        found = files.upload(picture(900, 900), "Image")
        first, second = (one["URL"] for one in found["ImageInfoArray"][:2])
        path, _, query = first.partition("?")
        for url in (path, f"{path}?e=1", f"{path}?{query}x", f"{path}?{second.partition('?')[2]}",
                    first.replace("e=1", "e=2"), f"{path}?{query.replace('k=', 'k=A')}", f"{path}?%ff"):  # fmt: skip
            status = files.get(url).status
            assert status in {400, 403}, url
            assert status == 403 or "%ff" in url
        expired = LINKS.download(found["UUID"], 1, int(time.time()) - 5)
        assert "the link expired" in self.denied(files.get(expired))

    def test_uploads(self, files: Files):
        allowed, other = files.allow(BODY), files.allow(BODY)
        path, _, token = allowed["UploadUrl"].partition("?")
        for url in (path, f"{path}?token=", f"{path}?{token}x", f"{path}?{other['UploadUrl'].partition('?')[2]}",
                    f"{path}?{allowed['Url'].partition('?')[2]}", allowed["Url"]):  # fmt: skip
            self.denied(files.put(url, BODY))
        late = LINKS.upload("1" * 32, grant(until=int(time.time()) - 5))
        assert "the link expired" in self.denied(files.put(late, BODY))
        self.denied(files.get(allowed["UploadUrl"]), 403)

    def test_paths(self, files: Files):
        good = files.upload(BODY)["Url"].partition("?")
        for path in ("/media/", "/media/x", "/media/1400000000/../../control.db", f"{good[0]}/../1",
                     good[0][:-2] + "/9", good[0].upper(), "/media/" + "9" * 400):  # fmt: skip
            answer = files.get(f"{path}?{good[2]}")
            assert answer.status in {403, 404}, path

    def test_another_app(self, files: Files):
        """An app's key makes links for itself only, and an app sees its own files only."""
        other, key = 1400000777, "another-apps-key"
        backend = files.door.backend
        control = backend._control
        files.door.run(control.write(_made, other, key))
        found = files.upload(BODY)
        theirs = Links(other, key)
        self.denied(files.get(theirs.download(found["UUID"], 1, 2**33)), 404, 114000)
        until = int(time.time()) + 50
        stolen = theirs.download(found["UUID"], 1, until).replace(str(other), str(SDKAPPID))
        self.denied(files.get(stolen))
        self.denied(files.get(Links(SDKAPPID, key).download(found["UUID"], 1, until)))
        self.denied(files.get(Links(other, KEY).download(found["UUID"], 1, until)))
        self.denied(files.put(Links(SDKAPPID, key).upload("2" * 32, grant()), BODY))
        upload = theirs.upload(found["UUID"], grant(len(b"theirs")))
        assert files.put(upload, b"theirs").status == 200, "the same UUID in another app is another file"
        assert files.get(theirs.download(found["UUID"], 1, until)).body == b"theirs"
        assert files.get(found["Url"]).body == BODY
        self._erased_with_its_media(files, theirs.download(found["UUID"], 1, until), other, key)
        assert files.get(found["Url"]).body == BODY

    def _erased_with_its_media(self, files: Files, url: str, other: int, key: str) -> None:
        backend, run = files.door.backend, files.door.run
        run(backend._control.write(mark_erased, other))
        run(backend._tend_once())
        self.denied(files.get(url), 404, 70020)
        time.sleep(1.1)  # an unknown app is remembered so long
        run(backend._control.write(_made, other, key))
        self.denied(files.get(url), 404, 114000)
        assert not (backend.home.folder / "apps" / str(other) / "media").exists()

    def test_an_app_that_is_not_there_or_switched_off(self, files: Files):
        url = files.upload(BODY)["Url"]
        self.denied(files.get(url.replace(str(SDKAPPID), "1400000999")), 404, 70020)
        self.denied(files.get(url.replace(str(SDKAPPID), "4294967296")), 404, 70020)
        backend, run = files.door.backend, files.door.run
        for enabled, status in ((False, 403), (True, 200)):
            run(backend._control.write(_switched, enabled))
            run(backend._refresh(SDKAPPID))
            assert files.get(url).status == status
        files.close()
        files.__init__(files.door)


def _made(tx, sdkappid: int, key: str) -> None:
    create_app(tx, name="other", plan="open", admins=("administrator",), key=key, sdkappid=sdkappid, now=1)


def _switched(tx, enabled: bool) -> None:
    save_app(tx, msgspec.structs.replace(find_app(tx, SDKAPPID), enabled=enabled))


def test_pages_of_any_origin_may_use_links(files: Files):
    answer = files.get(files.allow(BODY)["UploadUrl"], "OPTIONS", Origin="https://app.example.com")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "*"


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "TRACE"])
def test_other_methods(files: Files, method):
    answer = files.get(files.upload(BODY)["Url"], method)
    assert (answer.status, answer.code) == (405, 60002)


def test_answers_are_counted(files: Files):
    before = dict(files.door.backend.answers)
    url = files.upload(BODY)["Url"]
    files.get(url)
    files.get(url + "x")
    counted = files.door.backend.answers
    for name, code in (("upload", 0), ("download", 0), ("download", 114001)):
        assert counted["media", name, code] == before.get(("media", name, code), 0) + 1
