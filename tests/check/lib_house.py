# SPDX-License-Identifier: GPL-3.0-or-later
"""What the house checks share: files, C text by kind, planted faults, and the way they end.

A check is a function of a root folder that gives faults, each (file, line, what is wrong). It is run first on
planted trees, where it must find what was planted and nothing else, and then on the working directory."""
import pathlib
import re
import subprocess
import sys
import tempfile

# One alternative a kind; a newline inside a comment or a continued string counts as a line.
C_TOKEN = re.compile(r'''(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<string>"(?:\\.|[^"\\\n])*")|'(?:\\.|[^'\\\n])*\'''', re.S)


def c_files(root, *folders):
    found = []
    for folder in folders:
        found += [p for p in (root / folder).rglob("*.[ch]") if p.is_file()]
    return sorted(found)


def text_of(path):
    return path.read_text(encoding="utf-8", errors="replace")


def c_tokens(text, kind):
    """(line, text) of every comment or string of a C source."""
    for match in C_TOKEN.finditer(text):
        if match.lastgroup == kind:
            yield text.count("\n", 0, match.start()) + 1, match.group()


def tracked(root):
    """Files that git tracks; without git, all that are there."""
    run = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True)
    if run.returncode == 0:
        names = [n for n in run.stdout.decode("utf-8", "surrogateescape").split("\0") if n]
        return [root / n for n in names if (root / n).is_file()]
    return sorted(p for p in root.rglob("*") if p.is_file() and not p.relative_to(root).parts[0].startswith("build"))


def planted(check, files):
    """What the check says of a tree of these files {name: text}."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [(str(f.relative_to(root)) if f != root else ".", line) for f, line, _ in check(root)]


def expect(check, name, files, want):
    """want: the (file, line) of every fault in the planted tree."""
    got = planted(check, files)
    if sorted(got) != sorted(want):
        sys.exit(f"self-test: {name}: found {got}, planted {want}")


def main(check, self_test):
    self_test()
    if "--self-test" in sys.argv[1:]:
        print("self-test passed")
        return
    root = pathlib.Path(".")
    faults = list(check(root))
    for path, line, what in faults:
        print(f"{path}:{line}: {what}")
    sys.exit(1 if faults else 0)
