"""Study folders: read one, check one, write one."""

from personakit.study.building import build_study
from personakit.study.checks import check_study
from personakit.study.loading import load_sample, load_study
from personakit.study.saving import save_study

__all__ = ["build_study", "check_study", "load_sample", "load_study", "save_study"]
