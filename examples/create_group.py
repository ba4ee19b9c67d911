"""Create a group through the SDK interface, against `scripts/serve --demo`.

python examples/create_group.py                       # the server makes the id
python examples/create_group.py --group-id my-group   # again: 10025; with --user bob: 10021
"""

import argparse
import asyncio
import time

from qunzhu.core.token import make_usersig
from qunzhu.tim import (
    CreateGroupParams,
    GroupInfoCustemString,
    GroupMemberInfo,
    GroupMemberInfoCustemString,
    GroupParams,
    TIMGroupAddOption,
    TIMGroupType,
    TimRender,
)

SDKAPPID = 1400000000
KEY = "qunzhu-demo-key-for-local-use-only"


async def login(server: str | None, user: str) -> TimRender:
    """Log a user in; a first login registers the account."""
    tim = TimRender(SDKAPPID, server)
    await tim.TIMInit()
    usersig = make_usersig(KEY, SDKAPPID, user, now=int(time.time()))
    result = await tim.TIMLogin({"userID": user, "userSig": usersig})
    if result["code"] != 0:
        raise SystemExit(f"login of {user}: {result['code']} {result['desc']}")
    return tim


async def main(server: str | None, user: str, group_id: str) -> None:
    """Create the group and print code and id."""
    await (await login(server, "carol")).TIMUninit()  # a member must have an account
    tim = await login(server, user)

    custom_info: GroupInfoCustemString = {
        "group_info_custom_string_info_key": "GroupTestData1",
        "group_info_custom_string_info_value": "red",
    }
    member_custom_info: GroupMemberInfoCustemString = {
        "group_member_info_custom_string_info_key": "MemberDefined1",
        "group_member_info_custom_string_info_value": "blue",
    }
    member_info: GroupMemberInfo = {
        "group_member_info_identifier": "carol",
        "group_member_info_join_time": 0,
        "group_member_info_member_role": 0,
        "group_member_info_msg_flag": 0,
        "group_member_info_msg_seq": 0,
        "group_member_info_shutup_time": 0,
        "group_member_info_name_card": "Carol",
        "group_member_info_custom_info": [member_custom_info],
    }
    group_param: GroupParams = {
        "create_group_param_group_id": group_id,
        "create_group_param_group_name": "a first group",
        "create_group_param_group_type": TIMGroupType.kTIMGroup_Public,
        "create_group_param_add_option": TIMGroupAddOption.kTIMGroupAddOpt_Any,
        "create_group_param_custom_info": [custom_info],
        "create_group_param_face_url": "",
        "create_group_param_group_member_array": [member_info],
        "create_group_param_introduction": "made by the example",
        "create_group_param_notification": "",
    }
    param: CreateGroupParams = {"params": group_param, "data": ""}
    result = await tim.TIMGroupCreate(param)
    if result["code"] == 0:
        print(0, result["json_param"]["create_group_result_groupid"])
    else:
        print(result["code"], result["desc"])
    await tim.TIMUninit()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", help="such as ws://127.0.0.1:8140, which is the default")
    parser.add_argument("--user", default="alice", help="who creates the group")
    parser.add_argument("--group-id", default="", help="the wanted id; without it the server makes one")
    given = parser.parse_args()
    asyncio.run(main(given.server, given.user, given.group_id))
