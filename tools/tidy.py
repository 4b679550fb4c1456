#!/usr/bin/env python3
"""Layer and style lint. Prints `file:line: what — use instead` for each
finding and exits 1 if there is one. The rules are those of docs/STYLE.md.

usage: tidy.py [ROOT]
"""
import pathlib
import re
import sys

# A layer may include itself and the layers it lists.
LAYERS = {
    "messages": ["messages"],
    "providers": ["messages", "providers"],
    "actors": ["messages", "providers", "actors"],
    "runtime": ["messages", "providers", "actors", "runtime"],
}
PROGRAMS = ["tools", "tests", "bench", "examples"]

# CAF's doors into messages/; the rest of it includes the standard library and
# these alone.
CAF_FILES = ["messages/caf_compat.hpp", "messages/caf_threads.hpp",
             "messages/type_ids.hpp", "messages/actor_interfaces.hpp"]
MESSAGES_THIRD_PARTY = ("tl/", "sanitizer/")
CAF_INTEROP = "runtime/caf_interop.hpp"

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

# (folders, pattern on code without comments and strings, what, instead)
PATTERNS = [
    (["actors"], r"\bstd::(?:mutex|recursive_mutex|timed_mutex|shared_mutex|"
     r"condition_variable(?:_any)?|lock_guard|unique_lock|scoped_lock|"
     r"shared_lock)\b",
     "a lock in an actor", "let one actor own the state and send it messages"),
    (["actors"], r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b",
     "an actor that sleeps", "a deadline of the injected clock"),
    (["actors"], r"\bstd::j?thread\b|\bcaf::detached\b",
     "a thread in an actor", "an injected interface that owns the thread"),
    (["actors"], r"\b(?:steady|system|high_resolution)_clock::now\b",
     "real time in an actor", "the injected clock"),
    (["actors"], r"\bstd::random_device\b|\bs?rand\s*\(",
     "real randomness in an actor", "the injected source"),
    (["tests"], r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b",
     "a test that sleeps", "virtual time, or wait for an event with a deadline"),
    (list(LAYERS), r"(?<![\w:])assert\s*\(",
     "assert, which a release build drops", "PENSTOCK_CHECK"),
    (list(LAYERS), r"\bstd::(?:cout|cerr|clog)\b",
     "a library that writes to the host's terminal", "an error value"),
    (list(LAYERS) + PROGRAMS, r"\busing\s+namespace\s+caf\b",
     "using namespace caf, whose names collide with ours", "caf::"),
]

# Words that say nothing about what a thing does (docs/STYLE.md).
VAGUE = {
    "session": "stream or workspace", "job": "stream, step or attempt",
    "task": "stream, step or attempt", "manager": "the name of what it does",
    "helper": "the name of what it does", "util": "the name of what it does",
    "utils": "the name of what it does", "common": "the name of what it does",
}
VAGUE_FOLDERS_ONLY = ["common"]

# Written so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b")


def blank(text):
    """The same number of lines and columns, nothing in them."""
    return re.sub(r"[^\n]", " ", text)


TOKEN = re.compile(
    r"(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)"
    r'|(?P<raw>\b(?:u8|[uUL])?R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)")'
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<number>\b\d[\w.']*)"
    r"|(?P<char>'(?:\\.|[^'\\\n])+')", re.DOTALL)


def code_of(text, keep_strings=False):
    """`text` without comments and, unless asked, without what is in strings."""
    def replace(match):
        if match["comment"]:
            return blank(match[0])
        if match["number"] or keep_strings:
            return match[0]
        return match[0][0] + blank(match[0][1:-1]) + match[0][-1]
    return TOKEN.sub(replace, text)


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]',
                     re.MULTILINE)


class source_file:
    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.folder = self.name.split("/")[0]
        self.text = path.read_text(encoding="utf-8", errors="replace")
        self.is_cpp = path.suffix in (".cpp", ".hpp")
        self.code = code_of(self.text) if self.is_cpp else ""
        self.includes = []  # (line, is_quoted, what)
        if self.is_cpp:
            for match in INCLUDE.finditer(code_of(self.text, True)):
                self.includes.append((self.line_at(match.start(1)),
                                      match[1] == '"', match[2]))

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1


def sources(root):
    files = []
    for folder in [*LAYERS, *PROGRAMS]:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h", ".cc", ".py", ".sh") \
                    and path.is_file() and "__pycache__" not in path.parts:
                files.append(source_file(root, path))
    return files


def check_includes(file):
    allowed = LAYERS.get(file.folder)
    known = [*LAYERS, *PROGRAMS]
    for line, quoted, what in file.includes:
        top = what.split("/")[0]
        if quoted and (top not in known or "/" not in what):
            yield line, f'#include "{what}" is not from the project root', \
                '"folder/file.hpp", or <> for what is not ours'
        elif quoted and allowed and top not in allowed:
            yield line, f'{file.folder}/ includes "{what}"', \
                "only " + ", ".join(f"{a}/" for a in allowed)
        elif what.startswith("boost/test/included/"):
            yield line, f"<{what}> compiles Boost.Test once more", \
                "<boost/test/unit_test.hpp>"
        elif top == "caf" and file.folder in ("messages", "providers") \
                and file.name not in CAF_FILES:
            yield line, f"<{what}> outside of CAF's four files in messages/", \
                "messages/actor_interfaces.hpp, from actors/ or runtime/"
        elif file.folder == "messages" and not quoted and top != "caf" \
                and re.search(r"/|\.h", what) \
                and not what.startswith(MESSAGES_THIRD_PARTY):
            yield line, f"messages/ includes <{what}>", \
                "the standard library, or a type of providers/"


def route_to_caf(name, files, seen):
    """How `name` reaches a CAF header: a list of includes, or None."""
    if name in seen or name not in files:
        return None
    seen.add(name)
    for _, quoted, what in files[name].includes:
        if not quoted and what.startswith("caf/"):
            return [f"<{what}>"]
    for _, quoted, what in files[name].includes:
        route = route_to_caf(what, files, seen) if quoted else None
        if route:
            return [what, *route]
    return None


def must_not_reach_caf(file):
    if file.folder == "providers":
        return "providers/ knows no actor"
    if file.folder == "runtime" and file.name.endswith(".hpp") \
            and file.name != CAF_INTEROP \
            and not file.text.startswith("// Internal:"):
        return "a public header of runtime/ shows no CAF"
    return None


def check_caf(file, files):
    reason = must_not_reach_caf(file)
    if not reason:
        return
    for line, quoted, what in file.includes:
        route = route_to_caf(what, files, {file.name}) if quoted else None
        if route:
            yield line, f"{reason}, but: {' → '.join([what, *route])}", \
                "a forward declaration, or begin the file with // Internal:"
        elif not quoted and what.startswith("caf/") \
                and file.folder == "runtime":
            yield line, f"{reason}, but: <{what}>", \
                "a forward declaration, or begin the file with // Internal:"


def check_patterns(file):
    for folders, pattern, what, instead in PATTERNS:
        if file.folder in folders:
            for match in re.finditer(pattern, file.code):
                yield file.line_at(match.start()), what, instead


def vague_word(identifier):
    for word in identifier.split("_"):
        for vague in (word, word.removesuffix("s")):
            if vague in VAGUE and vague not in VAGUE_FOLDERS_ONLY:
                return vague
    return None


def check_names(file):
    *folders, base = file.name.split("/")
    for part in [*folders, base.split(".")[0]]:
        word = vague_word(part) or (part if part in VAGUE_FOLDERS_ONLY else None)
        if word:
            yield 1, f'"{word}" in the path', VAGUE[word]
    for match in re.finditer(r"\b[a-z][a-z0-9_]*\b", file.code):
        word = vague_word(match[0])
        if word:
            yield file.line_at(match.start()), f'"{match[0]}" in a name', \
                VAGUE[word]


SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b")
FUNCTION = re.compile(r"\)[\s\w&]*(?:->[^{]*)?(?::(?!:).*)?$", re.DOTALL)


def kind_of_block(header):
    """What the `{` after `header` opens at namespace or class level."""
    flat = re.sub(r"\(.*\)", "()", header, flags=re.DOTALL)
    if re.search(r"(?<!operator)(?<![=!<>])=(?!=)", flat):
        return "value"
    if FUNCTION.search(flat):
        return "function"
    return "scope" if SCOPE.search(flat) else "value"


def functions(code):
    """(first line, lines) of each function, judged by braces: a block after
    `)`, its qualifiers and member initializers."""
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: blank(m[0]), code,
                  flags=re.MULTILINE)
    opened = []  # (kind, offset of its header) of each open brace
    start = 0    # of the declaration that is being read
    for match in re.finditer(r"[{};]", code):
        if match[0] == "{":
            header = code[start:match.start()]
            outside = all(kind == "scope" for kind, _ in opened)
            opened.append((kind_of_block(header) if outside else "block",
                           start + len(header) - len(header.lstrip())))
        elif match[0] == "}" and opened:
            kind, first = opened.pop()
            if kind == "function":
                yield (code.count("\n", 0, first) + 1,
                       code.count("\n", first, match.start()) + 1)
        start = match.end()


def check_size(file):
    lines = file.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield lines, f"{lines} lines in a file", \
            f"{FILE_LINES_MAX} at most: split it by responsibility"
    for line, length in functions(file.code):
        if length > FUNCTION_LINES_MAX:
            yield line, f"a function of {length} lines", \
                f"{FUNCTION_LINES_MAX} at most: name its parts"


def check_form(file):
    if file.name.endswith((".h", ".cc")):
        yield 1, "an ending that is not ours", ".hpp and .cpp"
    if file.name.endswith(".hpp") \
            and not re.search(r"^#pragma once$", file.text, re.MULTILINE):
        yield 1, "a header that can be included twice", "#pragma once"
    if file.is_cpp:
        for match in re.finditer(r"^[ \t]*//+[ \t]*-+[ \t]*$", file.text, re.M):
            yield file.line_at(match.end()), "a comment of dashes alone", \
                "a rule that fits its line: clang-format has torn it"
    for match in UNFINISHED.finditer(file.text):
        yield file.line_at(match.start()), f"a {match[0]}", \
            "an issue, and a sentence on what is missing"


def check_decisions(root):
    """Each decision has a number of its own, and its title in the index."""
    folder = root / "docs" / "decisions"
    index = folder / "README.md"
    listed = index.read_text(encoding="utf-8") if index.is_file() else ""
    numbers = set()
    for path in sorted(folder.glob("[0-9]*.md")):
        number = path.name[:4]
        if number in numbers:
            yield f"docs/decisions/{path.name}", 1, \
                f"a second decision {number}", "the next number that is free"
        numbers.add(number)
        title = path.read_text(encoding="utf-8").split("\n")[0]
        entry = f"- [{number}]({path.name}){title.removeprefix('# ' + number)}"
        if number != "0000" and entry not in listed.split("\n"):
            yield f"docs/decisions/{path.name}", 1, \
                "a decision that the index does not have", \
                f"the line `{entry}` in docs/decisions/README.md"


def check(root):
    """All findings of a tree: (file, line, what, instead)."""
    yield from check_decisions(root)
    files = {file.name: file for file in sources(root)}
    for file in files.values():
        for findings in (check_includes(file), check_caf(file, files),
                         check_patterns(file), check_names(file),
                         check_size(file), check_form(file)):
            for line, what, instead in findings:
                yield file.name, line, what, instead


def main(arguments):
    default = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(arguments[0] if arguments else default).resolve()
    findings = list(check(root))
    for name, line, what, instead in findings:
        print(f"{name}:{line}: {what} — use {instead}")
    if not findings:
        print(f"tidy: {len(sources(root))} files, nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
