"""The walkthrough's exercises: what learners should do, whether they did it, and how to undo it."""
