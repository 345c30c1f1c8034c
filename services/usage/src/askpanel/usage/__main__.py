"""`python -m askpanel.usage`"""

from askpanel.usage.app import main

main()
