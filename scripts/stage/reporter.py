"""How the orchestrator reports progress: an interface that does nothing. ``display`` implements it."""

from __future__ import annotations


class Reporter:
    """Told of everything that happens; this one does nothing, for tests and callers that need no progress."""

    def stack(self, stack: str, state: str, detail: str = "") -> None:
        """A stack has entered a new state.

        Args:
            stack: short name, such as ``network``.
            state: ``waiting``, ``working``, ``done``, ``unchanged`` or ``failed``.
            detail: additional text.
        """

    def resource(self, stack: str, logical_id: str, status: str, purpose: str) -> None:
        """A resource of a stack has entered a new status.

        Args:
            stack: short name of the stack.
            logical_id: name of the resource in its template.
            status: CloudFormation's status.
            purpose: what the resource is for, from its template.
        """

    def note(self, message: str) -> None:
        """A message."""

    def warn(self, message: str) -> None:
        """A warning."""

    def close(self) -> None:
        """No more events will follow."""

    def __enter__(self) -> Reporter:
        """Start hearing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the reporter, whatever happened."""
        self.close()
