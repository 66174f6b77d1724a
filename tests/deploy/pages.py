"""What the pages for users say, taken out of their Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("layer/**/*.md")])


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def own_variables() -> dict[str, str]:
    """Every variable of README's table, which tests/checks/readme_variables holds equal to the code's -> the row's own name."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("<!-- variables: begin -->")[2].partition("<!-- variables: end -->")[0]
    found = {}
    for line in table.splitlines():
        cell = re.match(r"\| (`[^|]+) \|", line)
        names = re.findall(r"`([A-Za-z0-9_*]+)`", cell[1]) if cell else []
        found.update({name: names[0] for name in names})
    return found


def tables(text: str) -> Iterator[list[list[str]]]:
    """Each table as rows of cells, the heading first, without the line of dashes."""
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]])
        elif rows:
            yield [row for row in rows if not all(set(cell) <= {"-", ":"} for cell in row)]
            rows = []


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def links(text: str) -> list[tuple[str, str]]:
    """Targets inside the project: the file (empty for the page itself), and the heading behind a #."""
    found = [target.partition("#") for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", target)]
    return [(path, heading) for path, _, heading in found]


def anchors(text: str) -> set[str]:
    """What a # may name: the headings, as GitHub spells them there."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
