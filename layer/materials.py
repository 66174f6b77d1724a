"""What a release is made of, and the two papers that say so: a bill of materials (CycloneDX) and the licences' notices.

The libraries are those that meson.build names, at the versions and hashes of subprojects/*.wrap; what the compiler's package
brings into the binary (musl, libc++, its own runtime) and what else takes part in the build stands in the lock files of
layer/toolchain and in the package itself. The same commit gives the same papers.
"""
from __future__ import annotations

import configparser
import json
import re
import urllib.parse
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

SPEC_VERSION = "1.6"


class NotKnown(Exception):
    """Something is in the release of which not all is known that the papers must say; the text says what."""


@dataclass(frozen=True)
class Material:
    """`licence` in SPDX's words; `licence_file` None for what is not in the binary. `upstream`: its package URL. `changes`: where
    what we change in its sources stands."""

    name: str
    version: str
    licence: str
    upstream: str
    licence_file: Optional[Path]
    url: str = ""
    sha256: tuple[str, ...] = ()
    changes: str = ""

    @property
    def is_shipped(self) -> bool:
        return self.licence_file is not None

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"


# What the wraps do not say. The licence's file is looked for in the library's sources, then in packagefiles/licenses.
LIBRARIES = {
    "concurrentqueue": ("BSD-2-Clause OR BSL-1.0", "LICENSE.md"),
    "libdeflate": ("MIT", "COPYING"),
    "llhttp": ("MIT", "LICENSE"),
    "mbedtls": ("Apache-2.0 OR GPL-2.0-or-later", "LICENSE"),
}
BUILD_TOOLS = {"meson": "Apache-2.0", "ninja": "Apache-2.0"}
LLVM_LICENCE = "Apache-2.0 WITH LLVM-exception"


def all_materials(root: Path, compiler: Path) -> list[Material]:
    """`compiler`: the folder of the ziglang package. The libraries' sources must have been fetched and laid down."""
    return [*(library(root, name) for name in linked_libraries(root)), *from_compiler(root, compiler), *build_tools(root)]


def linked_libraries(root: Path) -> list[str]:
    """Those that meson.build itself asks for; the tests' are asked for in tests/meson.build."""
    names = sorted(re.findall(r"^\w+ = dependency\('([\w-]+)'", (root / "meson.build").read_text(), re.MULTILINE))
    if not names:
        raise NotKnown("meson.build names no library: has its form changed?")
    return names


def library(root: Path, name: str) -> Material:
    if name not in LIBRARIES:
        raise NotKnown(f"{name} is linked, and layer/materials.py does not say under which licence")
    licence, file_name = LIBRARIES[name]
    wrap = configparser.ConfigParser(interpolation=None)
    if not wrap.read(root / "subprojects" / f"{name}.wrap"):
        raise NotKnown(f"no subprojects/{name}.wrap")
    section = wrap["wrap-file"]
    source = re.match(r"https://github\.com/([^/]+/[^/]+)/(?:archive/refs/tags/(.+)\.tar\.gz|releases/download/([^/]+)/[^/]+)$",
                      section["source_url"])
    version = re.search(r"(\d+(?:\.\d+)+)$", section["directory"])
    if not source or not version:
        raise NotKnown(f"subprojects/{name}.wrap: which repository, which version?")
    tag = urllib.parse.quote(source[2] or source[3], safe="")
    return Material(name, version[1], licence, f"pkg:github/{source[1].lower()}@{tag}",
                    licence_text(root, name, section["directory"], file_name), section["source_url"],
                    (section["source_hash"],),
                    f"subprojects/packagefiles/{section['patch_directory']}" if "patch_directory" in section else "")


def licence_text(root: Path, name: str, directory: str, file_name: str) -> Path:
    candidates = (root / "subprojects" / directory / file_name, root / "subprojects" / "packagefiles" / "licenses" / f"{name}.txt")
    for path in candidates:
        if path.is_file():
            return path
    raise NotKnown(f"no text of {name}'s licence: {' and '.join(str(path.relative_to(root)) for path in candidates)} are missing")


def from_compiler(root: Path, package: Path) -> list[Material]:
    """What is linked from the compiler's package, and the compiler."""
    (zig, hashes), = lock_file(root, "release").values()
    llvm = _number(package / "lib/libcxx/include/__config", r"define _LIBCPP_VERSION (\d+)")
    llvm_version = f"{int(llvm) // 10000}.{int(llvm) // 100 % 100}.{int(llvm) % 100}"
    musl = _number(package / "lib/libc/musl/src/internal/version.h", r'define VERSION "([\d.]+)"')
    upstream = f"pkg:github/llvm/llvm-project@llvmorg-{llvm_version}"
    return [
        Material("musl", musl, "MIT", f"pkg:generic/musl@{musl}", package / "lib/libc/musl/COPYRIGHT"),
        Material("libc++", llvm_version, LLVM_LICENCE, upstream + "#libcxx", package / "lib/libcxx/LICENSE.TXT"),
        Material("libc++abi", llvm_version, LLVM_LICENCE, upstream + "#libcxxabi", package / "lib/libcxxabi/LICENSE.TXT"),
        Material("zig-compiler-rt", zig, "MIT", f"pkg:github/ziglang/zig@{zig}#lib/compiler_rt", package / "LICENSE"),
        Material("ziglang", zig, "MIT", f"pkg:pypi/ziglang@{zig}", None, sha256=hashes),
    ]


def build_tools(root: Path) -> list[Material]:
    return [Material(name, version, BUILD_TOOLS[name], f"pkg:pypi/{name}@{version}", None, sha256=hashes)
            for name, (version, hashes) in lock_file(root, "build").items()]


def lock_file(root: Path, name: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Package -> version, hashes of its files."""
    text = (root / "layer" / "toolchain" / f"requirements-{name}.txt").read_text().replace("\\\n", " ")
    found = re.findall(r"^([\w-]+)==(\S+)(.*)$", text, re.MULTILINE)
    return {package: (version, tuple(re.findall(r"sha256:([0-9a-f]{64})", rest))) for package, version, rest in found}


def _number(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text(encoding="utf-8")) if path.is_file() else None
    if not found:
        raise NotKnown(f"{path} does not tell its version")
    return found[1]


# --- the bill of materials


@dataclass(frozen=True)
class Release:
    """`when`: the commit's time, so that the papers are the commit's and not the day's. `files`: name -> sha256."""

    version: str
    revision: str
    when: str
    files: dict[str, str]


def bill_of_materials(release: Release, materials: list[Material]) -> str:
    own = f"sleipnir@{release.version}"
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {
            "timestamp": release.when,
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application", "bom-ref": own, "name": "sleipnir", "version": release.version,
                "description": "AWS Lambda extension that ships logs and platform events to Grafana Loki",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "properties": [{"name": "sleipnir:revision", "value": release.revision}],
            },
        },
        "components": [
            *(_file(name, digest) for name, digest in sorted(release.files.items())),
            *(_component(material) for material in materials),
        ],
        "dependencies": [
            {"ref": own, "dependsOn": [material.reference for material in materials if material.is_shipped]},
            *({"ref": name, "dependsOn": [own]} for name in sorted(release.files)),
        ],
    }
    # Of the content, so that the same release has the same number.
    content = json.dumps(document, sort_keys=True)
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    return json.dumps(document, indent=2) + "\n"


def _file(name: str, digest: str) -> dict[str, Any]:
    return {"type": "file", "bom-ref": name, "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _component(material: Material) -> dict[str, Any]:
    """What takes part in the build and is not in the binary has the scope `excluded`."""
    component: dict[str, Any] = {
        "type": "library" if material.is_shipped else "application",
        "bom-ref": material.reference, "name": material.name, "version": material.version,
        "scope": "required" if material.is_shipped else "excluded",
        "licenses": [{"expression": material.licence}],
        "purl": material.upstream,
    }
    if material.url:
        component["externalReferences"] = [{"type": "source-distribution", "url": material.url,
                                            "hashes": [{"alg": "SHA-256", "content": digest} for digest in material.sha256]}]
    if material.changes:
        component["pedigree"] = {"notes": f"built by the files in {material.changes}, which also say what is changed"}
    if material.sha256 and not material.url:
        component["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in material.sha256]
    return component


# --- the notices


def notices(materials: list[Material]) -> str:
    """The licence of everything that is in the binary, in full."""
    shipped = [material for material in materials if material.licence_file]
    parts = ["Sleipnir is made of its own code (Apache-2.0, see LICENSE) and of these, whose licences follow:\n\n"
             + "".join(f"  {material.name} {material.version} ({material.licence})\n" for material in shipped)]
    for material in shipped:
        title = f"{material.name} {material.version}"
        parts.append(f"{'=' * 78}\n{title}\n{material.upstream}\n{'=' * 78}\n\n"
                     + material.licence_file.read_text(encoding="utf-8").strip() + "\n")
    return "\n".join(parts)
