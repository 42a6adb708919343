# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the field are spelled once, in lib/words/words.c: no other C string of lib or daemon is one."""
import re

from lib_house import c_files, c_tokens, expect, main, text_of

TABLE = "lib/words/words.c"
ROW = re.compile(r'\{\s*\w+,\s*"([^"\\]+)"\s*\}')

# Words that are also something else, which is spelled where it belongs. A word that only the table has a use for
# must not stand here; ONLY_WORDS below can never.
ALSO = {
    "counted": "JSON key: whether a source counted",
    "dns": "JSON key: the counters of answers",
    "json": "an option of the command line",
    "media": "JSON key: the kinds of media",
    "outside": "JSON key: a counter of the accounting",
    "payload": "an expression of nf_tables",
    "peer": "JSON key: an address",
    "port": "JSON key: a number",
    "prefix": "what a row of the catalogue is",
    "server": "JSON key: an address",
}
ONLY_WORDS = {
    "would_block", "disputed", "contradicted", "plausible", "confirmed", "screen", "audio", "video", "signalling",
    "handshake", "proven", "vendor-wide", "opened", "updated", "closed", "attempt",
}
# These can stand in no other sense inside a longer text either, the name of an event's field aside.
UNMISTAKABLE = re.compile(r"\b(would_block|vendor-wide)\b")
FIELD = re.compile(r"keyfence(\.\w+)+")


def words_of(root):
    return set(ROW.findall(text_of(root / TABLE)))


def check(root):
    words = words_of(root)
    for missing in sorted(ONLY_WORDS - words):
        yield root / TABLE, 1, f'"{missing}" is not in the table, or this check cannot read it'
    for path in c_files(root, "lib", "daemon"):
        if path == root / TABLE:
            continue
        for line, literal in c_tokens(text_of(path), "string"):
            text = literal[1:-1]
            if text in words and text not in ALSO:
                yield path, line, f"{literal}: a word of words.c; use word_name()"
            elif text not in words and UNMISTAKABLE.search(text) and not FIELD.fullmatch(text):
                yield path, line, f"{literal}: holds a word of words.c; use word_name()"


def self_test():
    assert not ONLY_WORDS & set(ALSO)
    rows = ", ".join(f'{{ W_{i}, "{w}" }}' for i, w in enumerate(sorted(ONLY_WORDS) + ["server", "SERVICE_BANNED"]))
    table = {TABLE: f"static const struct word t[] = {{ {rows} }};\n"}
    good = '/* "audio" */ char a[] = "an audio stream", b[] = "server", c = \'"\';\n'
    expect(check, "good", {**table, "lib/a/a.c": good, "tests/unit/a.c": '"audio"'}, [])
    for word in sorted(ONLY_WORDS) + ["SERVICE_BANNED"]:
        expect(check, word, {**table, "daemon/a.c": f'\n/* */ f("x\\"", "{word}");\n'}, [("daemon/a.c", 2)])
    expect(check, "in a text", {**table, "lib/a/a.h": '"event=would_block"'}, [("lib/a/a.h", 1)])
    expect(check, "an unreadable table", {TABLE: table[TABLE].replace('"audio"', "AUDIO")}, [(TABLE, 1)])


if __name__ == "__main__":
    main(check, self_test)
