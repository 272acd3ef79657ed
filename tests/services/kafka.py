#!/usr/bin/env python3
"""A real Apache Kafka broker for tests: one node in KRaft mode, on loopback, in a directory of its own.

  kafka.py fetch                     get the broker's files (once), print the folder
  kafka.py start DIRECTORY           start a broker there, print its bootstrap servers
  kafka.py kill DIRECTORY            kill -9
  kafka.py restart DIRECTORY         start it again: same ports, same data
  kafka.py stop DIRECTORY            stop it and remove the directory
  kafka.py run [COMMAND...]          start, run the command with SLUICE_KAFKA_BROKER (its address)
                                     and SLUICE_KAFKA_DIRECTORY set, stop; without a command: wait

Status 77: there is no Java, or no Maven to get the files with. The files come from Maven Central and
stay in ${XDG_CACHE_HOME:-~/.cache}/sluice-tests.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VERSION = "3.9.1"
SKIPPED = 77
PROJECT = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>sluice</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
<dependencies><dependency>
<groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
</dependency></dependencies></project>
"""
START_SECONDS = 180  # on a machine that is busy with other things
MAX_LIFE_SECONDS = 1800  # of a broker that nobody stops


class Skipped(Exception):
    pass


def fetch():
    """Returns the folder of the broker's jars, after getting them if need be."""
    if not shutil.which("java"):
        raise Skipped("there is no java (openjdk-17-jre-headless)")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice-tests"
    jars = cache / f"kafka-{VERSION}"
    if jars.is_dir():
        return jars
    if not shutil.which("mvn"):
        raise Skipped("there is no mvn (maven) to get Kafka with")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        (Path(work) / "pom.xml").write_text(PROJECT)
        command = ["mvn", "-q", "-B", "-f", f"{work}/pom.xml", "dependency:copy-dependencies",
                   "-DincludeScope=runtime", f"-DoutputDirectory={work}/jars"]
        try:
            got = subprocess.run(command, timeout=300, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, check=False)
        except subprocess.TimeoutExpired as e:
            raise Skipped("getting Kafka from Maven Central took too long") from e
        if got.returncode != 0:
            raise Skipped("cannot get Kafka from Maven Central:\n" + got.stdout[-2000:])
        try:
            os.rename(f"{work}/jars", jars)
        except OSError:  # somebody else was faster
            if not jars.is_dir():
                raise
    return jars


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def configure(directory):
    broker, controller = free_ports(2)
    (directory / "server.properties").write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
log.dirs={directory}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
group.initial.rebalance.delay.ms=0
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
log.retention.ms=-1
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
""")
    (directory / "address").write_text(f"127.0.0.1:{broker}")


def java(directory, heap):
    jars = fetch()
    return ["java", f"-Xmx{heap}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
            "-cp", f"{jars}/*"]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def pid_of(directory):
    try:
        return int((directory / "pid").read_text())
    except (OSError, ValueError):
        return None


def launch(directory):
    """Starts the broker of a configured directory and waits until it answers."""
    with open(directory / "broker.log", "ab") as log:
        process = subprocess.Popen(
            ["timeout", "--signal=KILL", str(MAX_LIFE_SECONDS), *java(directory, 512), "kafka.Kafka",
             str(directory / "server.properties")],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    (directory / "pid").write_text(str(process.pid))
    host, port = (directory / "address").read_text().split(":")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            # The broker listens before it is ready; it answers ApiVersions when it is.
            with socket.create_connection((host, int(port)), timeout=1) as s:
                s.settimeout(2)
                s.sendall(bytes.fromhex("0000000a" "0012" "0000" "00000001" "ffff"))
                if len(s.recv(8)) == 8:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    kill(directory)
    tail = (directory / "broker.log").read_text(errors="replace")[-3000:]
    raise RuntimeError("the broker does not come up:\n" + tail)


def start(directory):
    directory.mkdir(parents=True, exist_ok=True)
    fetch()
    configure(directory)
    subprocess.run([*java(directory, 128), "kafka.tools.StorageTool", "format", "-t",
                    "c2x1aWNlLXRlc3RzLTAwMQ", "-c", str(directory / "server.properties")],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    launch(directory)
    return (directory / "address").read_text()


def kill(directory):
    """Ends the broker's process group, which is its own, at once."""
    pid = pid_of(directory)
    if pid is None:
        return
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        deadline = time.monotonic() + 10
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
    (directory / "pid").unlink(missing_ok=True)


def stop(directory):
    kill(directory)
    shutil.rmtree(directory, ignore_errors=True)


def run(command):
    directory = Path(tempfile.mkdtemp(prefix="sluice-kafka-"))
    try:
        address = start(directory)
        if not command:
            print(address, flush=True)
            signal.pause()
        environment = dict(os.environ, SLUICE_KAFKA_BROKER=address,
                           SLUICE_KAFKA_DIRECTORY=str(directory),
                           SLUICE_KAFKA_SERVICE=str(Path(__file__).resolve()))
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        stop(directory)


def main(arguments):
    action, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that `finally` stops the broker
        signal.signal(number, lambda *_: sys.exit(143))
    try:
        if action == "fetch" and not rest:
            print(fetch())
        elif action == "run":
            return run(rest)
        elif action in ("start", "kill", "restart", "stop") and len(rest) == 1:
            directory = Path(rest[0])
            if action == "start":
                print(start(directory))
            else:
                {"kill": kill, "restart": launch, "stop": stop}[action](directory)
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except Skipped as e:
        print(f"skipped: {e}", file=sys.stderr)
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
