"""Least squares on answers, of which several are of one customer."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Squares:
    """Coefficients by least squares.

    Attributes
    ----------
    found : (p,)
        Coefficients.
    variance : (p,)
        Of each, were all answers alike and of other customers.
    scores : (customers, p)
        What each customer adds to their errors: products summed over customers are the covariance, clustered by them.
    told : (p,) bool
        Which of them the columns tell.
    """

    found: np.ndarray
    variance: np.ndarray
    scores: np.ndarray
    told: np.ndarray

    @classmethod
    def of(cls, columns: np.ndarray, outcome: np.ndarray, who: np.ndarray, many: int, free: int) -> "Squares":
        """Fit them.

        Parameters
        ----------
        columns, outcome : (n, p), (n,)
            Over their means.
        who : (n,)
            Whose answer it is, below `many`.
        many
            Customers.
        free
            Degrees of freedom that are left.

        References
        ----------
        Liang, Zeger (1986), Longitudinal data analysis using generalized linear models, Biometrika 73(1), equation 6.
        """
        square = columns.T @ columns
        inverse = np.linalg.pinv(square, hermitian=True)
        found = inverse @ (columns.T @ outcome)
        left = outcome - columns @ found
        scores = np.zeros((many, columns.shape[1]))
        np.add.at(scores, who, columns * left[:, None])
        return cls(
            found=found,
            variance=np.diag(inverse) * float(left @ left) / max(free, 1),
            scores=scores @ inverse,
            told=np.isclose(np.diag(inverse @ square), 1.0, atol=1e-6),
        )


def from_own_mean(columns: np.ndarray, who: np.ndarray, many: int) -> np.ndarray:
    """Columns (n, p) over the means of each customer's rows.

    Parameters
    ----------
    columns : (n, p)
        Of answers.
    who : (n,)
        Whose each is, below `many`.
    many
        Customers.
    """
    counts = np.maximum(np.bincount(who, minlength=many), 1)
    means = [np.bincount(who, column, minlength=many) / counts for column in columns.T]
    return columns - np.column_stack(means)[who]
