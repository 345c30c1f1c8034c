"""`python -m askpanel.local`: the `askpanel` command."""

from askpanel.local.entry import main

if __name__ == "__main__":
    main()
