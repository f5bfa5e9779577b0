"""Owns sealed files as age wrote them: who may open them (stanzas), and opening by stock age."""

import re
import subprocess

from .findings import Wrong

FIRST_LINE = b"age-encryption.org/v1\n"
FULL_BODY_LINE = 64
MAX_RECIPIENTS = 10


def stanza_types(data):
    """The types of a binary age file's stanzas, in their order."""
    if not data.startswith(FIRST_LINE):
        raise Wrong("is not a binary age v1 file")
    types, at = [], len(FIRST_LINE)
    while True:
        line, at = _line(data, at)
        if line.startswith("--- "):
            return types
        if not re.fullmatch(r"->( [\x21-\x7e]+)+", line):
            raise Wrong("its age header is malformed")
        types.append(line.split(" ")[1])
        at = _skip_body(data, at)


def _skip_body(data, at):
    """A stanza's body ends with the first line that is not full."""
    while True:
        line, at = _line(data, at)
        if not re.fullmatch(r"[A-Za-z0-9+/]{0,64}", line):
            raise Wrong("its age header is malformed")
        if len(line) < FULL_BODY_LINE:
            return at


def _line(data, at):
    end = data.find(b"\n", at)
    if end < 0:
        raise Wrong("its age header does not end")
    return data[at:end].decode("ascii", "replace"), end + 1


def recipients(data):
    """How many recipients the file shows, and the types of stanzas that nobody should meet."""
    types = [kind for kind in stanza_types(data) if not kind.endswith("-grease")]
    return types.count("X25519"), [kind for kind in types if kind != "X25519"]


class Opener:
    """Opens sealed files with the identity; the program `age` does the work."""

    def __init__(self, identity):
        self.identity = str(identity)

    def open(self, data):
        # Stock age would read the armoured form too, which these formats do not use.
        if not data.startswith(FIRST_LINE):
            raise Wrong("is not a binary age v1 file")
        command = ["age", "--decrypt", "--identity", self.identity]
        done = subprocess.run(command, input=data, capture_output=True, check=False)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Wrong(f"does not open with this identity ({said[0] if said else 'age failed'})")
        return done.stdout
