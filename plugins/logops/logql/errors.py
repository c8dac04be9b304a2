"""What is wrong with a query, and where."""


class LogQLError(ValueError):
    """A query that Loki would refuse: what was expected, what was found, at which character.

    Attributes: `reason`, in a sentence; `query`, whole; `at`, the character's offset from 0; `line` and `column` of it,
    from 1.
    """

    def __init__(self, reason: str, query: str, at: int) -> None:
        self.reason = reason
        self.query = query
        self.at = min(at, len(query))
        self.line = query.count("\n", 0, self.at) + 1
        self.column = self.at - (query.rfind("\n", 0, self.at) + 1) + 1
        super().__init__(f"line {self.line}, column {self.column}: {reason}")

    def picture(self) -> str:
        """The line of the query with a caret below the character, at most 100 characters of it."""
        line = self.query.split("\n")[self.line - 1].replace("\t", " ")
        start = max(0, min(self.column - 60, len(line) - 100))
        return f"{line[start : start + 100]}\n{' ' * (self.column - 1 - start)}^"
