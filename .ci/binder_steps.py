"""The shell commands with which Binder would build the image from binder/, one a line; run it in the repository.

repo2docker renders the Dockerfile without a Docker daemon and refuses a binder/ folder that it cannot use.
"""

import re

from repo2docker.app import Repo2Docker
from repo2docker.buildpacks import PythonBuildPack


def dockerfile() -> str:
    """The Dockerfile that repo2docker makes of the current folder."""
    pack = PythonBuildPack(base_image=Repo2Docker().base_image)
    pack.platform = "linux/amd64"
    if not pack.detect():
        raise SystemExit("repo2docker finds nothing in binder/ that it can build.")
    return pack.render({"NB_UID": "1000", "NB_USER": "jovyan"})


if __name__ == "__main__":
    print(*re.findall(r"^RUN (.*binder/.*)$", dockerfile(), flags=re.MULTILINE), sep="\n")
