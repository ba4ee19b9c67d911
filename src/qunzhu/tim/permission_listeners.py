"""Listening for what happens to permission groups of a community."""

from qunzhu.tim.calls import Calls, data_of
from qunzhu.tim.params import CallbackParams


class PermissionGroupListeners(Calls):
    """Setters of listeners; a missing callback clears one."""

    async def TIMSetCommunityCreatePermissionGroupCallback(self, param: CallbackParams) -> None:
        """Listen for new permission groups: ``[group id, PermissionGroupInfo as text, user data]``."""
        self._listeners.set("permission_group_created", param.get("callback"), data_of(param))

    async def TIMSetCommunityDeletePermissionGroupCallback(self, param: CallbackParams) -> None:
        """Listen for destroyed permission groups: ``[group id, array of their ids as text, user data]``."""
        self._listeners.set("permission_groups_destroyed", param.get("callback"), data_of(param))

    async def TIMSetCommunityChangePermissionGroupInfoCallback(self, param: CallbackParams) -> None:
        """Listen for changed permission groups: ``[group id, PermissionGroupInfo as text, user data]``."""
        self._listeners.set("permission_group_changed", param.get("callback"), data_of(param))

    async def TIMSetCommunityAddMembersToPermissionGroupCallback(self, param: CallbackParams) -> None:
        """Listen for members put in: ``[group id, PermissionGroupCallback as text, user data]``."""
        self._listeners.set("permission_members_added", param.get("callback"), data_of(param))

    async def TIMSetCommunityRemoveMembersFromPermissionGroupCallback(self, param: CallbackParams) -> None:
        """Listen for members taken out: ``[group id, PermissionGroupCallback as text, user data]``."""
        self._listeners.set("permission_members_removed", param.get("callback"), data_of(param))

    async def TIMSetCommunityAddTopicPermissionCallback(self, param: CallbackParams) -> None:
        """Listen for new topic permissions: ``[group id, PermissionGroupCallback as text, user data]``."""
        self._listeners.set("topic_permissions_added", param.get("callback"), data_of(param))

    async def TIMSetCommunityDeleteTopicPermissionCallback(self, param: CallbackParams) -> None:
        """Listen for removed topic permissions: ``[group id, PermissionGroupCallback as text, user data]``."""
        self._listeners.set("topic_permissions_removed", param.get("callback"), data_of(param))

    async def TIMSetCommunityModifyTopicPermissionCallback(self, param: CallbackParams) -> None:
        """Listen for changed topic permissions: ``[group id, PermissionGroupCallback as text, user data]``."""
        self._listeners.set("topic_permissions_changed", param.get("callback"), data_of(param))
