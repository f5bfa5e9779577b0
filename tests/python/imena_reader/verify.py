"""Owns the whole verification of a folder, and the object of §10 that it ends in."""

from . import agefile, chain, codes, cose, receipts, roster
from .chain import CREATE, DEVICE_STARTED, LAMPORT_END
from .encoding import decode, demand, is_bytes, is_hash, is_map, is_uint, list_of, one, sha256
from .findings import Findings, Wrong
from .fold import fold_all
from .folder import Folder

GRAVE, REMAINS, PHOTO, RENDITIONS, LOCAL_COPY_REMOVED, ERASED = 2, 4, 5, 68, 70, 72
LINKS = range(20, 32)
ORDER_SIGNERS = 2


class Verification:
    """One pass over one folder; each step uses what the steps before it found."""

    def __init__(self, root, identity):
        self.findings = Findings()
        self.folder = Folder(root, self.findings)
        self.opener = agefile.Opener(identity)
        self.org = None
        self.rosters = []
        self.files = {}
        self.runs = []
        self.chains = {}
        self.hubs = {}
        self.held = {}
        self.introductions = {}
        self.counting = []
        self.elsewhere = 0
        self.sound = 0

    def run(self):
        self._read_rosters()
        opened = self._read_sealed()
        self._find_organisation(opened)
        self._verify_runs(opened)
        self.chains = chain.build_chains([run for _, run in self.runs])
        self._tell_chains()
        self.counting = self._counting_entries()
        self._check_entries()
        self._check_erasures()
        self._read_receipts()
        self._check_introduced()
        self._check_receipt_lines()
        return self

    # Rosters

    @property
    def roster(self):
        return self.rosters[-1] if self.rosters else None

    def _read_rosters(self):
        for version, form, path in self.folder.roster_files():
            place = self.folder.place(path)
            found = self.findings.catch(place, self._read_roster, version, form, path)
            if found and found.version not in [known.version for known in self.rosters]:
                self.rosters.append(found)
        if self.roster:
            self.org = self.roster.org
        spki = self.folder.root / "org.spki"
        if spki.is_file():
            self.findings.catch("org.spki", self._check_spki, spki)

    def _read_roster(self, version, form, path):
        data = path.read_bytes()
        if form == "age":
            count, others = agefile.recipients(data)
            if count != 1 or others:
                self.findings.add(self.folder.place(path), "is not sealed to one recipient alone")
            data = self.opener.open(data)
        found = roster.read(data)
        if version is not None and version != found.version:
            raise Wrong(f"it holds version {found.version}")
        if self.roster:
            roster.check_successor(self.roster, found)
        return found

    def _check_spki(self, path):
        org = sha256(path.read_bytes())
        if self.org is not None and self.org != org:
            raise Wrong("is the key of another organisation than the roster's")
        self.org = org

    # Sealed files and runs

    def _read_sealed(self):
        """Checks names and stanzas of all files; gives the plaintexts of those that may be runs."""
        opened = []
        for sealed in self.folder.sealed_files():
            self.files[sealed.name] = sealed
            data = self.folder.read_whole(sealed)
            if data is None:
                continue
            place = self.folder.place(sealed.whole)
            self.findings.catch(place, self._check_stanzas, sealed, data)
            may, must = self.folder.may_be_run(sealed)
            if may:
                run = self.findings.catch(place, self._open_run, sealed, data, must)
                if run:
                    opened.append((sealed, run))
        return opened

    def _check_stanzas(self, sealed, data):
        sealed.stanzas, others = agefile.recipients(data)
        if others:
            raise Wrong(f"it has stanzas of another type: {', '.join(sorted(set(others)))}")
        if not 1 <= sealed.stanzas <= agefile.MAX_RECIPIENTS:
            raise Wrong(f"it is sealed to {sealed.stanzas} recipients")

    def _open_run(self, sealed, data, must):
        plain = self._open(sealed, data)
        # In a hub's files/ what does not even begin as a run does is a photo.
        if not must and plain[:2] != b"\x1f\x8b":
            return None
        sealed.is_run = True
        return chain.read_run(chain.unpack(plain))

    def _open(self, sealed, data):
        plain = self.opener.open(data)
        sealed.plain_sha256, sealed.plain_size = sha256(plain), len(plain)
        return plain

    def _find_organisation(self, opened):
        if self.org is None and opened:
            self.org = opened[0][1].org

    def _verify_runs(self, opened):
        keys = (
            {device: line[1] for device, line in self.roster.devices.items()} if self.roster else {}
        )
        for _, run in opened:
            for device, spki in chain.spkis_in(run):
                keys.setdefault(device, spki)
        for sealed, run in opened:
            place = self.folder.place(sealed.whole)
            if self.findings.catch(place, self._verify_run, sealed, run, keys):
                self.runs.append((sealed, run))

    def _verify_run(self, sealed, run, keys):
        if run.org != self.org:
            raise Wrong("the run is of another organisation")
        if run.device not in keys:
            raise Wrong(f"the key of device {run.device.hex()} is not here")
        chain.verify_checkpoint(run, keys[run.device])
        place = self.folder.place(sealed.whole)
        self._compare_stanzas(place, sealed, run.sealed_to)
        return True

    def _compare_stanzas(self, place, sealed, sealed_to):
        if sealed.stanzas is not None and sealed.stanzas != len(sealed_to):
            self.findings.add(
                place,
                f"it is sealed to {sealed.stanzas} recipients, sealed_to lists {len(sealed_to)}",
            )

    # Chains and entries

    def _tell_chains(self):
        for device, found in sorted(self.chains.items()):
            for seq in found.forks():
                self.findings.add(f"device {device.hex()} seq {seq}", "fork: two entries bear it")
            waiting = sorted(
                entry.seq for key, entry in found.entries.items() if key not in found.reached
            )
            if waiting:
                self.findings.add(
                    f"device {device.hex()}",
                    f"{len(waiting)} entries from seq {waiting[0]} to {waiting[-1]} wait for those "
                    "before them",
                )

    def _counting_entries(self):
        """The entries that count in a fold: verified, and not past a last_good."""
        entries = []
        for device, found in sorted(self.chains.items()):
            ids = found.reached
            last_good = roster.last_good_of_device(self.roster, device)
            if last_good is not None:
                ids = self._upto_last_good(found, last_good)
            entries.extend(found.entries[key] for key in ids)
        return entries

    def _upto_last_good(self, found, last_good):
        place = f"device {found.device.hex()}"
        if last_good[0] == 0:
            return set()
        entry = found.entries.get(last_good[1])
        if entry is None or entry.id not in found.reached:
            self.findings.add(place, "its last good entry is not here: none of its entries counts")
            return set()
        if entry.seq != last_good[0]:
            self.findings.add(place, "its last good entry bears another seq than the roster says")
        return chain.upto(found, entry.id)

    def entries(self):
        """All entries of verified runs, in the order of devices and seqs."""
        for _, found in sorted(self.chains.items()):
            yield from sorted(found.entries.values(), key=lambda entry: (entry.seq, entry.id))

    def _check_entries(self):
        for entry in self.entries():
            if entry.header[10] >= LAMPORT_END:
                self.findings.add(entry.place, "its lamport number is 2^53 or more")
            for fault in chain.optional_faults(entry):
                self.findings.add(entry.place, fault)
            if entry.absence and entry.absence[0] == chain.LOST:
                self.findings.add(entry.place, "its body is lost")
            if not entry.is_newer:
                self.findings.catch(entry.place, self._check_fields, entry)

    def _check_fields(self, entry):
        if entry.kind == DEVICE_STARTED and 1 in entry.fields:
            spki = entry.fields[1]
            if not is_bytes(spki) or sha256(spki) != entry.device:
                raise Wrong("the key that it brings is not that of its device")
        if entry.kind in (GRAVE, REMAINS):
            self._check_code(entry)
        if entry.kind in LINKS and entry.op == CREATE:
            ends = [entry.fields.get(1), entry.fields.get(2)]
            if all(is_bytes(end) for end in ends):
                self._check_subject(entry, *sorted(ends))

    def _check_code(self, entry):
        code = entry.fields.get(1)
        if not isinstance(code, str):
            return
        identity = codes.identity_of(entry.kind, code)
        if identity is None:
            raise Wrong(f"{code!r} is not a code in its canonical spelling")
        if entry.op == CREATE:
            self._check_subject(entry, identity)

    def _check_subject(self, entry, *parts):
        if codes.derived_subject(self.org, entry.kind, *parts) != entry.subject:
            raise Wrong("its subject is not the one that follows from its fields")

    # Erasure

    def _check_erasures(self):
        ordered = set()
        for entry in self.entries():
            if entry.kind == ERASED and entry.body and not entry.is_newer:
                targets = self.findings.catch(entry.place, self._ordered, entry)
                ordered.update((entry.id, target) for target in targets or [])
        erasures = {entry.id for entry in self.entries() if entry.kind == ERASED and entry.body}
        for entry in self.entries():
            if not entry.absence or entry.absence[0] != chain.ERASED:
                continue
            order = entry.absence.get(1)
            if order in erasures and (order, entry.id) not in ordered:
                self.findings.add(entry.place, "what its body was erased by does not order it")
            if order is None and not any(target == entry.id for _, target in ordered):
                self.findings.add(entry.place, "its body is erased, and no order here says so")

    def _ordered(self, entry):
        """The targets of a valid order; it takes two authorities that a roster names."""
        targets, orders = entry.fields.get(1), entry.fields.get(2)
        if not list_of(is_hash)(targets) or not list_of(is_bytes)(orders):
            raise Wrong("the order of erasure is malformed")
        signers = set()
        for data in orders:
            signer = self.findings.catch(entry.place, self._order_signer, data, targets)
            if signer:
                signers.add(signer)
        if len(signers) < ORDER_SIGNERS:
            raise Wrong(f"{len(signers)} authorities signed the order of erasure; it takes two")
        return targets

    def _order_signer(self, data, targets):
        signed = cose.take_apart(data, "erasure")
        lines = [
            known.authorities[signed.kid]
            for known in self.rosters
            if signed.kid in known.authorities
        ]
        if not lines:
            raise Wrong(f"no roster names the authority {signed.kid.hex()}")
        cose.verify(signed, lines[0][1], self.org)
        wanted = {0: one(1), 1: is_hash, 2: list_of(is_hash)}
        content = demand("erasure", decode(signed.payload), wanted)
        if content[1] != self.org or content[2] != targets:
            raise Wrong("an order of erasure is of other targets than its entry says")
        return signed.kid

    # Receipts

    def _read_receipts(self):
        folders = set()
        for hub, epoch, path in self.folder.receipt_files():
            folders.add(hub)
            line = self.roster.hubs.get(hub) if self.roster else None
            known = self.hubs.setdefault(
                hub, receipts.Hub(hub, roster.last_good_of_hub(self.roster, hub))
            )
            place = self.folder.place(path)
            data = self.findings.catch(place, path.read_bytes)
            found, order = [], []
            if data is not None:
                found, order = receipts.read_file(
                    data, place, self.org, hub, epoch, line and line[1], self.findings
                )
            receipts.check_rows(found, order, place, self.folder.is_hub, self.findings)
            known.add(epoch, found)
        if self.folder.is_hub:
            self._check_hub_rows(folders)

    def _check_hub_rows(self, folders):
        """A hub's own folder lacks nothing, so what an epoch names as its past must be here."""
        for hub, known in sorted(self.hubs.items()):
            for epoch, before in known.missing():
                self.findings.add(
                    f"receipts/{hub.hex()}/{epoch.hex()}",
                    f"receipt {before[1]} of epoch {before[0].hex()}, which it names, is not here",
                )
        if len(folders) > 1:
            self.findings.add("receipts", "a hub's folder holds receipts of other hubs")

    def _words(self):
        """By hub: its receipts that count and its last word about each file."""
        for hub, known in sorted(self.hubs.items()):
            counting = known.counting(self.findings)
            yield hub, counting, receipts.last_words(counting)

    def _check_receipt_lines(self):
        gone = set()
        for hub, counting, words in self._words():
            for receipt in counting:
                for line in receipt.lines:
                    self._check_line(receipt, line)
            for name, line in words.items():
                if line[0] == receipts.HELD:
                    self.held.setdefault(name, []).append(hub)
                else:
                    gone.add(name)
        for entry in self.entries():
            if entry.kind != LOCAL_COPY_REMOVED or entry.is_newer:
                continue
            name = entry.fields.get(1)
            if is_hash(name) and name in gone - set(self.held) and not self._is_whole(name):
                self.findings.add(name.hex(), "lost here: removed, and no hub holds it any more")

    def _check_line(self, receipt, line):
        if line[0] == receipts.HELD:
            sealed = self.files.get(line[1].hex())
            if sealed and sealed.whole and sealed.size != line[2]:
                self.findings.add(receipt.place, f"{sealed.name} has another size than it says")
            self._check_plain(receipt, line, sealed)
        if line[0] == receipts.CHAIN:
            self._check_chain_line(receipt, line)

    def _check_plain(self, receipt, line, sealed):
        if len(line) < 4:
            return
        known = {said for _, said, _, _ in self.introductions.get(line[1], []) if said}
        if sealed and sealed.plain_sha256:
            known.add(sealed.plain_sha256)
        if known - {line[3]}:
            self.findings.add(receipt.place, f"{line[1].hex()} opens to other bytes than it says")

    def _check_chain_line(self, receipt, line):
        found = self.chains.get(line[1])
        if not found:
            return
        here = {key for key, entry in found.entries.items() if entry.seq == line[2]}
        if here and line[3] not in here:
            self.findings.add(
                receipt.place,
                f"the hub knows another entry {line[2]} of device {line[1].hex()}: a fork",
            )

    # Introduced files

    def _check_introduced(self):
        for entry in self.entries():
            if entry.body and not entry.is_newer:
                for name, said, size, plain_size, sealed_to in introduced_by(entry):
                    known = self.introductions.setdefault(name, [])
                    known.append((entry, said, (size, plain_size), sealed_to))
        for name, told in sorted(self.introductions.items()):
            if not self._is_whole(name):
                self.elsewhere += 1
            elif self.findings.catch(name.hex(), self._introduced_fits, name, told):
                self.sound += 1

    def _is_whole(self, name):
        sealed = self.files.get(name.hex())
        return sealed is not None and sealed.whole is not None

    def _introduced_fits(self, name, told):
        sealed = self.files[name.hex()]
        place = self.folder.place(sealed.whole)
        if any(said for _, said, _, _ in told) and sealed.plain_sha256 is None:
            self._open(sealed, sealed.whole.read_bytes())
        for entry, said, (size, plain_size), sealed_to in told:
            if list_of(lambda value: isinstance(value, str))(sealed_to):
                self._compare_stanzas(place, sealed, sealed_to)
            if is_uint(size) and size != sealed.size:
                self.findings.add(place, f"{entry.place} says that it has {size} bytes")
            if said and said != sealed.plain_sha256:
                self.findings.add(place, f"it opens to other bytes than {entry.place} says")
            elif said and is_uint(plain_size) and plain_size != sealed.plain_size:
                self.findings.add(place, f"{entry.place} says that it opens to {plain_size} bytes")
        return any(said in (None, sealed.plain_sha256) for _, said, _, _ in told)

    # What is told

    def report(self):
        return {
            "org": self.org.hex() if self.org else None,
            "rosters": [found.version for found in self.rosters],
            "files": sum(sealed.whole is not None for sealed in self.files.values()),
            "runs": len(self.runs),
            "chains": [self._told_chain(found) for _, found in sorted(self.chains.items())],
            "receipts": list(self._told_receipts()),
            "introduced": self.sound,
            "elsewhere": self.elsewhere,
            "subjects": fold_all(self.counting),
            "findings": self.findings.items,
        }

    def _told_chain(self, found):
        proven = found.proven_id()
        return {
            "device": found.device.hex(),
            "entries": len(found.entries),
            "proven_upto_seq": found.proven_upto(),
            "entry_id": proven.hex() if proven else None,
            "forks": found.forks(),
        }

    def _told_receipts(self):
        for hub, known in sorted(self.hubs.items()):
            for epoch, found in sorted(known.epochs.items()):
                yield {
                    "hub": hub.hex(),
                    "epoch": epoch.hex(),
                    "receipts": len(found),
                    "hub_seq_max": max((receipt.number for receipt in found), default=0),
                }


def introduced_by(entry):
    """(name, sha256 of the plaintext, sealed size, plain size, sealed_to) of each file."""
    fields = entry.fields
    if entry.kind == PHOTO:
        yield from _file(fields, 1, 3, 2, 4, 11)
    elif entry.kind == RENDITIONS:
        for rendition in (fields.get(2), fields.get(3)):
            if is_map(rendition):
                yield from _file(rendition, 0, 2, 1, 3, 7)


def _file(said, name, sha, size, plain_size, sealed_to):
    if is_hash(said.get(name)):
        plain = said.get(sha) if is_hash(said.get(sha)) else None
        yield said[name], plain, said.get(size), said.get(plain_size), said.get(sealed_to)


def verify(root, identity):
    return Verification(root, identity).run()
