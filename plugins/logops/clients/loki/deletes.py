"""Delete requests, as the compactor reports them.

Format: GET /loki/api/v1/delete (pkg/compactor/deletion/request_handler.go; DeleteRequest in
deletionproto/types.proto).
"""

from pydantic import BaseModel, TypeAdapter, ValidationError

from logops.clients.loki.answers import UnexpectedAnswerError


class DeleteRequest(BaseModel, frozen=True):
    """A request to delete lines. Times are Unix seconds."""

    request_id: str
    start_time: float
    end_time: float
    query: str
    status: str
    """received, build-chunk-refs-for-deletion (in progress), processed; or a percentage: `42% Complete`."""
    created_at: float

    @property
    def processed(self) -> bool:
        return self.status == "processed"


_REQUESTS = TypeAdapter(list[DeleteRequest])


def delete_requests(answer: object) -> list[DeleteRequest]:
    """Return the requests, oldest first. Raises UnexpectedAnswerError."""
    try:
        return _REQUESTS.validate_python(answer or [])
    except ValidationError as error:
        raise UnexpectedAnswerError(f"expected a list of delete requests, got {type(answer).__name__}") from error
