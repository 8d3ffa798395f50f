"""The tests; ansible-test knows no setting for this folder, from which they import their helpers."""

import sys
from pathlib import Path

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.append(HERE)
