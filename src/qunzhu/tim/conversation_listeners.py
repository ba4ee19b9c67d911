"""Listeners for conversations: each of them makes the SDK follow the list from the login on."""

from qunzhu.tim.calls import data_of
from qunzhu.tim.conversation_keeper import COUNT, FOLDERS, LIST, TOTAL
from qunzhu.tim.conversation_keeping import KeepingCalls
from qunzhu.tim.params import CallbackParams

CONVERSATION_LISTENERS = (LIST, TOTAL, COUNT, *FOLDERS.values())


class ConversationListenerCalls(KeepingCalls):
    """Listeners for conversations."""

    async def TIMSetConvEventCallback(self, param: CallbackParams) -> None:
        """Listen for conversations: ``[TIMConvEvent, array of ConvInfo as text, user data]``.

        The text is empty where reading the list from the server begins (Start) and ends (Finish).
        """
        self._listen(LIST, param)

    async def TIMSetConvTotalUnreadMessageCountChangedCallback(self, param: CallbackParams) -> None:
        """Listen for the number of all unread messages: ``[number, user data]``."""
        self._listen(TOTAL, param)

    async def TIMSetConvUnreadMessageCountChangedByFilterCallback(self, param: CallbackParams) -> None:
        """Listen for the numbers of filters that are subscribed to: ``[filter as text, number, user data]``."""
        self._listen(COUNT, param)

    async def TIMSetConvConversationGroupCreatedCallback(self, param: CallbackParams) -> None:
        """Listen for new conversation groups: ``[name, array of ConvInfo as text, user data]``."""
        self._listen(FOLDERS["GroupCreated"], param)

    async def TIMSetConvConversationGroupDeletedCallback(self, param: CallbackParams) -> None:
        """Listen for deleted conversation groups: ``[name, user data]``."""
        self._listen(FOLDERS["GroupDeleted"], param)

    async def TIMSetConvConversationGroupNameChangedCallback(self, param: CallbackParams) -> None:
        """Listen for renamed conversation groups: ``[old name, new name, user data]``."""
        self._listen(FOLDERS["GroupRenamed"], param)

    async def TIMSetConvConversationsAddedToGroupCallback(self, param: CallbackParams) -> None:
        """Listen for conversations put into a group: ``[name, array of ConvInfo as text, user data]``."""
        self._listen(FOLDERS["GroupAdded"], param)

    async def TIMSetConvConversationsDeletedFromGroupCallback(self, param: CallbackParams) -> None:
        """Listen for conversations taken out of a group: ``[name, array of ConvInfo as text, 0, user data]``."""
        self._listen(FOLDERS["GroupRemoved"], param)

    def _listen(self, what: str, param: CallbackParams) -> None:
        self._listeners.set(what, param.get("callback"), data_of(param))
        if self._client is not None and self._listeners.hears(what):
            self._keeping(self._client)
