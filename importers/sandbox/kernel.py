"""Calls of the Linux kernel that the standard library does not wrap: privileges, Landlock, seccomp.

Sources: capabilities(7), landlock(7), seccomp(2) and the kernel's uapi headers; x86-64 and 64-bit ARM.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 8, 22, 38
_CAPABILITIES_V3 = 0x20080522
_CAP_DAC_READ_SEARCH = 2

_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_EVERYTHING = {1: 0x1FFF, 2: 0x3FFF}  # rights on files by Landlock's version; from 3 on TRUNCATE is one
_EVERYTHING_SINCE_3 = 0x7FFF
_ON_A_FILE = 0x4007  # execute, write, read, truncate

# (x86-64, ARM64); None where the machine has no such call.
_FORBIDDEN = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "io_uring_setup": (425, 425),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "unshare": (272, 97),
    "setns": (308, 268),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "open_by_handle_at": (304, 265),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
}
_ON_ITSELF_ONLY = {"kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131)}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_CLONE_THREAD = 0x10000
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH
_X32 = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_CALL, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in seccomp_data, little-endian
_ALLOW, _DIE = 0x7FFF0000, 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS


def die_with_parent() -> None:
    """From now on the process is killed when the thread that forked it ends; a change of account undoes this."""
    _prctl(_PR_SET_PDEATHSIG, 9)


def has_landlock() -> bool:
    return _landlock_version() > 0


def _landlock_version() -> int:
    return int(_LIBC.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1))


def become(account: int) -> None:
    """Turn root into an account that owns nothing.

    Where Landlock says what may be read, it keeps the one privilege to read what others cannot, for code may lie
    below a private home. A container that does not grant the privilege leaves what everybody may read.
    """
    _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(account, account, account)
    os.setresuid(account, account, account)
    header = struct.pack("Ii", _CAPABILITIES_V3, 0)
    held = ctypes.create_string_buffer(24)
    _check(_LIBC.capget(header, held))
    kept = struct.unpack_from("I", held, 4)[0] & 1 << _CAP_DAC_READ_SEARCH if has_landlock() else 0
    _check(_LIBC.capset(header, struct.pack("6I", kept, kept, 0, 0, 0, 0)))


def confine_files(reading: Iterable[Path], writing: Iterable[Path]) -> None:
    """Allow this process to open nothing but what lies below these files and folders, where the kernel can."""
    if not has_landlock():
        return
    everything = _EVERYTHING.get(_landlock_version(), _EVERYTHING_SINCE_3)
    attributes = struct.pack("Q", everything)
    rules = _check(_LIBC.syscall(_LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0))
    for path in reading:
        _allow(rules, path, _READ_FILE | _READ_FOLDER)
    for path in writing:
        _allow(rules, path, everything)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _check(_LIBC.syscall(_LANDLOCK_RESTRICT_SELF, rules, 0))
    os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not path.is_dir():
        rights &= _ON_A_FILE
    try:
        _check(_LIBC.syscall(_LANDLOCK_ADD_RULE, rules, 1, struct.pack("=Qi", rights, opened), 0))
    finally:
        os.close(opened)


def confine_calls() -> None:
    """Refuse network, other programs and processes, and signals to others, with EPERM from now on.

    Raises: OSError where the kernel or the machine offers no filter.
    """
    if platform.machine() not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no filter of system calls for {platform.machine()}")
    column, arch = _MACHINES[platform.machine()]
    program = b"".join(struct.pack("HBBI", *step) for step in _filter(column, arch, os.getpid()))
    held = ctypes.create_string_buffer(program, len(program))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, 2, struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(held)))


def _filter(column: int, arch: int, pid: int) -> list[tuple[int, int, int, int]]:
    """Steps (operation, skip when true, skip when false, operand) of classic BPF."""
    steps = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _DIE),
        (_LOAD, 0, 0, _CALL),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _REFUSE),
        # The C library falls back to clone, whose flags a filter can see.
        (_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _UNKNOWN),
    ]
    for numbers in _FORBIDDEN.values():
        if (number := numbers[column]) is not None:
            steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    steps += _when(_CLONE[column], (_HAS_BITS, 0, 1, _CLONE_THREAD))
    for numbers in _ON_ITSELF_ONLY.values():
        steps += _when(numbers[column], (_EQUAL, 0, 1, pid))
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _when(number: int, condition: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """Allow a call whose first argument meets the condition, and refuse it otherwise."""
    allow, refuse = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)
    return [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), condition, allow, refuse]


def _prctl(option: int, *arguments: int | bytes) -> None:
    words = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    _check(_LIBC.prctl(option, *words, *[ctypes.c_ulong(0)] * (4 - len(words))))


def _check(returned: int) -> int:
    if returned < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return returned
