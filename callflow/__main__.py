"""`python -m callflow`: the program behind `./run`."""

from callflow.cli import main

main()
