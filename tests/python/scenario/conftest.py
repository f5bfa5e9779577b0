"""The world of the scenario: a stage with a hub, a vault that can misbehave, a listener that takes notes."""

import os
import shutil
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import imena
import pytest

PASSCODE = "123456"
ROOT = Path(__file__).resolve().parents[3]


class Stage:
    """The program that plays everything which is not the phone (docs/design/scenario.md)."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [os.environ["IMENA_STAGE"]], cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        verdict, _, answer = self.process.stdout.readline().strip().partition(" ")
        assert verdict == "ok", answer
        return dict(word.split("=", 1) for word in answer.split())

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)


class Vault(imena.SoftwareVault):
    """A software vault that does as it is told: throw, lie, block, refuse."""

    def __init__(self, folder):
        super().__init__(folder)
        self.mood = None
        self.may_go_on = threading.Event()

    def sign(self, message):
        match self.mood:
            case "throw":
                raise RuntimeError("a bug in the app's own vault")
            case "refuse":
                raise imena.VaultError.Refused(reason="the chip is busy")
            case "lie":
                return b"\x30\x06\x02\x01\x01\x02\x01\x01"
            case "block":
                assert self.may_go_on.wait(60)
        return super().sign(message)

    def wrap_key(self, key):
        if self.mood == "wrap":
            raise imena.VaultError.NoKey()
        return super().wrap_key(key)


class Listener(imena.ChangeListener):
    """Takes notes, and does on each notice what it was told to do."""

    def __init__(self, act=None):
        self.notices, self.came, self.act = [], threading.Condition(), act

    def on_change(self, notice):
        with self.came:
            self.notices.append(notice)
            self.came.notify_all()
        if self.act:
            self.act(notice)

    def wait_for(self, is_enough):
        with self.came:
            assert self.came.wait_for(lambda: is_enough(self.notices), 60)


class World:
    """What the steps share; each step leaves it as the next one expects it."""

    def __init__(self, folder):
        self.folder, self.vault_dir = folder, folder / "vault"
        self.stage = Stage(folder)
        self.join = self.stage.tell("start_hub")["join"]
        self.vault = Vault(self.vault_dir)
        self.store = None
        self.site = self.grave = self.remains = self.photo = None

    def config(self, folder=None):
        return imena.StoreConfig(dir=str(folder or self.vault_dir), app_version="scenario", utc_offset_min=120)

    def draft(self, **changes):
        values = {"capture_id": str(uuid.uuid4()), "owner": self.remains.subject, "origin": imena.PhotoSource.IN_APP_CAMERA}
        return imena.PhotoDraft(**(values | changes))

    def picture(self, name, seed, kind="small"):
        path = self.folder / name
        facts = self.stage.tell("photo", kind, seed, path)
        return path, facts["sha256"]

    def capture(self, path, **changes):
        capture = self.store.begin_photo(self.draft(**changes))
        for chunk in chunks(path):
            capture.append(chunk)
        return capture.finish(imena.CaptureFacts(expected_bytes=path.stat().st_size))

    def photo_view(self, photo_id):
        return self.store.get_photo(photo_id, imena.Language.ENGLISH)

    def view(self, recorded):
        return self.store.get_record(imena.subject_of(recorded).id, imena.Language.ENGLISH)

    def sites(self):
        return [row["place_code"] for row in imena.rows(self.store, "site")]

    def child(self, *words, **variables):
        script = Path(__file__).with_name("child.py")
        return subprocess.Popen(
            [sys.executable, script, *map(str, words)],
            text=True,
            stdout=subprocess.PIPE,
            env=os.environ | variables,
        )


def chunks(path):
    with open(path, "rb") as file:
        while chunk := file.read(65_536):
            yield chunk


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("scenario"))
    yield world
    world.stage.end()
    shutil.rmtree(world.folder)


def first():
    return imena.PageQuery(limit=50)


def field(view, code):
    return next(field for section in view.sections for field in section.fields if field.code == code)
