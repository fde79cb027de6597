"""Which Redis runs, and how tests make it forget."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from redis import Redis

from stamgast.local.embedded import redis_binary
from stamgast.local.processes import ChildProcess, ProcessError, free_port, port_answers

_AOF = "appendonlydir"


class RedisServer:
    """A Redis or Valkey of our own, with an append-only file, or somebody else's that we only use."""

    def __init__(
        self, program: str, folder: Path, *, port: int | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Listen on `port`, or any that is free; `more` are options of its own, such as `--cluster-enabled`."""
        self._program = program
        self._more = dict(more or {})
        self._folder = folder
        self._port = port or free_port()
        self._process: ChildProcess | None = None
        self.kind = Path(program).name
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.restartable = True
        self.description = version_of(program)

    def start(self) -> None:
        """Start on the same address with what its folder holds, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        options = {
            "--bind": "127.0.0.1",
            "--port": str(self._port),
            "--dir": str(self._folder.resolve()),
            "--save": "",
            "--appendonly": "yes",
            "--appendfsync": "everysec",
            "--auto-aof-rewrite-percentage": "0",  # a copy of the append-only file must not meet a rewrite
        } | self._more
        command = [self._program, *(word for option in options.items() for word in option)]
        self._process = ChildProcess("Redis", command, log=self._folder / "redis.log")
        self._process.wait_until(lambda: port_answers(self._port) and self._has_loaded(), seconds=60)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """Let it stand still; its connections stay open."""
        if self._process is not None:
            self._process.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        if self._process is not None:
            self._process.signal(signal.SIGCONT)

    def check(self) -> None:
        """Raise `ProcessError`, with the end of its log, if it has ended."""
        if self._process is not None:
            self._process.check()

    def restart(self) -> None:
        """Crash it once its append-only file holds everything it has acknowledged, and start it with that."""
        self._wait_until_appended()
        self.kill()
        self.start()

    def copy_data(self) -> Path:
        """Copy the append-only file once it holds everything acknowledged, to come back to with `go_back_to`."""
        self._wait_until_appended()
        copy = self._folder / f"copy-{uuid.uuid4().hex[:8]}"
        shutil.copytree(self._folder / _AOF, copy)
        return copy

    def go_back_to(self, copy: Path) -> None:
        """Crash it and start it with an older copy: everything written since is lost."""
        self.kill()
        self._drop_data()
        shutil.copytree(copy, self._folder / _AOF)
        self.start()

    def empty(self) -> None:
        """Crash it and start it with nothing."""
        self.kill()
        self._drop_data()
        self.start()

    def _drop_data(self) -> None:
        shutil.rmtree(self._folder / _AOF, ignore_errors=True)

    def _wait_until_appended(self) -> None:
        """Wait for what a slow disk has held up: while one sync lasts, Redis answers before it writes to its file."""
        if self._process is None:
            return
        with Redis.from_url(self.url) as redis:
            self._process.wait_until(lambda: not redis.info("persistence")["aof_buffer_length"], seconds=60)

    def _has_loaded(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1) as wire:
            wire.sendall(b"PING\r\n")
            return wire.recv(64).startswith(b"+PONG")
        return False


class FixedRedis(RedisServer):
    """Somebody else's Redis, which is not ours to stop."""

    def __init__(self, url: str) -> None:
        self.kind = "external"
        self.url = url
        self.restartable = False
        self.description = "the Redis of STAMGAST_REDIS_URL"
        self._process = None

    def start(self) -> None:
        """Refuse: a Redis that was given runs elsewhere."""
        raise ProcessError(f"{self.description} cannot be started from here")


@contextlib.contextmanager
def open_redis(
    run_dir: Path,
    *,
    url: str | None = None,
    port: int | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Iterator[RedisServer]:
    """Run the best Redis that this machine has, and say which one while the context is open."""
    if url:
        server: RedisServer = FixedRedis(url)
        say(f"redis: {server.description}")
        yield server
        return
    folder = run_dir / f"redis-{uuid.uuid4().hex[:8]}"
    server = RedisServer(find_program(), folder, port=port)
    try:
        server.start()
        say(f"redis: {server.description} at {server.url}")
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def find_program() -> str:
    """Find `redis-server` or `valkey-server` on PATH, else the embedded one."""
    return shutil.which("redis-server") or shutil.which("valkey-server") or redis_binary()


def version_of(program: str) -> str:
    """Return a program's name and version, such as `redis-server 7.0.15`."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = next((word.removeprefix("v=") for word in said.split() if word.startswith("v=")), "")
    return f"{Path(program).name} {version}".strip()
