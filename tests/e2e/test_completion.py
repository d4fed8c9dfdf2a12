"""Completion: what each shell really offers, and that it knows every option of every command."""
import re
import shutil
import subprocess

import pytest

import harness

COMMANDS = re.findall(r"^  ([a-z]+) +", harness.run([harness.GHOST, "--help"]).out.decode().split("commands:")[1], re.M)
SESSION = "1700000000-0000beef"

# A shell's script that prints the candidates for the words in $1..., the last of which is being typed.
ASK = {
    "bash": """eval "$(ghost completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ghost; printf '%s\\n' "${COMPREPLY[@]}" """,
    "fish": """ghost completion fish | source; complete -C (string join ' ' -- $argv) | string replace -r '\\t.*' ''""",
}


def offered(shell, tmp_path, *words):
    tools = tmp_path / "bin"
    tools.mkdir(exist_ok=True)
    if not (tools / "ghost").exists():
        (tools / "ghost").symlink_to(harness.GHOST)
    (tmp_path / "data/sessions" / SESSION).mkdir(parents=True, exist_ok=True)
    (tmp_path / "a file.ghost").touch()
    env = harness.clean_environment(GHOST_DATA_DIR=str(tmp_path / "data"), HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    env["PATH"] = f"{tools}:{env['PATH']}"
    arguments = ["-c", ASK[shell], "bash", *words] if shell == "bash" else ["-c", ASK[shell], *words]
    done = harness.run([shutil.which(shell), *arguments], env=env, cwd=tmp_path, timeout=60)
    assert done.status == 0 or not done.err, done.err.decode()
    return done.out.decode().split("\n")


def options_of(command):
    text = harness.run([harness.GHOST, command, "--help"]).out.decode()
    return set(re.findall(r"^  (?:-\w, |    )(--[\w-]+)", text, re.M))


each_shell = pytest.mark.parametrize("shell", [pytest.param(s, marks=pytest.mark.skipif(
    not shutil.which(s), reason=f"{s} is not installed here")) for s in sorted(ASK)])


@each_shell
def test_every_option_of_every_command(shell, tmp_path):
    assert len(COMMANDS) > 15
    for command in COMMANDS:
        lacking = options_of(command) - set(offered(shell, tmp_path, "ghost", command, "--"))
        assert not lacking, f"{shell} does not offer {sorted(lacking)} of ghost {command}"


@each_shell
@pytest.mark.parametrize("words, expected", [
    (["rep"], ["report"]),
    (["report", "--sort", "p"], ["p50", "p95", "p99"]),
    (["report", "17"], [SESSION]),
    (["completion", "f"], ["fish"]),
    (["config", "ch"], ["check"]),
    (["run", "--no-q"], ["--no-quiet"]),
    (["help", "anom"], ["anomalies"]),
], ids=lambda w: "-".join(w))
def test_words(shell, tmp_path, words, expected):
    assert sorted(w for w in offered(shell, tmp_path, "ghost", *words) if w) == expected


def test_bash_takes_a_value_behind_an_equals_sign_and_names_with_blanks(tmp_path):
    assert offered("bash", tmp_path, "ghost", "export", "--format", "=", "c") == ["csv", ""]
    assert offered("bash", tmp_path, "ghost", "audit", "a")[0] == "a file.ghost"


def test_zsh_knows_every_option():
    """Its words cannot be asked for without a terminal."""
    text = harness.run([harness.GHOST, "completion", "zsh"]).out.decode()
    for command in COMMANDS:
        body = re.search(rf"^            {command}\) _arguments(.*?) ;;$", text, re.M | re.S).group(1)
        lacking = [o for o in options_of(command) if not re.search(rf"{o}[}}\[]", body)]
        assert not lacking, f"zsh does not offer {lacking} of ghost {command}"


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed here")
def test_zsh_takes_the_script(tmp_path):
    text = harness.run([harness.GHOST, "completion", "zsh"]).out.decode()
    done = subprocess.run(["zsh", "-f", "-c", f"autoload -U compinit; compinit -u -d {tmp_path}/dump; source /dev/stdin; whence -w _ghost"],
                          input=text, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "_ghost: function" and not done.stderr, done.stderr
