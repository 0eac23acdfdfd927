"""Makes `.venv` with exactly the packages of requirements.lock: `make install`.

Runs before anything is installed, maybe under an old Python: standard library only, and no syntax
newer than what an old Python needs to read in order to say that it is too old. Nothing that the
lock file does not pin is fetched, so our own code is put on the path instead of being built.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".installed"
NEEDED = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
NO_VENV = (
    "This Python cannot make virtual environments (the venv or ensurepip module is missing).\n"
    "On Debian and Ubuntu: apt-get install python3-venv. Then run make again."
)
NO_PACKAGES = (
    "The packages could not be installed; pip's own message stands above.\n"
    "Without network access, or behind a mirror, set PIP_INDEX_URL. If it says that no matching\n"
    "distribution was found, there is no ready-made package for this system and Python: take\n"
    "Python 3.11 to 3.13 on Linux (x86_64, aarch64) or macOS. Nothing is compiled here."
)
COMMAND = """#!{python}
from marketplace.start import main

main()
"""


def main() -> None:
    take_a_newer_python()
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted and works(VENV / "bin" / "python"):
        return
    STAMP.unlink(missing_ok=True)
    make_venv()
    install_packages()
    put_on_path()
    STAMP.write_text(wanted)
    print("Installed.", flush=True)


def take_a_newer_python() -> None:
    """Go on under a Python that is new enough, if this one is not."""
    if sys.version_info >= NEEDED:
        return
    for name in NEWER:
        found = shutil.which(name)
        if found and works(Path(found)):
            os.execv(found, [found, *sys.argv])  # noqa: S606 - no shell wanted
    sys.exit(
        f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.\n"
        "Install one and run: make run PYTHON=/path/to/python3.11"
    )


def fingerprint() -> str:
    """What the environment depends on: the lock file and the Python."""
    digest = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes())
    return f"{digest.hexdigest()} {sys.version_info[0]}.{sys.version_info[1]} {ROOT}"


def works(python: Path) -> bool:
    """Whether this Python starts (its base may have gone)."""
    try:
        return subprocess.run([str(python), "-c", ""], capture_output=True).returncode == 0
    except OSError:
        return False


def make_venv() -> None:
    python = VENV / "bin" / "python"
    if works(python) and has_pip(python):
        return
    print("Making .venv ...", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True
    )
    if made.returncode != 0:
        sys.exit(f"{made.stdout}{made.stderr}\n{NO_VENV}")


def has_pip(python: Path) -> bool:
    return (
        subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True).returncode == 0
    )


def install_packages() -> None:
    """Install what is locked, by its hashes, and say how far it is."""
    total = LOCK.read_text().count("==")
    print(f"Installing {total} packages (once; a minute or two) ...", flush=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    options = ["--require-hashes", "--only-binary=:all:", "--no-input", "--progress-bar=off"]
    process = subprocess.Popen(
        [*pip, *options, "-r", str(LOCK)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    done = 0
    for line in process.stdout or ():
        words = line.split()
        if words[:1] in (["Collecting"], ["Processing"]):
            done += 1
            print(f"  {done}/{total} {package_of(words[1])}", flush=True)
        elif words[:1] == ["Installing"]:
            print("  unpacking ...", flush=True)
    if process.wait() != 0:
        sys.exit(NO_PACKAGES)


def package_of(requirement: str) -> str:
    """The package's name in `flask==3.1.2` or in `/a/folder/flask-3.1.2-py3-none-any.whl`."""
    if requirement.endswith(".whl"):
        return Path(requirement).name.partition("-")[0]
    return requirement.partition("==")[0]


def put_on_path() -> None:
    """Have the environment import this checkout, and make its command."""
    packages = next((VENV / "lib").glob("python3*/site-packages"))
    (packages / "marketplace-checkout.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / "marketplace"
    command.write_text(COMMAND.format(python=VENV / "bin" / "python"))
    command.chmod(0o755)


if __name__ == "__main__":
    main()
