"""What the orchestrator says while it works: an interface that keeps silent. ``display`` shows it."""

from __future__ import annotations


class Reporter:
    """Hears of everything that happens; this one says nothing, which is what tests and callers of parts want."""

    def stack(self, stack: str, state: str, detail: str = "") -> None:
        """A stack has come to a new state.

        Args:
            stack: short name, such as ``network``.
            state: ``waiting``, ``working``, ``done``, ``unchanged`` or ``failed``.
            detail: words that go with it.
        """

    def resource(self, stack: str, logical_id: str, status: str, purpose: str) -> None:
        """A resource of a stack has come to a new status.

        Args:
            stack: short name of the stack.
            logical_id: name of the resource in its template.
            status: CloudFormation's status.
            purpose: what the resource is for, from its template.
        """

    def note(self, message: str) -> None:
        """Something worth a line."""

    def warn(self, message: str) -> None:
        """Something worth a line that should be noticed."""

    def close(self) -> None:
        """Nothing more comes."""

    def __enter__(self) -> Reporter:
        """Start hearing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop hearing, whatever happened."""
        self.close()
