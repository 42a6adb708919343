# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that git tracks speaks of the machine it was written on: its folders, its package mirrors."""
import re

from lib_house import expect, main, tracked

# Spelled in pieces, so that this file does not find itself.
FOLDERS = ("/wo" + "rk", "/fa" + "rm", "/tmp/ro" + "om", "/tmp/br" + "ief", "/tmp/ba" + "sh_jobs", "/opt/wh" + "eels")
HOSTS = ("proxy.gol" + "ang.org", "registry.npm" + "js.org", "files.pythonho" + "sted.org", "pypi" + ".org",
         "crates" + ".io", "arti" + "factory")
# A folder stands alone: not the tail of a longer path, not the front of a longer name.
PLACES = re.compile(rb"(?<![\w./~-])(?:" + "|".join(map(re.escape, FOLDERS)).encode() + rb")(?!\w)|(?:" +
                    "|".join(map(re.escape, HOSTS)).encode() + rb")")


def check(root):
    for path in tracked(root):
        data = path.read_bytes()
        for match in PLACES.finditer(data):
            yield path, data.count(b"\n", 0, match.start()) + 1, f"speaks of {match.group().decode()}"


def self_test():
    expect(check, "good", {"a.md": "see https://example.com/wo" + "rk/x, /home/a/wo" + "rk, /wo" + "rking, net/wo" + "rk\n"}, [])
    for folder in FOLDERS:
        expect(check, folder, {"a/b.c": f'\n"{folder}/main"\n'}, [("a/b.c", 2)])
        expect(check, folder, {"a.txt": f"PATH=/bin:{folder}-x/bin\n"}, [("a.txt", 1)])
        expect(check, folder, {"a.sh": b"\x80\ncd " + folder.encode() + b"\n"}, [("a.sh", 2)])
    for host in HOSTS:
        expect(check, host, {"a.md": f"https://{host}/x\n"}, [("a.md", 1)])


if __name__ == "__main__":
    main(check, self_test)
