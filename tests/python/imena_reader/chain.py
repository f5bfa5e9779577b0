"""Owns entries, checkpoints and runs (§4, §5), and the chains that they make."""

import zlib
from collections import Counter
from dataclasses import dataclass, field

from . import cose
from .encoding import (
    NotCanonical,
    decode,
    demand,
    is_bytes,
    is_hash,
    is_id16,
    is_int,
    is_map,
    is_text,
    is_uint,
    list_of,
    one,
    sha256,
    shaped,
)
from .findings import Wrong

MAX_HEADER, MAX_BODY, MAX_RUN = 2 * 1024, 16 * 1024, 256 * 1024
MAX_ENTRIES, MAX_PARENTS, MAX_SEQ = 64, 32, 2**63 - 1
VERSION, LAST_OP = 1, 4
CREATE, SET, RESOLVE, WITHDRAW, VOID = range(5)
DEVICE_STARTED = 64
LAMPORT_END = 2**53
WITHHELD, ERASED, LOST = range(3)

# What stands and means the same in every version of a header.
EVERY_HEADER = {
    0: is_uint,
    1: is_hash,
    2: is_hash,
    3: lambda value: is_uint(value) and 1 <= value <= MAX_SEQ,
    4: is_hash,
    5: is_uint,
    6: is_id16,
    7: is_uint,
    8: lambda value: list_of(is_hash)(value) and len(value) <= MAX_PARENTS,
    10: is_uint,
    16: is_hash,
    17: is_uint,
}
HEADER_1 = {9: is_map, 11: is_int, 12: is_int, 13: is_uint, 14: is_id16}
BODY = {0: lambda value: is_bytes(value) and 16 <= len(value) <= 87, 1: is_map, 5: is_text}
ABSENCE = shaped({0: is_uint}, {1: is_hash})
RUN = {0: one(1), 1: is_hash, 2: list_of(list_of(lambda _: True)), 3: is_bytes, 4: list_of(is_text)}
HUB_SEEN = shaped({0: is_hash, 1: is_id16, 2: is_uint, 3: is_hash})
OCCURRED = shaped({}, {0: is_int, 1: is_int, 2: is_text, 3: is_text})
# Keys that need not stand; these of another type spoil the entry, the others are only told.
OWED_TYPES = {2, 4, 6}
OPTIONAL_IN_BODY = {
    2: is_id16,
    3: is_map,
    4: is_int,
    6: is_text,
    7: is_map,
    8: OCCURRED,
    9: list_of(is_id16),
}


@dataclass
class Entry:
    """One entry of a verified run, with its body or the reason why that is absent."""

    id: bytes
    header: dict
    body: dict | None
    absence: dict | None
    has_body: bool

    device = property(lambda self: self.header[2])
    seq = property(lambda self: self.header[3])
    prev = property(lambda self: self.header[4])
    kind = property(lambda self: self.header[5])
    subject = property(lambda self: self.header[6])
    op = property(lambda self: self.header[7])
    parents = property(lambda self: self.header[8])
    is_newer = property(lambda self: self.header[0] != VERSION or self.op > LAST_OP)
    # A number so high that no honest clock gives it sorts as 0.
    lamport = property(lambda self: self.header[10] if self.header[10] < LAMPORT_END else 0)
    fields = property(lambda self: self.body[1] if self.body else {})
    place = property(lambda self: f"device {self.device.hex()} seq {self.seq}")


@dataclass
class Run:
    """A run that is well-formed; its checkpoint is not verified yet."""

    org: bytes
    device: bytes
    entries: list
    checkpoint: cose.Signed
    sealed_to: list


@dataclass
class Chain:
    """What is here of one device's entries."""

    device: bytes
    entries: dict = field(default_factory=dict)
    checkpoints: set = field(default_factory=set)
    reached: set = field(default_factory=set)

    def proven_upto(self):
        return max((self.entries[key].seq for key in self.reached), default=0)

    def proven_id(self):
        top = self.proven_upto()
        signed = [k for k in self.reached & self.checkpoints if self.entries[k].seq == top]
        return min(signed, default=None)

    def forks(self):
        seqs = Counter(entry.seq for entry in self.entries.values())
        return sorted(seq for seq, count in seqs.items() if count > 1)


def unpack(data):
    """A run's plaintext: one gzip member, nothing behind it."""
    if data[:2] != b"\x1f\x8b":
        raise Wrong("is not a gzip file")
    unzip = zlib.decompressobj(wbits=31)
    plain = unzip.decompress(data, MAX_RUN + 1)
    if len(plain) > MAX_RUN:
        raise Wrong("the run is larger than 256 KiB")
    if not unzip.eof or unzip.unused_data or unzip.unconsumed_tail:
        raise Wrong("is not one gzip member with nothing behind it")
    return plain


def read_run(plain):
    """Everything about a run that needs no key."""
    content = demand("run", decode(plain), RUN)
    if not 1 <= len(content[2]) <= MAX_ENTRIES:
        raise Wrong(f"the run has {len(content[2])} entries")
    entries = [read_entry(pair) for pair in content[2]]
    first = entries[0]
    for entry in entries:
        if entry.header[1] != content[1]:
            raise Wrong(f"{entry.place}: is of another organisation than its run")
        if entry.device != first.device:
            raise Wrong(f"{entry.place}: stands in a run of another device")
    for before, after in zip(entries, entries[1:], strict=False):
        if after.seq != before.seq + 1 or after.prev != before.id:
            raise Wrong(f"{after.place}: does not follow the entry before it")
    checkpoint = cose.take_apart(content[3], "checkpoint")
    return Run(content[1], first.device, entries, checkpoint, content[4])


def read_entry(pair):
    if len(pair) != 2 or not is_bytes(pair[0]):
        raise Wrong("an entry is not a header and a body")
    header = read_header(pair[0])
    entry_id = sha256(pair[0])
    place = f"device {header[2].hex()} seq {header[3]}"
    if is_map(pair[1]):
        if not ABSENCE(pair[1]):
            raise Wrong(f"{place}: the absence of its body is malformed")
        return Entry(entry_id, header, None, pair[1], False)
    if not is_bytes(pair[1]):
        raise Wrong(f"{place}: its body is neither bytes nor an absence")
    if header[17] > MAX_BODY:
        raise Wrong(f"{place}: the body is larger than 16 KiB")
    if len(pair[1]) != header[17] or sha256(pair[1]) != header[16]:
        raise Wrong(f"{place}: the body does not fit the header")
    # What a newer version calls a body is hashed and not decoded.
    body = read_body(pair[1], place) if header[0] == VERSION else None
    return Entry(entry_id, header, body, None, True)


def read_header(data):
    if len(data) > MAX_HEADER:
        raise Wrong("a header is larger than 2 KiB")
    header = demand("header", _decoded("header", data), EVERY_HEADER)
    place = f"device {header[2].hex()} seq {header[3]}"
    if header[0] == VERSION:
        demand(f"{place}: header", header, HEADER_1)
        indexes = list_of(lambda value: is_uint(value) and value < len(header[8]))
        if not all(indexes(value) for value in header[9].values()):
            raise Wrong(f"{place}: touches names a parent that is not there")
        if 15 in header and not HUB_SEEN(header[15]):
            raise Wrong(f"{place}: hub_seen is of another type")
    return header


def read_body(data, place):
    body = demand(f"{place}: body", _decoded(f"{place}: body", data), BODY)
    for key in sorted(OWED_TYPES & body.keys()):
        if not OPTIONAL_IN_BODY[key](body[key]):
            raise Wrong(f"{place}: body key {key} is of another type")
    return body


def _decoded(what, data):
    try:
        return decode(data)
    except NotCanonical as fault:
        raise NotCanonical(f"{what}: {fault}") from fault


def spkis_in(run):
    """The keys that a run brings, by their devices: in any device_started entry of it."""
    for entry in run.entries:
        spki = entry.fields.get(1) if entry.kind == DEVICE_STARTED and not entry.is_newer else None
        if is_bytes(spki):
            yield sha256(spki), spki


def verify_checkpoint(run, spki):
    last = run.entries[-1]
    if run.checkpoint.kid != run.device:
        raise Wrong(f"{last.place}: the checkpoint is of another signer")
    wanted = {0: is_hash, 1: is_uint, 2: is_hash}
    payload = demand("checkpoint", decode(run.checkpoint.payload), wanted)
    if (payload[0], payload[1], payload[2]) != (run.device, last.seq, last.id):
        raise Wrong(f"{last.place}: the checkpoint is of another entry")
    try:
        if not cose.is_p256(spki):
            raise Wrong("the device's key is not P-256")
        cose.verify(run.checkpoint, spki, run.org)
    except Wrong as fault:
        raise Wrong(f"{last.place}: checkpoint: {fault}") from fault


def build_chains(runs):
    """All entries of verified runs by device, and which of them the start of the chain reaches."""
    chains = {}
    for run in runs:
        chain = chains.setdefault(run.device, Chain(run.device))
        for entry in run.entries:
            chain.entries[entry.id] = _merged(chain.entries.get(entry.id), entry)
        chain.checkpoints.add(run.entries[-1].id)
    for chain in chains.values():
        chain.reached = _reached(chain)
    return chains


def _merged(known, entry):
    """A body takes the place of its absence; `erased` that of any other reason."""
    if known is None or (entry.has_body and not known.has_body):
        return entry
    if known.has_body or entry.has_body:
        return known
    return entry if _rank(entry.absence) > _rank(known.absence) else known


def _rank(absence):
    return (absence[0] == ERASED, 1 in absence)


def _reached(chain):
    followers = {}
    for entry in chain.entries.values():
        followers.setdefault((entry.seq, entry.prev), []).append(entry)
    reached, waiting = set(), list(followers.get((1, chain.device), []))
    while waiting:
        entry = waiting.pop()
        reached.add(entry.id)
        waiting.extend(followers.get((entry.seq + 1, entry.id), []))
    return reached


def upto(chain, entry_id):
    """The reached entries from this one back to the start."""
    ids = set()
    while entry_id in chain.reached and entry_id not in ids:
        ids.add(entry_id)
        entry_id = chain.entries[entry_id].prev
    return ids


def optional_faults(entry):
    """Keys that need not stand and are of another type than the tables say."""
    if entry.header[0] != VERSION:
        return
    for key, check in OPTIONAL_IN_BODY.items():
        if entry.body and key in entry.body and not check(entry.body[key]):
            yield f"body key {key} is of another type"
