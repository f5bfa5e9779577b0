"""Imena's core in Python: for scripts that analyse data, and as the quick check of the surface that the phone apps stand on.

`cargo xtask bindings` makes the module `imena_ffi` in target/bindings/python; with that folder and this one's parent on PYTHONPATH:

    import imena
    store = imena.open_vault("path/to/vault", app_version="my script")
    store.unlock(passcode)
    for site in imena.pages(store.list_sites, "sites"):
        print(site.place_code, site.name)

A script opens a vault as an app does: nobody else may have it open, and every record it makes is signed and stays. It is no way around anything.
"""

from imena_ffi import *  # noqa: F403
from imena_ffi import CoreError, FieldStore, PageQuery, SoftwareKeyVault, StoreConfig

from .transfer import perform, sync
from .vault import SoftwareVault

__all__ = ["open_vault", "pages", "perform", "sync", "SoftwareVault"]

#: As many as a page holds.
PAGE_LIMIT = 200


def open_vault(folder, app_version, vault=None, utc_offset_min=0):
    """Opens a vault, locked, with the software key that stands in it unless another one is given."""
    config = StoreConfig(dir=str(folder), app_version=app_version, utc_offset_min=utc_offset_min)
    return FieldStore.open_vault(config, vault or SoftwareVault(folder))


def pages(list_page, field, *before):
    """Every item of a paged list: `pages(store.list_graves, "graves", site_id)`."""
    after = None
    while True:
        page = list_page(*before, PageQuery(after=after, limit=PAGE_LIMIT))
        yield from getattr(page, field)
        after = page.next
        if after is None:
            return
