"""Generated ids: form, order in time, and that one tells nothing about the next."""

import os
import re

import pytest

from qunzhu.core.errors import Refused
from qunzhu.core.ids import (
    check_chosen_id,
    check_topic_id,
    group_of_topic,
    is_group_id,
    new_group_id,
    new_topic_id,
)
from qunzhu.core.kinds import KINDS, PUBLIC

NOW_MS = 1_700_000_000_000


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_form(kind):
    made = new_group_id(kind, NOW_MS, os.urandom)
    assert re.fullmatch(re.escape(kind.id_prefix) + "[0-9A-Z]{17}", made)
    assert is_group_id(made)


def test_later_ids_sort_later():
    ids = [new_group_id(PUBLIC, NOW_MS + step * 32, os.urandom) for step in range(2000)]
    assert ids == sorted(ids)


def test_every_digit_of_the_tail_is_chance():
    tails = [new_group_id(PUBLIC, NOW_MS, os.urandom)[-10:] for _ in range(20_000)]
    assert len(set(tails)) == len(tails)
    for place in range(10):
        assert len({tail[place] for tail in tails}) == 32


def test_all_fifty_random_bits_count():
    base = new_group_id(PUBLIC, NOW_MS, bytes)
    bits = [8 * digit + bit for digit in range(10) for bit in range(5)]
    made = {new_group_id(PUBLIC, NOW_MS, lambda n, b=bit: (1 << b).to_bytes(n, "big")) for bit in bits}
    assert len(made | {base}) == 51


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_generated_id_cannot_be_chosen(kind):
    with pytest.raises(Refused):
        check_chosen_id(kind, new_group_id(kind, NOW_MS, os.urandom))


def test_topics_begin_with_their_community():
    club = "@TGS#_@TGS#cABC"
    made = new_topic_id(club, NOW_MS, os.urandom)
    assert re.fullmatch(re.escape(club) + "@TOPIC#_@TOPIC#c[0-9A-Z]{17}", made)
    assert group_of_topic(made) == club
    assert group_of_topic(f"{club}@TOPIC#_own@TOPIC#_part") == club
    assert new_topic_id(club, NOW_MS, os.urandom) != made
    with pytest.raises(Refused):
        check_topic_id(club, made)
