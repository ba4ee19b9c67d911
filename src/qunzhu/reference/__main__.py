"""``python -m qunzhu.reference`` writes docs/reference; with ``--check`` it fails if a file there is stale."""

import sys
from pathlib import Path

import qunzhu.commands  # noqa: F401 - fills the command table
from qunzhu.reference.blocks import markdown
from qunzhu.reference.callbacks import callbacks_page
from qunzhu.reference.commands import commands_page, errors_page
from qunzhu.reference.coverage import coverage_page
from qunzhu.reference.events import events_page
from qunzhu.reference.settings import settings_page
from qunzhu.reference.tables import kinds_page, limits_page, plans_page, rights_page

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
BUILDERS = (
    commands_page, errors_page, rights_page, kinds_page, plans_page, limits_page, events_page, callbacks_page,
    settings_page,
    coverage_page,
)  # fmt: skip


def files() -> dict[str, str]:
    """Return what docs/reference should hold, by file name."""
    return {f"{page.name}.md": markdown(page) for page in (build() for build in BUILDERS)}


def stale(folder: Path = FOLDER) -> list[str]:
    """Return the names of files that are missing, out of date, or should not be there."""
    wanted = files()
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def main(args: list[str]) -> int:
    """Write the reference, or check it; return the exit status."""
    names = stale()
    if args == ["--check"]:
        for name in names:
            sys.stderr.write(f"docs/reference/{name} is stale: run python -m qunzhu.reference\n")
        return int(bool(names))
    if args:
        sys.stderr.write("usage: python -m qunzhu.reference [--check]\n")
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for name in names:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
        sys.stdout.write(f"docs/reference/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
