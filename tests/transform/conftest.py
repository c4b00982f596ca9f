"""Makes the modules beside the tests importable, with the zones of tzdata."""

import sys
import zoneinfo
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()
