"""Public clients whose host or scheme is fixed: unchanged, over HTTPS, to a double (docs/guide/fixed-hosts.md).

Each creates a group and reads it back in a process of its own. The environment alone leads it here, where its own
settings do not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from qunzhu.testing import Double, Server

SECONDS = 100
TIMSDK = """
import sys
from timsdk import TimClient
groups = TimClient(int(sys.argv[1]), sys.argv[2], sys.argv[3]).group_open_http_svc
made = groups.create_group("Tea")
print(groups.get_group_info([made["GroupId"]])["GroupInfo"][0]["Name"])
"""
TCIM = """
import sys
from tencentcloud_im.tcim_client import GroupObj, TCIMClient
client = TCIMClient(int(sys.argv[1]), sys.argv[2], sys.argv[3], *sys.argv[4:])
made = client.create_group(GroupObj("", "Public", "Tea", max_member_count=200)).json()
print(client.get_group_detail([made["GroupId"]]).json()["GroupInfo"][0]["Name"])
"""
JAVA_PACKAGE = "io.github.doocs", "im-server-sdk-java", "0.3.43"
POM = """
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>local</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>
  </dependency></dependencies>
</project>
"""
JAVA = """
import io.github.doocs.im.ImClient;
import io.github.doocs.im.model.request.CreateGroupRequest;
import io.github.doocs.im.model.request.GetGroupInfoRequest;
import java.util.List;

public class Use {
    public static void main(String[] args) throws Exception {
        long app = Long.parseLong(args[0]);
        ImClient client = args.length > 3
            ? ImClient.getInstance(app, args[2], args[1], args[3])
            : ImClient.getInstance(app, args[2], args[1]);
        String group = client.group.createGroup(new CreateGroupRequest("Public", "Tea")).getGroupId();
        var found = client.group.getGroupInfo(new GetGroupInfoRequest(List.of(group))).getGroupInfo();
        System.out.println(found.get(0).getName());
        System.exit(0);
    }
}
"""


@pytest.fixture(scope="module")
def server():
    """Serve HTTPS, with the proxy for fixed hosts."""
    with Server(https=True) as served:
        yield served


@pytest.fixture
def double(server):
    """Give an app."""
    with server.app() as app:
        yield app


def used(double: Double, *words: str, env: dict[str, str]) -> str:
    """Run a client and return what it printed: the name of the group that it read, which is there once."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS, env=clean() | env)
    assert done.returncode == 0, done.stderr
    [group] = double.rest("get_appid_group_list")["GroupIdList"]
    [info] = double.rest("get_group_info", GroupIdList=[group["GroupId"]])["GroupInfo"]
    assert info["Name"] == done.stdout.strip()
    return info["Name"]


def clean() -> dict[str, str]:
    """Return an environment without proxies of this machine's own."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


@pytest.mark.parametrize("program", [TIMSDK, TCIM], ids=["timsdk", "tencentcloud-sdk-python-im"])
def test_python_clients_by_the_environment(double, program):
    words = (sys.executable, "-c", program, str(double.sdkappid), double.key, double.admin)
    assert used(double, *words, env=double.environ) == "Tea"


def test_a_python_client_by_its_base_url(double):
    words = (sys.executable, "-c", TCIM, str(double.sdkappid), double.key, double.admin, f"{double.url}/v4")
    assert used(double, *words, env={"REQUESTS_CA_BUNDLE": double.ca}) == "Tea"


def test_a_client_that_does_not_trust_the_authority(double):
    words = (sys.executable, "-c", TIMSDK, str(double.sdkappid), double.key, double.admin)
    env = {name: value for name, value in double.environ.items() if "PROXY" in name.upper()}
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS, env=clean() | env)
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert double.rest("get_appid_group_list")["TotalCount"] == 0


@pytest.fixture(scope="module")
def java(tmp_path_factory, server) -> list[str]:
    """Fetch the Java client with Maven; return the words that run a program with it."""
    for program in ("java", "keytool", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    folder = tmp_path_factory.mktemp("java")
    (folder / "pom.xml").write_text(POM.format(*JAVA_PACKAGE))
    (folder / "Use.java").write_text(JAVA)
    fetch = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    try:
        done = subprocess.run(fetch, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"mvn reaches no registry in {SECONDS} s")
    if done.returncode:
        pytest.skip(f"mvn could not fetch {':'.join(JAVA_PACKAGE)}: {done.stdout[-300:]}")
    store = folder / "trust.p12"
    words = ["-importcert", "-noprompt", "-alias", "qunzhu", "-file", server.ca, "-keystore", str(store)]
    subprocess.run(["keytool", *words, "-storepass", "changeit"], check=True, capture_output=True)
    trust = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    return [*trust, "-cp", f"{folder}/lib/*", str(folder / "Use.java")]


@pytest.mark.parametrize("way", ["domain", "proxy"])
def test_the_java_client(double, java, way):
    host, _, port = double.proxy.removeprefix("http://").partition(":")
    proxy = [f"-Dhttps.proxyHost={host}", f"-Dhttps.proxyPort={port}"] if way == "proxy" else []
    domain = [double.url.removeprefix("https://")] if way == "domain" else []
    app = [str(double.sdkappid), double.key, double.admin]
    assert used(double, "java", *proxy, *java, *app, *domain, env={}) == "Tea"


def test_curl_by_the_environment(double):
    if shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    double.rest("create_group", Type="Public", Name="Tea", GroupId="tea")
    query = f"sdkappid={double.sdkappid}&identifier={double.admin}&usersig={double.usersig()}&random=1&contenttype=json"
    url = f"https://console.tim.qq.com/v4/group_open_http_svc/get_group_info?{query}"
    done = subprocess.run(
        ["curl", "-fsS", url, "-d", '{"GroupIdList": ["tea"]}'], capture_output=True, text=True, check=False,
        timeout=SECONDS, env=clean() | double.environ,
    )  # fmt: skip
    assert '"Name":"Tea"' in done.stdout, done.stderr
