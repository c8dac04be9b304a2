"""An upper confidence bound for the lines of a stream that contain a secret, from a random sample of its lines."""

CONFIDENCE = 0.95


def upper_bound(found: int, sampled: int, total: int, confidence: float = CONFIDENCE) -> int:
    """Return the largest number of lines with a secret, of `total` lines, that the sample does not contradict.

    found     lines of the sample with a secret
    sampled   lines of the sample: drawn at random, each line once
    total     lines of the stream in the same time

    This is the exact one-sided bound for sampling without replacement. If K lines of `total` contain a secret, the
    number of lines with a secret in the sample, X, is hypergeometric:

        P(X <= found) = sum over i <= found of C(K, i) C(total - K, sampled - i) / C(total, sampled)

    The bound is the largest K for which this probability is more than 1 - confidence. Source: Buonaccorsi, "A note on
    confidence intervals for proportions in finite populations", The American Statistician 41 (1987). For an endless
    stream it is the bound of Clopper and Pearson.

    >>> upper_bound(0, 1_000, 1_000_000)
    2989
    >>> upper_bound(3, 1_000, 1_000)
    3
    """
    if not 0 <= found <= sampled:
        raise ValueError(
            f"{found} lines with a secret in a sample of {sampled} lines: give at most the sample's lines."
        )
    # Lines may expire or arrive between the counting query and the sample.
    total = max(total, sampled)
    least, most = found, total - (sampled - found)
    while least < most:
        middle = (least + most + 1) // 2
        if _probability_of_at_most(found, sampled, middle, total) > 1 - confidence:
            least = middle
        else:
            most = middle - 1
    return least


def _probability_of_at_most(found: int, sampled: int, with_secret: int, total: int) -> float:
    import numpy as np
    from scipy.special import gammaln, logsumexp

    def log_choose(n: "int | np.ndarray", k: "int | np.ndarray") -> "np.ndarray":
        return np.asarray(gammaln(np.add(n, 1)) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n, k) + 1))

    fewest = max(0, sampled - (total - with_secret))
    most = min(found, with_secret)
    if fewest > most:
        return 0.0
    found_numbers = np.arange(fewest, most + 1)
    terms = (
        log_choose(with_secret, found_numbers)
        + log_choose(total - with_secret, sampled - found_numbers)
        - log_choose(total, sampled)
    )
    return float(np.exp(logsumexp(terms)))
