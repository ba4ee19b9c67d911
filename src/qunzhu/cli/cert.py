"""``qunzhu cert``: HTTPS on this machine, for clients that insist on it."""

from pathlib import Path

import click

from qunzhu.authority import REFERENCE_HOSTS, Made, make_certificate
from qunzhu.cli.show import json_option, print_json, when

TRUST = (
    ("qunzhu, Python SDK, C library", "export QUNZHU_CA={ca}"),
    ("curl", "export CURL_CA_BUNDLE={ca}"),
    ("Python: requests", "export REQUESTS_CA_BUNDLE={ca}"),
    ("Python: ssl, httpx, aiohttp; Go on Linux", "export SSL_CERT_FILE={ca}"),
    ("Node, Electron's main process", "export NODE_EXTRA_CA_CERTS={ca}"),
    ("Java, once", "keytool -importcert -noprompt -alias qunzhu -file {ca} -keystore {store} -storepass changeit"),
    ("Java, each time", "java -Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit ..."),
    ("Debian, Ubuntu", "sudo cp {ca} /usr/local/share/ca-certificates/qunzhu.crt && sudo update-ca-certificates"),
    ("Fedora, RHEL", "sudo cp {ca} /etc/pki/ca-trust/source/anchors/qunzhu.pem && sudo update-ca-trust"),
    ("macOS", "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {ca}"),
    ("Windows", "certutil -addstore -f ROOT {ca}"),
    ("Chromium and Electron's windows on Linux", "certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n qunzhu -i {ca}"),
)  # fmt: skip
"""How to have the authority trusted: each variable is for the process that it is set for, the rest for the machine."""


@click.command()
@click.option("--host", "hosts", multiple=True, metavar="NAME",
              help="A name or address besides localhost, 127.0.0.1 and ::1. Repeat for more.")  # fmt: skip
@click.option("--reference", is_flag=True, help="Also the hosts of the reference service's REST API, for clients that"
              " have one of them fixed.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("qunzhu-cert"),
              show_default=True, metavar="DIR", help="The folder of the authority and its certificates.")  # fmt: skip
@click.option("--name", default="server", show_default=True, help="What the certificate's files are called.")
@json_option
def cert(*, hosts: tuple[str, ...], reference: bool, out: Path, name: str, as_json: bool) -> None:
    """Make a certificate for HTTPS on this machine, by an authority of its own that is made on first use.

    The authority in the folder is used again, so that clients have to trust it once. Keys can be read by their owner
    only, and nothing is overwritten. With --json: ca, cert, key, hosts, valid_until (unix seconds), new_authority.
    """
    made = make_certificate(out.resolve(), (*hosts, *(REFERENCE_HOSTS if reference else ())), name)
    if as_json:
        print_json({
            "ca": str(made.ca), "cert": str(made.cert), "key": str(made.key), "hosts": made.hosts,
            "valid_until": made.until, "new_authority": made.new_authority,
        })  # fmt: skip
    else:
        _tell(made)


def _tell(made: Made) -> None:
    """Say what was made, and what to do with it."""
    click.echo(f"Authority\t{made.ca}" + (" (new)" if made.new_authority else ""))
    click.echo(f"Certificate\t{made.cert}\nKey\t{made.key}\nHosts\t{', '.join(made.hosts)}")
    click.echo(f"Valid until\t{when(made.until)}")
    click.echo(f"\nServe with it:\n  qunzhu serve --tls-cert {made.cert} --tls-key {made.key}")
    click.echo("\nHave the authority trusted, by one of these:")
    for client, words in TRUST:
        click.echo(f"  {client}\n    {words.format(ca=made.ca, store=made.ca.with_name('trust.p12'))}")
