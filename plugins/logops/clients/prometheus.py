"""Query the Prometheus that stores the recorded series."""

import requests

from logops.clients.loki.answers import Sample, UnexpectedAnswerError, samples
from logops.errors import LogopsError

_SECONDS = 30.0


class PrometheusError(LogopsError):
    """Prometheus did not answer, or refused the query."""


def recorded(url: str, promql: str) -> list[Sample]:
    """Run an instant query. Raises PrometheusError."""
    doing = f"running {promql} at {url}"
    with requests.Session() as session:
        # Do not use a proxy for the internet.
        session.trust_env = False
        try:
            answer = session.get(f"{url}/api/v1/query", params={"query": promql}, timeout=_SECONDS)
            answer.raise_for_status()
            return samples(answer.json())
        except requests.HTTPError as error:
            text = " ".join(error.response.text.split())[:300]
            raise PrometheusError(f"{doing}: Prometheus answered {error.response.status_code}: {text}") from error
        except requests.RequestException as error:
            raise PrometheusError(f"{doing}: no answer ({type(error).__name__}). Does Prometheus run there?") from error
        except (UnexpectedAnswerError, LookupError, TypeError, ValueError) as error:
            raise PrometheusError(f"{doing}: not what Prometheus answers: {error}") from error
