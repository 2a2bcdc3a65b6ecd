"""The store room: bytes under keys, one revision counter, a log to watch. It knows no kinds.

`interface` says what a store is; `memory` and `sqlite` are stores, and pass one suite of tests.
`log` is what both are made of: the live entries in key order and the window of recent changes.
A further backend is one more module here and one more line in `tests/store/conftest.py`.
"""
