"""Settings from end to end: who goes first, what `ghost config` tells, and what reaches the recorded program."""
import json
import os
import re
import subprocess

import pytest

import harness

KEYS = {"GHOST_INCLUDE": "a.*:b", "GHOST_EXCLUDE": "/x/*", "GHOST_ALL": "1", "GHOST_FLUSH": "0.5", "GHOST_ON_FULL": "drop", "GHOST_MAX_LOG": "2097152"}
FILE = """recording:
  include: [a.*, b]
  exclude: ["/x/*"]
  all: yes
  flush: 0.5
  on_full: drop
  max_log: 2M
"""


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "cwd"
    folder.mkdir()
    return folder


def ghost(here, *args, env=None, status=0):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GHOST_")} | {"GHOST_DATA_DIR": str(here.parent / "data")}
    done = subprocess.run([harness.GHOST, *args], cwd=here, env=clean | (env or {}), capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def seen_by_program(here, *options, env=None):
    code = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('GHOST_')}))"
    seen = json.loads(ghost(here, "run", *options, "-c", code, env=env).stdout)
    return {k: v for k, v in seen.items() if k in KEYS}


def settings(here, *args, env=None):
    shown = json.loads(ghost(here, "config", "show", "--format", "json", *args, env=env).stdout)
    return {s["key"]: s for s in shown["settings"]}


def test_the_recorder_gets_what_the_file_says(here):
    (here / "ghost.yaml").write_text(FILE)
    assert seen_by_program(here) == KEYS


@pytest.mark.parametrize("how", ["--config", "GHOST_CONFIG"])
def test_a_named_file_is_read_from_anywhere(here, tmp_path, how):
    (here / "ghost.yaml").write_text("nonsense: 1\n")
    other = tmp_path / "other.yaml"
    other.write_text(FILE)
    if how == "--config":
        assert seen_by_program(here, "--config", str(other)) == KEYS
        assert seen_by_program(here, f"--config={other}", env={"GHOST_CONFIG": "/nowhere"}) == KEYS
    else:
        assert seen_by_program(here, env={"GHOST_CONFIG": str(other)}) == KEYS
    assert seen_by_program(here, "--no-config", env={"GHOST_CONFIG": str(other)}) == {}


def test_a_file_that_was_named_must_be_there(here):
    for args, env in ((("--config", "gone.yaml"), {}), ((), {"GHOST_CONFIG": "gone.yaml"})):
        done = ghost(here, "run", *args, "-c", "print(1)", env=env, status=2)
        assert "gone.yaml" in done.stderr and done.stdout == ""
    assert "regular file" in ghost(here, "run", "--config", "/dev/zero", "-c", "1", status=2).stderr


def test_flag_before_environment_before_file_before_default(here):
    (here / "ghost.yaml").write_text(FILE)
    env = {"GHOST_FLUSH": "3", "GHOST_INCLUDE": "c", "GHOST_ALL": "0"}
    seen = seen_by_program(here, env=env)
    assert seen == {k: v for k, v in (KEYS | {"GHOST_FLUSH": "3", "GHOST_INCLUDE": "c"}).items() if k != "GHOST_ALL"}
    seen = seen_by_program(here, "--flush", "4", "--include", "d", "-i", "e", "--all", env=env)
    assert seen == KEYS | {"GHOST_FLUSH": "4", "GHOST_INCLUDE": "d:e"}
    assert "GHOST_ALL" not in seen_by_program(here, "--no-all")
    assert seen_by_program(here, env={"GHOST_FLUSH": ""})["GHOST_FLUSH"] == "0.5"


def test_show_tells_where_each_value_came_from(here):
    shown = settings(here)
    assert all(s["source"] == "default" for k, s in shown.items() if k != "recording.data_dir")
    assert shown["recording.data_dir"]["where"] == "$GHOST_DATA_DIR"
    (here / "ghost.yaml").write_text(FILE)
    shown = settings(here, env={"GHOST_MAX_LOG": "5M"})
    assert (shown["recording.flush"]["value"], shown["recording.flush"]["source"], shown["recording.flush"]["where"]) == (0.5, "file", "ghost.yaml:5:10")
    assert shown["recording.include"]["value"] == ["a.*", "b"]
    assert (shown["recording.max_log"]["value"], shown["recording.max_log"]["where"]) == (5 << 20, "$GHOST_MAX_LOG")
    shown = settings(here, "--", "run", "--flush", "9", "app.py", "--flush", "1")
    assert (shown["recording.flush"]["value"], shown["recording.flush"]["where"]) == (9, "--flush")
    assert settings(here, "--no-config")["recording.flush"]["source"] == "default"
    text = ghost(here, "config", "show").stdout
    assert re.search(r"^recording\.on_full +drop +ghost\.yaml:6:12$", text, re.M)


def test_wrong_files_are_refused_with_place_and_remedy(here):
    (here / "ghost.yaml").write_text("recording:\n  flsh: 1\n  max_log: big\n")
    done = ghost(here, "run", "-c", "print(1)", status=2)
    assert done.stdout == "" and done.stderr.startswith("ghost: ghost.yaml:2:3: ") and "recording.flush" in done.stderr
    assert "(and 1 more)" in done.stderr and "--no-config" in done.stderr
    done = ghost(here, "config", "check", status=1)
    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["ghost.yaml:2:3:", "ghost.yaml:3:12:"]
    problems = json.loads(ghost(here, "config", "check", "ghost.yaml", "-f", "json", status=1).stdout)["problems"]
    assert [(p["line"], p["column"]) for p in problems] == [(2, 3), (3, 12)]
    assert ghost(here, "completion", "bash").stdout and ghost(here, "config", "init", "-o", "-").stdout


def test_rules_of_a_comparison_are_checked_without_one(here):
    """A gate with a mistake in its rules must be told where they are written, not by the first build that compares."""
    (here / "ghost.yaml").write_text("diff:\n  fail_on:\n    - removed\n    - lateny>1.3\n    - latency\n  alpha: 2\n  min_effect: 0\n")
    lines = ghost(here, "config", "check", status=1).stdout.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["ghost.yaml:4:7:", "ghost.yaml:5:7:", "ghost.yaml:6:10:", "ghost.yaml:7:15:"]
    assert "diff.fail_on: there is no rule 'lateny>1.3'. Did you mean latency?" in lines[0] and "needs a limit" in lines[1]
    assert "diff.alpha: it must be between 0 and 1, not '2'" in lines[2] and "diff.min_effect: it must be larger than 0" in lines[3]
    (here / "ghost.yaml").write_text("diff:\n  fail_on: 'latency > 1.3, exceptions+1%'\n  alpha: 0.001\n")
    assert "fine; 2 settings, 0 suppressions" in ghost(here, "config", "check").stdout
    (here / "ghost.yaml").write_text("diff:\n  fail_on: []\n")
    assert "fine; 1 setting, " in ghost(here, "config", "check").stdout


def test_environment_is_checked_too(here):
    done = ghost(here, "run", "-c", "print(1)", env={"GHOST_FLUSH": "soon"}, status=2)
    assert "GHOST_FLUSH wants a number of seconds, not 'soon'" in done.stderr


def test_a_secret_is_refused_and_not_repeated(here):
    secret = "AIzaSy" + "x7" * 17
    for text in (f"detectors:\n  api_key: {secret}\n", f"recording:\n  include: [{secret}]\n", f"{secret}: 1\n"):
        (here / "ghost.yaml").write_text(text)
        for args, status in ((("run", "-c", "1"), 2), (("config", "check"), 1), (("config", "show"), 2)):
            done = ghost(here, *args, status=status)
            assert secret not in done.stdout + done.stderr and secret[:12] not in done.stdout + done.stderr


@pytest.mark.parametrize("profile", ["generic", "django", "fastapi", "celery", "gunicorn"])
def test_init_writes_what_check_accepts(here, profile):
    ghost(here, "config", "init", "--profile", profile)
    text = (here / "ghost.yaml").read_text()
    assert ghost(here, "config", "check").stdout.startswith("ghost.yaml: fine")
    assert "already there" in ghost(here, "config", "init", "--profile", profile, status=2).stderr
    (here / "ghost.yaml").write_text("mine")
    ghost(here, "config", "init", "--profile", profile, "--force")
    assert (here / "ghost.yaml").read_text() == text
    # every commented setting is right as it stands, and every setting is there
    names = {key.split(".")[1] for key in settings(here)} | {"suppress", "- kind", "  function", "  reason", "  until"}
    bare = [re.sub(r"^  # ", "  ", line) for line in text.splitlines() if line[4:].split(":")[0].removeprefix("  ") in names or not line.startswith("  #")]
    bare = "\n".join(line for line in bare if not line.lstrip().startswith("#"))
    (here / "all.yaml").write_text(bare)
    done = ghost(here, "config", "check", "all.yaml")
    keys = set(settings(here))
    assert f" {len(keys)} settings, 1 suppression " in done.stdout, done.stdout + bare


def test_profiles_set_what_exists(here):
    """An advice for a key that no option has would be left out in silence."""
    source = (harness.ROOT / "analyzer/config_init.c").read_text()
    advised = set(re.findall(r'^    \{ "([a-z_]+\.[a-z_]+)"', source, re.M))
    assert advised and advised <= set(settings(here))


def test_recording_by_environment_alone_reads_no_file(here, python):
    """docs/config.md says so: only `ghost` reads YAML."""
    (here / "ghost.yaml").write_text("nonsense: [")
    env = {k: v for k, v in os.environ.items() if not k.startswith("GHOST_")} | {
        "PYTHONPATH": str(harness.LIB / "boot"), "GHOST_RECORD": "1", "GHOST_DATA_DIR": str(here.parent / "d")}
    done = subprocess.run([python.exe, "-c", "def f(): pass\nf()\nprint('ok')"], cwd=here, env=env, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("ok\n", "")
    assert list((here.parent / "d").glob("sessions/*/*.ghost"))
