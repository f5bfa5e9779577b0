"""Imena's core in Python: for scripts that analyse data, and as the quick check of the surface that the phone apps stand on.

`cargo xtask bindings` makes the module `imena_ffi` in target/bindings/python; with that folder and this one's parent on PYTHONPATH:

    import imena
    store = imena.open_vault("path/to/vault", app_version="my script")
    store.unlock(passcode)
    for site in imena.rows(store, "site"):
        print(site["place_code"], site["name"])
    marker = imena.record(store, "marker", site=site, kind="cross", number_text="319")
    graves = pandas.DataFrame(imena.rows(store, "grave", site))

A script opens a vault as an app does: nobody else may have it open, and every record it makes is signed and stays. It is no way around anything.
"""

from imena_ffi import *  # noqa: F403
from imena_ffi import CoreError, FieldStore, PageQuery, SoftwareKeyVault, StoreConfig

from .fields import Gap, amend, draft, field_value, plain, record, resolve, rows, subject_of
from .transfer import perform, sync
from .vault import SoftwareVault

__all__ = [
    "Gap",
    "SoftwareVault",
    "amend",
    "draft",
    "field_value",
    "open_vault",
    "pages",
    "perform",
    "plain",
    "record",
    "resolve",
    "rows",
    "subject_of",
    "sync",
]

#: As many as a page holds.
PAGE_LIMIT = 200


def open_vault(folder, app_version, vault=None, utc_offset_min=0):
    """Opens a vault, locked, with the software key that stands in it unless another one is given."""
    config = StoreConfig(dir=str(folder), app_version=app_version, utc_offset_min=utc_offset_min)
    return FieldStore.open_vault(config, vault or SoftwareVault(folder))


def pages(list_page, field, *before, **named):
    """Every item of a paged list: `pages(store.list_photos, "photos", grave_id, language=Language.ENGLISH)`."""
    after = None
    while True:
        page = list_page(*before, page=PageQuery(after=after, limit=PAGE_LIMIT), **named)
        yield from getattr(page, field)
        after = page.next
        if after is None:
            return
