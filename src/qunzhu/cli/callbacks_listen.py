"""``qunzhu callbacks listen`` and ``replay``: an app's own server for trying, and what it recorded sent once more."""

import asyncio
import contextlib
import datetime
import hmac
import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import click
import msgspec

from qunzhu.cli.callback_rules import Answering, load_rules
from qunzhu.cli.show import Failure, clean, json_option, print_json

DEFAULT_PORT = 8150
OLD_SECONDS = 300
MAX_BODY = 1 << 22
RULE = """\b
A rule, where * stands for anything:
  [[rules]]
  command = "Group.CallbackBeforeSendMsg"
  match = {"MsgBody.*.MsgContent.Text" = "*spam*"}
  answer = {ErrorCode = 1, ErrorInfo = "no spam"}
"""
GARBAGE = b"<html>this is not JSON</html>"


class Recorded(msgspec.Struct, frozen=True):
    """One callback as a line of a record has it, with what was answered. ``at_ms`` is unix milliseconds."""

    at_ms: int
    path: str
    query: dict[str, str]
    body: Any
    status: int = 0
    answer: Any = None


_decode = msgspec.json.Decoder(Recorded).decode


@click.command(epilog=RULE)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; 0: a free one.",
)
@click.option(
    "--rules",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="What to answer to what (.toml, .json or .yaml); without it everything is allowed.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Append each callback to this file, one JSON object a line.",
)
@click.option(
    "--token",
    envvar="QUNZHU_CALLBACK_TOKEN",
    show_envvar=True,
    help="The app's token: callbacks without a right signature are refused with HTTP 403.",
)
@json_option
def listen(*, host: str, port: int, rules: Path | None, record: Path | None, token: str | None, as_json: bool) -> None:
    """Be an app's own server: print each callback as it comes, and answer it, until stopped.

    In a rule file the first rule that matches says what is answered. Beside answer a rule may have delay (seconds),
    status (HTTP), garbage (true: no JSON), close (true: no answer) and times (so often it holds). With --json each
    callback is printed as one line of JSON.
    """
    answering = load_rules(rules)
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(record.open("a", encoding="utf-8")) if record else None
        receiver = _Receiver(answering, out, token or "", as_json=as_json)
        try:
            asyncio.run(_serve(receiver, host, port))
        except OSError as fault:
            raise Failure(f"cannot listen on {host}:{port}: {fault.strerror or fault}", "name another --port") from None


class _Receiver:
    """What becomes of a callback: it is checked, printed, recorded and answered."""

    def __init__(self, answering: Answering, record: IO[str] | None, token: str, *, as_json: bool) -> None:
        self._answering = answering
        self._record = record
        self._token = token
        self._as_json = as_json
        self._number = 0

    async def take(self, request: Any) -> Any:
        """Answer one request."""
        from aiohttp import web

        text, at_ms = (await request.read()).decode(errors="replace"), time.time_ns() // 1_000_000
        query = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        try:
            body: Any = json.loads(text)
        except ValueError:
            body = text
        fault = _wrong_signature(self._token, query, at_ms // 1000) if self._token else ""
        rule = self._answering.rule_for(query.get("CallbackCommand", ""), body)
        status = 403 if fault else rule.status
        answer = None if fault or rule.silent else rule.full_answer
        self._number += 1
        one = Recorded(at_ms, request.path, query, body, status, answer)
        self._show(one, fault or rule.shown)
        if self._record is not None:
            self._record.write(msgspec.json.encode(one).decode() + "\n")
            self._record.flush()
        if fault:
            return web.Response(status=status, text=fault)
        await asyncio.sleep(rule.delay)
        if rule.close:
            request.transport.abort()
            return web.Response()  # which nobody gets
        data = GARBAGE if rule.garbage else msgspec.json.encode(rule.full_answer)
        return web.Response(status=status, body=data, content_type="text/html" if rule.garbage else "application/json")

    def _show(self, one: Recorded, answered: str) -> None:
        """Print a callback, for people or as a line of JSON."""
        if self._as_json:
            click.echo(msgspec.json.encode(one))
            return
        at = datetime.datetime.fromtimestamp(one.at_ms / 1000).astimezone().strftime("%H:%M:%S.%f")[:-3]
        command = one.query.get("CallbackCommand") or "no CallbackCommand"
        who = " ".join(filter(None, (one.query.get("OptPlatform"), one.query.get("ClientIP"))))
        body = json.dumps(one.body, indent=2, ensure_ascii=False)
        _print_callback(f"#{self._number} {at}", command, who, body, answered)


def _print_callback(head: str, command: str, who: str, body: str, answered: str) -> None:
    lines = [clean(line) for line in body.split("\n")]
    if not sys.stdout.isatty():
        click.echo(f"{head}  {clean(command)}  {clean(who)}  -> {clean(answered)}")
        click.echo("\n".join(f"    {line}" for line in lines))
        return
    from rich.console import Console
    from rich.syntax import Syntax
    from rich.text import Text

    console = Console()
    parts = ((head, "dim"), ("  ", ""), (clean(command), "bold cyan"), ("  ", ""), (clean(who), "green"),
             ("  -> ", "dim"), (clean(answered), "yellow"))  # fmt: skip
    console.print(Text.assemble(*parts))
    console.print(Syntax("\n".join(lines), "json", background_color="default", word_wrap=True))


def _wrong_signature(token: str, query: Mapping[str, str], now: int) -> str:
    """Return what is wrong with a callback's signature, or an empty text."""
    from qunzhu.push.callback_client import sign

    given, at = query.get("Sign", ""), query.get("RequestTime", "")
    if not given or not (at.isascii() and at.isdigit() and len(at) <= 12):
        return "no signature: Sign and RequestTime are missing"
    if not hmac.compare_digest(given.encode(), sign(token, int(at)).encode()):
        return "the signature is wrong: not the SHA-256 of this token and RequestTime"
    return f"the signature is {abs(now - int(at))} seconds old" if abs(now - int(at)) > OLD_SECONDS else ""


async def _serve(receiver: _Receiver, host: str, port: int) -> None:
    """Listen until SIGINT or SIGTERM."""
    from aiohttp import web

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        real = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"listening on http://{shown}:{real}/ - stop with Ctrl-C", err=True)
        await stopped.wait()
    finally:
        await runner.cleanup()


@click.command()
@click.argument("record", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option(
    "--to", default=f"http://127.0.0.1:{DEFAULT_PORT}/", show_default=True, metavar="URL", help="Where they go."
)
@click.option(
    "--nth",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Only the N-th one of the file. Repeat for more.",
)
@click.option(
    "--token",
    envvar="QUNZHU_CALLBACK_TOKEN",
    show_envvar=True,
    help="Sign them anew with this token; without it they keep the signature they came with.",
)
@json_option
def replay(record: Path, *, to: str, nth: tuple[int, ...], token: str | None, as_json: bool) -> None:
    """Send callbacks that `listen --record` recorded to a server once more, one after the other.

    Prints what each was answered; exit status 1 where one had no valid answer. With --json: one object a line, with
    nth, command, status and answer or fault.
    """
    if urlsplit(to).scheme not in {"http", "https"} or not urlsplit(to).hostname:
        raise click.BadParameter(f"{to!r} is no http:// or https:// URL", param_hint="--to")
    chosen = _chosen(record, nth)
    failed = asyncio.run(_replay(chosen, to, token, as_json=as_json))
    if failed:
        raise Failure(f"{failed} of {len(chosen)} had no valid answer")


def _chosen(record: Path, nth: tuple[int, ...]) -> list[tuple[int, Recorded]]:
    """Return the recorded callbacks that are meant, each with its number in the file."""
    found = []
    for number, line in enumerate(record.read_bytes().splitlines(), 1):
        try:
            found.append((number, _decode(line)))
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise Failure(f"{record}: line {number} is no recorded callback: {fault}") from None
    if missing := sorted(set(nth) - {number for number, _ in found}):
        raise Failure(f"{record} has {len(found)} callbacks, no number {missing[0]}")
    return [(number, one) for number, one in found if not nth or number in nth]


async def _replay(chosen: list[tuple[int, Recorded]], to: str, token: str | None, *, as_json: bool) -> int:
    """Send callbacks, print the answers, and return how many failed."""
    import aiohttp

    failed = 0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
        for number, one in chosen:
            outcome = await _send(client, one, to, token)
            failed += "fault" in outcome
            shown = {"nth": number, "command": one.query.get("CallbackCommand", ""), **outcome}
            if as_json:
                print_json(shown)
            else:
                told = outcome.get("fault") or json.dumps(outcome["answer"], ensure_ascii=False)
                click.echo(f"#{number}  {clean(shown['command'])}  {outcome.get('status', '')}  {clean(told)}")
    return failed


async def _send(client: Any, one: Recorded, to: str, token: str | None) -> dict[str, Any]:
    """Send one callback; return status and answer, or what is wrong with it."""
    import aiohttp
    from yarl import URL

    from qunzhu.push.callback_client import sign

    query = dict(one.query)
    if token:
        now = int(time.time())
        query |= {"Sign": sign(token, now), "RequestTime": str(now)}
    body = one.body.encode() if isinstance(one.body, str) else msgspec.json.encode(one.body)
    url = URL(f"{to}{'&' if '?' in to else '?'}{urlencode(query)}", encoded=True)
    headers = {"Content-Type": "application/json"}
    try:
        async with client.post(url, data=body, headers=headers, allow_redirects=False) as response:
            status, text = response.status, await response.text()
    except (aiohttp.ClientError, OSError, TimeoutError) as fault:
        return {"fault": f"{type(fault).__name__}: {fault}".rstrip(": ")}
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if status != 200 or not isinstance(answer, dict):
        return {"status": status, "fault": "not HTTP 200 with a JSON object"}
    return {"status": status, "answer": answer}
