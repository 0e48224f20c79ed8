"""Weights of members by what a series looks like, made by tests/benchmarks/learn_weights."""

from __future__ import annotations

from typing import Any

# fmt: off
LEARNED: dict[str, dict[str, Any]] = {
    "full": {
        "members": [
            "ets_damped_log",
            "ets_level_log",
            "theta",
            "mstl_damped_log",
            "global_trees",
            "global_trees_drift",
        ],
        "seen": {
            "length": [-0.1529, 0.6115],
            "season": [1.1163, 1.3083],
            "drift": [0.3267, 0.8493],
            "drift either way": [0.5057, 0.7565],
            "yearly noise": [-1.7112, 1.0529],
            "persistence": [0.4629, 0.337],
            "last year": [-0.0489, 0.5808],
            "positive": [0.9891, 0.104],
            "monthly noise": [-1.9959, 1.3185],
        },
        "table": {
            "usual": [-0.0148, 0.0748, 0.0139, -0.0984, 0.0535, -0.029],
            "length": [0.0688, -0.0314, -0.0191, 0.0366, 0.0144, -0.0694],
            "season": [-0.0512, -0.1243, -0.1671, 0.0381, 0.1379, 0.1665],
            "drift": [-0.0199, 0.0189, 0.015, 0.0314, -0.0613, 0.0159],
            "drift either way": [0.0342, -0.0247, -0.0015, 0.0804, -0.0881, -0.0002],
            "yearly noise": [-0.003, 0.1663, 0.1267, -0.1121, 0.0064, -0.1842],
            "persistence": [-0.0924, -0.1428, -0.0319, 0.0115, 0.2331, 0.0225],
            "last year": [-0.0132, 0.0536, 0.1208, 0.1041, -0.2253, -0.04],
            "positive": [-0.0064, -0.0391, -0.0022, 0.0146, 0.0306, 0.0026],
            "monthly noise": [-0.028, 0.1267, 0.0934, -0.1323, -0.0042, -0.0556],
        },
    },
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
            "length": [-0.1529, 0.6115],
            "season": [1.1163, 1.3083],
            "drift": [0.3267, 0.8493],
            "drift either way": [0.5057, 0.7565],
            "yearly noise": [-1.7112, 1.0529],
            "persistence": [0.4629, 0.337],
            "last year": [-0.0489, 0.5808],
            "positive": [0.9891, 0.104],
            "monthly noise": [-1.9959, 1.3185],
        },
        "table": {
            "usual": [-0.0148, 0.0748, 0.0139, -0.0984, 0.0535, -0.029],
            "length": [0.0688, -0.0314, -0.0191, 0.0366, 0.0144, -0.0694],
            "season": [-0.0512, -0.1243, -0.1671, 0.0381, 0.1379, 0.1665],
            "drift": [-0.0199, 0.0189, 0.015, 0.0314, -0.0613, 0.0159],
            "drift either way": [0.0342, -0.0247, -0.0015, 0.0804, -0.0881, -0.0002],
            "yearly noise": [-0.003, 0.1663, 0.1267, -0.1121, 0.0064, -0.1842],
            "persistence": [-0.0924, -0.1428, -0.0319, 0.0115, 0.2331, 0.0225],
            "last year": [-0.0132, 0.0536, 0.1208, 0.1041, -0.2253, -0.04],
            "positive": [-0.0064, -0.0391, -0.0022, 0.0146, 0.0306, 0.0026],
            "monthly noise": [-0.028, 0.1267, 0.0934, -0.1323, -0.0042, -0.0556],
        },
    },
}
# fmt: on
"""By portfolio what ``weights.LearnedWeights.dump`` says (decision 0039)."""
