"""Kubeconfig: which cluster, and who one is there; adding and removing contexts in a user's file."""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Tree = dict[str, Any]

LOCK_TRIES, LOCK_PAUSE = 100, 0.05  # seconds between tries


class KubeconfigError(Exception):
    """The file is not there, cannot be used, or does not hold what was asked for."""


@dataclass(frozen=True)
class Access:
    """All it takes to talk to a cluster. Certificates and key are PEM bytes."""

    server: str
    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    token: str = ""
    token_file: str = ""
    namespace: str = "default"
    verify: bool = True
    tls_server_name: str = ""
    context: str = ""

    def bearer(self) -> str:
        """The token as of now: files are read anew, because they are renewed in place."""
        return Path(self.token_file).read_text().strip() if self.token_file else self.token


def default_path() -> Path:
    """Where the user's kubeconfig is: the first of $KUBECONFIG, else ~/.kube/config."""
    first = next(filter(None, os.environ.get("KUBECONFIG", "").split(os.pathsep)), "")
    return Path(first) if first else Path.home() / ".kube" / "config"


def load(path: Path | None = None, context: str = "") -> Access:
    """The access of a context, by default the current one."""
    path = path or default_path()
    tree = _read(path)
    name = context or tree.get("current-context") or ""
    if not name:
        raise KubeconfigError(f"{path} has no current-context: name one with --context")
    entry = _named(tree, "contexts", name, path)["context"]
    cluster = _named(tree, "clusters", entry["cluster"], path)["cluster"]
    user = _named(tree, "users", entry["user"], path).get("user") or {} if entry.get("user") else {}
    if "exec" in user or "auth-provider" in user:
        raise KubeconfigError(
            f"user {entry['user']} in {path} needs a credential plugin, which is not supported"
        )
    folder = path.parent
    return Access(
        server=cluster["server"],
        ca=_pem(cluster, "certificate-authority", folder),
        certificate=_pem(user, "client-certificate", folder),
        key=_pem(user, "client-key", folder),
        token=user.get("token", ""),
        token_file=str(folder / user["tokenFile"]) if user.get("tokenFile") else "",
        namespace=entry.get("namespace") or "default",
        verify=not cluster.get("insecure-skip-tls-verify", False),
        tls_server_name=cluster.get("tls-server-name", ""),
        context=name,
    )


def render(name: str, access: Access) -> str:
    """A kubeconfig with one context, certificates embedded, as text."""
    return _dump(_merged(_empty(), name, access, current=True))


def merge(path: Path, name: str, access: Access, *, current: bool = True) -> None:
    """Put cluster, user and context `name` into the file, over what has that name; keep the rest."""
    with _locked(path):
        tree = _read(path) if path.exists() and path.stat().st_size else _empty()
        _write(path, _dump(_merged(tree, name, access, current=current)))


def remove(path: Path, name: str) -> bool:
    """Take cluster, user and context `name` out of the file. Says whether there was anything to take.

    A file that holds nothing else by then is removed.
    """
    if not path.exists():
        return False
    with _locked(path):
        tree = _read(path)
        before = _dump(tree)
        for section in ("clusters", "users", "contexts"):
            tree[section] = [entry for entry in tree.get(section) or () if entry.get("name") != name]
        if tree.get("current-context") == name:
            tree["current-context"] = tree["contexts"][0]["name"] if len(tree["contexts"]) == 1 else ""
        changed = _dump(tree) != before
        if changed and tree == _empty():
            path.unlink()
        elif changed:
            _write(path, _dump(tree))
        return changed


def _empty() -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [],
        "contexts": [],
        "current-context": "",
        "preferences": {},
        "users": [],
    }


def _merged(tree: Tree, name: str, access: Access, *, current: bool) -> Tree:
    cluster: Tree = {"server": access.server}
    if access.ca is not None:
        cluster["certificate-authority-data"] = base64.b64encode(access.ca).decode()
    if not access.verify:
        cluster["insecure-skip-tls-verify"] = True
    if access.tls_server_name:
        cluster["tls-server-name"] = access.tls_server_name
    user: Tree = {}
    if access.certificate is not None and access.key is not None:
        user["client-certificate-data"] = base64.b64encode(access.certificate).decode()
        user["client-key-data"] = base64.b64encode(access.key).decode()
    if access.token:
        user["token"] = access.token
    if access.token_file:
        user["tokenFile"] = access.token_file
    context = {"cluster": name, "user": name}
    if access.namespace != "default":
        context["namespace"] = access.namespace
    _put(tree, "clusters", {"name": name, "cluster": cluster})
    _put(tree, "contexts", {"name": name, "context": context})
    _put(tree, "users", {"name": name, "user": user})
    if current or not tree.get("current-context"):
        tree["current-context"] = name
    return tree


def _put(tree: Tree, section: str, entry: Tree) -> None:
    entries = list(tree.get(section) or ())
    for at, old in enumerate(entries):
        if old.get("name") == entry["name"]:
            entries[at] = entry
            break
    else:
        entries.append(entry)
    tree[section] = entries


def _named(tree: Tree, section: str, name: str, path: Path) -> Tree:
    entries = tree.get(section) or ()
    found = next((entry for entry in entries if entry.get("name") == name), None)
    if found is None:
        names = ", ".join(str(entry.get("name")) for entry in entries) or "none"
        raise KubeconfigError(f"{path} has no {section[:-1]} {name!r}; there are: {names}")
    return dict(found)


def _pem(entry: Mapping[str, Any], field: str, folder: Path) -> bytes | None:
    """What is embedded counts before what a path points at."""
    if data := entry.get(f"{field}-data"):
        return base64.b64decode(data)
    return (folder / entry[field]).read_bytes() if entry.get(field) else None


def _read(path: Path) -> Tree:
    import yaml

    try:
        # The C loader is ten times faster, and a user's file may be large.
        tree = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError:
        raise KubeconfigError(
            f"there is no kubeconfig at {path}: start a cluster with `wherry up`, or set KUBECONFIG"
        ) from None
    except yaml.YAMLError as error:
        raise KubeconfigError(f"{path} is not YAML: {error}") from None
    if not isinstance(tree, dict):
        raise KubeconfigError(f"{path} is not a kubeconfig: it holds no mapping")
    return tree


def _dump(tree: Tree) -> str:
    import yaml

    text: str = yaml.safe_dump(tree, sort_keys=False, default_flow_style=False)
    return text


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole, through links, readable by its owner alone unless it was otherwise."""
    target = Path(os.path.realpath(path))
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock that kubectl holds while it writes: a file beside, made by whoever has it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    lock = path.with_name(path.name + ".lock")
    pause = threading.Event()
    for _ in range(LOCK_TRIES):
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0o600))
            break
        except FileExistsError:
            pause.wait(LOCK_PAUSE)
    else:
        raise KubeconfigError(f"{path} is locked: if no kubectl is writing it, remove {lock}")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
