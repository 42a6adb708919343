# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape of the C: functions none over 100 lines and nine in ten within 45, files under 800, most headers under
100, a licence line first, and nothing put off to later."""
import re

from lib_house import c_files, c_tokens, expect, main, text_of

FUNCTION_MOST, FUNCTION_USUAL, FILE_MOST, HEADER_USUAL = 100, 45, 800, 100
LICENCE = "/* SPDX-License-Identifier: GPL-3.0-or-later */"
LATER = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
NAME = re.compile(r"(\w+)\(")


def begin_of(lines, brace):
    """First line of the signature of a body that opens at line `brace`."""
    begin = brace
    while begin > 0 and lines[begin - 1].strip() and not lines[begin - 1].rstrip().endswith((";", "}", "*/")) \
            and not lines[begin - 1].startswith("#"):
        begin -= 1
    return begin


def functions(text):
    """(line, lines, name) of each function whose braces stand alone in the first column, as our style has it."""
    lines = text.split("\n")
    for brace, line in enumerate(lines):
        if line != "{":
            continue
        begin = begin_of(lines, brace)
        end = next((i for i in range(brace, len(lines)) if lines[i] == "}"), len(lines) - 1)
        name = NAME.search(" ".join(lines[begin:brace]))
        yield begin + 1, end - begin + 1, name.group(1) if name else "?"


def check_file(path, text):
    lines = text.count("\n")
    if text.split("\n", 1)[0] != LICENCE:
        yield path, 1, f"the first line is not {LICENCE}"
    if lines >= FILE_MOST:
        yield path, lines, f"{lines} lines: files stay under {FILE_MOST}"
    for line, comment in c_tokens(text, "comment"):
        for match in LATER.finditer(comment):
            yield path, line + comment.count("\n", 0, match.start()), f"{match.group()}: do it, or leave it out"


def check(root):
    lengths, headers = [], []
    for path in c_files(root, "lib", "daemon", "tests"):
        text = text_of(path)
        yield from check_file(path, text)
        if path.relative_to(root).parts[0] == "tests":
            continue
        if path.suffix == ".h":
            headers.append(text.count("\n"))
        for line, length, name in functions(text):
            lengths.append(length)
            if length > FUNCTION_MOST:
                yield path, line, f"{name} has {length} lines: none has over {FUNCTION_MOST}"
    if sum(n > FUNCTION_USUAL for n in lengths) * 10 > len(lengths):
        yield root, 1, f"{sum(n > FUNCTION_USUAL for n in lengths)} of {len(lengths)} functions have over {FUNCTION_USUAL} lines"
    if sum(n >= HEADER_USUAL for n in headers) * 4 > len(headers):
        yield root, 1, f"{sum(n >= HEADER_USUAL for n in headers)} of {len(headers)} headers have {HEADER_USUAL} lines or more"


def self_test():
    def function(lines, name="f"):
        return f"static int {name}(int a,\n\t\tint b)\n{{\n" + "\treturn a;\n" * (lines - 4) + "}\n"

    usual = "".join(function(45) for _ in range(9))
    good = LICENCE + "\n" + usual + "struct s {\n\tint a;\n};\n\n/* what it does */\n" + function(100)
    expect(check, "good", {"lib/a/a.c": good, "lib/a/a.h": LICENCE + "\n" * 99}, [])
    expect(check, "101 lines", {"lib/a/a.c": LICENCE + "\n" + usual + function(101)}, [("lib/a/a.c", 407)])
    expect(check, "too many long", {"lib/a/a.c": LICENCE + "\n" + function(46)}, [(".", 1)])
    expect(check, "tests may", {"tests/unit/a.c": LICENCE + "\n" + function(101)}, [])
    expect(check, "long file", {"tests/unit/a.c": LICENCE + "\n" * 800}, [("tests/unit/a.c", 800)])
    expect(check, "long headers", {"lib/a/a.h": LICENCE + "\n" * 100}, [(".", 1)])
    expect(check, "licence", {"daemon/a.c": "\n" + LICENCE + "\n"}, [("daemon/a.c", 1)])
    for word in ("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"):
        expect(check, word, {"lib/a/a.c": f'{LICENCE}\n/* a\n * {word}: b */\nchar *x = "{word}";\n'}, [("lib/a/a.c", 3)])


if __name__ == "__main__":
    main(check, self_test)
