"""What all calls about messages share."""

from collections.abc import Sequence

from qunzhu.client import Client
from qunzhu.tim.calls import Calls
from qunzhu.tim.convert import Json, WrongParameter
from qunzhu.tim.enums import TIMErrCode
from qunzhu.tim.local_messages import LocalMessages
from qunzhu.tim.message import Message, Place
from qunzhu.tim.message_params import Ref, ref_given, ref_of
from qunzhu.tim.pulled import Reading


class MessageCalls(Calls):
    """The part of ``TimRender`` that its calls about messages build on."""

    _messages: dict[str, LocalMessages]
    """By user: what was kept of messages outlives a login."""

    def _kept(self, client: Client) -> LocalMessages:
        return self._messages.setdefault(client.user, LocalMessages())

    def _reading(self, client: Client) -> Reading:
        return Reading(client, self._profiles, self._kept(client))

    def _ref(self, client: Client, given: Json, place: Place | None = None) -> Ref:
        """Return which message of the server a ``Message`` means."""
        return ref_given(given, self._kept(client), client.user, place)

    async def _certain(self, client: Client, messages: Sequence[Message]) -> list[Message]:
        """Return messages that are kept, those seen before a break read anew; what is gone is left out."""
        kept, found = self._kept(client), list[Message]()
        for message in messages:
            if not kept.is_stale(message):
                found.append(message)
                continue
            ref = ref_of(message)
            fresh = await self._reading(client).at(ref.place, [ref])
            if not fresh:
                kept.drop([message])
            found += fresh
        return found

    async def _message(self, client: Client, ref: Ref) -> Message:
        """Return a message as the server has it, or refuse (6017) one that is not there."""
        found = await self._reading(client).at(ref.place, [ref])
        if not found:
            raise WrongParameter(TIMErrCode.ERR_INVALID_PARAMETERS, f"there is no message {ref.id!r}")
        return found[0]
