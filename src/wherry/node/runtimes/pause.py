"""Pause: the program that holds a pod's namespaces open, as a static ELF file of about 250 bytes.

It blocks all signals and waits for them one by one: SIGTERM and SIGINT end it, SIGCHLD makes it reap
what has died, which matters when a pod shares its PID namespace and this is process 1. A program that
only takes its signals in turn needs no handlers, no stack and no memory, so it is written in machine
code here and no compiler is needed where wherry runs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

SIGINT, SIGTERM, SIGCHLD = 2, 15, 17
WNOHANG = 1
SIGSET = 8  # bytes of a kernel signal set

BASE = 0x400000
HEADERS = 64 + 56  # ELF header and one program header


class Ref(NamedTuple):
    """An instruction that holds the distance to a label: `encode` makes it from the distance."""

    label: str
    size: int
    encode: Callable[[int], bytes]


Part = bytes | str | Ref  # machine code, a label that stands here, or code that refers to one


def executable(architecture: str) -> bytes:
    """The program for `amd64` or `arm64`, as image configurations call them."""
    if architecture not in PROGRAMS:
        known = ", ".join(sorted(PROGRAMS))
        raise ValueError(f"there is no pause program for {architecture}, only for {known}")
    machine, parts = PROGRAMS[architecture]
    return elf(machine, assemble(parts))


def elf(machine: int, code: bytes) -> bytes:
    """One segment, readable and executable, loaded with its headers; it begins to run after them."""
    size = HEADERS + len(code)
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)  # 64 bit, little endian, version 1
    header = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, BASE + HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x10000)
    return ident + header + segment + code


def assemble(parts: Sequence[Part]) -> bytes:
    """Code with its labels resolved. A distance counts from the start of the instruction."""
    places: dict[str, int] = {}
    position = 0
    for part in parts:
        if isinstance(part, str):
            places[part] = position
        else:
            position += part.size if isinstance(part, Ref) else len(part)
    code = b""
    for part in parts:
        if isinstance(part, Ref):
            code += part.encode(places[part.label] - len(code))
        elif isinstance(part, bytes):
            code += part
    return code


# --- amd64: system call number in eax; arguments in rdi, rsi, rdx, r10 ---

SYSCALL = b"\x0f\x05"


def _load(register: bytes, value: int) -> bytes:
    return register + struct.pack("<i", value)


EAX, EDX, EDI, ESI, R10D = b"\xb8", b"\xba", b"\xbf", b"\xbe", b"\x41\xba"  # mov REGISTER, imm32


def _address(register: bytes, label: str) -> Ref:
    return Ref(label, 7, lambda distance: b"\x48\x8d" + register + struct.pack("<i", distance - 7))


def _jump(opcode: bytes, label: str) -> Ref:
    return Ref(label, 2, lambda distance: opcode + struct.pack("<b", distance - 2))


def _when_eax_is(value: int, opcode: bytes, label: str) -> list[Part]:
    return [b"\x83\xf8" + bytes([value]), _jump(opcode, label)]


JE, JNE, JG, JMP = b"\x74", b"\x75", b"\x7f", b"\xeb"
RDI_FROM, RSI_FROM = b"\x3d", b"\x35"  # lea REGISTER, [rip + distance]

AMD64: list[Part] = [
    *(_load(EAX, 14), _load(EDI, 0), _address(RSI_FROM, "all"), _load(EDX, 0), _load(R10D, SIGSET)),
    SYSCALL,  # rt_sigprocmask(SIG_BLOCK, all, NULL, 8)
    "wait",
    *(_load(EAX, 128), _address(RDI_FROM, "all"), _load(ESI, 0), _load(EDX, 0), _load(R10D, SIGSET)),
    SYSCALL,  # rt_sigtimedwait(all, NULL, NULL, 8)
    *_when_eax_is(SIGTERM, JE, "exit"),
    *_when_eax_is(SIGINT, JE, "exit"),
    *_when_eax_is(SIGCHLD, JNE, "wait"),
    "reap",
    *(_load(EAX, 61), _load(EDI, -1), _load(ESI, 0), _load(EDX, WNOHANG), _load(R10D, 0)),
    SYSCALL,  # wait4(-1, NULL, WNOHANG, NULL)
    *_when_eax_is(0, JG, "reap"),
    _jump(JMP, "wait"),
    "exit",
    *(_load(EAX, 60), _load(EDI, 0)),
    SYSCALL,  # exit(0)
    "all",
    b"\xff" * SIGSET,
]


# --- arm64: system call number in x8; arguments in x0 to x3; every instruction has 32 bits ---


def _word(value: int) -> bytes:
    return struct.pack("<I", value)


def _mov(register: int, value: int) -> bytes:
    if value < 0:
        return _word(0x92800000 | ~value << 5 | register)  # movn
    return _word(0xD2800000 | value << 5 | register)  # movz


def _adr(register: int, label: str) -> Ref:
    return Ref(label, 4, lambda d: _word(0x10000000 | (d & 3) << 29 | (d >> 2 & 0x7FFFF) << 5 | register))


def _when_w0_is(value: int, condition: int, label: str) -> list[Part]:
    compare = _word(0x7100001F | value << 10)
    branch = Ref(label, 4, lambda d: _word(0x54000000 | (d >> 2 & 0x7FFFF) << 5 | condition))
    return [compare, branch]


def _branch(label: str) -> Ref:
    return Ref(label, 4, lambda d: _word(0x14000000 | d >> 2 & 0x3FFFFFF))


SVC = _word(0xD4000001)
EQ, NE, GT = 0, 1, 12

ARM64: list[Part] = [
    *(_mov(8, 135), _mov(0, 0), _adr(1, "all"), _mov(2, 0), _mov(3, SIGSET)),
    SVC,  # rt_sigprocmask(SIG_BLOCK, all, NULL, 8)
    "wait",
    *(_mov(8, 137), _adr(0, "all"), _mov(1, 0), _mov(2, 0), _mov(3, SIGSET)),
    SVC,  # rt_sigtimedwait(all, NULL, NULL, 8)
    *_when_w0_is(SIGTERM, EQ, "exit"),
    *_when_w0_is(SIGINT, EQ, "exit"),
    *_when_w0_is(SIGCHLD, NE, "wait"),
    "reap",
    *(_mov(8, 260), _mov(0, -1), _mov(1, 0), _mov(2, WNOHANG), _mov(3, 0)),
    SVC,  # wait4(-1, NULL, WNOHANG, NULL)
    *_when_w0_is(0, GT, "reap"),
    _branch("wait"),
    "exit",
    *(_mov(8, 93), _mov(0, 0)),
    SVC,  # exit(0)
    "all",
    b"\xff" * SIGSET,
]

PROGRAMS: dict[str, tuple[int, list[Part]]] = {"amd64": (62, AMD64), "arm64": (183, ARM64)}
