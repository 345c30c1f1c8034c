"""`python -m askpanel.local`: the `askpanel` command."""

from askpanel.local.cli import main

if __name__ == "__main__":
    main()
