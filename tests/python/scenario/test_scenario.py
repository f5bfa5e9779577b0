"""The scenario of docs/design/scenario.md in Python: one step a test, in order, on one vault and a real hub."""

import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import imena
import pytest
from conftest import PASSCODE, ROOT, Listener, Vault, chunks, field, first
from imena import CoreError

READER = ROOT / "tests/python/imena_verify.py"


def test_01_a_folder_without_a_vault_says_so(world):
    with pytest.raises(CoreError.NoVault):
        imena.FieldStore.open_vault(world.config(world.folder / "nowhere"), world.vault)
    with pytest.raises(CoreError.Invalid):
        imena.FieldStore.open_vault(world.config("a\0b"), world.vault)
    blocked = world.folder / "a file"
    blocked.write_text("in the way")
    with pytest.raises(CoreError.StorageFailed):
        join(world, world.config(blocked), Vault(world.folder / "other"))


def test_02_joining_needs_a_true_code_and_a_willing_vault(world):
    with pytest.raises(CoreError.Invalid) as refused:
        join(world, code="IMENA1:NONSENSE")
    assert refused.value.field == "join_code"
    for name in ["", "x" * 10_000_000, "T\0 1"]:
        with pytest.raises(CoreError.Invalid):
            join(world, name=name)
    world.vault.mood = "wrap"
    with pytest.raises(CoreError.KeyUnavailable):
        join(world)
    world.vault.mood = None
    world.store = join(world)
    status = world.store.status()
    assert status.vault_state == imena.VaultState.UNLOCKED
    assert status.issuer.startswith("Z") and status.device_name == "T01"


def test_03_a_vault_is_opened_once(world):
    with pytest.raises(CoreError.AlreadyOpen):
        imena.FieldStore.open_vault(world.config(), world.vault)
    with pytest.raises(CoreError.AlreadyOpen):
        join(world)
    other = world.child(world.vault_dir, PASSCODE, "-")
    assert other.communicate(timeout=60)[0] == "already open\n"


def test_04_work_starts_with_an_operator(world):
    roles = [imena.list_terms("operator_role", language)[0] for language in imena.Language]
    assert [(role.code, role.label) for role in roles] == [("rescuer", "rescuer"), ("rescuer", "рятувальник")]
    with pytest.raises(CoreError.Invalid) as refused:
        imena.list_terms("roles", imena.Language.ENGLISH)
    assert "operator_role" in refused.value.reason
    operator = imena.record(world.store, "operator", display_name="Kashtan", role="rescuer", organisation="")
    world.store.start_work(operator.subject.id)
    (row,) = imena.rows(world.store, "operator")
    assert (row["id"], row["display_name"]) == (operator.subject.id, "Kashtan")


def test_05_site_grave_marker_and_remains_are_recorded(world):
    store = world.store
    site = imena.record(store, "site", place_code="LYS1", name="Forest edge", type="grave_field")
    world.site = site
    world.grave = imena.record(store, "grave", site=site, kind="individual_marked")
    said = {"site": site, "kind": "cross", "text_verbatim": "№ 319 \u200fابن", "number_text": "319"}
    marker = world.marker = imena.record(store, "marker", links=[world.grave], **said)
    world.remains = imena.record(store, "remains", site=site, grave=world.grave)
    view = world.view(marker)
    assert field(view, "text_verbatim").value == imena.FieldValue.TEXT("№ 319 \u200fابن")
    assert [link.other.code for link in view.links] == [world.grave.code]
    assert [(content.kind, content.count) for content in world.view(site).contents] == [
        ("grave", 1),
        ("marker", 1),
        ("remains", 1),
    ]
    (row,) = imena.rows(store, "remains", world.grave)
    assert row["code"] == world.remains.code
    found = store.find_code(world.remains.code.lower())
    assert (found.subject, found.is_known, found.is_guessed) == (world.remains.subject, True, False)


def test_06_a_possible_name_keeps_its_lost_letters(world):
    hint = imena.record(
        world.store,
        "person_hint",
        owner=world.remains,
        source="bag_label",
        text_verbatim="The Armed Forces of Ukraine defender Nesteren...",
        parts=[("surname", "Nesteren...")],
        reason="written by hand on the bag",
        confidence="certain_reading",
    )
    (row,) = imena.rows(world.store, "person_hint", world.remains)
    assert row["id"] == hint.subject.id and row["parts"] == [("surname", "Nesteren…")]
    letters = imena.read_letters(row["parts"][0][1])
    assert (letters.letters, letters.is_cut_left, letters.is_cut_right) == ("Nesteren", False, True)


def test_07_a_photo_comes_in_chunks(world):
    path, sha256 = world.picture("12mp.jpg", 1, "12mp")
    listener = Listener()
    subscription = world.store.subscribe_changes(listener)
    capture_id = str(uuid.uuid4())
    saved = world.capture(path, capture_id=capture_id, shot_code="B1")
    assert (saved.sha256, saved.size_bytes) == (sha256, path.stat().st_size)
    assert saved.outcome == imena.SavedOutcome.NEW
    again = world.capture(path, capture_id=capture_id, shot_code="B1")
    assert (again.photo_id, again.outcome) == (saved.photo_id, imena.SavedOutcome.ALREADY_SAVED)
    world.photo = saved.photo_id
    names = lambda notices: any(s.id == world.photo for n in notices for s in n.subjects)
    listener.wait_for(names)
    seen = [notice.seq for notice in listener.notices]
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    photo = world.photo_view(world.photo)
    assert (photo.status, photo.shot.code) == (imena.PhotoStatus.HERE_ONLY, "B1")
    assert world.store.thumbnail(world.photo).startswith(b"\xff\xd8")
    subscription.cancel()
    assert not subscription.is_active()


def test_08_a_capture_that_goes_wrong_is_never_called_saved(world):
    path, _ = world.picture("small.jpg", 2)
    with pytest.raises(CoreError.MediaUnreadable):
        world.store.begin_photo(world.draft()).finish(imena.CaptureFacts())
    capture = world.store.begin_photo(world.draft())
    capture.append(b"")
    with pytest.raises(CoreError.Invalid):
        capture.append(bytes(65_537))
    for chunk in chunks(path):
        capture.append(chunk)
    with pytest.raises(CoreError.IntegrityFailed) as failed:
        capture.finish(imena.CaptureFacts(expected_bytes=1))
    assert failed.value.found_bytes == path.stat().st_size
    with pytest.raises(CoreError.Refused):
        capture.append(b"more")
    with pytest.raises(CoreError.Invalid):
        world.store.begin_photo(world.draft(capture_id="shutter 1"))
    with pytest.raises(CoreError.Invalid):
        world.store.begin_photo(world.draft(file_name="x" * 10_000_000))
    facts = imena.CaptureFacts(position=imena.Position(lat_deg=91.0, lon_deg=0.0, provider=imena.PositionProvider.GNSS))
    capture = world.store.begin_photo(world.draft())
    capture.append(b"x")
    with pytest.raises(CoreError.Invalid):
        capture.finish(facts)
    capture.abandon()


def imported_and_listed(world, path, draft):
    """Imports a file and waits until lists know it, which they do after the answer."""
    listener = Listener()
    subscription = world.store.subscribe_changes(listener)
    saved = world.store.import_photo(str(path), draft)
    listener.wait_for(lambda notices: any(s.id == saved.photo_id for n in notices for s in n.subjects))
    subscription.cancel()
    return saved, world.photo_view(saved.photo_id)


def test_09_a_file_is_imported_by_path_and_by_descriptor(world):
    path, sha256 = world.picture("import.jpg", 3)
    imported = {"origin": imena.PhotoSource.IMPORTED_FILE, "file_name": path.name}
    assert world.store.import_photo(str(path), world.draft(**imported)).sha256 == sha256
    path, sha256 = world.picture("descriptor.jpg", 4)
    descriptor = os.dup(os.open(path, os.O_RDONLY))
    assert world.store.import_photo_descriptor(descriptor, world.draft(**imported)).sha256 == sha256
    with pytest.raises(OSError):
        os.fstat(descriptor)
    cut = world.folder / "cut.jpg"
    cut.write_bytes(path.read_bytes()[:-2000])
    saved, photo = imported_and_listed(world, cut, world.draft(**imported))
    assert [defect.code for defect in saved.defects] == ["truncated"]
    assert photo.should_retake
    facts = {fact.code: fact for fact in photo.facts}
    assert int(facts["width"].shown) > 0 and all(fact.shown for fact in photo.facts)
    named = world.draft(origin=imena.PhotoSource.IMPORTED_FILE, file_name_bytes=b"\xf4\xee.jpg")
    _, photo = imported_and_listed(world, cut, named)
    assert photo.file_name_bytes == b"\xf4\xee.jpg"
    elsewhere = f"/dev/shm/imena-{uuid.uuid4()}.jpg"
    try:
        with open(elsewhere, "wb") as file:
            file.write(path.read_bytes() + b"elsewhere")
        assert world.store.import_photo(elsewhere, world.draft(**imported)).outcome == imena.SavedOutcome.NEW
    finally:
        os.remove(elsewhere)


def test_10_what_is_no_file_is_not_imported(world):
    closed = os.open("/dev/null", os.O_RDONLY)
    os.close(closed)
    for descriptor in [closed, -1, 1_000_000]:
        with pytest.raises(CoreError.MediaUnreadable):
            world.store.import_photo_descriptor(descriptor, world.draft())
    for path in ["/nowhere/at/all.jpg", str(world.folder), "a\0b", "/dev/null"]:
        with pytest.raises(CoreError.MediaUnreadable):
            world.store.import_photo(path, world.draft())
    secret = world.folder / "secret.jpg"
    secret.write_bytes(b"x")
    secret.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(CoreError.MediaUnreadable):
            world.store.import_photo(str(secret), world.draft())


def test_11_a_listener_that_throws_is_told_to_reload_and_one_may_call_the_store(world):
    def fail(notice):
        if len(throwing.notices) == 1:
            raise RuntimeError("a bug in a screen")

    throwing, calling = Listener(fail), Listener(lambda _: world.store.status())
    kept = [world.store.subscribe_changes(listener) for listener in (throwing, calling)]
    for count in (1, 2):
        imena.record(world.store, "grave", site=world.site)
        throwing.wait_for(lambda notices: len(notices) >= count)
    assert [notice.must_reload for notice in throwing.notices[:2]] == [False, True]
    calling.wait_for(lambda notices: len(notices) >= 2)
    for subscription in kept:
        subscription.cancel()


def test_12_what_a_person_gets_wrong_is_named_and_nothing_is_recorded(world):
    store, site = world.store, world.site
    listed = lambda: [row["code"] for row in imena.rows(store, "grave", site)]
    before = listed()
    stranger, english = str(uuid.uuid4()), imena.Language.ENGLISH
    lost = imena.SubjectRef(kind="site", id=stranger)
    grave = lambda **values: imena.record(store, "grave", **({"site": site} | values))
    place = lambda **values: imena.record(store, "site", **({"place_code": "LYS2", "name": "x"} | values))
    query = imena.RecordQuery(kind="grave", parent_id=site.subject.id, language=english)
    cases = [
        (CoreError.NotFound, lambda: store.get_record(stranger, english)),
        (CoreError.NotFound, lambda: store.get_record("no id", english)),
        (CoreError.NotFound, lambda: imena.amend(store, lost, name="x")),
        (CoreError.NotFound, lambda: grave(site=lost)),
        (CoreError.NotFound, lambda: imena.amend(store, imena.SubjectRef(kind="grave", id=site.subject.id), kind="multiple")),
        (CoreError.Refused, lambda: grave(code=world.grave.code)),
        (CoreError.Invalid, lambda: grave(code="LYS1-1-T01-G001-XX")),
        (CoreError.Invalid, lambda: grave(kind="palace")),
        (CoreError.Invalid, lambda: grave(number_text="319")),
        (CoreError.Invalid, lambda: grave(kind=imena.FieldValue.NUMBER(1))),
        (CoreError.Invalid, lambda: imena.record(store, "grave")),
        (CoreError.Invalid, lambda: imena.record(store, "photo")),
        (CoreError.Invalid, lambda: grave(code_as_typed="LYS1")),
        (CoreError.Invalid, lambda: grave(site=imena.SubjectRef(kind="site", id=world.marker.subject.id))),
        (CoreError.Invalid, lambda: imena.resolve(store, site, "place_code", None)),
        (CoreError.NotFound, lambda: store.start_work(stranger)),
        (CoreError.Invalid, lambda: store.record(imena.RecordDraft(kind="castle", fields={}))),
        (CoreError.Invalid, lambda: place(name="x" * 10_000_000)),
        (CoreError.Invalid, lambda: place(name="a\0b")),
        (CoreError.Invalid, lambda: place(why="x" * 10_000_000)),
        (CoreError.Invalid, lambda: imena.amend(store, site)),
        (CoreError.Invalid, lambda: imena.amend(store, world.grave, code="LYS1-T01-G009-XX")),
        (CoreError.Invalid, lambda: imena.resolve(store, site, "colour", "red")),
        (CoreError.Refused, lambda: imena.resolve(store, site, "name", "Edge")),
        (CoreError.Invalid, lambda: store.withdraw(site.subject.id, imena.Circumstances(reason=" "))),
        (CoreError.Invalid, lambda: store.link_records(site.subject, world.grave.subject, imena.Circumstances())),
        (CoreError.Invalid, lambda: store.list_records(query, imena.PageQuery(limit=0))),
        (CoreError.Invalid, lambda: store.list_records(query, imena.PageQuery(after="…", limit=1))),
        (UnicodeEncodeError, lambda: store.find_code("\ud800")),
    ]
    for error, call in cases:
        with pytest.raises(error):
            call()
    assert listed() == before
    assert list(imena.rows(store, "grave", lost)) == []
    draft = imena.draft("marker", kind="palace", number_text="x" * 300, colour="red")
    found = store.check_draft(draft, imena.Language.UKRAINIAN)
    assert [(finding.field, finding.rule) for finding in found] == [
        ("site", "owed"),
        ("kind", "not_a_term"),
        ("number_text", "too_long"),
        ("colour", "no_such_field"),
    ]


def test_13_fifty_threads_get_fifty_codes(world):
    with ThreadPoolExecutor(50) as pool:
        made = pool.map(lambda _: imena.record(world.store, "remains", site=world.site), range(50))
        codes = {one.code for one in made}
    assert len(codes) == 50
    assert codes < {row["code"] for row in imena.rows(world.store, "remains", world.site)}


def test_14_the_operator_lets_the_phone_in_and_receipts_come(world):
    _, changes = imena.sync(world.store, patience_s=2)
    digits = next(change.six_digits for change in changes if change.is_ENROLLING())
    assert world.store.status().six_digits == digits
    world.stage.tell("admit", digits)
    world.stage.tell("unlock_hub")
    _, changes = imena.sync(world.store)
    assert any(change.is_ADMITTED() for change in changes)
    assert any(change.is_RECEIPT() for change in changes)
    status = world.store.status()
    assert (status.waiting_files, status.originals_on_hub) == (0, status.originals) and status.originals == 6
    assert world.photo_view(world.photo).status in (imena.PhotoStatus.ON_HUB, imena.PhotoStatus.CHECKED_ON_HUB)


def test_15_another_key_than_the_pinned_one_gets_nothing(world):
    hub = world.store.list_hubs()[0]
    desk = world.store.begin_transfers(hub, imena.LinkCost.FREE, imena.TransferPurpose.SYNC)
    job = desk.plan_transfer().job
    assert desk.plan_transfer().job == job, "asked again before its report, it is the same"
    other_pin = imena.HubAddress(hub_id=hub.hub_id, address=hub.address, spki_pins=[bytes(32)])
    job.hub = other_pin
    assert imena.perform(job) == imena.LinkFailure.WRONG_PIN
    changes = desk.report_failure(job.job_id, imena.LinkFailure.WRONG_PIN)
    assert changes[0].trouble.is_NETWORK_NEEDS_LOGIN()
    with pytest.raises(CoreError.NotFound):
        desk.report_failure(job.job_id, imena.LinkFailure.CUT)
    nobody = imena.HubAddress(hub_id=hub.hub_id, address="127.0.0.1:9", spki_pins=hub.spki_pins)
    with pytest.raises(CoreError.NoHub):
        world.store.begin_transfers(nobody, imena.LinkCost.FREE, imena.TransferPurpose.SYNC)


def test_16_a_reply_is_believed_only_if_a_hub_signed_it(world):
    hub = world.store.list_hubs()[0]
    desk = world.store.begin_transfers(hub, imena.LinkCost.FREE, imena.TransferPurpose.SYNC)
    job = desk.plan_transfer().job
    portal = imena.ReplyBody.BYTES(b"<html>login")
    reply = imena.TransferReply(status=200, content_type="text/html", body=portal, pin_seen=hub.spki_pins[0])
    with pytest.raises(CoreError.Invalid):
        desk.accept_reply(job.job_id, imena.TransferReply(status=200, content_type="", body=portal, pin_seen=b"short"))
    changes = desk.accept_reply(job.job_id, reply)
    assert changes[0].trouble.is_NETWORK_NEEDS_LOGIN()


def test_17_space_is_not_freed_before_every_condition_is_met(world):
    desk, _ = imena.sync(world.store, imena.TransferPurpose.SYNC_AND_FREE)
    outcome = desk.free_originals()
    assert (outcome.freed_originals, outcome.kept_originals) == (0, 6)
    missing = {term.code for kept in outcome.kept for term in kept.missing}
    assert {"receipts", "days"} <= missing
    assert world.store.status().originals == 6


def test_18_a_locked_vault_sends_and_shows_nothing(world):
    path, _ = world.picture("before-lock.jpg", 5)
    world.capture(path)
    world.store.lock()
    for call in (lambda: world.sites(), lambda: world.store.begin_photo(world.draft())):
        with pytest.raises(CoreError.Locked):
            call()
    assert world.store.status().waiting_files > 0
    imena.sync(world.store)
    assert world.store.status().waiting_files == 0
    for wrong in ["654321", "x" * 10_000_000]:
        with pytest.raises((CoreError.WrongPasscode, CoreError.Invalid)):
            world.store.unlock(wrong)
    world.store.unlock(PASSCODE)
    assert world.sites() == ["LYS1"]


def test_19_a_vault_that_fails_costs_nothing(world):
    for mood in ["throw", "refuse", "lie"]:
        world.vault.mood = mood
        imena.record(world.store, "grave", site=world.site)
        with pytest.raises(CoreError.KeyUnavailable):
            hub = world.store.list_hubs()[0]
            world.store.begin_transfers(hub, imena.LinkCost.FREE, imena.TransferPurpose.SYNC)
        world.vault.mood = None
    imena.sync(world.store)
    assert world.store.status().waiting_files == 0


def test_20_a_vault_that_blocks_keeps_nobody_else_waiting(world):
    imena.record(world.store, "grave", site=world.site)
    world.vault.mood = "block"
    waiting = threading.Thread(target=lambda: imena.sync(world.store))
    waiting.start()
    time.sleep(0.2)
    path, _ = world.picture("meanwhile.jpg", 6)
    assert world.capture(path).outcome == imena.SavedOutcome.NEW
    assert world.store.status().vault_state == imena.VaultState.UNLOCKED
    assert world.sites() == ["LYS1"]
    world.vault.mood = None
    world.vault.may_go_on.set()
    waiting.join(60)
    assert not waiting.is_alive()


def test_21_a_long_job_tells_how_far_it_is_and_can_be_cancelled(world):
    outcome = world.store.start_verify().outcome_within(60_000).outcome
    assert outcome.findings == [] and outcome.files > 4 and outcome.receipts > 0
    paths = [str(world.picture(f"card-{number}.jpg", 100 + number)[0]) for number in range(20)]
    job = world.store.start_import(imena.ImportDraft(paths=paths * 100, origin=imena.PhotoSource.CAMERA_CARD))
    while job.progress().done < 3:
        time.sleep(0.01)
    job.cancel()
    with pytest.raises(CoreError.Cancelled):
        job.outcome_within(60_000)
    progress = job.progress()
    assert progress.state == imena.JobState.CANCELLED and 3 <= progress.done < progress.all == 2000
    draft = imena.ImportDraft(paths=[*paths[:2], "/nowhere.jpg"], origin=imena.PhotoSource.CAMERA_CARD)
    outcome = world.store.start_import(draft).outcome_within(60_000).outcome
    assert (len(outcome.saved), [refusal.position for refusal in outcome.refused]) == (2, [2])
    with pytest.raises(CoreError.Invalid):
        world.store.start_import(imena.ImportDraft(paths=["x"] * 2001, origin=imena.PhotoSource.CAMERA_CARD))


def test_22_a_phone_that_suspends_the_app_finds_the_vault_closed_and_goes_on(world):
    world.store.prepare_for_suspend()
    world.store.prepare_for_suspend()
    with pytest.raises(CoreError.Suspended):
        world.store.status()
    other = imena.FieldStore.open_vault(world.config(), world.vault)
    with pytest.raises(CoreError.AlreadyOpen):
        world.store.resume()
    assert other.shut_down() == imena.ShutDownOutcome.CLOSED
    world.store.resume()
    world.store.resume()
    assert world.sites() == ["LYS1"], "as unlocked as before"


def test_23_shutting_down_is_safe_while_calls_run_and_says_so_afterwards(world):
    stop, errors = threading.Event(), []

    def call_on():
        while not stop.is_set():
            try:
                world.sites()
            except CoreError.ShutDown:
                return
            except Exception as error:  # noqa: BLE001 what it is, is the finding
                errors.append(error)
                return

    threads = [threading.Thread(target=call_on) for _ in range(8)]
    [thread.start() for thread in threads]
    subscription = world.store.subscribe_changes(Listener())
    job = world.store.start_verify()
    assert world.store.shut_down() == imena.ShutDownOutcome.CLOSED
    stop.set()
    [thread.join(60) for thread in threads]
    assert errors == []
    assert world.store.shut_down() == imena.ShutDownOutcome.CLOSED
    assert not subscription.is_active()
    for call in (world.store.status, world.store.resume, lambda: world.store.unlock(PASSCODE)):
        with pytest.raises(CoreError.ShutDown):
            call()
    assert job.progress().state in (imena.JobState.CANCELLED, imena.JobState.DONE)


def test_24_a_process_killed_in_the_middle_loses_nothing_that_it_called_saved(world):
    path, _ = world.picture("killed.jpg", 7)
    child = world.child(world.vault_dir, PASSCODE, path)
    saved = child.stdout.readline().split()
    assert saved[0] == "saved"
    assert child.stdout.readline() == "half done\n"
    child.kill()
    child.wait()
    world.store = imena.FieldStore.open_vault(world.config(), world.vault)
    outcome = world.store.unlock(PASSCODE)
    assert outcome.quarantined_files + outcome.recovered_photos >= 1, "the half photo is set aside, not lost"
    assert world.photo_view(saved[1]).size_bytes == path.stat().st_size + len(b"saved")


def test_25_a_panic_is_an_error_and_the_store_says_whether_it_can_go_on(world):
    setenv = ctypes.CDLL(None).setenv
    try:
        setenv(b"IMENA_PANIC_IN", b"list_history", 1)
        with pytest.raises(CoreError.Internal) as error:
            history(world)
        assert len(error.value.report_id) == 8
        assert world.sites() == ["LYS1"], "a call that only reads leaves nothing half done"
        setenv(b"IMENA_PANIC_IN", b"record", 1)
        with pytest.raises(CoreError.Internal):
            imena.record(world.store, "operator", display_name="Klen", role="rescuer")
        with pytest.raises(CoreError.MustReopen):
            world.sites()
    finally:
        setenv(b"IMENA_PANIC_IN", b"", 1)
    assert world.store.shut_down() == imena.ShutDownOutcome.CLOSED
    world.store = imena.FieldStore.open_vault(world.config(), world.vault)
    world.store.unlock(PASSCODE)
    assert world.sites() == ["LYS1"]


def test_26_log_lines_tell_places_and_no_names(world):
    class Sink(imena.LogSink):
        lines = []

        def take_line(self, level, target, text):
            self.lines.append(text)
            raise RuntimeError("a sink that fails")

    imena.set_log_sink(Sink())
    setenv = ctypes.CDLL(None).setenv
    setenv(b"IMENA_PANIC_IN", b"list_history", 1)
    with pytest.raises(CoreError.Internal) as error:
        history(world)
    setenv(b"IMENA_PANIC_IN", b"", 1)
    imena.set_log_sink(None)
    line = next(line for line in Sink.lines if error.value.report_id in line)
    assert "guard.rs" in line and "Kashtan" not in line


def test_27_the_terminal_program_finds_the_vault_sound(world):
    path = world.folder / "12mp.jpg"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert world.photo_view(world.photo).sha256 == sha256
    imena.sync(world.store)
    assert world.store.shut_down() == imena.ShutDownOutcome.CLOSED
    said = world.stage.tell("verify", world.vault_dir)["said"]
    assert "Nothing_is_wrong." in said


@pytest.mark.parametrize("folder", ["vault", "hub"])
def test_28_a_stranger_reads_the_phones_and_the_hubs_folder_as_imena_does(world, folder):
    copy = world.folder / f"{folder}-copy"
    shutil.copytree(world.folder / folder, copy)
    told = world.stage.tell("verify_without_databases", copy)
    command = [sys.executable, READER, copy, "--json", "--identity", world.folder / told["identity"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    theirs = json.loads(done.stdout)
    assert json.loads((world.folder / told["report"]).read_text()) == theirs
    assert theirs["findings"] == [] and theirs["receipts"] and theirs["introduced"] > 10


def test_29_the_next_morning_something_is_said_anew_and_its_history_tells_all(world):
    world.store = imena.FieldStore.open_vault(world.config(), world.vault)
    world.store.unlock(PASSCODE)
    marker = world.marker
    imena.amend(world.store, marker, why="washed and read again", number_text="318", status="fallen")
    imena.amend(world.store, marker, number_text=imena.Gap("not_determined"))
    view = world.view(marker)
    number = field(view, "number_text")
    assert (number.value, number.shown) == (imena.FieldValue.GAP("not_determined"), "not determined")
    assert (number.by.operator_name, number.by.device_name) == ("Kashtan", "T01")
    imena.amend(world.store, marker, status=None)
    effect = imena.record(world.store, "effect", remains=world.remains, category="textile_wristband", colours=["blue", "yellow"])
    assert effect.code.startswith(world.remains.code + "/")
    assert all(each.code != "status" or not each.shown for each in world.view(marker).sections[1].fields)
    told = history(world, marker, "number_text")
    assert [(entry.act, entry.fields[0].shown) for entry in told] == [
        (imena.EntryAct.AMENDED, "not determined"),
        (imena.EntryAct.AMENDED, "318"),
        (imena.EntryAct.CREATED, "319"),
    ]
    assert told[1].circumstances.reason == "washed and read again"
    page = lambda after: world.store.list_history(
        marker.subject.id, None, imena.PageQuery(after=after, limit=3), imena.Language.UKRAINIAN
    )
    newest = page(None)
    assert [entry.act_label for entry in newest.entries] == ["змінено"] * 3
    assert [entry.act for entry in page(newest.next).entries] == [imena.EntryAct.CREATED]


def test_30_two_phones_disagree_and_a_person_ends_it(world):
    store, grave = world.store, world.grave
    world.stage.tell("meet_other")
    imena.sync(store)
    world.stage.tell("other", "sync")
    imena.amend(store, grave, kind="multiple")
    world.stage.tell("other", "amend", grave.code, "kind=empty")
    world.stage.tell("other", "sync")
    imena.sync(store)
    imena.sync(store)
    view = world.view(grave)
    kind = field(view, "kind")
    assert view.summary.marks.conflicts == 1 and kind.rival_count == 2
    said = {saying.value.code: (saying.by.operator_name, saying.by.device_name) for saying in kind.rivals}
    assert said["multiple"] == ("Kashtan", "T01") and said["empty"][0] == "Olena"
    seen = [saying.entry_id for saying in kind.rivals]
    stale = imena.FieldResolution(
        record_id=grave.subject.id, field="kind", value=imena.FieldValue.TERM("empty"), seen_entries=[*seen, "00" * 32]
    )
    with pytest.raises(CoreError.Refused):
        store.resolve(stale)
    imena.resolve(store, grave, "kind", "multiple", why="opened together")
    kind = field(world.view(grave), "kind")
    assert (kind.value, kind.rivals) == (imena.FieldValue.TERM("multiple"), [])
    assert history(world, grave, "kind")[0].act == imena.EntryAct.RESOLVED


def test_31_forms_are_read_from_the_tables(world):
    english = imena.Language.ENGLISH
    kinds = [choice.code for choice in imena.list_kinds(english)]
    assert kinds[:4] == ["site", "grave", "marker", "remains"] and "photo" not in kinds
    for kind in kinds:
        for language in imena.Language:
            form = imena.form(kind, imena.FormPath.EXPERT, language)
            fields = [field for section in form.sections for field in section.fields]
            assert fields and all(field.label and field.code for field in fields)
            assert not any(field.editor.is_CLOSED() for field in fields)
    form = imena.form("marker", imena.FormPath.RESCUER, english)
    fields = {field.code: field for section in form.sections for field in section.fields}
    assert fields["kind"].is_owed and "cross" in [choice.code for choice in fields["kind"].editor.choices]
    assert fields["text_verbatim"].editor == imena.Editor.PAGE(4096)
    assert "not_examined" in [gap.code for gap in fields["status"].gaps]
    assert form.link_kinds == ["grave"]
    with pytest.raises(CoreError.Invalid) as refused:
        imena.form("castle", imena.FormPath.RESCUER, english)
    assert "marker" in refused.value.reason
    preview = imena.preview_record(imena.draft("marker", kind="cross", number_text="319"), imena.Language.UKRAINIAN)
    assert preview.summary.title == "319" and field(preview, "kind").shown == "хрест"


def test_32_links_are_made_undone_and_made_again(world):
    store, marker = world.store, world.marker
    other = imena.record(store, "grave", site=world.site)
    nothing = imena.Circumstances()
    link = store.link_records(marker.subject, other.subject, nothing)
    assert store.link_records(other.subject, marker.subject, nothing) == link
    assert {each.other.code for each in world.view(marker).links} == {world.grave.code, other.code}
    store.withdraw(link, imena.Circumstances(reason="the cross stood between them"))
    ended = [each for each in world.view(other).links if each.ended_reason]
    assert [each.link_id for each in ended] == [link]
    store.link_records(marker.subject, other.subject, nothing)
    assert all(each.ended_reason is None for each in world.view(marker).links)
    stranger = imena.SubjectRef(kind="grave", id=str(uuid.uuid4()))
    store.link_records(marker.subject, stranger, nothing)
    missing = [each for each in world.view(marker).links if each.is_other_missing]
    assert [each.other.subject for each in missing] == [stranger], "kept, and shown as not known yet"


def test_33_what_is_recorded_is_found_and_what_a_newer_version_wrote_is_shown(world):
    for typed in ["nesteren", "Нестерен", "defender nest"]:
        found = world.store.search_records(typed, first(), imena.Language.ENGLISH).rows
        assert "person_hint" in [row.summary.subject.kind for row in found], typed
    assert world.store.search_records("Kravets", first(), imena.Language.ENGLISH).rows == []
    world.stage.tell("other", "sync")
    world.stage.tell("write_newer", world.grave.subject.id, 99, "oak")
    world.stage.tell("other", "sync")
    imena.sync(world.store)
    imena.sync(world.store)
    assert [(newer.code, newer.label) for newer in world.view(world.grave).newer_fields] == [("99", "not for your role")]
    world.store.void_record(world.remains.subject.id, imena.Circumstances(reason="the label tore"))
    assert world.view(world.remains).summary.marks.ended_reason == "the label tore"
    assert world.store.shut_down() == imena.ShutDownOutcome.CLOSED


def history(world, recorded=None, named=None):
    record_id = imena.subject_of(recorded or world.site).id
    return world.store.list_history(record_id, named, first(), imena.Language.ENGLISH).entries


def join(world, config=None, vault=None, code=None, name="T01"):
    draft = imena.JoinDraft(join_code=code or world.join, device_name=name, passcode=PASSCODE)
    return imena.FieldStore.join_organisation(config or world.config(), vault or world.vault, draft)
