"""The SDK's thread where the SDK cannot be loaded, and where a call breaks: nobody waits for ever."""

from __future__ import annotations

import logging
import threading

import pytest

from capi.library import WAIT
from qunzhu.capi.threads import NotLoaded, SdkThread


async def status(sdk):
    """Ask something that needs no login."""
    return await sdk.TIMGetLoginStatus()


def test_calls_before_and_after_a_load_that_failed(caplog):
    going_on = threading.Event()

    def before():
        going_on.wait(WAIT)
        raise OSError("no OpenSSL here")

    thread = SdkThread(before)
    early = thread.submit(status)
    assert not early.done()
    going_on.set()
    with pytest.raises(NotLoaded, match="the SDK could not be loaded: OSError: no OpenSSL here"):
        early.result(WAIT)
    with pytest.raises(NotLoaded, match="no OpenSSL here"):
        thread.submit(status).result(WAIT)
    assert [record.message for record in caplog.records] == ["the SDK could not be loaded"]


def test_a_call_that_breaks_does_not_end_the_thread(caplog):
    async def breaks(sdk):
        del sdk
        raise ZeroDivisionError("as it happens")

    thread = SdkThread(lambda: None)
    broken, asked = thread.submit(breaks), thread.submit(status)
    assert asked.result(WAIT) == 3
    with pytest.raises(ZeroDivisionError):
        broken.result(WAIT)
    assert [record.levelno for record in caplog.records if record.name == "qunzhu.capi"] == [logging.ERROR]


def test_calls_begin_in_the_order_in_which_they_were_given():
    order: list[int] = []
    thread = SdkThread(lambda: None)

    def call(number: int):
        async def work(sdk):
            del sdk
            order.append(number)

        return work

    for done in [thread.submit(call(number)) for number in range(500)]:
        done.result(WAIT)
    assert order == list(range(500))
