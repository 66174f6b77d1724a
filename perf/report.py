"""What a measurement hands over, and how a report is made of several: Markdown, figures as JSON, plots as SVG."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence


@dataclass
class Line:
    """One line of a plot: a name and points (x, y)."""

    name: str
    points: list[tuple[float, float]]


@dataclass
class Plot:
    title: str
    x: str
    y: str
    lines: list[Line]


@dataclass
class Section:
    """`figures` is what the table was made of, by names that a later run can compare; `notes` are sentences below it."""

    title: str
    command: str
    table: str
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    plots: list[Plot] = field(default_factory=list)

    def markdown(self) -> str:
        return "\n".join([f"## {self.title}", "", f"`{self.command}`", "", self.table, "", *[f"- {note}" for note in self.notes], ""])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)])


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def write(folder: Path, sections: Sequence[Section], machine: str, date: str) -> list[str]:
    """report.md, figures.json and a picture for each plot; returns lines about what could not be written."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, problems = _draw(folder, [plot for section in sections for plot in section.plots])
    text = [f"# What Sleipnir costs\n\n{date}; {machine}.\n\nEverything of one table was measured in one run, in turn: on a shared "
            "machine the ratios count, not the times.\n"]
    for section in sections:
        text.append(section.markdown())
        text += [f"![{plot.title}]({pictures[plot.title]})\n" for plot in section.plots if plot.title in pictures]
    (folder / "report.md").write_text("\n".join(text))
    (folder / "figures.json").write_text(json.dumps(
        {"machine": machine, "date": date, "sections": {section.title: section.figures for section in sections}}, indent=1) + "\n")
    return problems


def _draw(folder: Path, plots: Sequence[Plot]) -> tuple[dict[str, str], list[str]]:
    try:
        import matplotlib
        matplotlib.use("svg")
        from matplotlib import pyplot
    except ImportError:
        return {}, ["without plots: matplotlib (PyPI) is not installed"] if plots else []
    matplotlib.rcParams["svg.hashsalt"] = "sleipnir"
    pictures = {}
    for number, plot in enumerate(plots, 1):
        figure, axes = pyplot.subplots(figsize=(7, 3.5))
        for line in plot.lines:
            axes.plot(*zip(*line.points), marker="o", label=line.name)
        axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y)
        axes.set_ylim(bottom=0)
        axes.grid(True, alpha=0.3)
        axes.legend()
        figure.tight_layout()
        name = f"plot-{number}.svg"
        figure.savefig(folder / name, metadata={"Date": None})
        pyplot.close(figure)
        pictures[plot.title] = name
    return pictures, []
