"""go_types: read the types that a Go program carries for reflection out of its binary.

A Go binary holds, for every type that may be reflected on, its kind, its fields and their tags. What the
tag of a field does not say (whether a field is a pointer) its type does. Layout: package internal/abi of
the Go release that built the program; 64 bit little endian, as of Go 1.26, whose linker still lists the
types in a section of their own (.typelink).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MAP, POINTER, SLICE, STRUCT = 21, 22, 23, 25
UNCOMMON, EXTRA_STAR = 1, 2  # flags of a type: it has a package path; its name is stored as "*name"
HAS_TAG = 2
TYPE_SIZE = 48  # of the head that all kinds share
_NUMBER = re.compile(r'protobuf:"\w+,(\d+),')
_JSON = re.compile(r'json:"([^",]*)')


class GoField(NamedTuple):
    """A struct's field. `number` is the protobuf tag's, `json` the json tag's name, empty where inlined."""

    number: int
    json: str
    pointer: bool
    kind: int


class Program:
    """An ELF binary's sections and the types in it."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        sections = self._sections()
        self.address, self.offset = sections[".rodata"][:2]
        _, start, size = sections[".typelink"]
        self.links: tuple[int, ...] = struct.unpack_from(f"<{size // 4}i", self.data, start)

    def _sections(self) -> dict[str, tuple[int, int, int]]:
        """Name -> address, offset in the file, size."""
        (table,) = struct.unpack_from("<Q", self.data, 0x28)
        count, names = struct.unpack_from("<HH", self.data, 0x3C)
        headers = [struct.unpack_from("<IIQQQQ", self.data, table + 64 * i) for i in range(count)]
        start = headers[names][4]
        found = {}
        for name, _, _, address, offset, size in headers:
            end = self.data.index(b"\0", start + name)
            found[self.data[start + name : end].decode()] = (address, offset, size)
        return found

    def structs(self, prefix: str) -> dict[tuple[str, str], list[GoField]]:
        """(package, name) -> fields, for structs of packages under `prefix` that a pointer type names."""
        found = {}
        for link in self.links:
            pointer = self.address + link
            if self._kind(pointer) != POINTER:
                continue
            struct_ = self._word(pointer + TYPE_SIZE)
            if self._kind(struct_) == STRUCT and self._flags(struct_) & UNCOMMON:
                package = self._name_at(struct_ + 80)
                if package.startswith(prefix):
                    name = self._name_at(struct_ + 40).lstrip("*").rpartition(".")[2]
                    found[package, name] = list(self._fields(struct_))
        return found

    def _fields(self, struct_: int) -> Iterator[GoField]:
        first, count = self._word(struct_ + 56), self._word(struct_ + 64)
        for at in range(first, first + 24 * count, 24):
            _, tag = self._name(self._word(at))
            number, json = _NUMBER.search(tag), _JSON.search(tag)
            if number is None:
                continue
            kind = self._kind(self._word(at + 8))
            element = self._kind(self._word(self._word(at + 8) + TYPE_SIZE)) if kind == POINTER else kind
            yield GoField(int(number[1]), json[1] if json else "", kind == POINTER, element)

    def _at(self, address: int) -> int:
        return address - self.address + self.offset

    def _word(self, address: int) -> int:
        value: int = struct.unpack_from("<Q", self.data, self._at(address))[0]
        return value

    def _kind(self, type_: int) -> int:
        return self.data[self._at(type_) + 23] & 31

    def _flags(self, type_: int) -> int:
        return self.data[self._at(type_) + 20]

    def _name_at(self, address: int) -> str:
        (offset,) = struct.unpack_from("<i", self.data, self._at(address))
        return self._name(self.address + offset)[0]

    def _name(self, address: int) -> tuple[str, str]:
        """A name and its tag."""
        at = self._at(address)
        flags = self.data[at]
        name, at = self._text(at + 1)
        return name, self._text(at)[0] if flags & HAS_TAG else ""

    def _text(self, at: int) -> tuple[str, int]:
        size = shift = 0
        while True:
            byte = self.data[at]
            at, size, shift = at + 1, size | (byte & 127) << shift, shift + 7
            if byte < 128:
                return self.data[at : at + size].decode(), at + size
