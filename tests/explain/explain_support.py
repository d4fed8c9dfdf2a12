"""A small session, and ghost explain on it. See docs/explain.md."""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
GHOST = pathlib.Path(os.environ.get("GHOST_BIN", ROOT / "build" / "ghost")).resolve()
TOOLS = pathlib.Path(os.environ.get("GHOST_TOOLS", GHOST.parent / "tools")).resolve()
KEY = "AIza-TestKey-0123456789abcdef"

# The opening of the programs that tests record: one function, two callers, of which one makes it fail.
SUPPLIERS = '''
import sys
new = "new" in sys.argv

class Missing(Exception):
    pass

def lead_time(supplier, region):
    if supplier is None:
        raise Missing()
    return 3 if region else 2.5

def page(i):
    return lead_time("s", "eu" if i % 4 else "")

def import_row(i):
    try:
        return lead_time(None if i % 2 else "s", "eu")
    except Missing:
        return None
'''


def clean_environment(**more):
    dropped = ("GHOST_", "GEMINI_", "OPENAI_", "SSL_CERT", "CURL_CA", "PYTEST_")
    env = {k: v for k, v in os.environ.items() if not k.startswith(dropped) and not k.lower().endswith("_proxy")}
    return env | {"LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb"} | more


def two_versions(folder):
    """Logs of a program that never ran, before and after a change of five functions: what changed between them, and by how
    much, is the same on every machine. An environment, and the two sessions."""
    versions = {"before": ["35:8000", "54:3000"], "after": ["53:8000", "45:3000", "39:20000"]}     # percent of their usual time
    for n, (name, changes) in enumerate(versions.items()):
        (folder / name).mkdir()
        options = [word for change in changes for word in ("--change", change)]
        subprocess.run([TOOLS / "gen_log", "-n", "300000", "-o", folder / name / "1-00000001.ghost", "--functions", "60", "--seed", "3", "--process", str(n), *options],
                       check=True, capture_output=True)
    return clean_environment(GHOST_DATA_DIR=str(folder / "data")), [f"{folder}/{name}" for name in versions]


class Explain:
    """`ghost explain` with a data folder and an environment of its own."""

    def __init__(self, folder, server=None):
        self.data, self.server, self.session = folder / "data", server, folder / "story"
        subprocess.run([TOOLS / "story_log", self.session], check=True)
        self.env = clean_environment(GHOST_DATA_DIR=str(self.data))

    def run(self, *arguments, timeout=100, function="calculate_discount", **env):
        operands = [function] if function else []
        command = [GHOST, "explain", *operands, self.session, *map(str, arguments)]
        return subprocess.run(command, env=self.env | env, cwd=self.session, capture_output=True, text=True, timeout=timeout, errors="replace")

    def ask(self, case, *arguments, backend="gemini", key=KEY, **more):
        """Asks the server's `case`, with few and short retries."""
        env = {"gemini": "GEMINI_API_KEY", "openai": "OPENAI_API_KEY"}[backend]
        model = () if "--model" in arguments or backend == "gemini" else ("--model", "m")
        return self.run("--backend", backend, "--base-url", self.server.base(case), "--timeout", "40", *model, *arguments, **({env: key} if key else {}), **more)

    def json(self, *arguments, **more):
        done = self.run(*arguments, "--format", "json", **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def audit(self):
        path = self.data / "explain/audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
