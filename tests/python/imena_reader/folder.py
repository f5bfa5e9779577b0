"""Owns the way through a folder (§9): which files are looked at, and their names."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from .encoding import sha256

SEALED_FOLDERS = ("runs", "blobs", "files", "incoming")
MAX_SEALED_RUN = 270_336
HASH_NAME = re.compile(r"[0-9a-f]{64}")
EPOCH_NAME = re.compile(r"[0-9a-f]{32}")
ROSTER_NAME = re.compile(r"(0|[1-9][0-9]*)\.(age|cose)")


@dataclass
class Sealed:
    """One sealed file here, under one name; the same bytes may lie in several places."""

    name: str
    paths: list = field(default_factory=list)
    whole: Path | None = None
    size: int = 0
    is_run: bool = False
    plain_sha256: bytes | None = None
    plain_size: int = 0
    stanzas: int | None = None


class Folder:
    """A phone's, a hub's or a hand-laid folder, read without its databases."""

    def __init__(self, root, findings):
        self.root = Path(root)
        self.findings = findings
        self.is_hub = (self.root / "files").is_dir() or (self.root / "hub.db").exists()

    def place(self, path):
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()

    def _listed(self, folder):
        """The folder's items in the order of names; none if it is missing or cannot be read."""
        if not folder.is_dir():
            return []
        listed = self.findings.catch(self.place(folder), lambda: sorted(folder.iterdir()))
        return listed or []

    def roster_files(self):
        """Rosters in the order of their versions; only without any the one beside."""
        found = []
        for path in self._listed(self.root / "rosters"):
            form = ROSTER_NAME.fullmatch(path.name)
            if form and path.is_file():
                found.append((int(form[1]), form[2], path))
        if found:
            return sorted(found)
        beside = self.root / "roster.cose"
        return [(None, "cose", beside)] if beside.is_file() else []

    def sealed_files(self):
        """All sealed files by name, in the order of names."""
        files = {}
        for folder in SEALED_FOLDERS:
            for path in self._sealed_paths(self.root / folder):
                files.setdefault(path.name, Sealed(path.name)).paths.append(path)
        return [files[name] for name in sorted(files)]

    def _sealed_paths(self, folder):
        for path in self._listed(folder):
            if path.is_dir():
                yield from (p for p in self._listed(path) if _is_sealed(p))
            elif _is_sealed(path):
                yield path

    def receipt_files(self):
        """(hub, epoch, path) of every file of receipts."""
        for folder in self._listed(self.root / "receipts"):
            if folder.is_dir() and HASH_NAME.fullmatch(folder.name):
                for path in self._listed(folder):
                    if EPOCH_NAME.fullmatch(path.name) and path.is_file():
                        yield bytes.fromhex(folder.name), bytes.fromhex(path.name), path

    def read_whole(self, sealed):
        """The bytes of a sealed file if they hash to its name in any place; else None."""
        whole = None
        for path in sealed.paths:
            data = self.findings.catch(self.place(path), path.read_bytes)
            if data is None:
                continue
            if sha256(data).hex() != sealed.name:
                self.findings.add(self.place(path), "its bytes do not hash to its name")
            elif whole is None:
                whole, sealed.whole, sealed.size = data, path, len(data)
        return whole

    def may_be_run(self, sealed):
        """(may it be one, must it be one): runs/ holds nothing else, files/ photos too."""
        tops = {path.relative_to(self.root).parts[0] for path in sealed.paths}
        must = "runs" in tops
        return must or ("files" in tops and sealed.size <= MAX_SEALED_RUN), must


def _is_sealed(path):
    return HASH_NAME.fullmatch(path.name) is not None and path.is_file()
