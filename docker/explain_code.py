"""Print what an exit code means and what to do, as an output of a workflow step.

python docker/explain_code.py CODE
"""

import sys

from pipeline.deliver.alert import explain_code

if (code := int(sys.argv[1])) != 0:
    sys.stdout.write(f"what={'; '.join(explain_code(code))}\n")
