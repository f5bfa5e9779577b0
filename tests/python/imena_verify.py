"""Verifies a folder of Imena's files as a stranger; owns the command line and what it prints.

Everything it knows is from docs/design/formats.md; it needs `cbor2`, `cryptography` and the stock
program `age`, and opens no database.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from imena_reader.verify import verify

SOUND, FOUND, CANNOT_RUN = 0, 1, 2


def main(arguments=None):
    options = _parse(arguments)
    # A file's name may be no text at all; what is told of it must still be printed.
    sys.stdout.reconfigure(errors="backslashreplace")
    obstacle = _obstacle(options)
    if obstacle:
        print(obstacle, file=sys.stderr)
        return CANNOT_RUN
    report = verify(options.folder, options.identity).report()
    if options.json:
        print(json.dumps(report, indent=1))
    else:
        print("\n".join(summary(report)))
    return FOUND if report["findings"] else SOUND


def _parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--identity", type=Path, required=True, help="an age identity, clear text")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _obstacle(options):
    """Why nothing can be verified at all; None if it can."""
    if not options.folder.is_dir():
        return f"{options.folder} is not a folder"
    try:
        if "AGE-SECRET-KEY-1" not in options.identity.read_text():
            return f"{options.identity} holds no age identity"
    except (OSError, ValueError) as fault:
        return f"{options.identity} cannot be read: {fault}"
    return None if shutil.which("age") else "the program age is missing"


def summary(report):
    """The report in plain words; findings stand last, one a line."""
    yield f"organisation: {report['org'] or 'unknown'}"
    yield f"rosters: {', '.join(map(str, report['rosters'])) or 'none'}"
    yield f"sealed files whole: {report['files']}, of them runs verified: {report['runs']}"
    for chain in report["chains"]:
        yield (
            f"chain {chain['device']}: {chain['entries']} entries, proven up to "
            f"{chain['proven_upto_seq']}"
        )
    for epoch in report["receipts"]:
        yield (
            f"receipts of hub {epoch['hub']}, epoch {epoch['epoch']}: {epoch['receipts']}, "
            f"highest number {epoch['hub_seq_max']}"
        )
    yield (
        f"introduced files: {report['introduced']} here and sound, {report['elsewhere']} "
        "not here whole"
    )
    conflicts = sum(bool(subject["conflicts"]) for subject in report["subjects"])
    yield f"subjects: {len(report['subjects'])}, with a conflict: {conflicts}"
    for finding in report["findings"]:
        yield f"finding: {finding['place']}: {finding['what']}"
    yield f"{len(report['findings'])} findings"


if __name__ == "__main__":
    sys.exit(main())
