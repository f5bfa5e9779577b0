"""Owns the list "One of everything": what version 1 can say, and where the reader meets it.

The README of the golden folder holds the same list; tests compare the two row by row.
"""

from golden_vault import (
    ENTRIES,
    EPOCHS,
    ENTRIES_BY_PHONE,
    REPORT,
    SEEN,
    V1,
    read_sync_reply,
    spans,
    told_entries,
)
from imena_reader import roster
from imena_reader.encoding import decode
from imena_reader.fold import says

KINDS = {
    1: "site",
    2: "grave",
    3: "marker",
    4: "remains",
    5: "photo",
    6: "person_hint",
    7: "operator",
    8: "device",
    20: "grave_marker",
    64: "device_started",
    65: "chain_adopted",
    66: "session_started",
    67: "session_closed",
    68: "renditions_made",
    69: "key_grant",
    70: "local_copy_removed",
    71: "run_rewritten",
    72: "erased",
}
OPS = ("create", "set", "resolve", "withdraw", "void")
POSITION_KEYS, HEADER_KEYS, BODY_KEYS = range(12), range(18), range(10)


def where(check):
    return told_entries(entry for entry in ENTRIES if check(entry))


def first_where(check):
    return told_entries([next(entry for entry in ENTRIES_BY_PHONE if check(entry))])


def says_value(check):
    return first_where(lambda entry: any(check(value) for value in entry.fields.values()))


def says_text(text):
    return where(lambda e: any(type(v) is str and text in v for v in e.fields.values()))


def lines_where(check):
    """`first epoch 1, 2; second epoch 3`, by the numbers of receipts."""
    told = []
    for name, found in zip(("first", "second"), EPOCHS, strict=True):
        numbers = [r.number for r in found if any(check(line) for line in r.lines)]
        if numbers:
            told.append(f"{name} epoch {', '.join(map(str, sorted(numbers)))}")
    return "; ".join(told)


def rosters_where(check):
    """`roster 2–4`: those of the vault, and version 4 that a successor of the key signed."""
    later = roster.read((V1 / "succession" / "4.cose").read_bytes())
    versions = [found.version for found in [*SEEN.rosters, later] if check(found)]
    return f"roster {spans(versions)}" if versions else ""


def has_line(key, check):
    return rosters_where(lambda found: any(check(line) for line in found.content[key]))


def wire(stem, is_there):
    return f"`vault/wire/{stem}`" if is_there else ""


COUNTING = {entry.id for entry in SEEN.counting}
FOLDED = REPORT["subjects"]


def open_conflict():
    heads = {
        head["entry"]
        for subject in FOLDED
        for told in subject["fields"]
        if told["field"] in subject["conflicts"]
        for head in told["heads"]
    }
    return where(lambda entry: entry.id.hex() in heads)


def closed_conflict():
    """A resolve and the entries with distinct values that it answers."""
    resolve = next(entry for entry in ENTRIES if entry.op == 2)
    answered = [entry for entry in ENTRIES if entry.id in resolve.parents]
    field = next(iter(resolve.header[9]))
    assert len({entry.fields[field] for entry in answered}) == len(answered) > 1
    still_open = {told["subject"].replace("-", "") for told in FOLDED if told["conflicts"]}
    assert resolve.subject.hex() not in still_open
    return told_entries([resolve, *answered])


def forks():
    told = {(line["device"], seq) for line in REPORT["chains"] for seq in line["forks"]}
    return where(lambda entry: (entry.device.hex(), entry.seq) in told)


def stands_again():
    """A set whose touched standing was void or withdrawn."""
    ended = {e.id for e in ENTRIES if e.op in (3, 4)}
    return where(
        lambda e: not e.is_newer and e.op == 1 and 0 in e.header[9] and ended & set(e.parents)
    )


def folds_to(standing):
    subjects = [told["subject"] for told in FOLDED if told["standing"] == standing]
    ids = {subject.replace("-", "") for subject in subjects}
    return where(
        lambda e: not e.is_newer and e.subject.hex() in ids and says(e).get(0) == standing
    )


def absent(reason, is_known):
    return where(lambda e: e.absence and e.absence[0] == reason and (1 in e.absence) == is_known)


def segment_bodies():
    """Whether the segment of the sync reply withholds the body of the possible name alone."""
    pairs = read_sync_reply()[2][0][2]
    withheld = [decode(header)[5] for header, body in pairs if body == {0: 0}]
    return 6 in withheld


PLACES = {f"kind {n} {name}": where(lambda e, n=n: e.kind == n) for n, name in KINDS.items()}
PLACES |= {"kind of a later version": where(lambda e: e.kind not in KINDS)}
PLACES |= {
    f"op {number} {name}": where(lambda e, number=number: e.op == number and e.header[0] == 1)
    for number, name in enumerate(OPS)
}
PLACES |= {
    "op of a later version": where(lambda e: e.op >= len(OPS)),
    "header of a later version": where(lambda e: e.header[0] != 1),
    "header key of a later version": where(lambda e: set(e.header) - set(HEADER_KEYS)),
    "body key of a later version": where(lambda e: set(e.body or {}) - set(BODY_KEYS)),
    "field of a later version": where(lambda e: e.kind == 1 and set(e.fields) - {1, 2, 3}),
    "term of a later version": says_text("_of_a_later_version"),
    "no receipt seen yet": where(lambda e: 15 not in e.header),
    "a receipt seen": where(lambda e: 15 in e.header),
    "body without operator": where(lambda e: e.body and 2 not in e.body),
    "reason": where(lambda e: e.body and 6 in e.body),
    "position and satellite time": where(lambda e: e.body and 3 in e.body and 4 in e.body),
    "position with every key, of a later provider": where(
        lambda e: set((e.body or {}).get(3, {})) == set(POSITION_KEYS)
    ),
    "value: text": says_value(lambda v: type(v) is str),
    "value: empty text": says_value(lambda v: v == ""),
    "value: text in two alphabets with a line break": says_text("\n"),
    "value: number": says_value(lambda v: type(v) is int and v >= 0),
    "value: negative number": says_value(lambda v: type(v) is int and v < 0),
    "value: id of a subject": says_value(lambda v: type(v) is bytes and len(v) == 16),
    "value: hash": says_value(lambda v: type(v) is bytes and len(v) == 32),
    "value: other bytes": says_value(lambda v: type(v) is bytes and len(v) not in (16, 32)),
    "value: subject of any kind": says_value(lambda v: type(v) is dict and set(v) == {0, 1}),
    "value: list": says_value(lambda v: type(v) is list and v),
    "value: empty list": says_value(lambda v: v == []),
    "value: map": says_value(lambda v: type(v) is dict and len(v) > 2),
    "value: nothing": where(lambda e: None in e.fields.values()),
    **{
        f"value: gap `{gap}`": where(lambda e, gap=gap: {255: gap} in e.fields.values())
        for gap in ("not_examined", "not_applicable", "none_seen", "not_determined", "not_possible")
    },
    "marks of letters: `x[?]`": says_text("[?]"),
    "marks of letters: `[_]`": says_text("[_]"),
    "marks of letters: `…`": says_text("…"),
    "part of a possible name": where(lambda e: e.kind == 6 and e.fields[4]),
    "possible name, verbatim": says_text("Nesteren…"),
    "code of a grave": says_text("IZM1-T03-G012-A0"),
    "code of remains": says_text("IZM1-T03-0042-E5"),
    "open conflict": open_conflict(),
    "closed conflict": closed_conflict(),
    "fork": forks(),
    "withdrawn": folds_to("withdrawn"),
    "void": where(lambda e: not e.is_newer and says(e).get(0) == "void"),
    "stands again": stands_again(),
    "photo by the app, with facts": where(lambda e: e.kind == 5 and 10 in e.fields),
    "photo with a defect": where(lambda e: e.kind == 5 and e.fields[14]),
    "file name that is no text": where(lambda e: e.kind == 5 and type(e.fields[13]) is bytes),
    "thumbnail and preview, with a mark": where(
        lambda e: e.kind == 68 and all(e.fields.get(k, {}).get(6) for k in (2, 3))
    ),
    "no_preview": where(lambda e: e.kind == 68 and 4 in e.fields),
    "body withheld": absent(0, False),
    "body erased, with its order": absent(1, True),
    "body lost": absent(2, False),
    "order of erasure by two authorities": where(lambda e: e.kind == 72 and len(e.fields[2]) == 2),
    "entries that do not count": where(lambda e: e.id not in COUNTING),
    "roster that names the one before": rosters_where(lambda found: 15 in found.content),
    "recipient, active": has_line(4, lambda line: line[2] == 0),
    "recipient, retired": has_line(4, lambda line: line[2] == 1),
    "hub, active": has_line(5, lambda line: line[5] == 0),
    "hub, lost, with its last_good": has_line(5, lambda line: line[5] == 2 and 6 in line),
    "authorities": rosters_where(lambda found: len(found.content[6]) > 1),
    "issuer of a phone": has_line(7, lambda line: 1 in line),
    "issuer of a printed roll": has_line(7, lambda line: 1 not in line),
    "device, active": has_line(8, lambda line: line[4] == 0),
    "device, retired": has_line(8, lambda line: line[4] == 1),
    "device, lost, with its last_good": has_line(8, lambda line: line[4] == 2 and line[5][0] > 0),
    "device, revoked, of which nothing counts": has_line(
        8, lambda line: line[4] == 3 and line[5] == {0: 0, 1: line[0]}
    ),
    "right": rosters_where(lambda found: found.content[14]),
    "successor of the signing key": rosters_where(lambda found: found.content[13]),
    "receipt line: a file": lines_where(lambda line: line[0] == 0 and len(line) == 3),
    "receipt line: a file and its content": lines_where(
        lambda line: line[0] == 0 and len(line) == 4
    ),
    "receipt line: entries": lines_where(lambda line: line[0] == 1),
    "receipt line: taken back": lines_where(lambda line: line[0] == 2 and len(line) == 3),
    "receipt line: taken back by an erasure": lines_where(
        lambda line: line[0] == 2 and len(line) == 4
    ),
    "receipt line of a later type": lines_where(lambda line: line[0] > 2),
    "epoch that names the one before": ", ".join(
        f"{name} epoch"
        for name, found in zip(("first", "second"), EPOCHS, strict=True)
        if all(receipt.before for receipt in found)
    ),
    "sync reply with a segment": wire("sync_reply.cbor", read_sync_reply()[2]),
    "body withheld in a segment": wire("sync_reply.cbor", segment_bodies()),
}
