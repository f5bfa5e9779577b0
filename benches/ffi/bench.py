"""The calls of benches/ffi.rs in Python."""

import sys
import time
import uuid

import imena


class Sink(imena.LogSink):
    last = ""

    def take_line(self, level, target, text):
        Sink.last = text


def main(vault, passcode, site, grave, photo):
    imena.set_log_sink(Sink())
    store = imena.open_vault(vault, "bench")
    store.unlock(passcode)
    with open(photo, "rb") as file:
        picture = file.read()
    page = imena.PageQuery(limit=50)
    graves = imena.RecordQuery(kind="grave", parent_id=site, language=imena.Language.ENGLISH)

    def capture(data):
        capture_id = uuid.uuid4()
        draft = imena.PhotoDraft(capture_id=str(capture_id), origin=imena.PhotoSource.IN_APP_CAMERA)
        photo = store.begin_photo(draft)
        for at in range(0, len(data), 65_536):
            photo.append(data[at : at + 65_536])
        photo.append(capture_id.bytes)
        photo.finish(imena.CaptureFacts())

    calls = {
        "status": store.status,
        "view": lambda: store.get_record(grave, imena.Language.ENGLISH),
        "page": lambda: store.list_records(graves, page),
        "capture": lambda: capture(picture),
        "small_capture": lambda: capture(b"small"),
    }
    for line in sys.stdin:
        name, count = line.split()
        if name == "end":
            store.shut_down()
            print(Sink.last, flush=True)
            return
        begun = time.perf_counter_ns()
        for _ in range(int(count)):
            calls[name]()
        took = time.perf_counter_ns() - begun
        if name == "capture":
            time.sleep(3)
        print(took, flush=True)


main(*sys.argv[1:])
