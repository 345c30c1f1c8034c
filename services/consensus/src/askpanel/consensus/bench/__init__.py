"""Quality of the service's own functions on public data: `python -m askpanel.consensus.bench`."""
