"""A table of made-up applicants for a credit: numbers and categories that depend on one another, by a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CATEGORIES = {
    "housing": ("rents", "owns", "lives free"),
    "job": ("none", "unskilled", "skilled", "manager"),
    "purpose": ("car", "furniture", "education", "business", "repairs"),
    "history": ("none", "paid", "late", "critical"),
    "phone": ("no", "yes"),
    "default": ("no", "yes"),
}
NUMBERS = ("age", "income", "employed_years", "amount", "months", "savings", "debt_ratio")
WHOLE = ("age", "months")


def make_credit(rows: int = 1000, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """Columns of `rows` applicants by name, categories as codes into CATEGORIES; the last one is "default".

    Age leads to years employed, job and housing; these to income, income and purpose to the amount, amount to months;
    savings are log-normal and 0 for a third; whether somebody defaults follows from debt, history and savings.
    """
    rng = np.random.default_rng(seed)

    def picked(logits: NDArray[np.float64]) -> NDArray[np.float64]:
        chosen: NDArray[np.float64] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1).astype(float)
        return chosen

    def of(code: NDArray[np.float64], *values: float) -> NDArray[np.float64]:
        looked_up: NDArray[np.float64] = np.asarray(values)[code.astype(int)]
        return looked_up

    age = np.clip(np.rint(19 + rng.gamma(2.2, 8.0, rows)), 19, 78)
    employed = np.clip((age - 18) * rng.beta(1.6, 2.4, rows), 0, None)
    nothing = np.zeros(rows)
    job = picked(np.stack([nothing - 1.5 - employed / 5, nothing, nothing + 1.2, (age - 45) / 12], 1))
    income = np.exp(9.6 + of(job, -0.7, 0.0, 0.35, 0.85) + 0.018 * employed + 0.22 * rng.normal(size=rows))
    housing = picked(np.stack([nothing + 1.0, (age - 40) / 9 + np.log(income / 20000), (24 - age) / 6], 1))
    purpose = picked(
        np.stack([nothing + 1, (35 - age) / 15, (30 - age) / 8, of(job, -2, -1, 0, 1.5), (age - 50) / 15], 1)
    )
    amount = income * of(purpose, 0.35, 0.12, 0.2, 0.5, 0.18) * np.exp(0.3 * rng.normal(size=rows))
    months = np.clip(np.rint(amount / income * 60 + rng.normal(6, 4, rows)), 4, 72)
    has_savings = rng.random(rows) < 0.5 + 0.3 * np.tanh(np.log(income / 20000))
    savings = np.where(has_savings, income * 0.2 * np.exp(0.8 * rng.normal(size=rows)), 0.0)
    debt_ratio = amount / months * 12 / income + 0.05 * rng.gamma(2, 1, rows)
    history = picked(np.stack([(26 - age) / 6, nothing + 1.5, debt_ratio * 2 - 1, debt_ratio * 3 - 3], 1))
    phone = picked(np.stack([nothing, of(job, -1, -0.5, 0.5, 2.0)], 1))
    risk = 4 * (debt_ratio - 0.35) + of(history, 0.3, -0.7, 0.8, 1.5) - (savings > 0) * 0.9
    default = (rng.random(rows) < 1 / (1 + np.exp(-risk))).astype(float)
    return {
        "age": age, "income": np.round(income, 2), "employed_years": np.round(employed, 1),
        "amount": np.round(amount, 2), "months": months, "savings": np.round(savings, 2),
        "debt_ratio": np.round(debt_ratio, 4), "housing": housing, "job": job, "purpose": purpose, "history": history,
        "phone": phone, "default": default,
    }  # fmt: skip
