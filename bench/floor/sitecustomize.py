"""Found first in PYTHONPATH by the columns `floor` and `floor hook`."""
import floor

floor.start()
