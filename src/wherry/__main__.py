"""`python -m wherry` is `wherry`."""

from wherry.cluster.entry import main

main()
