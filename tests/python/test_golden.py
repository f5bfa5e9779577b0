"""The golden vault, read with other people's tools: it passes, and no change to it does."""

import gzip
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cbor2
import imena_verify
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

V1 = Path(__file__).parent.parent / "golden" / "v1"
VAULT, ORGANISATION = V1 / "vault", V1 / "organisation"
PASSCODE = b"golden test passcode"
IDENTITY = ORGANISATION / "identity.txt"
HINT_TEXT = "The Armed Forces of Ukraine defender Nesteren…"
FILES = sorted(path.relative_to(VAULT).as_posix() for path in VAULT.rglob("*") if path.is_file())
EVIDENCE = [name for name in FILES if not name.startswith(("keys/", "wire/", "join"))]
CHANGES_PER_FILE = 6


def canonical(value):
    return cbor2.dumps(value, canonical=True)


def age_open(path):
    command = ["age", "--decrypt", "--identity", str(IDENTITY), str(path)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def read_runs(root):
    """Every run as (path, map), in the order of their entries."""
    runs = [(path, cbor2.loads(gzip.decompress(age_open(path)))) for path in sealed(root, "runs")]
    return sorted(runs, key=lambda run: cbor2.loads(run[1][2][0][0])[3])


def sealed(root, where):
    return [path for path in (root / where).rglob("*") if path.is_file()]


RUNS = read_runs(VAULT)
SEQS = [[cbor2.loads(header)[3] for header, _ in run[2]] for _, run in RUNS]
DEVICE = cbor2.loads(RUNS[0][1][2][0][0])[2]
EVERY_SEQ = [(number, at) for number in (0, 1) for at in range(len(SEQS[number]))]


@pytest.fixture
def vault(tmp_path):
    """A copy to spoil."""
    return Path(shutil.copytree(VAULT, tmp_path / "vault"))


def faults(root):
    return imena_verify.verify(root, IDENTITY).faults


def names(found, place):
    return any(fault.startswith(f"{place}: ") or f" {place} " in fault for fault in found)


def place_of(seq):
    return f"device {DEVICE.hex()} seq {seq}"


def put_run(root, old, run):
    """Packs, seals and names a run as anybody could who knows the organisation's recipient."""
    recipient = cbor2.loads(cbor2.loads((root / "roster.cose").read_bytes())[2])[4][-1][1]
    packed = gzip.compress(canonical(run), mtime=0)
    command = ["age", "--encrypt", "--recipient", recipient]
    data = subprocess.run(command, input=packed, capture_output=True, check=True).stdout
    (root / "runs" / old.parent.name / old.name).unlink()
    name = imena_verify.sha256(data).hex()
    (root / "runs" / name[:2]).mkdir(exist_ok=True)
    (root / "runs" / name[:2] / name).write_bytes(data)


def respell(run, at, change):
    """Changes one header and chains all later entries of the run to it anew."""
    prev = None
    for number, pair in enumerate(run[2][at:], at):
        header = cbor2.loads(pair[0])
        if number == at:
            change(header)
        else:
            header[4] = prev
        pair[0] = canonical(header)
        prev = imena_verify.sha256(pair[0])


def test_the_golden_vault_passes_a_stranger():
    command = [sys.executable, imena_verify.__file__, str(VAULT), "--identity", str(IDENTITY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "0 faults"


def test_a_fault_is_printed_and_is_exit_code_1(vault):
    (vault / "receipts" / "000001.cose").unlink()
    command = [sys.executable, imena_verify.__file__, str(vault), "--identity", str(IDENTITY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "fault: receipts/000002.cose: receipt 1 of this hub" in done.stdout


def test_a_folder_that_is_not_there_is_exit_code_2(tmp_path):
    assert imena_verify.main([str(tmp_path / "none"), "--identity", str(IDENTITY)]) == 2


def spread(name):
    size = (VAULT / name).stat().st_size
    return [size * step // CHANGES_PER_FILE for step in range(CHANGES_PER_FILE)] + [size - 1]


@pytest.mark.parametrize(("name", "at"), [(name, at) for name in FILES for at in spread(name)])
def test_a_changed_byte_is_found_and_its_file_named(vault, name, at):
    data = bytearray((vault / name).read_bytes())
    data[at] ^= 1
    (vault / name).write_bytes(data)
    assert names(faults(vault), name)


@pytest.mark.parametrize("name", EVIDENCE)
def test_a_file_that_was_taken_away_is_missed(vault, name):
    (vault / name).unlink()
    found = faults(vault)
    stem = Path(name).name
    expected = {
        "000001.cose": "receipt 1 of this hub",
        "000002.cose": "wire/session.cose: receipt",
        "roster.cose": "roster.cose: cannot be read",
        "org.spki": "org.spki: cannot be read",
    }
    seqs = {path.name: run for (path, _), run in zip(RUNS, SEQS, strict=True)}
    missed = f"{place_of(seqs[stem][0])}" if stem in seqs else expected.get(stem, stem)
    assert any(missed in fault for fault in found), found


@pytest.mark.parametrize(("number", "at"), EVERY_SEQ)
def test_a_removed_entry_is_named(vault, number, at):
    path, run = read_runs(vault)[number]
    del run[2][at]
    put_run(vault, path, run)
    assert names(faults(vault), place_of(SEQS[number][at]))


@pytest.mark.parametrize(("number", "at"), EVERY_SEQ)
def test_a_doubled_entry_is_named(vault, number, at):
    path, run = read_runs(vault)[number]
    run[2].insert(at, run[2][at])
    put_run(vault, path, run)
    assert f"{place_of(SEQS[number][at])}: stands twice" in faults(vault)


@pytest.mark.parametrize(("number", "at"), [item for item in EVERY_SEQ if item[1] > 0])
def test_two_swapped_entries_are_named(vault, number, at):
    path, run = read_runs(vault)[number]
    run[2][at - 1 : at + 1] = reversed(run[2][at - 1 : at + 1])
    put_run(vault, path, run)
    assert f"{place_of(SEQS[number][at - 1])}: stands at another place" in faults(vault)


@pytest.mark.parametrize(("number", "at"), EVERY_SEQ)
def test_an_altered_header_is_named_although_all_after_it_was_chained_anew(vault, number, at):
    path, run = read_runs(vault)[number]
    respell(run, at, lambda header: header.update({11: header[11] + 1}))
    put_run(vault, path, run)
    last = place_of(SEQS[number][-1])
    assert any(f.startswith(f"{last}: the checkpoint is of entry") for f in faults(vault))


@pytest.mark.parametrize("at", range(len(SEQS[0])))
def test_an_altered_body_is_named(vault, at):
    path, run = read_runs(vault)[0]
    body = cbor2.loads(run[2][at][1])
    body[5] += "!"
    run[2][at][1] = canonical(body)
    put_run(vault, path, run)
    assert any(f"{place_of(SEQS[0][at])}: the body is not" in fault for fault in faults(vault))


def test_an_entry_in_another_spelling_is_refused(vault):
    path, run = read_runs(vault)[2]
    # The map's head in two bytes instead of one: the same values in another spelling.
    header = run[2][0][0]
    run[2][0][0] = bytes([0xB8, header[0] & 0x1F]) + header[1:]
    put_run(vault, path, run)
    assert any("entry header: not in deterministic encoding" in fault for fault in faults(vault))


def test_a_checkpoint_that_a_stranger_signed_is_refused(vault):
    path, run = read_runs(vault)[2]
    protected, unprotected, payload, _ = cbor2.loads(run[3])
    org = imena_verify.sha256((vault / "org.spki").read_bytes())
    message = canonical(["Signature1", protected, org, payload])
    signature = ec.generate_private_key(ec.SECP256R1()).sign(message, ec.ECDSA(hashes.SHA256()))
    raw = b"".join(half.to_bytes(32, "big") for half in decode_dss_signature(signature))
    run[3] = canonical([protected, unprotected, payload, raw])
    put_run(vault, path, run)
    expected = f"{place_of(SEQS[2][-1])}: the signature does not fit"
    assert any(fault.startswith(expected) for fault in faults(vault))


def test_a_gap_between_the_receipts_of_a_phone_is_a_note(vault):
    (vault / "receipts" / "000001.cose").unlink()
    report = imena_verify.verify(vault, IDENTITY, is_phone=True)
    gap = "receipts/000002.cose: receipt 1 of this hub should stand before it"
    assert gap in report.notes
    # What an entry says it has seen must be here all the same.
    assert any(fault.startswith(f"{place_of(10)}: it has seen") for fault in report.faults)


def test_a_receipt_under_another_number_is_missed_at_its_place(vault):
    shutil.copy(vault / "receipts" / "000001.cose", vault / "receipts" / "000003.cose")
    assert "receipts/000003.cose: a receipt that stands twice" in faults(vault)


@pytest.mark.parametrize(
    "spelling",
    ["1801", "9f01ff", "f93c00", "f5", "c100", "a1616100", "a202000100", "a201000100", "0000"]
    + ["61ff", "c249010000000000000000", "3bffffffffffffffff", "81" * 16 + "00", "", "a12000"],
)
def test_bytes_in_another_spelling_are_no_value(spelling):
    with pytest.raises(imena_verify.Wrong):
        imena_verify.decode(bytes.fromhex(spelling), "value")


def test_16_levels_are_read():
    assert imena_verify.decode(bytes.fromhex("81" * 15 + "00"), "value")


def golden_entries():
    for _, run in RUNS:
        for header, body in run[2]:
            yield cbor2.loads(header), None if body is None else cbor2.loads(body)


def test_the_check_characters_of_every_golden_code_follow_from_the_standard():
    assert imena_verify.check_characters("IZM1T030042") == "E5"
    assert imena_verify.check_characters("IZM1T03G012") == "A0"
    codes = [b[1][1] for h, b in golden_entries() if b and h[5] in (2, 4) and 1 in b[1]]
    assert sorted(codes) == ["IZM1-T03-0042-E5", "IZM1-T03-G012-A0"]
    for code in codes:
        payload, check = code.rsplit("-", 1)
        assert imena_verify.check_characters(payload.replace("-", "")) == check


def test_a_possible_name_stands_verbatim():
    assert [b[1][3] for h, b in golden_entries() if b and h[5] == 6] == [HINT_TEXT]


def test_the_golden_vault_holds_what_its_readme_says():
    kinds = [header[5] for header, _ in golden_entries()]
    assert kinds == [64, 7, 66, 1, 2, 3, 20, 4, 5, 68, 6, 2, 2, 2, 3, 3, 999, 67]
    assert [header[3] for header, body in golden_entries() if body is None] == [15]


@pytest.mark.parametrize("name", ["org-identity.age", "org-signing.age"])
def test_stock_age_opens_the_organisations_files_with_their_passphrase(name):
    opened = age_with_passphrase(ORGANISATION / name)
    assert opened.startswith("# Imena organisation")
    secret = opened.splitlines()[1]
    if name == "org-identity.age":
        assert secret == IDENTITY.read_text().strip()
    else:
        seed = imena_verify.ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
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
        return cbor2.loads(next((VAULT / "keys").glob(name)).read_bytes())

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
    scalar = int.from_bytes(read("software.vault")[2], "big")
    key = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    der, info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    assert imena_verify.sha256(key.public_bytes(der, info)) == DEVICE


def explained(title):
    """The bytes of one listing of the golden README."""
    readme = (V1 / "README.md").read_text()
    listing = readme.split(f"\n## {title}\n", 1)[1].split("```", 2)[1]
    lines = listing.splitlines()[1:]
    return bytes.fromhex("".join(line.split("#", 1)[0] for line in lines))


def test_the_readme_explains_the_very_bytes():
    assert explained("A header") == RUNS[1][1][2][4][0]
    assert explained("A body") == RUNS[0][1][2][4][1]
    assert explained("A checkpoint") == RUNS[0][1][3]
    assert explained("A receipt") == (VAULT / "receipts" / "000002.cose").read_bytes()
