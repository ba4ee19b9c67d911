"""Makes the pictures of the console in docs/images: ``PYTHONPATH=tests python -m browser.screenshots``.

Needs Chromium and a font with Chinese letters (Debian: chromium, fonts-noto-cjk).
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from browser.chromium import PHONE, Visit, chromium, launched
from browser.conftest import operate
from served import SDKAPPID, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = Path(__file__).parents[2] / "docs/images"
SIZE = {"width": 1200, "height": 800}
COLOURS = 128
MOST_BYTES = 150_000
KINDS = ("Public", "Private", "ChatRoom", "AVChatRoom")
TEAM = "design-review"
SCREENS = {
    "overview": "overview", "groups": "groups", "group": f"groups/{TEAM}?tab=messages",
    "members": f"groups/{TEAM}?tab=members&as=carol", "create": "create?kind=Community", "users": "users",
    "callbacks": "callbacks?tab=settings", "trace": "trace", "usage": "usage", "double": "double",
    "explorer": "explorer?command=group_open_http_svc/create_group",
}  # fmt: skip
TALK = (("alice", "大家好，今天三点评审新首页。"), ("bob", "Works for me. I bring the figures."), ("carol", "OK"))


def furnish(server: Server) -> None:
    """Make what there is to see: accounts, groups of each kind, talk, refusals."""
    numbers = itertools.count(1)

    def told(command: str, **fields: object) -> None:
        answer = server.rest(command, **fields)
        if answer["ErrorCode"]:
            raise RuntimeError(f"{command}: {answer}")

    service = "group_open_http_svc"
    told("im_open_login_svc/multiaccount_import", Accounts=["alice", "bob", "carol", "dave"])
    for number in range(36):
        kind, owner = KINDS[number % len(KINDS)], ("alice", "bob", "carol")[number % 3]
        told(
            f"{service}/create_group",
            Type=kind,
            Name=f"{kind} {number + 1}",
            GroupId=f"{kind.lower()}-{number + 1:02}",
            Owner_Account=owner,
        )
    told(
        f"{service}/create_group",
        Type="Community",
        Name="读书社区",
        GroupId="@TGS#_readers",
        Owner_Account="bob",
        SupportTopic=1,
    )
    members = [{"Member_Account": "bob", "Role": "Admin", "NameCard": "数据"}, {"Member_Account": "carol"}]
    told(
        f"{service}/create_group", Type="Public", Name="设计评审 Design review", GroupId=TEAM,
        Owner_Account="alice", MemberList=members, Introduction="每周一次", Notification="周一三点 · Monday, 3 pm",
    )  # fmt: skip
    for user, text in TALK:
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]
        told(f"{service}/send_group_msg", GroupId=TEAM, Random=next(numbers), From_Account=user, MsgBody=body)
    told(f"{service}/forbid_send_msg", GroupId=TEAM, Members_Account=["carol"], MuteTime=3600)
    told(f"{service}/destroy_group", GroupId="private-02")
    for wrong in (
        {"Type": "Public", "Name": "群" * 11}, {"Type": "Club", "Name": "x"},
        {"Type": "Public", "Name": "taken", "GroupId": TEAM},
    ):  # fmt: skip
        server.rest(f"{service}/create_group", **wrong)
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "…"}}]
    for _ in range(2):
        server.rest(f"{service}/send_group_msg", GroupId=TEAM, Random=900, From_Account="carol", MsgBody=body)
        server.rest(f"{service}/send_group_msg", GroupId=TEAM, Random=901, From_Account="bob", MsgBody=body)


def keep(visit: Visit, name: str) -> None:
    """Write what the page shows as a small PNG."""
    visit.settle()
    visit.page.evaluate("() => document.activeElement.blur()")
    visit.page.wait_for_timeout(2200 if "overview" in name else 200)  # the overview's lines need a second number
    picture = Image.open(io.BytesIO(visit.page.screenshot())).convert("RGB")
    file = IMAGES / f"console-{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    if file.stat().st_size > MOST_BYTES:
        raise RuntimeError(f"{file}: {file.stat().st_size} bytes")
    print(f"{file.relative_to(IMAGES.parents[1])} {file.stat().st_size / 1000:.0f} kB")  # noqa: T201


def take(browser: Browser, url: str) -> None:
    """Take all pictures."""
    for language in ("en", "zh"):
        visit = Visit(browser, url, language, size=SIZE)
        visit.open()
        keep(visit, f"signin-{language}")
        visit.sign_in()
        for name, place in SCREENS.items():
            visit.open(place)
            if name == "create":
                visit.field(visit.words("field.Name")).fill("读书社区 Readers")
                visit.field(visit.words("field.GroupId")).fill("readers")
                visit.page.wait_for_timeout(1000)
            keep(visit, f"{name}-{language}")
        visit.close()
    for name, language, place, options in (
        ("dark", "zh", "overview", {"theme": "dark", "size": SIZE}),
        ("phone", "zh", f"groups/{TEAM}?tab=messages", {"size": PHONE}),
    ):  # fmt: skip
        visit = Visit(browser, url, language, **options).sign_in()
        visit.open(place)
        keep(visit, f"{name}-{language}")
        visit.close()


def main() -> None:
    """Serve, furnish and take the pictures."""
    path = chromium()
    if path is None:
        sys.exit("chromium is missing (Debian: chromium, fonts-noto-cjk)")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        server = Server(Path(place))
        try:
            furnish(server)
            operate(
                server.folder, "app", "set", str(SDKAPPID), "--callback-url", "http://127.0.0.1:9000/",
                "--callback", "Group.CallbackAfterCreateGroup",
            )  # fmt: skip
            with launched(path) as browser:
                take(browser, f"http://127.0.0.1:{server.port}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
