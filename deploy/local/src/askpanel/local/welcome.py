"""What `make run` and `askpanel up` say once everything runs: commands that can be pasted as they stand."""

import json
from collections.abc import Iterator
from pathlib import Path

from askpanel.local.demo import TENANTS
from askpanel.local.invocation import command
from askpanel.local.stack import WEB_ROOT, Stack

QUESTION, OPTIONS = "Which market should we enter first, Germany or France?", ("Germany", "France")
BROWSER = "in a browser, signed in as a demo user:"
"""Above the link with a token in it; the bare address asks to sign in."""


def how_to_use(stack: Stack) -> Iterator[str]:
    """Line by line; the first is where it is."""
    tenant, askpanel = TENANTS[0], command()
    user = tenant.user("member")
    yield f"Ask Panel is at {stack.url}  (Ctrl-C stops it)"
    if WEB_ROOT.is_dir():
        yield BROWSER
        yield f"  {stack.url}/#token={stack.token(user.id, user.email)}&tenant={tenant.id}"
    yield ""
    yield "ask from another terminal:"
    yield f"  {ask_example(askpanel)}"
    yield "or with curl:"
    yield from (f"  {line}" for line in curl_example(stack.url, str(tenant.id), askpanel))
    yield f"sign in with Supabase's client (createClient with this address and key), or see `{askpanel} users`:"
    yield f"  {stack.auth_url}  {stack.anon_key}"
    yield f"data, logs and secrets: {Path(stack.settings.data).absolute()}"


def ask_example(askpanel: str) -> str:
    """The example on the command line."""
    options = " ".join(f"--option {option}" for option in OPTIONS)
    return f'{askpanel} ask "{QUESTION}" {options}'


def curl_example(url: str, tenant: str, askpanel: str) -> Iterator[str]:
    """The three values that docs/api.md goes on with, and the example as a request."""
    body = json.dumps({"query": QUESTION, "panel_type": "structured", "options": OPTIONS})
    yield f"URL={url}"
    yield f"TENANT={tenant}"
    yield f"TOKEN=$({askpanel} token)"
    yield """curl $URL/api/v1/panels -H "Authorization: Bearer $TOKEN" -H "X-Tenant-ID: $TENANT" \\"""
    yield f"  -H 'Content-Type: application/json' -d '{body}'"
