"""A Spark standalone cluster of separate processes on loopback, for tests and benchmarks: a master,
and workers of one core each.

`serve(folder, environment)` starts a master and workers on free ports and stops them all;
workers, and so their executors, have `environment` and nothing else of AWS or Luigi. Every process
is the leader of a session, which holds whatever it has started.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

QUICK = {
    "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
    "SPARK_LOCAL_IP": "127.0.0.1",
}  # a JVM that starts soon and stays small; it takes the classes of Spark as verified
_START_SECONDS = 60


@dataclass
class Standalone:
    """The cluster that drivers find at `master`; `processes` are the master, then every worker that
    was started.
    """

    folder: Path
    environment: dict[str, str]
    master: str
    memory: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        import pyspark  # which `./run test --fast` does not install

        command = [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), *arguments]
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start(
            "org.apache.spark.deploy.worker.Worker",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
            "-c",
            "1",
            "-m",
            self.memory,
            "-d",
            str(self.folder / f"work{len(self.processes)}"),
            self.master,
        )

    def alive(self) -> list[int]:
        """The sessions of the processes that run."""
        return [process.pid for process in self.processes if process.poll() is None]

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As a machine ends that loses its power: the worker, its executors and their Python
        processes, in one moment.
        """
        for pid in processes_of(process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # its parent was its end
        process.wait()


@contextmanager
def serve(
    folder: Path, environment: Mapping[str, str], memory: str = "1g", workers: int = 2
) -> Iterator[Standalone]:
    """A master and workers in `folder`, each of one core and of `memory` for executors' JVMs;
    none is left running.
    """
    port = free_port()
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LUIGI_"))
    }
    cluster = Standalone(
        folder,
        {**own, **QUICK, "SPARK_DAEMON_MEMORY": "256m", **environment},
        f"spark://127.0.0.1:{port}",
        memory,
    )
    try:
        cluster.start(
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--webui-port",
            "0",
        )
        wait_for(port)
        for _ in range(workers):
            cluster.start_worker()
        yield cluster
    finally:
        for process in cluster.processes:
            if process.poll() is None:
                cluster.kill(process)


def processes_of(session: int) -> list[int]:
    """The processes of a session."""
    result = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) == session:
                result.append(int(folder.name))
        except ProcessLookupError:
            continue  # it has just ended
    return result


def free_port() -> int:
    """A port of loopback that no one listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, seconds: float = _START_SECONDS) -> None:
    """Until somebody listens there; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {seconds:.0f} s")
