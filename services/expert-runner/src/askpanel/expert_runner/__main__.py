"""`python -m askpanel.expert_runner`"""

from askpanel.expert_runner.app import main

main()
