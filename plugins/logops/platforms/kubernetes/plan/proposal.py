"""An object as the server has it, and as a dry run of an apply would leave it."""

from dataclasses import dataclass

from logops.platforms.kubernetes.plan.compare import merged
from logops.platforms.kubernetes.plan.objects import Object, ObjectId, object_id


@dataclass(frozen=True)
class Conflict:
    """A field that an apply would change, and that somebody else owns."""

    field: str
    """Its path in the words of the API server: `.spec.replicas`."""
    owner: str
    """The manager that owns it, with the time if it is known."""


@dataclass(frozen=True)
class Proposal:
    """An object before and after an apply that was only tried."""

    before: Object | None
    """The object on the server; None: it does not exist."""
    rendered: Object | None
    """The object that the chart renders; None: it is deleted."""
    after: Object | None
    """The result of the dry run; None: the object is deleted, or the dry run failed."""
    conflicts: tuple[Conflict, ...] = ()
    """Fields of others. `after` is as if they were forced."""
    added: tuple[Conflict, ...] = ()
    """Fields that somebody added, and that nothing declares. `after` is without them."""
    left: tuple[Conflict, ...] = ()
    """Fields that a controller has changed. `after` has its values."""
    refused: str = ""
    """Why the API server refuses this change, in its own words."""
    unknown: str = ""
    """Why the dry run could not be made."""
    namespace: str = ""
    """The namespace of the release, for objects that name none."""
    is_hook: bool = False
    """Whether Helm runs it once, as a Job. A plan leaves it out: it is no state."""

    @property
    def id(self) -> ObjectId:
        return object_id(self.any_state, self.namespace)

    @property
    def any_state(self) -> Object:
        """The object in the newest state that is known."""
        return next(state for state in (self.after, self.rendered, self.before) if state is not None)

    @property
    def expected(self) -> Object | None:
        """The state after an apply as far as it is known: without an answer, the rendered over the live object."""
        if self.after is not None or self.rendered is None:
            return self.after
        return merged(self.before, self.rendered) if self.before else self.rendered
