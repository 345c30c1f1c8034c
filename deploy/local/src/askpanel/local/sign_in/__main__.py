"""`python -m askpanel.local.sign_in`: the sign-in process; `askpanel up` starts it."""

from askpanel.local.sign_in.app import main

if __name__ == "__main__":
    main()
