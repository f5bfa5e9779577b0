#!/usr/bin/env python3
"""Verifies a folder of Imena with cbor2, cryptography and the stock `age` command only.

    python imena_verify.py FOLDER --identity FILE [--phone]

Written from docs/design/formats.md, not from the program, so that the two can disagree. It owns
the checks and their wording and changes nothing. The folder is taken as whole: what a signed word
names and the folder does not hold is a fault.

FOLDER holds `org.spki` and `roster.cose`, and where there are any `join.txt`, `runs/ab/<name>`,
`blobs/ab/<name>`, `receipts/*.cose`, `wire/<what>.cose`, `keys/*`. Each finding is one line,
`fault: <place>: <what>` or `note: …`; the place of an entry is its device and seq. Exit code 0: no
fault; 1: faults; 2: it could not be run. A phone keeps only receipts about itself: with
`--phone`, gaps between receipts are notes. Whether the organisation is the right one only a person
can say, by comparing the id that is printed.
"""

import argparse
import base64
import hashlib
import re
import subprocess
import sys
import uuid
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import cbor2
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

HEADER_MAX, BODY_MAX, RUN_MAX = 2 * 1024, 16 * 1024, 256 * 1024
PARENTS_MAX, RUN_ENTRIES_MAX, LINES_MAX, RECIPIENTS_MAX, DEPTH_MAX = 32, 64, 500, 10, 16
INT_MAX, UINT_MAX = 2**63 - 1, 2**64 - 1
ES256, EDDSA = -7, -8
BECH32_GENERATORS = 0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3
GRAVE, REMAINS, PHOTO, GRAVE_MARKER = 2, 4, 5, 20
DEVICE_STARTED, RENDITIONS_MADE, LOCAL_COPY_REMOVED = 64, 68, 70
CREATE, VOID = 0, 4


class Wrong(Exception):
    """What was read is not what the formats say."""


@dataclass
class Report:
    """The findings, in the order in which they were made."""

    faults: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def fault(self, place, what):
        self.faults.append(f"{place}: {what}")

    def note(self, place, what):
        self.notes.append(f"{place}: {what}")


def sha256(data):
    return hashlib.sha256(data).digest()


# Encoding (formats.md §1)


def decode(data, what):
    """Reads one value in its one spelling; everything else is refused."""
    try:
        value = cbor2.loads(data)
        allowed(value, 1)
        again = cbor2.dumps(value, canonical=True)
    except Wrong as wrong:
        raise Wrong(f"{what}: {wrong}") from wrong
    except Exception as error:  # whatever a decoder says of bytes that are not CBOR
        raise Wrong(f"{what}: not CBOR ({error})") from error
    if again != data:
        raise Wrong(f"{what}: not in deterministic encoding")
    return value


def allowed(value, depth):
    if depth > DEPTH_MAX:
        raise Wrong("nested too deep")
    if value is None or type(value) in (bytes, str):
        return
    if type(value) is int:
        if not -(2**63) <= value <= UINT_MAX:
            raise Wrong("an integer of more than 64 bits")
    elif type(value) is list:
        for item in value:
            allowed(item, depth + 1)
    elif type(value) is dict:
        for key, item in value.items():
            if type(key) is not int or key < 0:
                raise Wrong("a key that is not an unsigned integer")
            allowed(key, depth + 1)
            allowed(item, depth + 1)
    else:
        raise Wrong(f"a type that the formats do not use ({type(value).__name__})")


def decode_map(data, what):
    value = decode(data, what)
    if type(value) is not dict:
        raise Wrong(f"{what}: not a map")
    return value


def is_uint(value, most=UINT_MAX):
    return type(value) is int and 0 <= value <= most


def is_int(value):
    return type(value) is int and -(2**63) <= value <= INT_MAX


def is_hash(value):
    return type(value) is bytes and len(value) == 32


def is_id16(value):
    return type(value) is bytes and len(value) == 16


def is_text(value):
    return type(value) is str


def is_list_of(one):
    return lambda value: type(value) is list and all(one(item) for item in value)


def is_bytes(value):
    return type(value) is bytes


def is_map(value):
    return type(value) is dict


def is_flag(value):
    return value in (0, 1)


def equals(expected):
    return lambda value: value == expected


def expect(map_, rules, what, optional=()):
    """Each key of `rules` is there and as it must be; keys that no rule names are kept."""
    for key, rule in rules.items():
        if key not in map_:
            if key not in optional:
                raise Wrong(f"{what}: key {key} is missing")
        elif not rule(map_[key]):
            raise Wrong(f"{what}: key {key} does not hold what the format says")


# Keys and signatures (§2, §3)


def public_key(spki, what):
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Wrong(f"{what}: not a public key") from error
    is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if not is_p256 and not isinstance(key, ed25519.Ed25519PublicKey):
        raise Wrong(f"{what}: neither Ed25519 nor P-256")
    der, info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_bytes(der, info) != spki:
        raise Wrong(f"{what}: a public key in another spelling")
    return key


def open_signed(data, what, org, spki_of):
    """Gives signer and payload of a COSE_Sign1; `spki_of(kid, payload)` names the key."""
    parts = decode(data, "signed message")
    is_sign1 = type(parts) is list and len(parts) == 4 and parts[1] == {}
    if not is_sign1 or not all(is_bytes(parts[at]) for at in (0, 2, 3)):
        raise Wrong("not a COSE_Sign1 of ours")
    protected, _, payload, signature = parts
    header = decode_map(protected, "protected header")
    if set(header) != {1, 3, 4} or header[3] != f"application/imena-{what}; v=1":
        raise Wrong(f"signed for another purpose than {what}")
    signer = header[4]
    spki = spki_of(signer, payload)
    if spki is None:
        raise Wrong("signed by a key that nobody named")
    if sha256(spki) != signer:
        raise Wrong("the key id is not the key's")
    structure = cbor2.dumps(["Signature1", protected, org, payload], canonical=True)
    check_signature(public_key(spki, "signer"), header[1], structure, signature)
    return signer, payload


def check_signature(key, algorithm, message, signature):
    is_ed25519 = isinstance(key, ed25519.Ed25519PublicKey)
    if algorithm != (EDDSA if is_ed25519 else ES256) or len(signature) != 64:
        raise Wrong("the algorithm is not the key's")
    try:
        if is_ed25519:
            key.verify(signature, message)
        else:
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise Wrong("the signature does not fit") from error


def derived_id(org, kind, *name):
    """UUIDv8 of a coded noun or a link."""
    first = bytearray(sha256(cbor2.dumps(["imena", org, kind, *name], canonical=True))[:16])
    first[6] = first[6] & 0x0F | 0x80
    first[8] = first[8] & 0x3F | 0x80
    return bytes(first)


def check_characters(payload):
    """ISO 7064 MOD 1271-36: with them, the sum of value · 36^place is 1 modulo 1271."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = 0
    for character in payload:
        total = (total * 36 + alphabet.index(character)) % 1271
    check = (1 - total * 36 * 36) % 1271
    return alphabet[check // 36] + alphabet[check % 36]


# The folder


@dataclass
class Entry:
    """One entry as read from a run."""

    id: bytes
    header: dict
    body: dict | None

    @property
    def seq(self):
        return self.header[3]

    def fields(self):
        return {} if self.body is None else self.body[1]


@dataclass
class Folder:
    """What was read so far, each thing under the id by which others name it."""

    root: Path
    identity: Path
    report: Report
    is_phone: bool = False
    org: bytes = b""
    roster: dict = field(default_factory=dict)
    spki: dict = field(default_factory=dict)
    sizes: dict = field(default_factory=dict)
    opened: dict = field(default_factory=dict)
    sealed_to: dict = field(default_factory=dict)
    unopened: dict = field(default_factory=dict)
    runs: list = field(default_factory=list)
    chains: dict = field(default_factory=dict)
    receipts: dict = field(default_factory=dict)

    def files(self, folder, pattern="*"):
        return sorted(path for path in (self.root / folder).rglob(pattern) if path.is_file())

    def place(self, path):
        return path.relative_to(self.root).as_posix()


def verify(root, identity, is_phone=False):
    """Reads the folder and gives the findings."""
    folder = Folder(Path(root), Path(identity), Report(), is_phone)
    if read_organisation(folder):
        read_join(folder)
        read_sealed(folder, "blobs")
        read_sealed(folder, "runs")
        read_chains(folder)
        read_receipts(folder)
        check_entries(folder)
        check_lines(folder)
        read_messages(folder)
        read_key_files(folder)
    return folder.report


def guarded(folder, path, check):
    """Runs one check; what is wrong is a fault at the file's place."""
    try:
        return check(path.read_bytes())
    except OSError as error:
        folder.report.fault(folder.place(path), f"cannot be read ({error.strerror})")
    except Wrong as wrong:
        folder.report.fault(folder.place(path), str(wrong))
    return None


# Roster and join code (§7)


def read_organisation(folder):
    def spki(data):
        if not isinstance(public_key(data, "organisation"), ed25519.Ed25519PublicKey):
            raise Wrong("the organisation's key is not Ed25519")
        return data

    def roster(data):
        _, payload = open_signed(data, "roster", folder.org, signer)
        map_ = decode_map(payload, "roster")
        check_roster(folder, map_, org_spki)
        return map_

    def signer(kid, _):
        if kid == folder.org:
            return org_spki
        folder.report.fault("org.spki", f"not the key {kid.hex()} that signed roster.cose")
        return None

    org_spki = guarded(folder, folder.root / "org.spki", spki)
    if org_spki is None:
        return False
    folder.org = sha256(org_spki)
    folder.report.note("organisation", f"{folder.org.hex()}: compare it with what you know")
    folder.roster = guarded(folder, folder.root / "roster.cose", roster)
    return folder.roster is not None


def check_roster(folder, map_, org_spki):
    maps, texts, pins = is_list_of(is_map), is_list_of(is_text), is_list_of(is_hash)
    expect(map_, {
        0: equals(1), 1: equals(folder.org), 2: is_uint, 3: equals(org_spki), 4: maps, 5: maps,
        6: is_list_of(is_bytes), 7: maps, 8: maps, 9: maps, 10: is_map, 11: is_uint, 12: is_int,
    }, "roster")
    for line in map_[4]:
        expect(line, {0: is_uint, 1: is_text}, "roster recipient")
    for line in map_[5]:
        expect(line, {0: is_hash, 1: is_bytes, 2: pins, 3: texts, 4: is_text}, "roster hub")
    for spki in map_[6]:
        public_key(spki, "roster authority")
    for line in map_[7]:
        expect(line, {0: is_text, 1: is_hash, 2: is_text}, "roster issuer", optional=(1,))
    for line in map_[8]:
        expect(line, {0: is_hash, 1: is_bytes, 2: is_text, 3: is_text}, "roster device")
    for line in map_[9]:
        expect(line, {0: is_hash, 1: is_uint}, "roster revocation")
    expect(map_[10], {0: is_uint, 1: is_uint, 2: is_flag}, "roster policy")
    if not map_[4]:
        raise Wrong("roster: no recipient")
    issuers = [line[0] for line in map_[7]]
    if len(issuers) != len(set(issuers)):
        raise Wrong("roster: an issuer granted twice")
    for line in map_[5] + map_[8]:
        public_key(line[1], "roster")
        if sha256(line[1]) != line[0]:
            raise Wrong("roster: an id that is not its key's")
        folder.spki[line[0]] = line[1]


def read_join(folder):
    def check(data):
        text = data.decode("ascii", "replace").strip()
        if not text.startswith("IMENA1:"):
            raise Wrong("not a join code")
        body = text.removeprefix("IMENA1:")
        try:
            raw = base64.b32decode(body + "=" * (-len(body) % 8))
        except ValueError as error:
            raise Wrong("not base32") from error
        if base64.b32encode(raw).decode().rstrip("=") != body:
            raise Wrong("base32 in another spelling")
        map_ = decode_map(raw, "join code")
        expect(map_, {0: is_hash, 1: is_hash, 2: is_list_of(is_map), 3: is_bytes}, "join code")
        without = {key: value for key, value in map_.items() if key != 3}
        if sha256(cbor2.dumps(without, canonical=True))[:4] != map_[3]:
            raise Wrong("the check of the join code does not fit")
        if map_[0] != folder.org:
            raise Wrong("the join code of another organisation")
        if bech32("age", map_[1]) not in [line[1] for line in folder.roster[4]]:
            raise Wrong("the join code's recipient is not in the roster")
        for line in map_[2]:
            pins, texts = is_list_of(is_hash), is_list_of(is_text)
            expect(line, {0: is_hash, 1: pins, 2: texts}, "join code hub")
            if line[0] not in [hub[0] for hub in folder.roster[5]]:
                raise Wrong(f"hub {line[0].hex()} of the join code is not in the roster")

    if (folder.root / "join.txt").exists():
        guarded(folder, folder.root / "join.txt", check)


def bech32(prefix, data):
    """BIP 173, as age writes recipients."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for value in expanded + words + [0] * 6:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for at, generator in enumerate(BECH32_GENERATORS):
            check ^= generator if top >> at & 1 else 0
    words += [(check ^ 1) >> 5 * (5 - at) & 31 for at in range(6)]
    return prefix + "1" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[word] for word in words)


# Sealed files (§6)


def read_sealed(folder, where):
    for path in folder.files(where):
        guarded(folder, path, lambda data, path=path: read_one_sealed(folder, where, path, data))


def read_one_sealed(folder, where, path, data):
    name = sha256(data)
    if folder.place(path) != f"{where}/{name.hex()[:2]}/{name.hex()}":
        raise Wrong("the name is not the SHA-256 of the bytes")
    folder.sizes[name] = len(data)
    head = data.split(b"\n---", 1)[0].split(b"\n")
    if head[0] != b"age-encryption.org/v1":
        raise Wrong("not a binary age file")
    folder.sealed_to[name] = sum(line.startswith(b"-> X25519 ") for line in head)
    if not 1 <= folder.sealed_to[name] <= RECIPIENTS_MAX:
        raise Wrong(f"{folder.sealed_to[name]} recipients")
    try:
        folder.opened[name] = age_open(folder.identity, path)
    except Wrong as wrong:
        if where == "runs":
            raise
        folder.unopened[name] = (folder.place(path), str(wrong))
        return
    if where == "runs":
        folder.runs.append(read_run(folder, path, folder.opened[name]))


def age_open(identity, path):
    command = ["age", "--decrypt", "--identity", str(identity), str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise Wrong(f"does not open ({said[0]})")
    return done.stdout


# Runs, checkpoints, chains (§4, §5)


@dataclass
class Run:
    """A run and the place of its file."""

    place: str
    entries: list
    checkpoint: bytes


def gunzip(packed):
    if packed[4:8] != bytes(4):
        raise Wrong("gzip: the time is not 0")
    try:
        reader = zlib.decompressobj(31)
        plain = reader.decompress(packed, RUN_MAX + 1)
    except zlib.error as error:
        raise Wrong("gzip: damaged") from error
    if len(plain) > RUN_MAX:
        raise Wrong("run: over its limit")
    if not reader.eof or reader.unused_data:
        raise Wrong("gzip: cut, or followed by something")
    return plain


def read_run(folder, path, packed):
    map_ = decode_map(gunzip(packed), "run")

    def is_pair(value):
        return type(value) is list and len(value) == 2 and is_bytes(value[0])

    rules = {0: equals(1), 1: equals(folder.org), 2: is_list_of(is_pair), 3: is_bytes}
    expect(map_, rules, "run")
    if not 1 <= len(map_[2]) <= RUN_ENTRIES_MAX:
        raise Wrong(f"run: {len(map_[2])} entries")
    entries = [read_entry(folder, header, body) for header, body in map_[2]]
    return Run(folder.place(path), entries, map_[3])


def read_entry(folder, header_bytes, body_bytes):
    if len(header_bytes) > HEADER_MAX:
        raise Wrong("entry: header over its limit")
    header = decode_map(header_bytes, "entry header")
    check_header(folder, header)
    place = entry_place(header[2], header[3])
    try:
        body = read_body(header, body_bytes)
    except Wrong as wrong:
        raise Wrong(f"{place}: {wrong}") from wrong
    return Entry(sha256(header_bytes), header, body)


def check_header(folder, header):
    expect(header, {
        0: equals(1), 1: equals(folder.org), 2: is_hash,
        3: lambda v: is_uint(v, INT_MAX) and v > 0, 4: is_hash, 5: is_uint, 6: is_id16,
        7: lambda v: is_uint(v, VOID), 8: is_list_of(is_hash), 9: is_map,
        10: lambda v: is_uint(v, INT_MAX), 11: is_int, 12: is_int, 13: is_uint, 14: is_id16,
        15: is_map, 16: is_hash, 17: is_uint,
    }, "entry header", optional=(15,))
    place = entry_place(header[2], header[3])
    if len(header[8]) > PARENTS_MAX:
        raise Wrong(f"{place}: {len(header[8])} parents")
    index = is_list_of(lambda v: is_uint(v) and v < len(header[8]))
    if not all(index(indexes) for indexes in header[9].values()):
        raise Wrong(f"{place}: touches a parent that it does not have")
    if header[7] == CREATE and header[9]:
        raise Wrong(f"{place}: a create that touches something")
    if 15 in header:
        expect(header[15], {0: is_hash, 1: is_id16, 2: is_uint, 3: is_hash}, f"{place}: hub_seen")


def read_body(header, data):
    if data is None:
        return None
    if type(data) is not bytes or len(data) > BODY_MAX:
        raise Wrong("the body is over its limit, or is none")
    if sha256(data) != header[16] or len(data) != header[17]:
        raise Wrong("the body is not the one that the header names")
    body = decode_map(data, "entry body")
    expect(body, {
        0: is_id16, 1: is_map, 2: is_id16, 3: is_map, 4: is_int, 5: is_text, 6: is_text,
    }, "entry body", optional=(2, 3, 4, 6))
    if 3 in body:
        expect(body[3], {0: is_int, 1: is_int, 3: is_text}, "position")
    return body


def entry_place(device, seq):
    return f"device {device.hex()} seq {seq}"


def read_chains(folder):
    """Puts the runs of each device behind each other; checks every checkpoint and the chain."""
    by_device = {}
    for run in folder.runs:
        by_device.setdefault(run.entries[0].header[2], []).append(run)
    for device, runs in sorted(by_device.items()):
        runs.sort(key=lambda run: run.entries[0].seq)
        entries = [entry for run in runs for entry in run.entries]
        folder.chains[device] = {entry.seq: entry for entry in entries}
        learn_key(folder, device, entries)
        check_chain(folder, device, entries)
        for run in runs:
            try:
                check_checkpoint(folder, device, run)
            except Wrong as wrong:
                last = entry_place(device, run.entries[-1].seq)
                folder.report.fault(last, f"{wrong} ({run.place})")


def learn_key(folder, device, entries):
    """A device that the roster does not name brings its key in its first entry."""
    if device in folder.spki:
        return
    spki = entries[0].fields().get(1) if entries[0].header[5] == DEVICE_STARTED else None
    if type(spki) is bytes and sha256(spki) == device:
        folder.spki[device] = spki
        folder.report.note(entry_place(device, 1), "a device that the roster does not name")


def check_chain(folder, device, entries):
    """Follows the chain to its first fault: after it, places mean nothing."""
    seen, prev, lamport = {}, device, -1
    for entry in entries:
        expected = len(seen) + 1
        fault = chain_fault(device, entry, expected, prev, seen, entries)
        if fault is None and entry.header[10] <= lamport:
            fault = (entry.seq, "its lamport number does not rise")
        if fault is not None:
            folder.report.fault(entry_place(device, fault[0]), fault[1])
            return
        seen[entry.seq], prev, lamport = entry.id, entry.id, entry.header[10]
        check_revoked(folder, device, entry)


def chain_fault(device, entry, expected, prev, seen, entries):
    if entry.header[2] != device:
        return expected, f"an entry of another device ({entry.header[2].hex()})"
    if entry.seq > expected:
        later = any(other.seq == expected for other in entries)
        return expected, "stands at another place" if later else "is missing"
    if entry.seq < expected:
        twice = seen.get(entry.seq) == entry.id
        return entry.seq, "stands twice" if twice else "has a twin of the same number"
    if entry.header[4] != prev:
        return entry.seq, "does not follow the entry before it: one of the two was altered"
    return None


def check_revoked(folder, device, entry):
    ends = [line[1] for line in folder.roster[9] if line[0] == device]
    if ends and entry.seq > min(ends):
        folder.report.note(entry_place(device, entry.seq), "after the end of a revoked chain")


def check_checkpoint(folder, device, run):
    spki = folder.spki.get
    signer, payload = open_signed(
        run.checkpoint, "checkpoint", folder.org, lambda kid, _: spki(kid)
    )
    map_ = decode_map(payload, "checkpoint")
    expect(map_, {0: is_hash, 1: is_uint, 2: is_hash}, "checkpoint")
    last = run.entries[-1]
    if signer != device or map_[0] != device:
        raise Wrong("the checkpoint is of another device")
    if map_[1] != last.seq or map_[2] != last.id:
        raise Wrong(f"the checkpoint is of entry {map_[1]} ({map_[2].hex()}), not of this one")


# What entries say (§2, §4)


def check_entries(folder):
    freed, named, unchecked = set(), set(), set()
    everything = [entry for chain in folder.chains.values() for entry in chain.values()]
    for entry in everything:
        fields = entry.fields()
        if entry.header[5] == LOCAL_COPY_REMOVED:
            freed.add(fields.get(1))
        if entry.header[5] == PHOTO and fields.get(15) == 0:
            unchecked.add(fields.get(1))
    for entry in everything:
        try:
            check_seen(folder, entry)
            check_subject(folder, entry)
            for introduced in introduced_by(entry):
                named.add(introduced[0])
                check_introduced(folder, freed, *introduced)
        except Wrong as wrong:
            folder.report.fault(entry_place(entry.header[2], entry.seq), str(wrong))
    for name, (place, why) in folder.unopened.items():
        say = folder.report.note if name in unchecked else folder.report.fault
        say(place, why)
    for path in folder.files("blobs"):
        if path.name not in {name.hex() for name in named}:
            folder.report.note(folder.place(path), "a sealed file that no readable entry names")


def check_seen(folder, entry):
    seen = entry.header.get(15)
    if seen is None:
        return
    receipt = folder.receipts.get(seen[3])
    if receipt is None:
        raise Wrong(f"it has seen receipt {seen[3].hex()}, which is not here")
    if (receipt[2], receipt[3], receipt[4]) != (seen[0], seen[1], seen[2]):
        raise Wrong("the receipt that it has seen is of another hub, epoch or number")


PLACE = "[0-9A-Z]{2}[0-9A-Y]{0,3}"
ISSUER = "[A-HJ-NP-Y][0-9]{2,4}|Z[0-9A-HJKMNP-TV-Z]{6}"
WIDE = "[A-HJ-NP-Y][0-9]{4}|Z[0-9A-HJKMNP-TV-Z]{6}"
NUMBER = "(?!0000)[0-9]{4}"
# The spelling of codes with check characters (§2).
CODE = {
    GRAVE: re.compile(f"{PLACE}-({ISSUER})-G(?!0+-)([0-9]{{3}}|[1-9][0-9]{{3}})-[0-9A-Z]{{2}}"),
    REMAINS: re.compile(
        f"{PLACE}-(({ISSUER})-{NUMBER}|({WIDE})-[1-9][0-9]{{4}})-[0-9A-Z]{{2}}"
    ),
}


def check_subject(folder, entry):
    header, fields = entry.header, entry.fields()
    if entry.body is None or header[7] != CREATE:
        return
    kind = header[5]
    if kind in (GRAVE, REMAINS):
        expect(fields, {1: is_text}, "code")
        if not CODE[kind].fullmatch(fields[1]):
            raise Wrong("the code is not in its canonical spelling")
        code, _, check = fields[1].rpartition("-")
        if check_characters(code.replace("-", "")) != check:
            raise Wrong(f"the check characters of {fields[1]} do not fit")
        expected = derived_id(folder.org, kind, code)
    elif kind == GRAVE_MARKER:
        expect(fields, {1: is_id16, 2: is_id16}, "link")
        expected = derived_id(folder.org, kind, *sorted([fields[1], fields[2]]))
    else:
        return
    if header[6] != expected:
        raise Wrong(f"the subject is not {uuid.UUID(bytes=expected)}, which follows from its name")


def introduced_by(entry):
    """Files of an entry: sealed name and length, the original's hash and length, recipients."""
    fields = entry.fields()
    if entry.header[5] == PHOTO and 1 in fields:
        rules = {1: is_hash, 2: is_uint, 3: is_hash, 4: is_uint, 11: is_list_of(is_text)}
        expect(fields, rules, "photo", optional=(11,) if fields.get(15) else (3, 4, 11))
        recipients = len(fields[11]) if 11 in fields else None
        yield fields[1], fields[2], fields.get(3), fields.get(4), recipients
    if entry.header[5] == RENDITIONS_MADE:
        for key in (2, 3):
            if key in fields:
                map_ = fields[key]
                rules = {0: is_hash, 1: is_uint, 2: is_hash, 3: is_uint, 4: is_uint, 5: is_uint}
                expect(map_, rules, "rendition")
                yield map_[0], map_[1], map_[2], map_[3], None


def check_introduced(folder, freed, sealed, sealed_bytes, original, length, recipients):
    if sealed not in folder.sizes:
        if sealed in freed:
            return
        raise Wrong(f"file {sealed.hex()} is not here")
    if folder.sizes[sealed] != sealed_bytes:
        raise Wrong(f"file {sealed.hex()} has another length")
    if recipients is not None and folder.sealed_to[sealed] != recipients:
        raise Wrong(f"file {sealed.hex()} has another number of recipients")
    plain = folder.opened.get(sealed)
    if original is None or plain is None:
        return
    if sha256(plain) != original or len(plain) != length:
        raise Wrong(f"file {sealed.hex()} does not open to the original of its entry")


# Receipts (§8)


def read_receipts(folder):
    def check(data):
        signer, payload = open_signed(
            data, "receipt", folder.org, lambda kid, _: folder.spki.get(kid)
        )
        map_ = decode_map(payload, "receipt")
        expect(map_, {
            0: equals(1), 1: equals(folder.org), 2: equals(signer), 3: is_id16, 4: is_uint,
            5: is_hash, 6: is_list_of(is_line), 7: is_int,
        }, "receipt")
        if signer not in [hub[0] for hub in folder.roster[5]]:
            raise Wrong("the receipt's signer is not a hub")
        if len(map_[6]) > LINES_MAX:
            raise Wrong(f"receipt: {len(map_[6])} lines")
        return sha256(payload), map_

    places = {}
    for path in folder.files("receipts"):
        read = guarded(folder, path, check)
        if read is None:
            continue
        if read[0] in places:
            folder.report.fault(folder.place(path), "a receipt that stands twice")
        places[read[0]] = folder.place(path)
        folder.receipts[read[0]] = read[1]
    check_receipt_chains(folder, places)


def is_line(line):
    if type(line) is not list or not line:
        return False
    head, *rest = line
    if head == 0 and len(rest) in (2, 3):
        return is_hash(rest[0]) and is_uint(rest[1]) and all(is_hash(item) for item in rest[2:])
    if head != 1 or len(rest) != 3:
        return False
    return is_hash(rest[0]) and is_uint(rest[1]) and is_hash(rest[2])


def check_receipt_chains(folder, places):
    epochs = {}
    for receipt_id, receipt in folder.receipts.items():
        epochs.setdefault((receipt[2], receipt[3]), []).append((receipt[4], receipt_id, receipt))
    for receipts in epochs.values():
        prev, expected = bytes(32), 1
        for hub_seq, receipt_id, receipt in sorted(receipts, key=lambda item: item[0]):
            place = places[receipt_id]
            if hub_seq != expected:
                say = folder.report.note if folder.is_phone else folder.report.fault
                say(place, f"receipt {expected} of this hub should stand before it")
            elif receipt[5] != prev:
                folder.report.fault(place, "does not follow the receipt before it")
            prev, expected = receipt_id, hub_seq + 1


def check_lines(folder):
    for receipt_id, receipt in folder.receipts.items():
        place = f"receipt {receipt_id.hex()} hub_seq {receipt[4]}"
        for number, line in enumerate(receipt[6], 1):
            try:
                check = check_file_line if line[0] == 0 else check_entry
                check(folder, *line[1:])
            except Wrong as wrong:
                folder.report.fault(f"{place} line {number}", str(wrong))


def check_file_line(folder, sealed, size, original=None):
    if sealed not in folder.sizes:
        raise Wrong(f"file {sealed.hex()} is not here")
    if folder.sizes[sealed] != size:
        raise Wrong(f"file {sealed.hex()} has another length")
    if original is not None and sha256(folder.opened.get(sealed, b"")) != original:
        raise Wrong(f"file {sealed.hex()} does not open to what the hub says")


def check_entry(folder, device, seq, entry_id):
    entry = folder.chains.get(device, {}).get(seq)
    if entry is None:
        raise Wrong(f"{entry_place(device, seq)} is not here")
    if entry.id != entry_id:
        raise Wrong(f"{entry_place(device, seq)} is another entry")


# Messages of the wire (docs/design/wire.md) and key files (§9)


def read_messages(folder):
    carried = {"hello": 9, "enroll": 3, "session": 7}
    for path in folder.files("wire"):
        what = path.stem

        def check(data, what=what):
            def key(kid, payload):
                own = decode_map(payload, what).get(carried.get(what))
                return folder.spki.get(kid) or (own if type(own) is bytes else None)

            _, payload = open_signed(data, what, folder.org, key)
            map_ = decode_map(payload, what)
            if map_.get(0 if what == "held" else 1) != folder.org:
                raise Wrong("a message of another organisation")
            if what == "session":
                check_session(folder, map_)
            if what == "held":
                check_held(folder, map_)

        guarded(folder, path, check)


def check_session(folder, map_):
    """A device told a hub how far it was and what it had seen: the folder holds no less."""
    expect(map_, {5: is_map, 6: is_map, 7: is_bytes}, "session", optional=(5, 6))
    if 5 in map_:
        expect(map_[5], {0: is_uint, 1: is_hash}, "session head")
        check_entry(folder, sha256(map_[7]), map_[5][0], map_[5][1])
    if 6 in map_:
        expect(map_[6], {0: is_id16, 1: is_uint, 2: is_hash}, "session receipt")
        if map_[6][2] not in folder.receipts:
            raise Wrong(f"receipt {map_[6][2].hex()} was seen and is not here")


def check_held(folder, map_):
    expect(map_, {1: is_hash, 2: is_hash, 3: is_list_of(is_hash), 4: is_int}, "held")
    for name in map_[3]:
        if name not in folder.sizes:
            raise Wrong(f"file {name.hex()} is held elsewhere and not here")


def read_key_files(folder):
    def check(data):
        map_ = decode_map(data, "key file")
        expect(map_, {0: lambda v: v == 1, 255: is_hash}, "key file")
        without = {key: value for key, value in map_.items() if key != 255}
        if sha256(cbor2.dumps(without, canonical=True)) != map_[255]:
            raise Wrong("key file: damaged")

    for path in folder.files("keys"):
        guarded(folder, path, check)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--identity", type=Path, required=True, metavar="FILE")
    parser.add_argument("--phone", action="store_true", help="gaps between receipts are notes")
    options = parser.parse_args(arguments)
    for path in (options.folder, options.identity):
        if not path.exists():
            print(f"imena_verify: {path} is not there", file=sys.stderr)
            return 2
    try:
        report = verify(options.folder, options.identity, options.phone)
    except FileNotFoundError as error:
        print(f"imena_verify: `{error.filename}` is needed: apt-get install age", file=sys.stderr)
        return 2
    for note in report.notes:
        print(f"note: {note}")
    for fault in report.faults:
        print(f"fault: {fault}")
    print(f"{len(report.faults)} faults")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
