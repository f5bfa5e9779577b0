"""The other process: opens the vault, saves one photo, says so, begins another and waits to be killed."""

import sys
import uuid

import imena


def main(vault, passcode, picture):
    try:
        store = imena.open_vault(vault, "scenario child")
    except imena.CoreError.AlreadyOpen:
        print("already open", flush=True)
        return
    store.unlock(passcode)
    with open(picture, "rb") as file:
        data = file.read()

    def begin(upto, mark):
        draft = imena.PhotoDraft(capture_id=str(uuid.uuid4()), origin=imena.PhotoSource.IN_APP_CAMERA)
        capture = store.begin_photo(draft)
        photo = data + mark
        for at in range(0, upto or len(photo), 65_536):
            capture.append(photo[at : at + 65_536])
        return capture

    saved = begin(None, b"saved").finish(imena.CaptureFacts())
    print("saved", saved.photo_id, flush=True)
    half_done = begin(len(data) // 2, b"cut")
    print("half done", flush=True)
    sys.stdin.read()
    half_done.abandon()


main(*sys.argv[1:])
