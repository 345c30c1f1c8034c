"""`python -m askpanel.orchestrator`"""

from askpanel.orchestrator.app import main

main()
