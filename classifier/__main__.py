"""`python -m classifier`: the same as `./run classify`."""

import sys

from classifier.cli import main

sys.exit(main(sys.argv[1:]))
