"""The whole server on PostgreSQL: what was acknowledged is there after a kill."""

from __future__ import annotations

import signal

from served import Server


def test_a_server_on_postgres_survives_a_kill(tmp_path, postgres_url):
    server = Server(tmp_path, "--database", postgres_url)
    try:
        assert server.rest("im_open_login_svc/multiaccount_import", Accounts=["alice", "bob"])["ErrorCode"] == 0
        fields = {"Type": "Public", "Name": "on postgres", "Owner_Account": "alice"}
        made = server.rest("group_open_http_svc/create_group", **fields, MemberList=[{"Member_Account": "bob"}])
        assert made["ErrorCode"] == 0, made
        again = server.rest("group_open_http_svc/create_group", **fields, GroupId="mine")
        assert again["ErrorCode"] == 0
        assert server.rest("group_open_http_svc/create_group", **fields, GroupId="mine")["ErrorCode"] == 10025
        server.stop(signal.SIGKILL)
        server.start()
        [info] = server.rest("group_open_http_svc/get_group_info", GroupIdList=[made["GroupId"]])["GroupInfo"]
        assert (info["Name"], info["MemberNum"], info["NextMsgSeq"]) == ("on postgres", 2, 2)
        assert not (tmp_path / "data" / "apps").exists()
    finally:
        assert server.stop() == 0
