"""Downloads with checksums."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

TIMEOUT = 60.0  # seconds without a byte


def calculate_md5(path: str | os.PathLike[str]) -> str:
    """MD5 of a file.

    Args:
        path: the file.

    Returns:
        32 hexadecimal digits.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest()


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


def check_integrity(path: str | os.PathLike[str], md5: str | None = None) -> bool:
    """Whether a file is there and has the checksum.

    Args:
        path: the file.
        md5: expected MD5; None accepts any content.

    Returns:
        True if so.
    """
    return os.path.isfile(path) and (md5 is None or calculate_md5(path) == md5)


def download_url(
    url: str,
    root: str | os.PathLike[str],
    filename: str | None = None,
    md5: str | None = None,
) -> Path:
    """Download a file unless it is there already.

    It is written under a temporary name, checked, and renamed: ``root/filename`` is either
    absent or whole, whatever interrupts the download.

    Args:
        url: http, https or file address.
        root: folder to put it in, made if needed.
        filename: name in the folder. Default: the last part of the address.
        md5: expected MD5; None accepts any content.

    Returns:
        Path of the file.

    Raises:
        OSError: the download failed.
        RuntimeError: the content has another checksum.
    """
    target = Path(root).expanduser() / (filename or os.path.basename(url))
    if check_integrity(target, md5):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "flambeau"})
        with (
            os.fdopen(descriptor, "wb") as file,
            urllib.request.urlopen(request, timeout=TIMEOUT) as response,
        ):
            shutil.copyfileobj(response, file)
            expected = response.headers.get("Content-Length")
        size = os.path.getsize(temporary)
        if expected is not None and size != int(expected):
            raise ConnectionError(f"{url}: got {size} of {expected} bytes")
        if md5 is not None and (found := calculate_md5(temporary)) != md5:
            raise RuntimeError(f"{url}: file has MD5 {found} instead of {md5}")
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    return target


def download_or_say(url: str, root: str, filename: str, md5: str) -> Path:
    """Download a file, or say where to put it.

    Raises:
        RuntimeError: it could not be fetched.
    """
    try:
        return download_url(url, root, filename, md5)
    except (OSError, HTTPException) as error:
        raise RuntimeError(f"{url} could not be downloaded ({error}). Put the file into "
                           f"{root} and try again") from error


def download_and_unpack(url: str, root: str, filename: str, md5: str) -> None:
    """Download a tar archive and unpack it into the same folder.

    Raises:
        RuntimeError: it could not be fetched.
    """
    with tarfile.open(download_or_say(url, root, filename, md5)) as tar:
        tar.extractall(root, filter="data")
