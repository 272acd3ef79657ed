#!/usr/bin/env python3
"""Jobs on a cluster: a coordinator and workers of one program, started and killed here.

  demo.py word-count [--hosts] [--programs DIR]   words over sockets, counted by three workers
  demo.py recovery   [--hosts] [--programs DIR]   a job goes on while its processes are killed

--hosts: each process on a host of its own: a network namespace with its own address (needs root).
"""
import argparse
import collections
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TEXT = """the stream runs over stones and the stones count the stream
a word is a stone and a count is a stream of words
over the stones the words run and the count runs over
"""


def run(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Loopback:
    """All processes on this host."""

    def address(self, host):
        return "127.0.0.1"

    def launcher(self, host):
        return []

    def close(self):
        pass


class Namespaces:
    """Hosts on a bridge; number 0 is this one."""

    def __init__(self, count):
        self.bridge = f"sd{os.getpid() % 100000}"
        self.net = os.getpid() % 250 + 1  # another demo may run beside this one
        self.names = [f"{self.bridge}n{i}" for i in range(1, count + 1)]
        run(["ip", "link", "add", self.bridge, "type", "bridge"])
        run(["ip", "addr", "add", self.address(0) + "/24", "dev", self.bridge])
        run(["ip", "link", "set", self.bridge, "up"])
        for number, name in enumerate(self.names, 1):
            run(["ip", "netns", "add", name])
            run(["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name])
            run(["ip", "link", "set", name, "master", self.bridge])
            run(["ip", "link", "set", name, "up"])
            run(["ip", "-n", name, "addr", "add", self.address(number) + "/24", "dev", "eth0"])
            run(["ip", "-n", name, "link", "set", "eth0", "up"])
            run(["ip", "-n", name, "link", "set", "lo", "up"])

    def address(self, host):
        return f"10.214.{self.net}.{host + 1}"

    def launcher(self, host):
        return ["ip", "netns", "exec", self.names[host - 1]] if host else []

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", self.bridge], check=False)


class Cluster:
    """A coordinator on host 1, workers on those behind it."""

    def __init__(self, network, program, arguments, folder):
        self.network, self.program, self.arguments, self.folder = network, program, arguments, folder
        self.processes = {}
        with socket.create_server((network.address(0), 0)) as probe:
            self.port = probe.getsockname()[1]

    def start(self, name, host, *options):
        command = [*self.network.launcher(host), self.program, *self.arguments,
                   "--role", name.split("-")[0],
                   "--coordinator", f"{self.network.address(1)}:{self.port}",
                   "--bind", self.network.address(host), "--allow-insecure",
                   "--heartbeat-timeout", "2", *options]
        log = open(self.folder / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def start_coordinator(self):
        self.start("coordinator", 1, "--data-dir", str(self.folder / "jobs"))

    def start_worker(self, number):
        self.start(f"worker-{number}", number + 1)

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def wait(self, limit):
        code = self.processes["coordinator"].wait(limit)
        if code:
            sys.exit(f"the coordinator failed: {self.log('coordinator')}")

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def serve_text(server, lines):
    connection, _ = server.accept()
    with connection:
        connection.sendall(lines.encode())


def collect_counts(server, counts, connections=3):
    def read(connection):
        with connection, connection.makefile() as lines:
            for line in lines:
                word, count = line.split()
                counts[word] = max(counts[word], int(count))

    readers = [threading.Thread(target=read, args=(server.accept()[0],)) for _ in range(connections)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()


def word_count(network, programs, folder):
    counts = collections.Counter()
    with socket.create_server((network.address(0), 0)) as text, \
            socket.create_server((network.address(0), 0)) as results:
        threads = [threading.Thread(target=serve_text, args=(text, TEXT * 1000), daemon=True),
                   threading.Thread(target=collect_counts, args=(results, counts), daemon=True)]
        for thread in threads:
            thread.start()
        ports = [str(s.getsockname()[1]) for s in (text, results)]
        cluster = Cluster(network, programs / "cluster_word_count",
                          [network.address(0), *ports], folder)
        with contextlib.closing(cluster):
            cluster.start_coordinator()
            for number in (1, 2, 3):
                cluster.start_worker(number)
            cluster.wait(60)
        for thread in threads:
            thread.join(10)
    print("3 workers, 3000 lines; the most frequent words:")
    for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5]:
        print(f"{word:>8} {count:>6}")


def visible_numbers(output):
    numbers = []
    for path in output.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            with contextlib.suppress(FileNotFoundError):  # renamed meanwhile
                numbers += [int(line.split()[0]) for line in path.read_text().splitlines()]
    return numbers


def recovery(network, programs, folder):
    count = 20_000
    output = folder / "output"
    output.mkdir()
    arguments = [str(folder / "checkpoints"), str(output), str(count)]
    cluster = Cluster(network, programs / "cluster_recovery", arguments, folder)
    strikes = [(0.25, "worker-1"), (0.5, "coordinator"), (0.75, "worker-3")]
    with contextlib.closing(cluster):
        cluster.start_coordinator()
        for number in (1, 2, 3):
            cluster.start_worker(number)
        give_up = time.monotonic() + 120
        while cluster.processes["coordinator"].poll() is None:
            if time.monotonic() > give_up:
                sys.exit(f"the job does not end: {cluster.log('coordinator')}")
            visible = len(visible_numbers(output))
            if sys.stdout.isatty():
                print(f"\r{visible:>6} of {count} records are out", end="", flush=True)
            if strikes and visible >= strikes[0][0] * count:
                name = strikes.pop(0)[1]
                print(f"{chr(10) if sys.stdout.isatty() else ''}kill -9 {name}")
                cluster.kill(name)
                if name == "coordinator":
                    cluster.start_coordinator()
                else:
                    cluster.start_worker(int(name.split("-")[1]))
            time.sleep(0.05)
        cluster.wait(1)
    numbers = visible_numbers(output)
    if sys.stdout.isatty():
        print()
    exact = len(numbers) == count and len(set(numbers)) == count
    print(f"{len(numbers)} records are out: " + ("each exactly once" if exact else "NOT each once"))
    return 0 if exact else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", choices=["word-count", "recovery"])
    parser.add_argument("--hosts", action="store_true", help="a network namespace per process")
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"),
                        help="where the programs were built (default: build/release/bin)")
    options = parser.parse_args()
    if options.hosts and os.geteuid() != 0:
        print("network namespaces need root", file=sys.stderr)
        return 77  # what ctest takes as: skipped
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that `finally` is run
    try:
        network = Namespaces(4) if options.hosts else Loopback()
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        print(f"there can be no network namespaces here: {error}", file=sys.stderr)
        return 77
    try:
        with tempfile.TemporaryDirectory(prefix="sluice-demo-") as folder:
            demo = word_count if options.demo == "word-count" else recovery
            return demo(network, options.programs.resolve(), pathlib.Path(folder)) or 0
    finally:
        network.close()


if __name__ == "__main__":
    sys.exit(main())
