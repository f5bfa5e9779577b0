"""Owns the golden folder as tests see it: its paths, what the reader finds in it, its README."""

import gzip
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

from imena_reader import agefile, chain, cose, roster
from imena_reader.encoding import decode, decode_at, encode, sha256
from imena_reader.findings import Wrong
from imena_reader.verify import verify

V1 = Path(__file__).parent.parent / "golden" / "v1"
VAULT, ORGANISATION = V1 / "vault", V1 / "organisation"
IDENTITY = ORGANISATION / "identity.txt"
README = (V1 / "README.md").read_text()

OPENER = agefile.Opener(IDENTITY)
SEEN = verify(VAULT, IDENTITY)
REPORT = SEEN.report()
ENTRIES = list(SEEN.entries())
ORG = SEEN.org
# The four phones, in the order in which the roster lists them.
PHONES = dict(zip(SEEN.roster.devices, ("first", "second", "lost", "revoked"), strict=True))
FIRST = next(iter(PHONES))
ENTRIES_BY_PHONE = sorted(ENTRIES, key=lambda entry: list(PHONES).index(entry.device))
KEYS = {device: line[1] for device, line in SEEN.roster.devices.items()}
HUB = next(iter(SEEN.hubs))
HUB_KEY = SEEN.roster.hubs[HUB][1]
# The epoch that knows none before it comes first.
EPOCHS = sorted(SEEN.hubs[HUB].epochs.values(), key=lambda found: found[0].before is not None)


def names_of(root):
    """The files below a folder, as texts."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def entry_at(seq, phone="first"):
    return next(e for e in ENTRIES if e.seq == seq and PHONES[e.device] == phone)


def plain_runs():
    """Every run as (path, the run's map), the first phone's first, by seq."""
    paths = [sealed.whole for sealed, _ in SEEN.runs]
    runs = [(path, decode(chain.unpack(OPENER.open(path.read_bytes())))) for path in paths]
    return sorted(runs, key=lambda run: _order(first_header(run[1])))


def _order(header):
    return (list(PHONES).index(header[2]), header[3])


def first_header(run):
    return decode(run[2][0][0])


def receipt_items(found):
    """The receipts of one epoch as signed, in the order of the file."""
    data = (VAULT / "receipts" / HUB.hex() / found[0].epoch.hex()).read_bytes()
    items, at = [], 0
    while at < len(data):
        _, end = decode_at(data, at)
        items.append(data[at:end])
        at = end
    return items


RUNS = plain_runs()


# What spoils a copy


def copy_to(folder):
    """A copy of the vault, to spoil."""
    return Path(shutil.copytree(VAULT, folder / "vault"))


def changed(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def copy_of(number):
    return decode(encode(RUNS[number][1]))


def put_run(root, number, plain):
    """Packs, seals and names a run as anybody could who knows the organisation's recipient."""
    old = RUNS[number][0]
    recipients = [word for text in RUNS[number][1][4] for word in ("--recipient", text)]
    packed = gzip.compress(plain, mtime=0)
    command = ["age", "--encrypt", *recipients]
    data = subprocess.run(command, input=packed, capture_output=True, check=True).stdout
    (root / "runs" / old.parent.name / old.name).unlink()
    name = sha256(data).hex()
    (root / "runs" / name[:2]).mkdir(exist_ok=True)
    (root / "runs" / name[:2] / name).write_bytes(data)
    return f"runs/{name[:2]}/{name}"


# What a verifier of a folder does not look at: messages, the successor's roster, key files, QR.

# Whether the hub signs it; else the first phone does.
MESSAGES = {"hello": True, "held": True, "enroll": False, "reveal": False, "session": False}


def read_beside(name, data):
    """Raises unless the bytes are what stands in the file of this name."""
    stem = Path(name).stem
    if name.startswith("succession/"):
        found = roster.read(data)
        roster.check_successor(SEEN.roster, found)
    elif name.startswith("vault/wire/"):
        signed = cose.take_apart(data, stem)
        key = HUB_KEY if MESSAGES[stem] else KEYS[FIRST]
        cose.verify(signed, key, ORG)
        decode(signed.payload)
        if signed.kid != sha256(key):
            raise Wrong("another signer")
    elif name.startswith("vault/keys/"):
        _demand_check(decode(data), 255, 32)
    elif name == "vault/join.txt":
        _read_join(data.decode("ascii"))
    else:
        raise Wrong(f"{name} is of no kind that is known here")


def _demand_check(content, key, length):
    check = content.pop(key, None)
    if check != sha256(encode(content))[:length]:
        raise Wrong("the check is not that of the map")


def _read_join(text):
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    start, body = text[:7], text[7:]
    if start != "IMENA1:" or any(character not in digits for character in body):
        raise Wrong("no join text")
    bits = "".join(f"{digits.index(character):05b}" for character in body)
    whole = len(bits) // 8 * 8
    if "1" in bits[whole:]:
        raise Wrong("bits behind the last byte")
    content = decode(int(bits[:whole], 2).to_bytes(whole // 8, "big"))
    _demand_check(content, 3, 4)
    if content[0] != ORG:
        raise Wrong("another organisation")


def read_sync_reply():
    """The reply of docs/design/wire.md, its receipts and its segment verified."""
    reply = decode((VAULT / "wire" / "sync_reply.cbor").read_bytes())
    for data in reply[1]:
        cose.verify(cose.take_apart(data, "receipt"), HUB_KEY, ORG)
    for segment in reply[2]:
        # A segment is a run without a list of recipients.
        run = chain.read_run(encode({0: 1, 1: ORG, 2: segment[2], 3: segment[3], 4: []}))
        if sha256(segment[1]) != segment[0] or run.device != segment[0]:
            raise Wrong("the key of the segment is not its device's")
        chain.verify_checkpoint(run, segment[1])
    return reply


# The README


def readme_rows(title):
    """The rows of the table under a title, as lists of cells."""
    lines = README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def readme_bytes(title):
    """The bytes of one listing."""
    listing = README.split(f"\n## {title}\n", 1)[1].split("```", 2)[1]
    lines = listing.splitlines()[1:]
    return bytes.fromhex("".join(line.split("#", 1)[0] for line in lines))


def spans(numbers):
    """`1, 3–5` of 1, 3, 4, 5."""
    told, numbers = [], sorted(set(numbers))
    for number in numbers:
        if told and number == told[-1][1] + 1:
            told[-1][1] = number
        else:
            told.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}–{high}" for low, high in told)


def unspanned(text):
    ends = [[int(end) for end in span.split("–")] for span in text.split(", ")]
    return [number for span in ends for number in range(span[0], span[-1] + 1)]


def told_entries(entries):
    """`first 4, 6–8; second 4`."""
    by_phone = defaultdict(list)
    for entry in entries:
        by_phone[PHONES[entry.device]].append(entry.seq)
    told = [(phone, by_phone[phone]) for phone in PHONES.values() if by_phone[phone]]
    return "; ".join(f"{phone} {spans(seqs)}" for phone, seqs in told)
