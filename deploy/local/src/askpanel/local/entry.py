"""Where the `askpanel` command begins: what starts a stack begins to warm up the services before all else.

Importing the command line takes as long as importing what the services share: on two cores at the same time.
"""

import sys

STARTING = ("up", "run")


def main() -> None:
    """The command line, with the fork server already at work where it will be needed."""
    if len(sys.argv) > 1 and sys.argv[1] in STARTING and not {"--help"} & set(sys.argv):
        from askpanel.local import children

        children.warm()
    from askpanel.local import cli

    cli.main()
