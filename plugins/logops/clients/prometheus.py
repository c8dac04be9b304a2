"""What rulers recorded, asked of the Prometheus that they write to."""

import requests

from logops.clients.loki.answers import Sample, UnexpectedAnswerError, samples
from logops.errors import LogopsError

_SECONDS = 30.0


class PrometheusError(LogopsError):
    """Prometheus did not answer, or refused: what was asked, where, what came back."""


def recorded(url: str, promql: str) -> list[Sample]:
    """An instant query, now. Raises PrometheusError."""
    doing = f"running {promql} at {url}"
    with requests.Session() as session:
        # A proxy meant for the internet is not asked for it.
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
