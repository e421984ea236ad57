"""The same work on many machines: a Dask cluster's workers do the jobs that this machine's processes would.

A job travels as plain values and the trace as one block of bytes, which Dask brings to a worker once; what
was made comes back as bytes. A worker that dies costs its jobs, which others begin anew. How a cluster is
started stands in README.
"""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from distributed import Client, Future, KilledWorker
from distributed.comm import CommClosedError

from model_probe.errors import UserError
from scenes.render.digest import own_version
from scenes.render.far_stage import do_there, version_there
from scenes.render.graph import Failed
from scenes.render.job import Job
from scenes.render.jobs import Company, Listener, Tell

logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it would say is said in one line
ATTEMPTS = (
    4  # at a job whose trace was lost; how often a job may lose its worker is Dask's own `allowed-failures`
)
PATIENCE = 20  # seconds that a scheduler and its first worker have to answer


class Cluster(Company):
    """A run's work on the workers of a Dask scheduler; as many jobs at a time as they have threads.

    Args:
        address: the scheduler's, such as tcp://10.0.0.1:8786.
        trace: what all jobs draw; it is sent at once.
        logs: takes a log a scene.
        listener: is told how far each is.

    Raises:
        UserError: the scheduler does not answer, has no workers, or one has another version of this package.
    """

    def __init__(self, address: str, trace: Path, logs: Path, listener: Listener) -> None:
        self._client = connected(address)
        try:
            check_versions(self._client)
            workers = sum(self._client.nthreads().values())
            self._path = trace
            self._trace: Future = self._client.scatter(trace.read_bytes(), hash=True)
        except BaseException:
            self._client.close()
            raise
        super().__init__(workers, logs, listener)
        self._topic = f"film-{self._client.id}"
        self._tells: dict[str, Tell] = {}
        self._futures: set[Future] = set()
        self._client.subscribe_topic(self._topic, self._heard)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        super().__exit__(kind, value, at)
        self._client.close()

    def dismiss(self) -> None:
        """Give up every job; workers end the processes of those that nobody waits for."""
        super().dismiss()
        with suppress(CommClosedError, OSError):
            self._client.cancel(list(self._futures), force=True)

    def do(self, job: Job, tell: Tell) -> dict[str, Any]:
        """Have a worker do a job, and put what it made into the job's directory; gives what it says of that.

        Raises:
            Failed: it could not, and why.
            OSError: the disk is full.
        """
        for attempt in range(ATTEMPTS):
            try:
                made = self._ask(
                    job, f"{job.name}-{job.task}-{job.plays[0]}-{attempt}-{self._client.id}", tell
                )
                break
            except KilledWorker as error:
                raise Failed(f"its workers died, the last of them {error.last_worker.address}") from None
            except (CancelledError, CommClosedError, TimeoutError):
                if self._dismissed:
                    raise Failed("not finished") from None
                if self._client.status != "running":
                    raise Failed("the cluster's scheduler is gone") from None
                # The worker died that had the only copy of the trace: Dask gives up what it cannot make anew
                self._trace = self._client.scatter(self._path.read_bytes(), hash=True)
        else:
            raise Failed("its workers died, and the trace with them, again and again")
        with (self.logs / f"{job.name}.log").open("ab") as log:
            log.write(made["log"])
        if "failed" in made:
            raise Failed(made["failed"])
        for name, content in made["files"].items():
            path = job.work / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        done: dict[str, Any] = made["done"]
        return done

    def _ask(self, job: Job, key: str, tell: Tell) -> dict[str, Any]:
        self._tells[key] = tell
        arguments = (job.to_json(), self._trace, own_version(), self._topic, key)
        future = self._client.submit(do_there, *arguments, key=key, pure=False)
        self._futures.add(future)
        try:
            made: dict[str, Any] = future.result()
        finally:
            self._futures.discard(future)
            del self._tells[key]
        return made

    def _heard(self, event: tuple[float, dict[str, Any]]) -> None:
        """A worker says how far a job is; what nobody waits for any more is not told."""
        _when, said = event
        tell = self._tells.get(said.pop("key"))
        if tell is not None:
            with suppress(Failed):
                tell(said)


def connected(address: str) -> Client:
    """The scheduler at an address, with one worker at least.

    Raises:
        UserError: it does not answer, it is no Dask scheduler, or it has no workers.
    """
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError(f"--scheduler {address}: no Dask scheduler answers there ({_line(error)})") from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        client.close()
        raise UserError(
            f"--scheduler {address} has no workers: start some with `dask worker {address}`"
        ) from None
    return client


def check_versions(client: Client) -> None:
    """See that every worker draws as this machine would.

    Raises:
        UserError: one has not this package, or another version of it; all such are named.
    """
    own = own_version()
    others = []
    for worker, version in client.run(version_there, on_error="return").items():
        if isinstance(version, ModuleNotFoundError):
            others.append(f"{worker} has no module {version.name}")
        elif isinstance(version, BaseException):
            raise version
        elif version != own:
            others.append(f"{worker} has {version}")
    if others:
        raise UserError(f"every worker must have this version of the package, {own}: {'; '.join(others)}")


def _line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
