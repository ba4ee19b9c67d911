"""Peers come as Debian packages; their system services are never used."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 60.0


def version(package: str) -> str:
    """Return the installed version of a package, or an empty text."""
    asked = ["dpkg-query", "--showformat=${db:Status-Abbrev}${Version}", "--show", package]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return found[3:] if found.startswith("ii") else ""


def install(package: str) -> str:
    """Install a package if it is missing, stop the service that came with it, and return the version."""
    if version(package):
        return version(package)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError(f"{package} is not installed: install the Debian package, or run this as root on Debian")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    subprocess.run(["apt-get", *wait, "update", "-qq"], env=env, check=True)
    subprocess.run(["apt-get", *wait, "install", "-y", "-qq", "--no-install-recommends", package], env=env, check=True)
    if shutil.which("systemctl"):
        # Fails where systemd does not run; there the package did not start the service either.
        subprocess.run(["systemctl", "disable", "--now", package], check=False, capture_output=True)
    return version(package)


def await_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until something listens; raise with the server's output if it ends or takes too long."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server did not become ready:\n{log.read_text(errors='replace')[-2000:]}")
