"""Both places where media is kept, each with the application in this process."""

from __future__ import annotations

import itertools

import pytest

from media.files import Files
from s3_server import private_s3
from wire.doors import Door

PLACES = ("local", "s3")
BUCKET = "media-of-tests"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def s3_url():
    """Start one private S3-compatible store for all tests of this process."""
    with private_s3(BUCKET) as url:
        yield url


@pytest.fixture(scope="session")
def s3_settings(s3_url):
    """Return a function that gives settings for a place of one's own in the store."""

    def settings(**changes):
        return {
            "media_store": f"s3://{BUCKET}/tests/{next(_numbers)}", "media_s3_endpoint": s3_url, "media_s3_key": "key",
            "media_s3_secret": "secret", **changes,
        }  # fmt: skip

    return settings


@pytest.fixture(scope="module", params=PLACES)
def place(request):
    """Name each place."""
    return request.param


@pytest.fixture(scope="module")
def settings_of(place, request):
    """Return the settings that choose the place."""
    return request.getfixturevalue("s3_settings")() if place == "s3" else {}


@pytest.fixture(scope="module")
def files(settings_of, tmp_path_factory):
    """Give a user's files in a place."""
    door = Door(tmp_path_factory.mktemp("media"), **settings_of)
    opened = Files(door)
    yield opened
    opened.close()
    door.close()
