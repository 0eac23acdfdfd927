"""A load generator with little weight of its own: raw sockets, requests made beforehand."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured. Times in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def run(
    port: int, makers: Sequence[Callable[[int], bytes]], *, seconds: float, expect: int
) -> Outcome:
    """One connection per maker of requests, each sending its next as soon as it was answered.

    makers: number of the request -> its bytes. Raises RuntimeError for any other status.
    """
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    shares = [makers[index::PROCESSES] for index in range(PROCESSES)]
    started = time.perf_counter()
    workers = [
        context.Process(target=_process, args=(port, share, seconds, expect, queue))
        for share in shares
        if share
    ]
    for worker in workers:
        worker.start()
    results = [queue.get() for _worker in workers]
    for worker in workers:
        worker.join()
    elapsed = time.perf_counter() - started
    failures = [result for result in results if isinstance(result, str)]
    if failures:
        raise RuntimeError(failures[0])
    times = sorted(duration for result in results for duration in result)
    return Outcome(
        len(times), elapsed, percentile(times, 0.50) * 1000, percentile(times, 0.99) * 1000
    )


def percentile(times: Sequence[float], share: float) -> float:
    """The value that this share of the sorted times does not exceed."""
    return times[min(int(len(times) * share), len(times) - 1)]


def _process(
    port: int, makers: Sequence[Callable[[int], bytes]], seconds: float, expect: int, queue: Any
) -> None:
    times: list[float] = []
    failures: list[str] = []
    threads = [
        threading.Thread(target=_connection, args=(port, make, seconds, expect, times, failures))
        for make in makers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.put(failures[0] if failures else times)


def _connection(
    port: int,
    make: Callable[[int], bytes],
    seconds: float,
    expect: int,
    times: list[float],
    failures: list[str],
) -> None:
    status = b"HTTP/1.1 %d" % expect
    end = time.perf_counter() + seconds
    number = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.perf_counter() < end and not failures:
            request = make(number)
            began = time.perf_counter()
            connection.sendall(request)
            try:
                answer = answer_of(connection)
            except OSError as error:
                failures.append(str(error))
                return
            times.append(time.perf_counter() - began)
            if not answer.startswith(status):
                failures.append(answer[:600].decode(errors="replace"))
            number += 1


def answer_of(connection: socket.socket) -> bytes:
    """The whole next answer: head, blank line, body."""
    data = _receive(connection)
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _blank, body = data.partition(b"\r\n\r\n")
    lower = head.lower()
    at = lower.index(b"content-length:") + len(b"content-length:")
    length = int(lower[at:].split(b"\r\n", 1)[0])
    missing = length - len(body)
    while missing > 0:
        piece = _receive(connection)
        data += piece
        missing -= len(piece)
    return data


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("The server closed the connection.")
    return data


def request(
    method: str, path: str, key: str = "", body: bytes = b"", extra: Sequence[str] = ()
) -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json", *extra]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
