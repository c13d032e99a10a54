"""`python -m bazgasht` is the command `bazgasht`."""

from bazgasht.cli import main

main()
