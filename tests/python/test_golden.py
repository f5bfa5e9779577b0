"""The golden folder, read with other people's tools: it verifies, no change to it does, and it
holds what its README says."""

import os
import pty
import re
import subprocess
import sys

import golden_vault as golden
import imena_verify
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from golden_places import KINDS, PLACES
from golden_vault import IDENTITY, ORGANISATION, REPORT, RUNS, V1, VAULT, changed, copy_of, put_run
from imena_reader import chain, codes, roster
from imena_reader.encoding import NotCanonical, decode, encode, sha256
from imena_reader.findings import Wrong
from imena_reader.verify import verify

PASSCODE = b"golden test passcode"
HINT_TEXT = "The Armed Forces of Ukraine defender Nesteren…"
EVIDENCE = [
    name
    for name in golden.names_of(VAULT)
    if name.startswith(("runs/", "blobs/", "receipts/", "rosters/", "org.spki"))
]
BESIDE = [f"vault/{name}" for name in golden.names_of(VAULT) if name not in EVIDENCE]
BESIDE = ["succession/4.cose", *(name for name in BESIDE if not name.endswith(".cbor"))]
CHANGES_PER_FILE = 4
EVERY_ENTRY = [(number, at) for number, (_, run) in enumerate(RUNS) for at in range(len(run[2]))]
WITH_BODY = [(number, at) for number, at in EVERY_ENTRY if type(RUNS[number][1][2][at][1]) is bytes]


@pytest.fixture
def vault(tmp_path):
    return golden.copy_to(tmp_path)


def findings(root):
    return [f"{item['place']}: {item['what']}" for item in verify(root, IDENTITY).findings.items]


def is_named(found, place):
    return any(place in finding for finding in found)


def place_of(number, at):
    header = decode(RUNS[number][1][2][at][0])
    return f"device {header[2].hex()} seq {header[3]}"


# The folder as it stands


def test_the_golden_folder_verifies_but_for_the_forks_and_the_lost_body_that_it_shows():
    command = [sys.executable, imena_verify.__file__, str(VAULT), "--identity", str(IDENTITY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == imena_verify.FOUND, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "3 findings"
    shown = [golden.entry_at(2, "lost"), golden.entry_at(4, "second"), golden.entry_at(28)]
    # Chains are told in the order of their keys, which are drawn when the vault is made.
    assert {item["place"] for item in REPORT["findings"]} == {entry.place for entry in shown}
    assert sorted(told["forks"] for told in REPORT["chains"] if told["forks"]) == [[2], [4]]
    assert (REPORT["rosters"], REPORT["runs"], REPORT["introduced"]) == ([1, 2, 3], 9, 4)
    assert REPORT["elsewhere"] == 0


def test_a_folder_that_is_not_there_is_exit_code_2(tmp_path):
    missing = [str(tmp_path / "none"), "--identity", str(IDENTITY)]
    assert imena_verify.main(missing) == imena_verify.CANNOT_RUN


def test_what_lies_beside_the_evidence_is_read_too():
    for name in BESIDE:
        golden.read_beside(name, (V1 / name).read_bytes())
    reply = golden.read_sync_reply()
    assert sorted(reply) == [0, 1, 2, 4, 6, 7, 8, 9]
    own = [(e.seq, e.id) for e in golden.ENTRIES if e.device == golden.FIRST]
    told = [(decode(header)[3], sha256(header)) for header, _ in reply[2][0][2]]
    assert told == own


# Changes


def spread(name):
    size = (V1 / name).stat().st_size
    return [size * step // CHANGES_PER_FILE for step in range(CHANGES_PER_FILE)] + [size - 1]


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name in EVIDENCE for at in spread(f"vault/{name}")]
)
def test_a_changed_byte_is_found_and_its_file_named(vault, name, at):
    (vault / name).write_bytes(changed((vault / name).read_bytes(), at))
    assert is_named(findings(vault), name)


@pytest.mark.parametrize("name", BESIDE)
def test_a_changed_byte_of_what_lies_beside_is_refused(name):
    data = (V1 / name).read_bytes()
    for at in range(len(data)):
        with pytest.raises(ValueError):
            golden.read_beside(name, changed(data, at))


@pytest.mark.parametrize("name", [name for name in EVIDENCE if name != "org.spki"])
def test_a_file_that_was_taken_away_is_told(vault, name):
    (vault / name).unlink()
    report = verify(vault, IDENTITY).report()
    told = [key for key in REPORT if report[key] != REPORT[key]]
    folder = name.split("/")[0]
    assert {"blobs": "elsewhere", "runs": "chains"}.get(folder, folder) in told


def test_what_follows_a_run_that_was_taken_away_waits_for_it(vault):
    path, run = RUNS[1]
    (vault / "runs" / path.parent.name / path.name).unlink()
    last = golden.first_header(run)[3] - 1
    report = verify(vault, IDENTITY).report()
    told = next(line for line in report["chains"] if line["device"] == golden.FIRST.hex())
    assert told["proven_upto_seq"] == last
    assert is_named(findings(vault), f"device {golden.FIRST.hex()}: 16 entries from seq 21")


def fault_in(number, run):
    """What is wrong when this run stands in place of that of the number; empty if nothing."""
    try:
        read = chain.read_run(encode(run))
        chain.verify_checkpoint(read, golden.KEYS[read.device])
    except Wrong as fault:
        return str(fault)
    others = [chain.read_run(encode(other)) for at, (_, other) in enumerate(RUNS) if at != number]
    chains = chain.build_chains([read, *others]).values()
    waiting = [found.entries[key] for found in chains for key in set(found.entries) - found.reached]
    return " ".join(sorted(entry.place for entry in waiting))


def test_the_runs_themselves_have_no_fault():
    assert [fault_in(number, copy_of(number)) for number in range(len(RUNS))] == [""] * len(RUNS)


@pytest.mark.parametrize(("number", "at"), EVERY_ENTRY)
def test_a_removed_entry_is_missed(number, at):
    run = copy_of(number)
    device = golden.first_header(run)[2]
    del run[2][at]
    fault = fault_in(number, run)
    assert device.hex() in fault or "the run has 0 entries" in fault


@pytest.mark.parametrize(("number", "at"), EVERY_ENTRY)
def test_a_doubled_entry_is_named(number, at):
    run = copy_of(number)
    run[2].insert(at, run[2][at])
    assert f"{place_of(number, at)}: does not follow" in fault_in(number, run)


@pytest.mark.parametrize(("number", "at"), [item for item in EVERY_ENTRY if item[1] > 0])
def test_swapped_entries_are_named(number, at):
    run = copy_of(number)
    run[2][at - 1 : at + 1] = reversed(run[2][at - 1 : at + 1])
    swapped = (place_of(number, at), place_of(number, at - 1))
    assert fault_in(number, run).startswith(swapped)


@pytest.mark.parametrize(("number", "at"), EVERY_ENTRY)
def test_an_altered_header_is_found_although_all_after_it_was_chained_anew(number, at):
    run = copy_of(number)
    prev = None
    for pair in run[2][at:]:
        header = decode(pair[0])
        header.update({10: header[10] + 1} if prev is None else {4: prev})
        pair[0] = encode(header)
        prev = sha256(pair[0])
    expected = f"{place_of(number, -1)}: the checkpoint is of another entry"
    assert fault_in(number, run) == expected


@pytest.mark.parametrize(("number", "at"), WITH_BODY)
def test_an_altered_body_is_named(number, at):
    run = copy_of(number)
    body = decode(run[2][at][1])
    body[5] += "!"
    run[2][at][1] = encode(body)
    assert fault_in(number, run) == f"{place_of(number, at)}: the body does not fit the header"


def test_a_run_that_anybody_sealed_again_verifies(vault):
    put_run(vault, 0, encode(RUNS[0][1]))
    assert verify(vault, IDENTITY).report()["chains"] == REPORT["chains"]


def test_a_run_in_another_spelling_is_refused(vault):
    # The map's head in two bytes instead of one: the same values in another spelling.
    plain = encode(RUNS[2][1])
    name = put_run(vault, 2, bytes([0xB8, plain[0] & 0x1F]) + plain[1:])
    assert is_named(findings(vault), f"{name}: not in deterministic encoding")


def test_a_checkpoint_that_a_stranger_signed_is_refused(vault):
    run = copy_of(2)
    protected, unprotected, payload, _ = decode(run[3])
    message = encode(["Signature1", protected, golden.ORG, payload])
    signature = ec.generate_private_key(ec.SECP256R1()).sign(message, ec.ECDSA(hashes.SHA256()))
    raw = b"".join(half.to_bytes(32, "big") for half in decode_dss_signature(signature))
    run[3] = encode([protected, unprotected, payload, raw])
    name = put_run(vault, 2, encode(run))
    assert is_named(findings(vault), f"{name}: {place_of(2, -1)}: checkpoint: the signature")


def test_gaps_order_and_duplicates_of_a_phones_receipts_are_no_faults(vault):
    found = golden.EPOCHS[1]
    items = golden.receipt_items(found)
    path = vault / "receipts" / golden.HUB.hex() / found[0].epoch.hex()
    path.write_bytes(b"".join([items[3], items[0], items[2], items[0]]))
    assert len(findings(vault)) == len(REPORT["findings"])


def test_a_roster_that_drops_a_device_does_not_follow():
    before = golden.SEEN.rosters[1]
    content = dict(golden.SEEN.rosters[2].content)
    content[8] = content[8][1:]
    after = roster.Roster(golden.ORG, 3, b"", content)
    with pytest.raises(Wrong, match="drops device"):
        roster.check_successor(before, after)


# Encoding and codes


@pytest.mark.parametrize(
    "spelling",
    ["1801", "9f01ff", "f93c00", "f5", "c100", "a1616100", "a202000100", "a201000100", "0000"]
    + ["61ff", "c249010000000000000000", "3bffffffffffffffff", "81" * 16 + "00", "", "a12000"],
)
def test_bytes_in_another_spelling_are_no_value(spelling):
    with pytest.raises(NotCanonical):
        decode(bytes.fromhex(spelling))


def test_16_levels_are_read():
    assert decode(bytes.fromhex("81" * 15 + "00"))


def test_the_check_characters_of_every_golden_code_follow_from_the_standard():
    told = {e.fields[1]: e.kind for e in golden.ENTRIES if e.kind in (2, 4) and 1 in e.fields}
    assert told == {"IZM1-T03-0042-E5": codes.REMAINS, "IZM1-T03-G012-A0": codes.GRAVE}
    for code, kind in told.items():
        assert codes.identity_of(kind, code) == code.rsplit("-", 1)[0]
        assert codes.identity_of(kind, f"{code[:-1]}9") is None


def test_a_possible_name_stands_verbatim():
    assert [e.fields[3] for e in golden.ENTRIES if e.kind == 6] == [HINT_TEXT]


# Keys


@pytest.mark.parametrize("name", ["org-identity.age", "org-signing.age"])
def test_stock_age_opens_the_organisations_files_with_their_passphrase(name):
    opened = age_with_passphrase(ORGANISATION / name)
    assert opened.startswith("# Imena organisation")
    secret = opened.splitlines()[1]
    if name == "org-identity.age":
        assert secret == IDENTITY.read_text().strip()
    else:
        seed = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
        raw = seed.public_key().public_bytes_raw()
        assert (VAULT / "org.spki").read_bytes().endswith(raw)


def age_with_passphrase(path):
    """Types the passphrase where a person would: age reads it from the terminal only."""
    passphrase = (ORGANISATION / "passphrase.txt").read_text().strip()
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("age", ["age", "--decrypt", str(path)])
    said = b""
    while b"passphrase" not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, passphrase.encode() + b"\n")
    opened = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the terminal is gone with its program
            piece = b""
        if not piece:
            break
        opened += piece
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, opened
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", opened).decode().replace("\r", "")
    return text[text.index("#") :]


def test_the_phones_key_files_open_as_the_formats_say():
    def read(name):
        return decode(next((VAULT / "keys").glob(name)).read_bytes())

    def derive(key, info):
        return HKDF(hashes.SHA256(), 32, None, info.encode()).derive(key)

    def unlock(key, nonce, locked, purpose):
        return AESGCM(key).decrypt(nonce, locked, purpose)

    def unwrap(wrapped):
        return unlock(read("software.vault")[1], wrapped[:12], wrapped[12:], b"software vault")

    passcode, transfer, session = read("passcode.key"), read("transfer.key"), read("session-*.key")
    memory, passes, lanes = passcode[2]
    argon = {"iterations": passes, "lanes": lanes, "memory_cost": memory}
    stretched = Argon2id(salt=passcode[1], length=32, **argon).derive(PASSCODE)
    kek = derive(stretched + unwrap(passcode[3]), "imena kek v1")
    master = unlock(kek, passcode[4], passcode[5], b"passcode")
    assert derive(master, "imena check v1")[:16] == passcode[6]
    assert derive(unwrap(transfer[1]), "imena check v1")[:16] == transfer[2]
    secret = unlock(derive(master, "imena session v1"), session[2], session[3], b"session")
    assert secret.startswith(b"AGE-SECRET-KEY-1")
    name = f"session-{sha256(session[1].encode()).hex()[:16]}.key"
    assert (VAULT / "keys" / name).is_file()
    scalar = int.from_bytes(read("software.vault")[2], "big")
    key = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    der, info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    assert sha256(key.public_bytes(der, info)) == golden.FIRST


# The README


def test_the_readme_explains_the_very_bytes():
    resolve, grave = golden.entry_at(14), golden.entry_at(5)
    pairs = {sha256(pair[0]): pair for _, run in RUNS for pair in run[2]}
    assert golden.readme_bytes("A header") == pairs[resolve.id][0]
    assert resolve.id.hex() in golden.README
    assert golden.readme_bytes("A body") == pairs[grave.id][1]
    assert golden.readme_bytes("A checkpoint") == RUNS[0][1][3]
    assert golden.readme_bytes("A receipt") == golden.receipt_items(golden.EPOCHS[0])[1]


@pytest.mark.parametrize("phone", golden.PHONES.values())
def test_the_readme_tells_every_entry_by_its_kind(phone):
    told = []
    for seqs, text in golden.readme_rows(f"The {phone} phone"):
        told += [(seq, text.split()[0].strip("`,:")) for seq in golden.unspanned(seqs)]
    entries = [e for e in golden.ENTRIES_BY_PHONE if golden.PHONES[e.device] == phone]
    # The branches of a fork have no order of their own.
    assert sorted(told) == sorted((e.seq, KINDS.get(e.kind, str(e.kind))) for e in entries)


@pytest.mark.parametrize("thing", PLACES)
def test_one_of_everything_stands_where_the_readme_says(thing):
    places = dict(golden.readme_rows("One of everything"))
    assert PLACES[thing], f"{thing} stands nowhere"
    assert places.get(thing) == PLACES[thing]


def test_every_row_of_one_of_everything_is_checked():
    assert [thing for thing, _ in golden.readme_rows("One of everything")] == list(PLACES)
