"""How many lines a source usually has, and whether the last ones are unusual. Pure: counts in, a verdict out."""

from logops.quality.bands.judge import Declared, judge
from logops.quality.bands.series import Series
from logops.quality.bands.verdict import Bucket, LevelShift, Rule, State, Verdict

__all__ = ["Bucket", "Declared", "LevelShift", "Rule", "Series", "State", "Verdict", "judge"]
