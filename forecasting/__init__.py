"""Pure computation: series, vintages, models, calibration, backtests and shocks.

Arrays and frozen dataclasses in, the same out. Nothing here reads a clock, a file, the environment or a
global random state; whatever varies is an argument.
"""
