"""`python -m askpanel.consensus`"""

from askpanel.consensus.app import main

main()
