# SPDX-License-Identifier: GPL-3.0-or-later
"""Includes point one way (design: rooms). Everything may see words and base; the rest stands in MAY_SEE.
Only config opens files and parses formats, and only daemon touches the system."""
import re

from lib_house import c_files, expect, main, text_of

PURE_ROOMS = ("packet", "flow", "wire", "places", "catalogue", "geo", "policy")
MAY_SEE = {
    "base": set(),
    "words": set(),
    "book": set(),
    "packet": set(),
    "flow": set(),
    "wire": set(),
    "places": set(),
    "catalogue": {"book"},
    "geo": {"book"},
    "policy": {"book"},
    "config": {"book"},
    "event": {"book"},
    "ledger": {"book", "event"},
    "engine": {"book", *PURE_ROOMS},
}
DAEMON_SEES = {"engine", "ledger", "event", "config", "book", "message.h", "control.h", "fences.h", "installed.h", "startup.h", "capture"}
DAEMON_MAY_SEE = {
    "capture": set(),  # libpcap behind one face
    "cli": DAEMON_SEES | {"catalogue", "geo", "policy"},
}
# Of the C library, what has no clock, file, socket or thread in it; stdio.h for formatting into memory, arpa/inet.h
# for the text of addresses.
PURE_HEADERS = {
    "arpa/inet.h", "assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h",
    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def room_of(name):
    return name.split("/")[0]


def seen_from(path):
    """(own room, rooms that may be seen, whether system headers are free) of a file."""
    top, room = path.parts[0], path.parts[1] if len(path.parts) > 2 else ""
    if top == "lib":
        return room, MAY_SEE.get(room, set()) | {"base", "words"}, room == "config"
    return room, DAEMON_MAY_SEE.get(room, DAEMON_SEES) | {"base", "words"}, True


def includes_of(path):
    text = text_of(path)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1) == '"', match.group(2)


def check(root):
    for path in c_files(root, "lib", "daemon"):
        room, seen, free = seen_from(path.relative_to(root))
        if path.relative_to(root).parts[0] == "lib" and room not in MAY_SEE:
            yield path, 1, f"{room or 'a file of no room'} is no room of lib: say in this check what it may see"
        for line, ours, name in includes_of(path):
            if ours and "/" not in name and not (root / "daemon" / name).is_file():
                yield path, line, f'"{name}": our headers are named from lib or daemon, as room/{name}'
            elif ours and room_of(name) != room and room_of(name) not in seen:
                yield path, line, f'"{name}": {room} does not see {room_of(name)}'
            elif not ours and not free and name not in PURE_HEADERS:
                yield path, line, f"<{name}>: only config and daemon touch the system"


def self_test():
    expect(check, "allowed", {
        "lib/engine/engine.c": '#include "engine/engine.h"\n#include "wire/wire.h"\n#include <stdlib.h>\n',
        "lib/config/load.c": '#include <unistd.h>\n#include "book/writer.h"\n',
        "daemon/cli/flows.c": '#include "cli/cli.h"\n#include "policy/policy.h"\n#include "capture/capture.h"\n',
        "tests/unit/test_all.c": '#include "ledger/ledger.h"\n#include "wire/dns.h"\n',
    }, [])
    for of, name in (("wire", "places/places.h"), ("engine", "ledger/ledger.h"), ("engine", "config/config.h"),
                     ("geo", "catalogue/catalogue.h"), ("book", "config/config.h"), ("event", "ledger/ledger.h"),
                     ("base", "engine/engine.h"), ("policy", "capture/capture.h"), ("wire", "dns.h")):
        expect(check, name, {f"lib/{of}/x.c": f'\n/* */\n  #  include "{name}"\n'}, [(f"lib/{of}/x.c", 3)])
    expect(check, "daemon", {"daemon/report/x.c": '#include "policy/policy.h"\n'}, [("daemon/report/x.c", 1)])
    expect(check, "capture", {"daemon/capture/x.c": '#include "engine/engine.h"\n'}, [("daemon/capture/x.c", 1)])
    expect(check, "a clock", {"lib/ledger/x.h": "#include <time.h>\n"}, [("lib/ledger/x.h", 1)])
    expect(check, "a new room", {"lib/attic/x.c": "\n"}, [("lib/attic/x.c", 1)])


if __name__ == "__main__":
    main(check, self_test)
