"""A reader of Imena's files, written from docs/design/formats.md alone."""
