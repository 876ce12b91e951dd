"""``python -m personakit`` is the command ``personakit``: for where its script is not on the path, such as in a notebook."""

from __future__ import annotations

from personakit.cli import main

if __name__ == "__main__":
    main()
