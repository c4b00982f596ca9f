"""`python -m pipeline VERB`, the same as `pos VERB`: see pipeline.verbs."""

import sys

from pipeline.verbs import main

if __name__ == "__main__":
    sys.exit(main())
