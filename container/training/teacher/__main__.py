"""``python -m training.teacher`` writes soft labels; see soft_labels.py."""

import sys

from training.teacher.soft_labels import main

sys.exit(main())
