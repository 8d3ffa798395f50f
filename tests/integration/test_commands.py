# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other tests run in forks of one process is what people run in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import config

from .command_server import CONFIGURATION_FILE, TREE, ParsedYaml, configuration
from .commands import ansible, deprecations, in_a_new_process
from .module_server import STARTUP, write_interpreter

PLAY = """
- name: Show what a process is given
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Show
      ansible.builtin.debug:
        msg: "{{ lookup('env', 'GIVEN') }} {{ lookup('env', 'WALDUR_API_URL') }} {{ lookup('pipe', 'pwd') }}"
    - name: End
      ansible.builtin.fail:
        msg: The end
"""


@pytest.fixture
def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_PYTHON_INTERPRETER": "python3",
    }


def test_a_fork_is_given_prints_and_ends_as_a_process_of_its_own(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "play.yml").write_text(PLAY)
    given = {**environment, "GIVEN": "this alone"}
    forked = ansible(["playbook", "-i", "localhost,", "play.yml"], tmp_path, given)
    assert forked == in_a_new_process(["playbook", "-i", "localhost,", "play.yml"], tmp_path, given)
    assert forked[0] == 2
    assert f"this alone  {tmp_path}" in forked[1]


def test_warnings_can_be_read_where_a_terminal_shows_them(tmp_path: Path, environment: dict[str, str]) -> None:
    command = ["adhoc", "localhost", "-m", "debug"]
    given = {**environment, "ANSIBLE_LOCALHOST_WARNING": "true"}
    forked = ansible(command, tmp_path, given, merged=True)
    assert forked == in_a_new_process(command, tmp_path, given, merged=True)
    assert forked[1].startswith("[WARNING]")
    assert sorted(ansible(command, tmp_path, given)[1].splitlines()) == sorted(forked[1].splitlines())


def test_every_run_reads_its_configuration_anew(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "ansible.cfg").write_text("[defaults]\nforks = 77\n")
    for changed in ({"ANSIBLE_TIMEOUT": "55"}, {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}, {"TZ": "Asia/Tokyo"}):
        command = ["config", "dump", "--only-changed", "-t", "base"]
        folder = tmp_path / "elsewhere"
        folder.mkdir(exist_ok=True)
        assert ansible(command, folder, {**environment, **changed}) == in_a_new_process(
            command, folder, {**environment, **changed}
        )


CONFIGURED = """
- name: Show what runs with the same configuration do not share
  hosts: localhost
  gather_facts: false
  vars:
    home: "{{ lookup('env', 'ANSIBLE_HOME') }}"
  tasks:
    - name: Show
      ansible.builtin.debug:
        msg: "{{ lookup('env', 'WALDUR_API_URL') }} {{ lookup('pipe', 'pwd') }}"
    - name: Have a temporary folder, one only
      ansible.builtin.assert:
        that: lookup('pipe', 'ls ' ~ home ~ '/tmp | wc -l') | int == 1
    - name: Run a module of the collection
      waldur.provider.user_role:
        service_provider: ALPHA
        user: member1
        retries: 0
      environment:
        WALDUR_ACCESS_TOKEN: "{{ '0' * 40 }}"
"""


@pytest.fixture
def configured(tmp_path: Path) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "ANSIBLE_COLLECTIONS_PATH": str(TREE.parents[2]),
        "ANSIBLE_CONFIG": str(CONFIGURATION_FILE),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
    }


@pytest.fixture
def unconfigured(tmp_path: Path, configured: dict[str, str]) -> dict[str, str]:
    """Return the environment of a user without any configuration file, with the collection in the home folder."""
    home = tmp_path / "home"
    installed = home / ".ansible" / "collections" / "ansible_collections" / "waldur"
    installed.mkdir(parents=True)
    (installed / "provider").symlink_to(TREE.resolve())
    kept = {name: text for name, text in configured.items() if name in ("PATH", "LANG", "ANSIBLE_NOCOLOR")}
    return {**kept, "HOME": str(home), "ANSIBLE_HOME": str(home / ".ansible")}


@pytest.mark.parametrize("kind", ["configured", "unconfigured"])
def test_runs_that_share_a_configuration_print_what_processes_of_their_own_print(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    configured = request.getfixturevalue(kind)
    (tmp_path / "play.yml").write_text(CONFIGURED)
    command = ["playbook", "-i", "localhost,", "-c", "local", "play.yml"]
    for url in ("http://127.0.0.1:1", "http://127.0.0.1:2"):
        given = {**configured, "WALDUR_API_URL": url}
        assert configuration(str(tmp_path), configured) is not None
        assert configuration(str(tmp_path), given) == configuration(str(tmp_path), configured)
        forked = ansible(command, tmp_path, given)
        assert forked == in_a_new_process(command, tmp_path, given)
        assert forked[0] == 2
        assert f"{url} {tmp_path}" in forked[1]
        assert "refused the connection: check api_url" in forked[1]
        assert not [*Path(configured["ANSIBLE_HOME"], "tmp").iterdir()]


@pytest.mark.parametrize("changed", [{"ANSIBLE_TIMEOUT": "55"}, {"ANSIBLE_CONFIG": "ansible.cfg"}])
def test_a_run_with_a_setting_of_its_own_shares_no_configuration(
    configured: dict[str, str], changed: dict[str, str]
) -> None:
    assert configuration("/", {**configured, **changed}) is None


def test_a_run_whose_configuration_can_not_be_read_ends_as_a_process_of_its_own(
    tmp_path: Path, unconfigured: dict[str, str]
) -> None:
    given = {**unconfigured, "LC_ALL": "C"}
    del given["LANG"]
    for _run in range(2):
        assert ansible(["playbook", "play.yml"], tmp_path, given) == in_a_new_process(
            ["playbook", "play.yml"], tmp_path, given
        )


@pytest.mark.parametrize("path", ["ansible.cfg", "home/.ansible.cfg"])
def test_a_run_that_finds_a_configuration_file_shares_no_configuration(
    tmp_path: Path, unconfigured: dict[str, str], path: str
) -> None:
    assert configuration(str(tmp_path), unconfigured) is not None
    assert configuration(str(tmp_path), {**unconfigured, "PWD": "/elsewhere"}) == configuration("/", unconfigured)
    (tmp_path / path).write_text("[defaults]\nforks = 77\n")
    assert configuration(str(tmp_path), unconfigured) is None


@pytest.mark.parametrize("changed", [{"TZ": "Asia/Tokyo"}, {"HOME": "/"}, {"ANSIBLE_COLLECTIONS_PATH": "/"}])
def test_a_run_in_another_environment_shares_no_configuration_with_those_in_the_first(
    configured: dict[str, str], changed: dict[str, str]
) -> None:
    assert configuration("/", {**configured, **changed}) not in (None, configuration("/", configured))


def test_parsed_documentation_of_plugins_does_not_change_what_a_run_prints(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    command = ["config", "dump", "-t", "become"]
    expected = in_a_new_process(command, tmp_path, environment)
    assert "become_user" in expected[1]
    for _run in range(2):
        assert ansible(command, tmp_path, environment) == expected


def test_a_parsed_document_is_used_once_because_a_run_changes_it(tmp_path: Path) -> None:
    document = Path(config.__path__[0], "base.yml")
    learning, reading = ParsedYaml(tmp_path), ParsedYaml(tmp_path)

    def load(parsed: ParsedYaml) -> Any:
        with document.open("rb") as stream:
            return parsed.load(stream, yaml.CSafeLoader)

    expected = yaml.load(document.read_bytes(), yaml.CSafeLoader)
    load(learning).clear()
    reading.read()
    assert len(reading.known) == 1
    shared = load(reading)
    assert shared == expected
    shared.clear()
    assert not reading.known
    assert load(reading) == expected


def test_what_takes_too_long_is_ended_and_the_next_one_runs(tmp_path: Path, environment: dict[str, str]) -> None:
    command = ["adhoc", "localhost", "-i", "localhost,", "-c", "local", "-m", "raw", "-a"]
    with pytest.raises(subprocess.TimeoutExpired):
        ansible([*command, "sleep 20"], tmp_path, environment, seconds=5)
    assert "fine" in ansible([*command, "echo fine"], tmp_path, environment)[1]


COMPILED = """
import ast
import command_server

command_server.read_beforehand()
file = command_server.TREE / "plugins" / "module_utils" / "_plan" / "changes.py"
path, text = str(file), file.read_bytes()
for flags in (0, ast.PyCF_ONLY_AST):
    assert compile(text, path, "exec", flags) is compile(text, path, "exec", flags)
    assert compile(text + b"new = 1", path, "exec", flags) is not compile(text, path, "exec", flags)
scope = {}
exec(compile(b"new = 1", path, "exec"), scope)
assert scope["new"] == 1
"""


def test_what_was_compiled_beforehand_is_taken_for_the_same_text_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


OLD_FILTERS = """
import warnings
from ansible.utils.display import Display

def python(value):
    warnings.warn("old in Python", PendingDeprecationWarning)
    return value

def ansible(value):
    Display().deprecated("old in Ansible", version="99.0.0", collection_name="waldur.old")
    return value

class FilterModule:
    def filters(self):
        return {"python": python, "ansible": ansible, "fine": str}
"""


@pytest.mark.parametrize(("name", "told"), [("python", r"PendingDeprecation.*old in P"), ("ansible", "old in Ansible")])
def test_what_of_ours_will_go_away_fails_the_test(
    tmp_path: Path, environment: dict[str, str], name: str, told: str
) -> None:
    filters = tmp_path / "ansible_collections/waldur/old/plugins/filter"
    filters.mkdir(parents=True)
    (filters / "old.py").write_text(OLD_FILTERS)
    given = {**environment, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
    command = ["adhoc", "localhost", "-i", "localhost,", "-m", "debug", "-a"]
    with pytest.raises(AssertionError, match=told):
        ansible([*command, f"msg={{{{ 'a' | waldur.old.{name} }}}}"], tmp_path, given)
    assert ansible([*command, "msg={{ 'a' | waldur.old.fine }}"], tmp_path, given)[0] == 0


OLD_MODULE = """
import warnings
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waldur.old.plugins.module_utils.old import old

module = AnsibleModule(argument_spec={"fine": {"type": "bool", "default": False}})
if not module.params["fine"]:
    old()
module.exit_json()
"""
OLD_UTIL = """
import warnings

def old():
    warnings.warn("old in a module", DeprecationWarning, stacklevel=1)
"""


def test_what_of_ours_will_go_away_in_a_process_of_its_own_fails_the_test(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    plugins = tmp_path / "ansible_collections/waldur/old/plugins"
    for folder, name, text in (("modules", "aged", OLD_MODULE), ("module_utils", "old", OLD_UTIL)):
        (plugins / folder).mkdir(parents=True)
        (plugins / folder / f"{name}.py").write_text(text)
    given = {
        **environment,
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
        "ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).parent / "plugins" / "connection"),
    }
    python = json.dumps({"ansible_python_interpreter": sys.executable})
    command = ["adhoc", "localhost", "-i", "localhost,", "-c", "as_module", "-e", python, "-m", "waldur.old.aged"]
    with pytest.raises(AssertionError, match="DeprecationWarning: old in a module"):
        ansible(command, tmp_path, given)
    assert ansible([*command, "-a", "fine=true"], tmp_path, given)[0] == 0


def test_what_is_nothing_of_ours_fails_no_test() -> None:
    assert deprecations("[DEPRECATION WARNING]: Ansible will require Python 3.14 or newer on the controller") == []
    for tree in ("tree has been deprecated. Use another", "The tree callback plugin is deprecated. This feature"):
        assert deprecations(f"[DEPRECATION WARNING]: {tree}") == []
    broken = "[DEPRECATION WARNING]: Importing 'to_text' from\n'ansible.module_utils._text' is deprecated."
    assert deprecations(f"ok\n{broken}") == [broken.replace("\n", " ")]


# --- modules ---------------------------------------------------------------------------------------------------------

# Shows what a process is given, and ends as its second argument says.
SCRIPT = """
import locale, os, sys, warnings
import requests
umask = os.umask(0)
ours = [name for name in sys.modules if name.partition(".")[0] in ("ansible", "ansible_collections", "integration")]
print(sys.argv, os.getcwd(), umask, sorted(os.environ.items()), sys.stdin.read(), ours, __name__)
print(sys.path[0], sys.executable, sys.flags, locale.getpreferredencoding(), sys.warnoptions)
print(sorted(str(one[:4]) for one in warnings.filters), sorted(os.listdir("/dev/fd")), file=sys.stderr)
exec(sys.argv[2])
"""
ENDS = {
    "well": ("", 0),
    "with a code": ("sys.exit(3)", 3),
    "by an error": ("raise ValueError('the end')", 1),
    "by a signal": ("os.kill(os.getpid(), 9)", -9),
}


def interpreters(folder: Path) -> list[Path]:
    """Return the Python that forks, and the Python of the tests."""
    write_interpreter(folder / "forking", is_shared=True)
    write_interpreter(folder / "new", is_shared=False)
    return [folder / "forking", folder / "new"]


@pytest.mark.parametrize("more", [{}, {"PYTHONWARNINGS": "error,default::UserWarning"}, {"PYTHONUTF8": "1"}], ids=str)
@pytest.mark.parametrize("end", ENDS)
def test_a_module_in_a_fork_gets_and_leaves_what_a_module_in_a_new_python_does(
    tmp_path: Path, environment: dict[str, str], end: str, more: dict[str, str]
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    statement, code = ENDS[end]
    own = {name: text for name, text in os.environ.items() if name.startswith(STARTUP) and name != "PYTHONWARNINGS"}
    given = {**environment, **own, "PWD": str(tmp_path), **more}
    runs = [
        subprocess.run(
            [python, script, "an argument", statement],
            cwd=tmp_path,
            env=given,
            input="all of the input",
            capture_output=True,
            text=True,
            umask=0o027,
            check=False,
        )
        for python in interpreters(tmp_path)
    ]
    results = [(run.returncode, run.stdout, run.stderr.partition("Traceback")[0]) for run in runs]
    assert results[0] == results[1]
    assert runs[0].returncode == code
    if end != "by a signal":
        assert f"23 {sorted(given.items())} all of the input [] __main__\n" in runs[0].stdout
    assert [run.stderr.splitlines()[-1] for run in runs if end == "by an error"] in ([], ["ValueError: the end"] * 2)


def test_a_signal_to_the_interpreter_reaches_the_module(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    for python in interpreters(tmp_path):
        with subprocess.Popen([python, program], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.terminate()
            assert process.wait(timeout=30) == 7


def test_a_module_forks_unless_python_would_start_in_another_way(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys\nprint('requests' in sys.modules)\n")
    python = interpreters(tmp_path)[0]
    for more, forks in (({}, True), ({"PYTHONWARNINGS": "default"}, True), ({"PYTHONUTF8": "1"}, False)):
        given = {**os.environ, **more}
        done = subprocess.run([python, program], env=given, capture_output=True, text=True, check=True)
        assert done.stdout == f"{forks}\n"


def test_an_interpreter_that_is_given_no_file_is_a_new_python(tmp_path: Path) -> None:
    for python in interpreters(tmp_path):
        command = [str(python), "-c", "import sys; print(sys.argv, 'requests' in sys.modules)", "more"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "['-c', 'more'] False\n"
