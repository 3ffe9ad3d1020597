"""The walkthrough's exercises: what the pages tell learners to do, whether it was done, and how it is undone."""
