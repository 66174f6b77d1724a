"""set_define.py INPUT OUTPUT NAME VALUE: copy a C file with its one `#define NAME ...` given another value."""
from __future__ import annotations

import re
import sys
from pathlib import Path

source, target, name, value = sys.argv[1:]
text, count = re.subn(rf"(?m)^(#\s*define\s+{re.escape(name)})\s.*$", rf"\1 {value}", Path(source).read_text())
if count != 1:
    sys.exit(f"{source}: {count} definitions of {name}, expected one")
Path(target).write_text(text)
