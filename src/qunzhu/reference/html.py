"""Pages as HTML: blocks of the reference, and the frame that all pages share. No script, nothing from elsewhere."""

import html as markup
import re
from collections.abc import Iterator
from pathlib import Path

from qunzhu.reference.blocks import LINK, Block, Code, Heading, Page, Table, Text, anchor

LANGS = ("en", "zh")
ZH = {
    "Commands": "命令", "Error codes": "错误码", "Kinds of group": "群组类型", "Rights": "权限", "Plans": "套餐",
    "Limits a second": "每秒限频",
    "Events": "事件", "Coverage": "覆盖情况", "Reference": "参考", "On this page": "本页", "Start page": "首页",
    "Errors of every command": "所有命令的公共错误", "Fields of tips and notices": "提示与通知的字段",
    "Why a session ends": "会话结束的原因", "Server API": "服务端 API", "Roles": "角色", "Command": "命令",
    "Doors": "入口", "What it does": "作用", "Code": "错误码", "Text": "说明", "Answered by": "返回者",
    "Requests": "请求", "Accounts and UserSigs": "账号与 UserSig", "Groups": "群组", "Who is online": "在线状态",
    "the gateway": "长连接网关", "Field": "字段", "Type": "类型", "Required": "必填", "Limits": "限制",
    "Meaning": "含义", "Comes": "返回时机", "Close code": "关闭码", "Reason": "原因", "Connect again": "是否重连",
    "Service": "服务", "Done": "完成", "There": "已有", "Not yet": "尚无", "Role": "角色",
    "Number in the SDK": "SDK 中的数值", "App administrator": "App 管理员", "Owner": "群主",
    "Administrator": "管理员", "Member": "成员", "Other user": "其他用户", "Errors:": "错误：", "Reply:": "应答：",
    "Request, for example:": "请求示例：", "The request has no fields.": "请求没有字段。",
    "The reply has no fields besides the envelope.": "除公共字段外，应答没有字段。",
    "A group is made with one more member": "创建群组，带一名初始成员", "Somebody is added": "有人被加入",
    "Somebody joins by himself": "有人主动加入", "Somebody leaves": "有人退出", "Somebody is removed": "有人被移除",
    "The profile changes": "群资料变更", "The group gets another owner": "群主转让",
    "The group is dissolved": "群组解散", "Accounts are registered or deleted": "账号注册或删除",
    "An account's logins are revoked": "账号登录态失效", "yes": "是", "no": "否", "always": "总是",
    "where it applies": "视情况", "no cap": "不限", "every command": "所有命令",
}  # fmt: skip
"""Headings, and the words of table cells that are whole. Descriptions are in English."""

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def say(text: str, lang: str) -> str:
    """Return a heading or a whole cell in a language."""
    return ZH.get(text, text) if lang == "zh" else text


def rich(text: str, lang: str) -> str:
    """Return a text with its code and links marked up."""
    query = "?lang=zh" if lang == "zh" else ""
    text = markup.escape(say(text, lang))
    text = re.sub(r"`([^`]+)`", lambda found: f"<code>{found[1].replace('[].', '[].<wbr>')}</code>", text)
    return LINK.sub(lambda found: f'<a href="/docs/{found[2]}{query}{found[3] or ""}">{found[1]}</a>', text)


def body_of(page: Page, lang: str) -> str:
    """Return a page's contents: its headings as a list, then its blocks."""
    headings = [block for block in page.blocks if isinstance(block, Heading)]
    links = "".join(
        f'<a class="l{heading.level}" href="#{anchor(heading.text)}">{markup.escape(say(heading.text, lang))}</a>'
        for heading in headings
    )
    title = say("On this page", lang)
    # Open where it is a column, folded where it is narrow: both without a script, so the list stands twice.
    toc = (
        f'<nav class="toc" aria-label="{title}"><div class="tall"><p>{title}</p>{links}</div>'
        f'<details class="folded"><summary>{title}</summary>{links}</details></nav>'
    )
    blocks = "".join(_blocks(page, lang))
    return f'<div class="page">{toc}<main><h1>{markup.escape(say(page.title, lang))}</h1>{blocks}</main></div>'


def _blocks(page: Page, lang: str) -> Iterator[str]:
    below_command = False
    for block in page.blocks:
        where = isinstance(block, Text) and below_command
        yield _block(block, lang, where=where)
        below_command = isinstance(block, Heading) and block.level == 3


def _block(block: Block, lang: str, *, where: bool) -> str:
    match block:
        case Heading():
            ref, text = anchor(block.text), markup.escape(say(block.text, lang))
            return f'<h{block.level} id="{ref}"><a href="#{ref}">{text}</a></h{block.level}>'
        case Text():
            return f"<p{' class=where' if where else ''}>{rich(block.text, lang)}</p>"
        case Code():
            return f"<pre><code>{markup.escape(block.text)}</code></pre>"
        case Table():
            return _table(block, lang)


def _table(table: Table, lang: str) -> str:
    heads = [say(head, lang) for head in table.head]
    head = "".join(f'<th scope="col">{rich(text, lang)}</th>' for text in table.head)
    rows = "".join(
        f"<tr{f' id={markup.escape(row[0])}' if table.keyed else ''}>"
        + "".join(_cell(cell, name, lang) for cell, name in zip(row, heads, strict=True))
        + "</tr>"
        for row in table.rows
    )
    shape = "pairs" if len(heads) == 2 else "wide" if heads[0] else "wide matrix"
    return f'<table class="{shape}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cell(cell: str, head: str, lang: str) -> str:
    mark = f' class="{cell}"' if cell in {"yes", "no"} else ""
    return f'<td{mark} data-head="{markup.escape(head)}">{rich(cell, lang)}</td>'


def frame(title: str, body: str, lang: str, nav: str) -> bytes:
    """Return a whole document around a body."""
    return (
        f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{markup.escape(title)}</title><style>{STYLE}</style></head>"
        f'<body><header><a class="name" href="/">qunzhu</a>{nav}</header>{body}</body></html>'
    ).encode()
