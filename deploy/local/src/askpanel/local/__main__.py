"""`python -m askpanel.local`: the `askpanel` command."""

from askpanel.local.cli import main

main()
