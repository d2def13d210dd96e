"""`python -m trainer` is `feature-trainer`."""

import sys

from trainer.cli import main

sys.exit(main())
