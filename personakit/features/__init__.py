"""Features: the columns that personas are made from, each with its kind, its role and its scale."""

from personakit.features.build import build_features
from personakit.features.impute import impute, with_imputation
from personakit.features.kinds import infer_kind

__all__ = ["build_features", "impute", "infer_kind", "with_imputation"]
