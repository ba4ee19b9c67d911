"""What is made of an uploaded image: its format and size, and the smaller variants. Runs in a thread, without a loop.

Pillow is imported with the first image: a server that is sent none starts and runs without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from qunzhu.core.errors import MEDIA_TOO_LARGE, NOT_AN_IMAGE, Refused
from qunzhu.core.media import EDGES, FORMATS, ORIGINAL, OTHER_FORMAT, Sort, Variant
from qunzhu.store.media import MediaUnavailable

if TYPE_CHECKING:
    from PIL import Image

KINDS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "AVIF")
"""What is read, by Pillow's names. Others have decoders that few use, and faults that few find."""
FILES = dict(zip(EDGES, ("large", "thumbnail"), strict=True))
_ORIENTATION, _TURNED = 0x0112, frozenset({5, 6, 7, 8})
_FRUGAL = frozenset({"JPEG", "MPO"})
_MAX_PROFILE = 16384
_QUALITY = 80


def examine(folder: Path, sort: Sort, most_pixels: int) -> tuple[int, list[Variant]]:
    """Return ``ImageFormat`` and all variants of the image ``original`` in a folder; smaller ones are written there.

    Refuses 6031 what cannot be read as an image to its end, and 114002 one of more than ``most_pixels`` (half as many
    where it is no JPEG): a small file can claim any size, so the claim is checked before anything is decoded.
    Raises ``MediaUnavailable`` where a variant cannot be written.
    """
    from PIL import AvifImagePlugin, Image, WebPImagePlugin

    del AvifImagePlugin, WebPImagePlugin  # importing them is what registers the formats
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = None  # the limit is ours
    path = folder / "original"
    try:
        with Image.open(path, formats=[kind for kind in KINDS if kind in Image.OPEN]) as image:
            _require_pixels(image, most_pixels)
            return _variants(image, folder, sort)
    except (Refused, MediaUnavailable):
        raise
    except Exception as fault:  # noqa: BLE001 - each decoder meets strange bytes with faults of its own
        raise Refused(NOT_AN_IMAGE, f"{type(fault).__name__}; {', '.join(KINDS)} are read") from None


def _require_pixels(image: "Image.Image", most: int) -> None:
    """Refuse an image that would fill the memory. A JPEG is made smaller while it is read, others are read whole."""
    width, height = image.size
    most = most if image.format in _FRUGAL else most // 2
    if width * height > most:
        raise Refused(MEDIA_TOO_LARGE, f"{width} x {height} pixels, at most {most} are allowed")


def _variants(image: "Image.Image", folder: Path, sort: Sort) -> tuple[int, list[Variant]]:
    """Measure an image and make its variants, the largest first, each from the one before."""
    from PIL import Image, ImageOps

    kind, mime = image.format or "", "image/jpeg" if image.format == "MPO" else Image.MIME[image.format or ""]
    width, height = image.size
    if image.getexif().get(_ORIENTATION) in _TURNED:
        width, height = height, width
    size = (folder / "original").stat().st_size
    original = Variant(ORIGINAL, "original", size, mime, width, height)
    found = [original]
    picture = image
    for variant in sort.variants:
        edge = EDGES[variant]
        if max(width, height) <= edge:
            found.append(Variant(variant, "original", size, mime, width, height))
            continue
        picture = _full_colour(picture)
        picture.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
        picture = ImageOps.exif_transpose(picture)
        found.append(_saved(picture, folder, variant))
    if picture is image:
        image.load()
    return FORMATS.get(kind, OTHER_FORMAT), found


def _full_colour(picture: "Image.Image") -> "Image.Image":
    """Return a picture in a mode that can be made smaller smoothly: no palette, no more than 8 bits a channel."""
    if picture.mode.startswith("I"):
        return picture.point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in {"1", "P", "PA"}:
        return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return picture


def _saved(picture: "Image.Image", folder: Path, variant: int) -> Variant:
    """Write a variant: PNG where something shows through, else JPEG; without what the camera noted."""
    clear = picture.has_transparency_data
    plain = picture.convert("RGBA" if clear else "RGB")
    profile = picture.info.get("icc_profile") if picture.mode in {"RGB", "RGBA"} else None
    path = folder / FILES[variant]
    try:
        plain.save(
            path, format="PNG" if clear else "JPEG", quality=_QUALITY,
            icc_profile=profile if profile and len(profile) <= _MAX_PROFILE else None,
        )  # fmt: skip
    except OSError as fault:
        raise MediaUnavailable(str(fault)) from None
    mime = "image/png" if clear else "image/jpeg"
    return Variant(variant, path.name, path.stat().st_size, mime, plain.width, plain.height)
