"""A page of a lesson, a small tree to learn it in, and a room without a cloud."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scripts.lessons.room import Room
from scripts.local.keys import Keys
from scripts.local.session import EmulatedCloud

PAGE = """# 7: Something

Words, and `$ no command`.

```console
# fails: on purpose
$ make plan
...
  ~  One …
$ curl -s x \\
    -d y
ok
```

```yaml title="a.yaml"
not: ours
```

```diff title="a.py"
 kept
-old
+new
```

```console
# takes long: an hour
# needs docker
$ make a.py
```

```yaml title=".local/lessons/mine.yaml"
Mine: 1
```

<details markdown="1"><summary>Hints</summary>

1. Which file?
2. The file `a.py`,
   second line.
3. Write `new`.

</details>
"""


def page(folder: Path, text: str = PAGE) -> Path:
    path = folder / "07-something.md"
    path.write_text(text)
    return path


def git(tree: Path, *words: str, stdin: str | None = None) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(["git", *identity, *words], cwd=tree, check=True, capture_output=True, text=True, input=stdin)
    return done.stdout


def room_of(tree: Path) -> Room:
    cloud = EmulatedCloud("local", "http://127.0.0.1:1", Keys("nobody", "nothing"), "us-east-1")
    return Room(cloud, "http://127.0.0.1:1", tree)
