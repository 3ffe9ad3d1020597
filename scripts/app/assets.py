"""Names the site's parts after their content, so that browsers may cache them indefinitely. Uploads nothing.

``site/`` itself stays plain and works as it is; names change only on the way to the bucket.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from scripts.stage.errors import DeployError

HASH_DIGITS = 12
PAGE = ".html"
# How one file refers to another, by the file's suffix: what comes before the name, then the name.
REFERENCES = {
    PAGE: re.compile(r'(\b(?:src|href|content)=")([^"#?]+)'),
    ".css": re.compile(r"""((?:@import\s+|url\(\s*)["']?)([^"')#?]+)"""),
    ".js": re.compile(r"""(\b(?:from|import)\s*\(?\s*["'])(\.{0,2}/[^"'#?]+)"""),
}


def with_hashes(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Rename all parts of pages after their content, and every reference to them.

    Pages keep their names, and so do files that no other file refers to. A file's hash covers every file that it
    refers to, because the renamed references are part of its content.

    Args:
        files: content by key, such as ``app.js``.

    Returns:
        Content by new key, such as ``app.3f2a91bc0d4e.js``, every name in it changed alike.

    Raises:
        DeployError: a file is referred to in a way that is not supported, and would no longer be found.
    """
    leads_to = {key: _named_in(key, body, files) for key, body in files.items()}
    pages = [key for key in files if key.endswith(PAGE)]
    parts = [key for key in _reached(pages, leads_to) if not key.endswith(PAGE)]
    names = {key: _hashed(key, files, _reached([key], leads_to)) for key in parts}
    return {names.get(key, key): _renamed(key, body, names) for key, body in files.items()}


def _named_in(key: str, body: bytes, files: Mapping[str, bytes]) -> set[str]:
    pattern = REFERENCES.get(PurePosixPath(key).suffix)
    if pattern is None:
        return set()
    return {_target(key, match[2]) for match in pattern.finditer(_text(key, body))} & files.keys()


def _target(key: str, name: str) -> str:
    """The key that a name means in a file: relative to it, or to the site's root."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(key), name)).lstrip("/")


def _reached(begin: Iterable[str], leads_to: Mapping[str, set[str]]) -> list[str]:
    """All files reachable from some files, themselves included, sorted; modules may import each other in a circle."""
    found: set[str] = set()
    new = set(begin)
    while new:
        found |= new
        new = {target for key in new for target in leads_to[key]} - found
    return sorted(found)


def _hashed(key: str, files: Mapping[str, bytes], reached: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in reached:
        digest.update(f"{part} {len(files[part])}\n".encode() + files[part])
    path = PurePosixPath(key)
    return str(path.with_suffix(f".{digest.hexdigest()[:HASH_DIGITS]}{path.suffix}"))


def _renamed(key: str, body: bytes, names: Mapping[str, str]) -> bytes:
    pattern = REFERENCES.get(PurePosixPath(key).suffix)
    if pattern is None:
        return body

    def rename(match: re.Match[str]) -> str:
        new = names.get(_target(key, match[2]))
        folder = match[2][: len(match[2]) - len(posixpath.basename(match[2]))]
        return match[1] + (folder + posixpath.basename(new) if new else match[2])

    text = pattern.sub(rename, _text(key, body))
    for old in names:
        if re.search(rf"""["'(/]{re.escape(posixpath.basename(old))}["')?#]""", text):
            raise DeployError(
                f"site: {key} refers to {old} in a way that the upload does not support.",
                "Refer to it in an import, a url() or a src, href or content attribute (scripts/app/assets.py).",
            )
    return text.encode()


def _text(key: str, body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise DeployError(f"site: {key} is not in UTF-8: {error}.", "Save it as UTF-8.") from error
