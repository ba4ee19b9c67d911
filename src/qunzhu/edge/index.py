"""The first page that a browser shows: what this is, where to read on, and the first call to try."""

import html
import string
from pathlib import Path

from qunzhu import __version__

CALL = """SIG=$(qunzhu usersig administrator)
curl "{base}/v4/group_open_http_svc/create_group?sdkappid=1400000000\\
&identifier=administrator&usersig=$SIG&random=1&contenttype=json" \\
  -d '{{"Type": "Public", "Name": "First group"}}'"""
BODY = string.Template((Path(__file__).parent / "index.html").read_text(encoding="utf-8"))


def index_body(scheme: str, host: str) -> str:
    """Return the page's contents, with calls to the address under which it was asked for."""
    call = CALL.format(base=f"{scheme}://{host}")
    socket = f"{'wss' if scheme == 'https' else 'ws'}://{host}"
    return BODY.substitute(version=__version__, call=html.escape(call), socket=html.escape(socket))
