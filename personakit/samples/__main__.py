"""``python -m personakit.samples FOLDER`` writes every sample with its published seed, each into its own folder."""

from __future__ import annotations

import sys
from pathlib import Path

from personakit.samples import SEEDS, make_sample


def main(arguments: list[str]) -> int:
    """Write the samples; say where they are."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m personakit.samples FOLDER\n")
        return 2
    for name in SEEDS:
        sys.stdout.write(f"{make_sample(name, Path(arguments[0]) / name)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
