"""Our reader and the stranger's tell the same of the golden vault, whole and spoiled (§10)."""

import json
import os
import re
import shutil
import subprocess

import golden_vault as golden
import imena_verify
import pytest
from golden_vault import IDENTITY, ORGANISATION, RUNS, changed, copy_of, put_run
from imena_reader.encoding import encode
from imena_reader.verify import verify


@pytest.fixture
def vault(tmp_path):
    return golden.copy_to(tmp_path)


def about(place):
    """The device, hub or file that a place names: the start of its id, or its last word."""
    named = re.search(r"[0-9a-f]{8,64}", place)
    return named[0][:8] if named else re.split("[ /]", place)[-1]


def compare_with_imena(root):
    """The two objects; of each finding only the id or the file that it is about.

    Words and places of findings are each reader's own, and a reader may find more than another.
    """
    passphrase = (ORGANISATION / "passphrase.txt").read_text().strip()
    command = [os.environ["IMENA_BIN"], "verify", "--dir", str(root)]
    command += ["--org", str(ORGANISATION), "--json"]
    surroundings = os.environ | {"IMENA_PASSPHRASE": passphrase}
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings, check=False)
    assert done.returncode in (imena_verify.SOUND, imena_verify.FOUND), done.stderr
    ours, theirs = json.loads(done.stdout), verify(root, IDENTITY).report()
    assert (done.returncode == imena_verify.FOUND) == bool(ours["findings"])
    for report in (ours, theirs):
        report["findings"] = sorted(about(item["place"]) for item in report["findings"])
    return ours, theirs


def spoil_nothing(_root):
    pass


def spoil_a_run(root):
    path = root / "runs" / RUNS[1][0].parent.name / RUNS[1][0].name
    path.write_bytes(changed(path.read_bytes(), 700))


def take_a_run_away(root):
    (root / "runs" / RUNS[1][0].parent.name / RUNS[1][0].name).unlink()


def take_the_lost_phones_runs_away(root):
    for path, run in RUNS:
        if golden.PHONES[golden.first_header(run)[2]] == "lost":
            (root / "runs" / path.parent.name / path.name).unlink()


def take_a_blob_away(root):
    next(path for path in (root / "blobs").rglob("*") if path.is_file()).unlink()


def take_the_last_roster_away(root):
    (root / "rosters" / "3.age").unlink()


def take_all_rosters_away(root):
    shutil.rmtree(root / "rosters")


def take_the_receipts_away(root):
    shutil.rmtree(root / "receipts")


def receipts_of(root, epoch):
    return root / "receipts" / golden.HUB.hex() / golden.EPOCHS[epoch][0].epoch.hex()


def cut_a_file_of_receipts(root):
    path = receipts_of(root, 1)
    path.write_bytes(path.read_bytes()[:-1])


def spoil_a_receipt(root):
    path = receipts_of(root, 0)
    path.write_bytes(changed(path.read_bytes(), path.stat().st_size - 1))


def double_and_leave_out_receipts(root):
    items = golden.receipt_items(golden.EPOCHS[1])
    receipts_of(root, 1).write_bytes(b"".join([items[3], items[0], items[2], items[0]]))


def take_the_first_epoch_away(root):
    receipts_of(root, 0).unlink()


def spoil_the_second_roster(root):
    path = root / "rosters" / "2.age"
    path.write_bytes(changed(path.read_bytes(), path.stat().st_size - 1))


def spoil_a_blob(root):
    path = next(path for path in sorted((root / "blobs").rglob("*")) if path.is_file())
    path.write_bytes(changed(path.read_bytes(), path.stat().st_size - 1))


def take_the_first_run_away(root):
    (root / "runs" / RUNS[0][0].parent.name / RUNS[0][0].name).unlink()


def leave_an_entry_out_of_a_run(root):
    run = copy_of(1)
    del run[2][4]
    put_run(root, 1, encode(run))


def leave_the_first_entry_out_of_a_run(root):
    run = copy_of(1)
    del run[2][0]
    put_run(root, 1, encode(run))


def lay_it_out_as_a_hub_does(root):
    shutil.copytree(root / "blobs", root / "files")
    shutil.copytree(root / "runs", root / "files", dirs_exist_ok=True)
    shutil.rmtree(root / "blobs")
    shutil.rmtree(root / "runs")


@pytest.mark.skipif("IMENA_BIN" not in os.environ, reason="IMENA_BIN names no built imena")
@pytest.mark.parametrize(
    "spoil",
    [
        spoil_nothing,
        spoil_a_run,
        take_a_run_away,
        take_the_lost_phones_runs_away,
        take_a_blob_away,
        take_the_last_roster_away,
        take_the_receipts_away,
        cut_a_file_of_receipts,
        spoil_a_receipt,
        double_and_leave_out_receipts,
        take_the_first_epoch_away,
        spoil_the_second_roster,
        spoil_a_blob,
        take_the_first_run_away,
        leave_an_entry_out_of_a_run,
        leave_the_first_entry_out_of_a_run,
        lay_it_out_as_a_hub_does,
    ],
)
def test_imena_verify_tells_the_same_as_a_stranger(vault, spoil):
    spoil(vault)
    ours, theirs = compare_with_imena(vault)
    assert sorted(ours) == sorted(theirs)
    for key in theirs:
        assert ours[key] == theirs[key], key


@pytest.mark.skipif("IMENA_BIN" not in os.environ, reason="IMENA_BIN names no built imena")
def test_without_a_roster_both_tell_the_same_and_each_finds_what_it_finds(vault):
    take_all_rosters_away(vault)
    ours, theirs = compare_with_imena(vault)
    assert ours.pop("findings") and theirs.pop("findings")
    assert ours == theirs
