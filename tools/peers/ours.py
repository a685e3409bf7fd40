"""A running ProxProp.Engine.Bench that times kernels on request."""
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Server:
    def __init__(self, width=None, command="kernels", native=None):
        program = ROOT / "ProxProp.Engine.Bench/bin/Release/net10.0/ProxProp.Engine.Bench.dll"
        if native is None and not program.exists():
            raise SystemExit("Build first: dotnet build -c Release ProxProp.Engine.Bench")
        start = ["dotnet", str(program)] if native is None else [str(native)]
        arguments = [*start, command, "--serve"] + (["--width", str(width)] if width is not None else [])
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def open(self, operation, m, n, k, kind, threads):
        return self.ask("open", operation, m, n, k, kind, threads)

    def time(self, fill):
        return self.ask("time", fill)["seconds"]

    def peak(self, kind, threads):
        return self.ask("peak", kind, threads)["gflops"]

    def close(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.flush()
        self.process.wait()
