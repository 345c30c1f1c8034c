"""`python -m askpanel.gateway`"""

from askpanel.gateway.app import main

if __name__ == "__main__":
    main()
