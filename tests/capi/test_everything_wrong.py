"""Every function, with what no function takes, in every state: a code or one answer, and never more."""

from __future__ import annotations

import json

from capi.library import run_host


def test_everything_wrong(library_file, server):
    printed, _ = run_host("wrong.py", library_file, server.url, "all")
    found = json.loads(printed)
    assert found["faults"] == []
    results = found["results"]
    assert set(results["before"]["calls"]) == {"-1", "-3", "0"}  # callExperimentalAPI may come first
    assert set(results["after"]["calls"]) == {"-1", "-3", "0"}
    assert set(results["login"]["calls"]) == {"0", "-4"}
    assert set(results["out"]["calls"]) == {"-2", "-3", "0"}
    assert set(results["in"]["calls"]) == {"0", "-3", "-4", "7013"}
    assert set(results["init"]["calls"]) == {"0"}
    assert {"0", "-3"} <= set(results["config"]["calls"]) <= {"0", "-3", "-4"}
    assert results["again"]["status"] == 1
