"""edit.py INPUT OUTPUT PATTERN TEXT [PATTERN TEXT]...: copy a C file with each regular expression replaced. One that matches nothing is an error."""
from __future__ import annotations

import re
import sys
from pathlib import Path

source, target, *changes = sys.argv[1:]
content = Path(source).read_text()
for pattern, replacement in zip(changes[::2], changes[1::2], strict=True):
    content, count = re.subn(pattern, replacement, content, flags=re.MULTILINE)
    if count == 0:
        sys.exit(f"{source}: nothing matches {pattern}")
Path(target).write_text(content)
