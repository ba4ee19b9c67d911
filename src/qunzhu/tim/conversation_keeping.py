"""What all calls about conversations share: the list of the user who is logged in, and results one by one."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.client.errors import NOT_LOGGED_IN, CallFailed
from qunzhu.core.errors import ErrorRow
from qunzhu.tim import conversation_info as info
from qunzhu.tim.calls import Calls
from qunzhu.tim.conversation_keeper import ConversationKeeper
from qunzhu.tim.conversation_reads import read_some
from qunzhu.tim.conversations import C2C, Conversation, Conversations, Key
from qunzhu.tim.convert import Json, WrongParameter
from qunzhu.tim.enums import TIMErrCode
from qunzhu.tim.message_params import texts_given

MOST = 100
"""Conversations that one call takes."""


class KeepingCalls(Calls):
    """The part of ``TimRender`` that its calls about conversations build on."""

    _keeper: ConversationKeeper | None

    def _keeping(self, client: Client) -> ConversationKeeper:
        """Return what keeps the conversations of a client's user; it begins with the first who asks."""
        if self._keeper is None or self._keeper.client is not client:
            self._stop_keeping()
            self._keeper = ConversationKeeper(client, self._listeners)
        return self._keeper

    def _stop_keeping(self, reason: ErrorRow = NOT_LOGGED_IN) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.close(reason)

    async def _conversations(self, client: Client) -> Conversations:
        """Return the conversations as they are after all that was told up to now."""
        return await self._keeping(client).settled()

    async def _found(self, client: Client, keys: list[Key]) -> dict[Key, Conversation]:
        """Return conversations, also those that are not on the list."""
        kept = await self._conversations(client)
        found = {key: one for key in keys if (one := kept.get(key)) is not None}
        unknown = [key for key in keys if key not in found]
        return found | {one.key: one for one in (await read_some(client, unknown) if unknown else ())}

    async def _there(self, client: Client, key: Key) -> Conversation:
        """Return a conversation that may be on the list, or refuse (6004): no such user, or no group of the user's."""
        found = (await self._found(client, [key])).get(key)
        if found is not None:
            return found
        profile = (await self._profiles.of(client, [key.peer])).get(key.peer) if key.sort == C2C else None
        if profile is None:
            code = TIMErrCode.ERR_INVALID_CONVERSATION
            raise WrongParameter(code, f"{key.peer[:100]!r}: no such user, or no group that the user is in")
        return Conversation(key=key, name=profile["Nick"], face_url=profile["FaceUrl"])


def named(given: Json) -> Key:
    """Return the conversation ``convId``, ``convType``, or refuse it (-5)."""
    return info.given_key(given, "convId", "convType")


def keys_given(given: Json) -> dict[str, Key | WrongParameter]:
    """Return what ``conversation_id_array`` names, 1 to 100 ids such as ``c2c_alice`` or ``group_team``."""
    return {name: _key(name) for name in texts_given(given, "conversation_id_array", most=MOST)}


def _key(name: str) -> Key | WrongParameter:
    try:
        return info.key_of(name)
    except WrongParameter as fault:
        return fault


def outcomes(asked: Mapping[str, Key | WrongParameter], faults: Mapping[Key, tuple[int, str]]) -> list[dict[str, Any]]:
    """Return what became of each conversation that was named; of those without a fault all is well."""
    return [
        info.outcome(name, int(key.code), key.text) if isinstance(key, WrongParameter)
        else info.outcome(name, *faults.get(key, (0, "")))
        for name, key in asked.items()
    ]  # fmt: skip


def right(asked: Mapping[str, Key | WrongParameter]) -> list[Key]:
    """Return the conversations that were named as they should be, each once."""
    return list(dict.fromkeys(key for key in asked.values() if isinstance(key, Key)))


async def one_by_one(
    asked: Mapping[str, Key | WrongParameter], work: Callable[[Key], Awaitable[None]]
) -> list[dict[str, Any]]:
    """Do something with each conversation, and return what became of each."""
    faults: dict[Key, tuple[int, str]] = {}
    for key in right(asked):
        try:
            await work(key)
        except CallFailed as fault:
            faults[key] = fault.code, fault.text
    return outcomes(asked, faults)
