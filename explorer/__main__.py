"""`python -m explorer` is `feature-explorer`."""

import sys

from explorer.cli import main

sys.exit(main())
