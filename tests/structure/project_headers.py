# SPDX-License-Identifier: Apache-2.0
"""Which header of the project declares what another header uses.

Headers that are compiled one after another in one translation unit show everything but an include that an earlier header
happened to bring; this index of declarations shows that one. Names that several headers declare are satisfied by any of them.
"""

import re

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
TEXT = re.compile(r'R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
# Declarations in namespaces are not indented; what a type's braces hold is.
TYPE = re.compile(r"^(?:template <.*>\s*)?(?:struct|class|enum class|enum|union|concept)\s+(?:alignas\(\w+\)\s*)?(\w+)(?:\s+final)?\b"
                  r"(?=[^;(]*[{:=])", re.MULTILINE)
ALIAS = re.compile(r"^(?:template <.*>\s*)?using\s+(\w+)\s*=", re.MULTILINE)
CONSTANT = re.compile(r"^(?:template <.*>\s*)?(?:inline |constexpr |extern |static |const )+[\w:<>,* ]*?\b(\w+)\s*(?:\[[^\]]*\]\s*)*[={;]",
                      re.MULTILINE)
FUNCTION = re.compile(r"^(?=\w)(?!using|struct|class|enum|return|#|namespace)(?:[\w:<>,*&\[\] ]+\s[*&]*)(\w+)\s*\(", re.MULTILINE)
FORWARD = re.compile(r"^\s*(?:template <.*>\s*)?(?:struct|class|enum class)\s+(\w+)(?:\s*:\s*[\w:]+)?;", re.MULTILINE)
WORD = re.compile(r"(?<![\w.])(?<!->)((?:[\w<>]+::)*)([A-Za-z_]\w+)(\s*\()?")
LANGUAGE = set("alignas auto bool break case catch char class const constexpr continue default delete do double else enum explicit "
               "extern false float for friend if inline int long namespace new noexcept nullptr operator private protected public "
               "requires return short signed sizeof static static_assert struct switch template this throw true try typedef "
               "typename union unsigned using virtual void volatile while".split())


def bare(text):
    return COMMENT.sub("", text)


def declared(text):
    """Names that a header declares for its readers: types and constants, functions, macros."""
    code = TEXT.sub('""', bare(text))
    names = set(TYPE.findall(code)) | set(ALIAS.findall(code)) | set(CONSTANT.findall(code)) | set(MACRO.findall(code))
    return names - LANGUAGE, set(FUNCTION.findall(code)) - names - LANGUAGE


def used(text):
    """name -> (first line, called everywhere) of the words of a header that are no members of something."""
    def lines(found):
        return "\n" * found.group().count("\n")
    code = TEXT.sub(lines, INCLUDE.sub("", COMMENT.sub(lines, text)))
    words = {}
    for number, line in enumerate(code.splitlines(), 1):
        for space, name, call in WORD.findall(line):
            # Of other libraries' namespaces nothing is known; what a type holds comes with the type.
            if space.startswith("std::") or space and call or re.search(r"[A-Z]\w*::$|>::$", space):
                words.setdefault(space.split("::")[0], (number, False))
                continue
            if name in LANGUAGE:
                continue
            first, always = words.get(name, (number, True))
            words[name] = (first, always and bool(call))
    return words


class Headers:
    """The declarations of a set of headers: {path: text}.

    find(path, include) is the path that an include means, or None; may_include(path, other) what the rooms' arrows say.
    """

    def __init__(self, texts, find, may_include):
        self.texts, self.find, self.may_include = texts, find, may_include
        self.names, self.functions = {}, {}
        self.own = {}
        for path, text in texts.items():
            names, functions = declared(text)
            self.own[path] = names | functions | set(FORWARD.findall(bare(text)))
            for index, found in ((self.names, names), (self.functions, functions)):
                for name in found:
                    index.setdefault(name, set()).add(path)

    @staticmethod
    def includes(text):
        return INCLUDE.findall(text)

    def reached(self, path, seen=None):
        seen = set() if seen is None else seen
        if path not in seen:
            seen.add(path)
            for include in INCLUDE.findall(self.texts[path]):
                if (target := self.find(path, include)) is not None:
                    self.reached(target, seen)
        return seen

    def missing(self, path):
        """A line for each name of another header that `path` uses and that no include of it brings."""
        reached = self.reached(path)
        known = set().union(*(self.own[other] for other in reached))
        local = set(re.findall(r"\b(?:typename|class|auto|using|struct|enum)\s+(\w+)", self.texts[path]))
        # A parameter, member or local variable of that name: what follows a type.
        local |= {name for before, name in re.findall(r"(\w+|[>&*\]])\s+[*&]?(\w+)\s*(?=[;,=){\[(:])", bare(self.texts[path]))
                  if before not in {"return", "throw", "else", "case", "new"}}
        for name, (line, called) in used(self.texts[path]).items():
            where = self.names.get(name) or (called and self.functions.get(name)) or set()
            where = {other for other in where if self.may_include(path, other)}
            if where and name not in known and name not in local:
                yield f"{path}:{line}: uses {name} without an include that brings {' or '.join(sorted(where))}"
