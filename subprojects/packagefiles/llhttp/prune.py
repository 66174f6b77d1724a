"""prune.py INPUT OUTPUT: llhttp's generated state machine without the ways that this program never goes, and without the
states that only they lead to: 4 kB of the binary, and a smaller machine to trust.

Gone are leniency (no flag for it is ever set), messages of a type that is found out while reading, and methods by their first
letters: what is left of them reads GET, HEAD, POST, PUT, DELETE, OPTIONS, CONNECT and some more; all others are an error of the
request. What cannot be found to be cut is an error of the build: another version wants another look.
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

STATE = r"s_n_llhttp__internal__n_\w+"
# `case NAME:` stands before those in which the machine can stop between two inputs.
BLOCK = re.compile(rf"^(?:    case {STATE}:\n)?( +)({STATE}): \{{\n.*?^\1\}}\n", re.MULTILINE | re.DOTALL)
METHODS_CUT = {"after_start_req": "ABFLMNQRSTU", "after_start_req_5": "H", "after_start_req_33": "ALR"}


def cut(text: str, pattern: str, replacement: str) -> str:
    changed, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    if count == 0:
        sys.exit(f"prune.py: nothing matches {pattern}")
    return changed


def without_ways(machine: str) -> str:
    machine = cut(machine, r"(switch \(llhttp__internal__c_test_lenient_flags(?:_\d+)?\(state, p, endp\)\) \{\n) *case 1:\n *goto \w+;\n", r"\1")
    machine = cut(machine, r"(switch \(llhttp__internal__c_load_type\(state, p, endp\)\) \{\n *case 1:\n *goto (\w+);\n *case 2:\n *goto \w+;\n"
                           r" *default:\n *goto )\w+;", r"\1\2;")
    for state, letters in METHODS_CUT.items():
        for letter in letters:
            machine = cut(machine, rf"(^    s_n_llhttp__internal__n_{state}: \{{\n(?:(?!^    \}}).*\n)*?) *case '{letter}': \{{\n"
                                   r" *p\+\+;\n *goto \w+;\n *\}\n", r"\1")
    return machine


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    text = source.read_text()
    begin = text.index("  switch ((llparse_state_t) (intptr_t) state->_current) {")
    end = text.index("\nint llhttp__internal_execute(")
    before, machine, after = text[:begin], without_ways(text[begin:end]), text[end:]

    blocks = {block[2]: block[0] for block in BLOCK.finditer(machine)}
    reached: set[str] = set()
    left = ["s_n_llhttp__internal__n_start", *re.findall(STATE, after)]
    while left:
        state = left.pop()
        if state not in reached:
            reached.add(state)
            left += re.findall(STATE, blocks[state])
    machine = BLOCK.sub(lambda block: block[0] if block[2] in reached else "", machine)
    before = re.sub(rf"^  ({STATE}),\n", lambda name: name[0] if name[1] in reached else "", before, flags=re.MULTILINE)
    target.write_text(before + machine + after)


if __name__ == "__main__":
    main()
