"""Owns the fold of subjects (§4, Merge): a function of the set of entries that count."""

import uuid

from .chain import CREATE, RESOLVE, SET, VOID, WITHDRAW
from .encoding import encode

GAP = 255
STANDING = 0
# That nobody looked contradicts nobody.
NO_FINDING = {encode(None), encode({GAP: "not_examined"}), encode({GAP: "not_possible"})}


def is_noun_or_link(kind):
    return 1 <= kind <= 63


def fold_all(entries):
    """Every noun and link that the entries speak of, as §10 prints them, by id."""
    by_subject = {}
    for entry in entries:
        by_subject.setdefault(entry.subject, []).append(entry)
    folded = []
    for subject in sorted(by_subject):
        group = by_subject[subject]
        kind = min(group, key=_display_order).kind
        if is_noun_or_link(kind):
            folded.append({"subject": str(uuid.UUID(bytes=subject)), "kind": kind, **_fold(group)})
    return folded


def _display_order(entry):
    return (entry.is_newer, entry.lamport, entry.id)


def says(entry):
    """What an entry says: field and value."""
    said = {number: value for number, value in entry.fields.items() if number != STANDING}
    word = _standing(entry)
    return said if word is None else {STANDING: word, **said}


def _standing(entry):
    if entry.op in (SET, RESOLVE):
        return "stands" if STANDING in entry.header[9] else None
    return {CREATE: "stands", WITHDRAW: "withdrawn", VOID: "void"}[entry.op]


def heads_by_field(entries):
    """The values that entries say and none supersedes, the one that is shown first in front."""
    superseded = {
        (entry.parents[index], number)
        for entry in entries
        for number, indexes in entry.header[9].items()
        for index in indexes
    }
    heads = {}
    for entry in entries:
        for number, value in says(entry).items():
            if (entry.id, number) not in superseded:
                heads.setdefault(number, []).append((entry, encode(value), value))
    for found in heads.values():
        found.sort(key=_shown_first, reverse=True)
    return heads


def _shown_first(head):
    entry, spelled, _ = head
    return (spelled not in NO_FINDING, entry.lamport, entry.id)


def _fold(group):
    entries = [entry for entry in group if not entry.is_newer]
    heads = heads_by_field(entries)
    standing = heads[STANDING][0][2] if STANDING in heads else "stands"
    return {
        "standing": standing,
        "conflicts": [number for number in sorted(heads) if _is_conflict(heads[number])],
        "fields": [_printed(number, heads[number]) for number in sorted(heads)],
        "newer": len(group) - len(entries),
        "absent": sum(not entry.has_body for entry in entries),
    }


def _is_conflict(heads):
    return len({spelled for _, spelled, _ in heads} - NO_FINDING) > 1


def _printed(number, heads):
    shown = [{"entry": entry.id.hex(), "value": spelled.hex()} for entry, spelled, _ in heads]
    return {"field": number, "heads": shown}
