"""What becomes of an uploaded image: format, sizes, variants (doc 1047/33527), and what is no image."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from media.files import Files, kinds_of, picture, size_of
from qunzhu.core.media import SORTS
from qunzhu.edge.images import examine
from qunzhu.store.media import MediaUnavailable


def shown(files: Files, one: dict) -> bytes:
    """Return the bytes of a variant; they must be what the answer says."""
    answer = files.get(one["URL"])
    assert (answer.status, len(answer.body)) == (200, one["Size"])
    return answer.body


def test_the_three_variants(files: Files):
    body = picture(1600, 1000)
    found = files.upload(body, "Image", FileName="cat.jpg", ContentType="image/jpeg")
    assert (found["Size"], found["ImageFormat"]) == (len(body), 1)
    original, large, thumbnail = found["ImageInfoArray"]
    assert kinds_of(found["ImageInfoArray"]) == [1, 2, 3]
    assert shown(files, original) == body
    assert [(one["Width"], one["Height"]) for one in (original, large, thumbnail)] == [
        (1600, 1000), (720, 450), (198, 124),
    ]  # fmt: skip
    assert original["Size"] > large["Size"] > thumbnail["Size"]
    for one in (large, thumbnail):
        assert size_of(shown(files, one)) == (one["Width"], one["Height"])
        assert files.get(one["URL"]).headers["content-type"] == "image/jpeg"
    assert "cat-thumbnail.jpeg" in files.get(thumbnail["URL"]).headers["content-disposition"]


@pytest.mark.parametrize(
    ("kind", "mode", "number", "mime", "small"),
    [
        ("JPEG", "RGB", 1, "image/jpeg", "image/jpeg"), ("JPEG", "CMYK", 1, "image/jpeg", "image/jpeg"),
        ("JPEG", "L", 1, "image/jpeg", "image/jpeg"), ("GIF", "P", 2, "image/gif", "image/jpeg"),
        ("PNG", "RGB", 3, "image/png", "image/jpeg"), ("PNG", "RGBA", 3, "image/png", "image/png"),
        ("PNG", "LA", 3, "image/png", "image/png"), ("PNG", "1", 3, "image/png", "image/jpeg"),
        ("PNG", "I;16", 3, "image/png", "image/jpeg"), ("BMP", "RGB", 4, "image/bmp", "image/jpeg"),
        ("WEBP", "RGB", 255, "image/webp", "image/jpeg"), ("WEBP", "RGBA", 255, "image/webp", "image/png"),
    ],
)  # fmt: skip
def test_formats(files: Files, kind, mode, number, mime, small):
    body = picture(900, 900, kind, mode)
    found = files.upload(body, "Image")
    assert found["ImageFormat"] == number
    original, *others = found["ImageInfoArray"]
    assert files.get(original["URL"]).headers["content-type"] == mime
    for one in others:
        answer = files.get(one["URL"])
        assert answer.headers["content-type"] == small
        assert size_of(answer.body) == (one["Width"], one["Height"])


@pytest.mark.parametrize(("width", "height", "large", "thumbnail"), [
    (1, 1, (1, 1), (1, 1)), (198, 198, (198, 198), (198, 198)), (199, 10, (199, 10), (198, 10)),
    (720, 720, (720, 720), (198, 198)), (721, 1, (720, 1), (198, 1)), (10, 3000, (2, 720), (1, 198)),
])  # fmt: skip
def test_an_image_that_is_small_is_its_own_variant(files: Files, width, height, large, thumbnail):
    body = picture(width, height, "PNG")
    images = files.upload(body, "Image")["ImageInfoArray"]
    assert [(one["Width"], one["Height"]) for one in images] == [(width, height), large, thumbnail]
    for one in images:
        assert size_of(shown(files, one)) == (one["Width"], one["Height"])
        if (one["Width"], one["Height"]) == (width, height):
            assert shown(files, one) == body


def test_a_camera_that_was_turned(files: Files):
    """Sizes are those of the picture as it is shown; variants are upright, and keep nothing that the camera noted."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a maker"
    body = picture(1000, 800, exif=exif)
    images = files.upload(body, "Image")["ImageInfoArray"]
    assert [(one["Width"], one["Height"]) for one in images] == [(800, 1000), (576, 720), (158, 198)]
    for one in images[1:]:
        with Image.open(io.BytesIO(shown(files, one))) as small:
            assert small.size == (one["Width"], one["Height"])
            assert dict(small.getexif()) == {}


def test_of_one_that_moves_the_first_picture_counts(files: Files):
    frames = [Image.new("RGB", (800, 800), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    found = files.upload(out.getvalue(), "Image")
    assert found["ImageFormat"] == 2
    with Image.open(io.BytesIO(shown(files, found["ImageInfoArray"][2]))) as small:
        red, green, blue = small.convert("RGB").getpixel((50, 50))
        assert red > 200
        assert max(green, blue) < 60


def test_a_snapshot_of_a_video_has_no_variants(files: Files):
    found = files.upload(picture(1000, 500), "VideoThumb")
    assert kinds_of(found["ImageInfoArray"]) == [1]
    assert (found["ImageInfoArray"][0]["Width"], found["ImageInfoArray"][0]["Height"]) == (1000, 500)
    assert found["ImageInfoArray"][0]["URL"] == found["Url"]


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes) -> bytes:
    """Return a PNG that claims a size, whatever it holds."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NO_IMAGES = {
    "text": b"hello", "svg": SVG, "html": b"<html><script>alert(1)</script>", "one byte": b"\x89",
    "a head": picture(50, 50)[:20], "half a JPEG": picture(900, 900)[:2000],
    "half a PNG": picture(900, 900, "PNG")[:600],
    "half a GIF": picture(900, 900, "GIF")[:900], "no size": png(0, 0, b""), "no data": png(10, 10, b"nothing packed"),
    "TIFF": picture(50, 50, "TIFF"), "ICO": picture(32, 32, "ICO"), "PDF": b"%PDF-1.4\n",
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}  # fmt: skip


@pytest.mark.parametrize("name", NO_IMAGES)
@pytest.mark.parametrize("sort", ["Image", "VideoThumb"])
def test_what_is_no_image(files: Files, sort, name):
    body = NO_IMAGES[name]
    allowed = files.allow(body, sort, ContentType="image/png")
    answer = files.put(allowed["UploadUrl"], body)
    assert (answer.status, answer.code) == (415, 6031)
    assert files.get(allowed["Url"]).status == 404


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (2**31 - 1, 2**31 - 1), (25_000_001, 1), (5001, 5000)])
def test_a_bomb_is_refused_before_it_goes_off(files: Files, width, height):
    body = png(width, height, zlib.compress(b"\0" * 100_000))
    allowed = files.allow(body, "Image")
    answer = files.put(allowed["UploadUrl"], body)
    if answer.status == 413:
        assert answer.code == 114002
        assert f"{width} x {height} pixels, at most 25000000" in answer.json["ErrorInfo"]
    else:  # a size that the format itself does not allow
        assert (answer.status, answer.code) == (415, 6031)
    assert (width, height) == (2**31 - 1, 2**31 - 1) or answer.status == 413
    assert files.get(allowed["Url"]).status == 404


def test_the_limit_of_pixels(files: Files):
    """A JPEG may have twice as many: it is made smaller while it is read."""
    for size, kind, status in ((7072, "JPEG", 413), (5001, "GIF", 413), (7071, "JPEG", 200), (5000, "GIF", 200)):
        body = picture(size, size, kind, "L")
        assert files.put(files.allow(body, "Image")["UploadUrl"], body).status == status


def test_a_variant_that_cannot_be_written_is_no_fault_of_the_image(tmp_path):
    (tmp_path / "original").write_bytes(picture(900, 900))
    (tmp_path / "large").mkdir()
    with pytest.raises(MediaUnavailable):
        examine(tmp_path, SORTS["Image"], 10**6)


def test_text_that_unpacks_to_much_is_no_image(files: Files):
    """A PNG's compressed note of a gigabyte is not unpacked."""
    note = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 200_000_000, 9))
    body = picture(50, 50, "PNG")
    body = body[:33] + note + body[33:]
    answer = files.put(files.allow(body, "Image")["UploadUrl"], body)
    assert (answer.status, answer.code) == (415, 6031)
