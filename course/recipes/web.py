"""Recipe `web`: the parts of reveal.js and KaTeX with which slides and the site work without a network.

    course make web --sources FOLDER

FOLDER holds the packages as their registry serves them:

    npm pack reveal.js@5.2.1 katex@0.16.47                           (npm)
"""

import re
import tarfile
from pathlib import Path

import course
from course.recipes.sources import require

WEB = Path(course.__file__).parent / "tooling" / "web"
PACKAGES = {
    "reveal": ("reveal.js-5.2.1.tgz", r"LICENSE|dist/reveal\.(js|css)"),
    "katex": (
        "katex-0.16.47.tgz",
        r"LICENSE|dist/katex\.min\.(js|css)|dist/contrib/auto-render\.min\.js|dist/fonts/.+\.woff2",
    ),
}


def make(sources: Path) -> dict[str, dict]:
    """The number of files and bytes of each part, after writing course/tooling/web."""
    require(sources, {name: "npm pack reveal.js@5.2.1 katex@0.16.47" for name, _ in PACKAGES.values()})
    return {part: unpack(sources / name, pattern, WEB / part) for part, (name, pattern) in PACKAGES.items()}


def unpack(package: Path, pattern: str, target: Path) -> dict[str, int]:
    """The number and the bytes of the package's files that match, now in the folder; fonts keep their own."""
    sizes = []
    with tarfile.open(package) as tar:
        for member in tar:
            name = member.name.removeprefix("package/")
            if re.fullmatch(pattern, name):
                path = target / ("fonts" if "/fonts/" in name else "") / Path(name).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
                sizes.append(member.size)
    return {"files": len(sizes), "bytes": sum(sizes)}
