"""``qunzhu cert``: an authority made once, certificates by it, and a server that is trusted with them."""

from __future__ import annotations

import ssl
import stat
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509

from cli.servers import Server
from qunzhu.authority import REFERENCE_HOSTS


def names(path: str) -> list[str]:
    """Return the names in a certificate."""
    found = x509.load_pem_x509_certificate(Path(path).read_bytes())
    named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(one.value) for one in named]


def test_a_server_is_trusted_with_it(qunzhu, tmp_path):
    made = qunzhu("cert", "--out", "tls", "--json").json
    assert (made["new_authority"], made["hosts"]) == (True, ["localhost", "127.0.0.1", "::1"])
    server = Server("--data", str(tmp_path / "data"), "--tls-cert", made["cert"], "--tls-key", made["key"])
    try:
        trusted = ssl.create_default_context(cafile=made["ca"])
        trusted.verify_flags |= ssl.VERIFY_X509_STRICT
        for host in ("127.0.0.1", "localhost"):
            url = server.url.replace("127.0.0.1", host) + "/health"
            assert urllib.request.urlopen(url, context=trusted).status == 200
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"{server.url}/health")
    finally:
        server.stop()


def test_the_authority_is_made_once(qunzhu):
    first = qunzhu("cert", "--json").json
    authority = Path(first["ca"]).read_bytes()
    second = qunzhu("cert", "--json", "--name", "shop", "--host", "shop.test", "--host", "192.168.7.1").json
    assert (first["ca"], first["new_authority"]) == (second["ca"], not second["new_authority"])
    assert Path(second["ca"]).read_bytes() == authority
    assert names(second["cert"]) == ["localhost", "127.0.0.1", "::1", "shop.test", "192.168.7.1"]
    assert {path.name for path in Path("qunzhu-cert").iterdir()} == {
        "ca.pem", "ca-key.pem", "server.pem", "server-key.pem", "shop.pem", "shop-key.pem",
    }  # fmt: skip


def test_how_long_it_holds(qunzhu):
    made = qunzhu("cert", "--json").json
    found = x509.load_pem_x509_certificate(Path(made["cert"]).read_bytes())
    assert found.not_valid_after_utc.timestamp() == made["valid_until"]
    assert 395 < (made["valid_until"] - time.time()) / 86400 < 397
    assert (found.not_valid_after_utc - found.not_valid_before_utc).days <= 397


def test_names_of_the_reference_service(qunzhu):
    made = qunzhu("cert", "--json", "--reference", "--host", "Console.TIM.qq.com", "--host", "bücher.test").json
    assert names(made["cert"])[3:] == ["console.tim.qq.com", "xn--bcher-kva.test", *REFERENCE_HOSTS[1:]]


def test_keys_are_their_owners(qunzhu):
    made = qunzhu("cert", "--json").json
    for path in (made["key"], Path(made["ca"]).with_name("ca-key.pem")):
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        assert "PRIVATE KEY" in Path(path).read_text()
    assert "PRIVATE KEY" not in Path(made["cert"]).read_text() + Path(made["ca"]).read_text()


def test_nothing_is_overwritten(qunzhu):
    qunzhu("cert")
    before = {path.name: path.read_bytes() for path in Path("qunzhu-cert").iterdir()}
    answer = qunzhu("cert", "--json")
    assert (answer.code, "server.pem is there already" in answer.error["message"]) == (2, True)
    Path("qunzhu-cert/server.pem").unlink()
    assert "server-key.pem is there already" in qunzhu("cert").err
    for path in Path("qunzhu-cert").iterdir():
        assert path.read_bytes() == before[path.name]


@pytest.mark.parametrize("gone", ["ca.pem", "ca-key.pem"])
def test_half_an_authority(qunzhu, gone):
    qunzhu("cert")
    Path("qunzhu-cert", gone).unlink()
    answer = qunzhu("cert", "--name", "other")
    assert (answer.code, "has only one of ca.pem and ca-key.pem" in answer.err) == (2, True)
    assert not Path("qunzhu-cert", gone).exists()


def test_what_is_no_authority(qunzhu):
    qunzhu("cert")
    Path("qunzhu-cert/ca.pem").write_text("nothing")
    assert "not an authority" in qunzhu("cert", "--name", "other").err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--host", "https://im.example.com"], "https://im.example.com"), (["--host", "im.example.com:443"], ":443"),
        (["--host", ""], "''"), (["--host", "a" * 64 + ".test"], "aaa"), (["--name", "../x"], "../x"),
        (["--name", "ca"], "'ca'"), (["--out", "a-file/x"], "a-file"),
    ],
)  # fmt: skip
def test_wrong_words(qunzhu, words, named):
    Path("a-file").write_text("")
    answer = qunzhu("cert", *words)
    assert (answer.code, answer.out) == (2, "")
    assert named in answer.err
    assert not Path("qunzhu-cert").exists()


def test_it_says_how_to_trust_it(qunzhu):
    out = qunzhu("cert").out
    for word in ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "javax.net.ssl.trustStore", "macOS",
                 "Windows", "Electron", "--tls-key"):  # fmt: skip
        assert word in out
