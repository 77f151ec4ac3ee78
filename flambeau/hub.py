"""`torch.hub`: published files by address, kept in PyTorch's folder; models of local repositories.

Repositories are not fetched from GitHub: their code would run as soon as it is here.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from .checkpoint import load as _load_file

__all__ = ["download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url",
           "set_dir"]

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
TIMEOUT = 60.0  # seconds without a byte
_chosen: dict[str, str] = {}


def get_dir() -> str:
    """The folder of downloaded files: the one set, or `hub` below `TORCH_HOME` or the cache.

    Source: torch.hub.get_dir.
    """
    if "folder" in _chosen:
        return _chosen["folder"]
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Set the folder of downloaded files."""
    _chosen["folder"] = os.path.expanduser(d)


def download_url_to_file(url: str, dst: str | os.PathLike[str], hash_prefix: str | None = None,
                         progress: bool = True) -> None:
    """Download a file; it is at its place whole, or not at all.

    Args:
        url: its address.
        dst: its path, whose folder exists.
        hash_prefix: how its SHA-256 must begin. Default: anything.
        progress: say on standard error what is downloaded. Default: True.

    Raises:
        OSError: the download failed.
        RuntimeError: the content has another SHA-256.

    Source: torch.hub.download_url_to_file.
    """
    target = Path(dst).expanduser()
    if progress:
        print(f'Downloading: "{url}" to {target}', file=sys.stderr)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "flambeau"})
        with (os.fdopen(descriptor, "w+b") as file,
              urllib.request.urlopen(request, timeout=TIMEOUT) as response):
            shutil.copyfileobj(response, file)
            file.seek(0)
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if hash_prefix and not found.startswith(hash_prefix):
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{found}")')
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def load_state_dict_from_url(url: str, model_dir: str | os.PathLike[str] | None = None,
                             map_location: Any = None, progress: bool = True,
                             check_hash: bool = False, file_name: str | None = None,
                             weights_only: bool = False) -> Any:
    """Load a checkpoint by its address; it is downloaded once and kept.

    Args:
        url: its address.
        model_dir: folder to keep it in. Default: `checkpoints` below `get_dir()`.
        map_location: accepted; there is one device.
        progress: say on standard error what is downloaded. Default: True.
        check_hash: the name ends in `-HASH.ext`, which the file's SHA-256 must begin with.
        file_name: its name in the folder. Default: the last part of the address.
        weights_only: see `flambeau.load`; nothing in the file is executed either way.

    Returns:
        What the file holds.

    Raises:
        RuntimeError: it is not in the folder and could not be downloaded, or its hash is wrong.

    Source: torch.hub.load_state_dict_from_url.
    """
    folder = Path(get_dir(), "checkpoints") if model_dir is None else Path(model_dir).expanduser()
    path = folder / (file_name or os.path.basename(urlparse(url).path))
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found = HASH_REGEX.search(path.name) if check_hash else None
        try:
            download_url_to_file(url, path, found and found[1], progress)
        except OSError as error:
            raise RuntimeError(f"{url} could not be downloaded ({error}). Put the file "
                               f"{path.name} into {folder}, from where it is read") from error
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) == 1:  # a checkpoint inside an archive, as PyTorch before 1.6 had them
                name = os.path.basename(members[0].filename)
                with archive.open(members[0]) as inside, open(folder / name, "wb") as outside:
                    shutil.copyfileobj(inside, outside)
                path = folder / name
    return _load_file(path, map_location, weights_only=weights_only)


def load(repo_or_dir: str | os.PathLike[str], model: str, *args: Any, source: str = "github",
         trust_repo: Any = None, force_reload: bool = False, verbose: bool = True,
         skip_validation: bool = False, **kwargs: Any) -> Any:
    """Call an entry point of a repository's `hubconf.py`.

    Args:
        repo_or_dir: folder of the repository.
        model: name of the entry point.
        *args, **kwargs: its arguments.
        source: must be "local".

    Raises:
        RuntimeError: for "github", what is missing here: cloning and trusting the repository.
        ValueError: for another source.

    Source: torch.hub.load.
    """
    with _hubconf(repo_or_dir, source) as module:
        return _entry(module, model)(*args, **kwargs)


def list(github: str | os.PathLike[str], force_reload: bool = False, skip_validation: bool = False,
         trust_repo: Any = None, verbose: bool = True, source: str = "local") -> Any:
    """The names of the entry points of a repository on this machine."""
    with _hubconf(github, source) as module:
        return [name for name in dir(module)
                if callable(getattr(module, name)) and not name.startswith("_")]


def help(github: str | os.PathLike[str], model: str, force_reload: bool = False,
         skip_validation: bool = False, trust_repo: Any = None, source: str = "local") -> Any:
    """The docstring of an entry point of a repository on this machine."""
    with _hubconf(github, source) as module:
        return _entry(module, model).__doc__


@contextlib.contextmanager
def _hubconf(folder: str | os.PathLike[str], source: str) -> Iterator[Any]:
    """The module hubconf.py of a folder, which imports from there."""
    if source not in ("github", "local"):
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    path = Path(folder, "hubconf.py")
    if source == "github" and not path.is_file():
        raise RuntimeError(
            f"flambeau does not fetch and run code from GitHub. Clone {os.fspath(folder)} yourself "
            "and call torch.hub.load(FOLDER, MODEL, source='local')")
    sys.path.insert(0, os.fspath(folder))
    try:
        spec = importlib.util.spec_from_file_location("hubconf", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(os.fspath(folder))


def _entry(module: Any, name: str) -> Any:
    missing = [package for package in getattr(module, "dependencies", ())
               if package != "torch" and importlib.util.find_spec(package) is None]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    function = getattr(module, name, None)
    if not callable(function):
        raise RuntimeError(f"Cannot find callable {name} in hubconf")
    return function
