"""The modules beside the tests (reference, shops, ...) can be imported by them; their zones are
those of the package tzdata.
"""

import sys
import zoneinfo
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()
