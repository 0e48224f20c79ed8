"""Weights of members by what a series looks like, made by tests/benchmarks/learn_weights."""

from __future__ import annotations

from typing import Any

# fmt: off
LEARNED: dict[str, dict[str, Any]] = {
    "standard": {
        "members": [
            "ets_damped_log",
            "ets_level_log",
            "theta",
            "mstl_damped_log",
            "global_trees",
            "global_trees_drift",
        ],
        "seen": {
            "length": [-0.153, 0.612],
            "season": [1.116, 1.308],
            "drift": [0.327, 0.849],
            "drift either way": [0.506, 0.757],
            "yearly noise": [-1.711, 1.053],
            "persistence": [0.463, 0.337],
            "last year": [-0.049, 0.581],
            "positive": [0.989, 0.104],
            "monthly noise": [-1.996, 1.318],
        },
        "table": {
            "usual": [-0.015, 0.075, 0.014, -0.098, 0.053, -0.029],
            "length": [0.069, -0.031, -0.019, 0.037, 0.014, -0.069],
            "season": [-0.051, -0.124, -0.167, 0.038, 0.138, 0.167],
            "drift": [-0.02, 0.019, 0.015, 0.031, -0.061, 0.016],
            "drift either way": [0.034, -0.025, -0.001, 0.08, -0.088, -0.0],
            "yearly noise": [-0.003, 0.166, 0.127, -0.112, 0.006, -0.184],
            "persistence": [-0.092, -0.143, -0.032, 0.011, 0.233, 0.023],
            "last year": [-0.013, 0.054, 0.121, 0.104, -0.225, -0.04],
            "positive": [-0.006, -0.039, -0.002, 0.015, 0.031, 0.003],
            "monthly noise": [-0.028, 0.127, 0.093, -0.132, -0.004, -0.056],
        },
    },
    "full": {
        "members": [
            "ets_damped_log",
            "ets_level_log",
            "theta",
            "mstl_damped_log",
            "global_trees",
            "global_trees_drift",
            "theta_log",
            "ets_damped",
            "ces",
            "local_level",
        ],
        "seen": {
            "length": [-0.153, 0.612],
            "season": [1.116, 1.308],
            "drift": [0.327, 0.849],
            "drift either way": [0.506, 0.757],
            "yearly noise": [-1.711, 1.053],
            "persistence": [0.463, 0.337],
            "last year": [-0.049, 0.581],
            "positive": [0.989, 0.104],
            "monthly noise": [-1.996, 1.318],
        },
        "table": {
            "usual": [-0.041, -0.045, -0.091, -0.037, 0.253, 0.162, -0.106, 0.007, -0.093, -0.01],
            "length": [0.033, 0.017, 0.013, 0.002, 0.031, -0.049, -0.009, -0.044, 0.011, -0.003],
            "season": [-0.049, -0.065, -0.107, 0.009, 0.129, 0.161, -0.093, 0.027, 0.057, -0.07],
            "drift": [-0.014, 0.004, 0.0, 0.005, -0.089, -0.012, 0.018, -0.0, 0.098, -0.01],
            "drift either way": [0.027, -0.016, 0.004, 0.039, -0.117, -0.038, 0.036, 0.024, 0.064, -0.02],
            "yearly noise": [-0.013, 0.085, 0.061, -0.057, 0.039, -0.12, -0.005, -0.012, -0.079, 0.1],
            "persistence": [-0.048, -0.066, -0.022, -0.015, 0.238, 0.058, -0.058, 0.005, -0.01, -0.082],
            "last year": [-0.012, 0.027, 0.05, 0.097, -0.26, -0.094, 0.057, -0.01, 0.09, 0.055],
            "positive": [-0.004, -0.022, -0.01, 0.014, 0.031, 0.012, -0.012, 0.002, 0.002, -0.012],
            "monthly noise": [-0.034, 0.059, 0.043, -0.066, 0.008, -0.036, 0.001, -0.041, -0.011, 0.077],
        },
    },
}
# fmt: on
"""By portfolio what ``weights.LearnedWeights.dump`` says (decisions 0039 and 0040)."""
