"""Listening for messages and for what happens to them."""

from qunzhu.tim.calls import Calls, data_of
from qunzhu.tim.params import CallbackParams


class MessageListeners(Calls):
    """Setters of listeners; a missing callback clears one."""

    async def TIMAddRecvNewMsgCallback(self, param: CallbackParams) -> None:
        """Add a listener for new messages: ``[array of Message as text, user data]``."""
        self._listeners.add(param.get("callback"), data_of(param))

    async def TIMRemoveRecvNewMsgCallback(self, param: CallbackParams) -> None:
        """Take a listener for new messages away."""
        self._listeners.remove(param.get("callback"))

    async def TIMSetMsgElemUploadProgressCallback(self, param: CallbackParams) -> None:
        """Listen for uploads: ``[Message as text, number of the element, bytes so far, bytes in total, user data]``."""
        self._listeners.set("upload_progress", param.get("callback"), data_of(param))

    async def TIMSetMsgReadedReceiptCallback(self, param: CallbackParams) -> None:
        """Listen for read receipts: ``[array of MessageReceipt as text, user data]``."""
        self._listeners.set("receipts", param.get("callback"), data_of(param))

    async def TIMSetMsgRevokeCallback(self, param: CallbackParams) -> None:
        """Listen for messages taken back: ``[array of MsgLocator, with who did it, as text, user data]``."""
        self._listeners.set("recalled", param.get("callback"), data_of(param))

    async def TIMSetMsgUpdateCallback(self, param: CallbackParams) -> None:
        """Listen for changed messages: ``[array of Message as text, user data]``."""
        self._listeners.set("modified", param.get("callback"), data_of(param))

    async def TIMSetMsgExtensionsChangedCallback(self, param: CallbackParams) -> None:
        """Listen for extensions that were set: ``[message's id, array of MessageExtension as text, user data]``."""
        self._listeners.set("extensions_changed", param.get("callback"), data_of(param))

    async def TIMSetMsgExtensionsDeletedCallback(self, param: CallbackParams) -> None:
        """Listen for extensions that are gone: ``[message's id, array of their keys' objects as text, user data]``."""
        self._listeners.set("extensions_deleted", param.get("callback"), data_of(param))

    async def TIMSetMsgReactionsChangedCallback(self, param: CallbackParams) -> None:
        """Listen for reactions: ``[array of MessageReactionChangeInfo as text, user data]``; the changed ones only."""
        self._listeners.set("reactions", param.get("callback"), data_of(param))

    async def TIMSetMsgAllMessageReceiveOptionCallback(self, param: CallbackParams) -> None:
        """Listen for one's own receive option of all messages: ``[TIMReceiveMessageOptInfo as text, user data]``."""
        self._listeners.set("receive_option", param.get("callback"), data_of(param))

    async def TIMSetMsgGroupPinnedMessageChangedCallback(self, param: CallbackParams) -> None:
        """Listen for pins: ``[group id, Message as text, is it pinned, GroupMemberInfo as text, user data]``."""
        self._listeners.set("pinned", param.get("callback"), data_of(param))
