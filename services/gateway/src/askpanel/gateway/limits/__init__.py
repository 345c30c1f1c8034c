"""Limits that hold over all gateway processes: what is counted lies in NATS, each process acts on a share of it.

| limit | counted in | while NATS cannot be asked |
|---|---|---|
| requests per second of a user (`requests`) | one number a user (`gateway.rates`) | from the number this process knows |
| open streams of a user (`streams`) | how many each process has, and whether it lives | this process's own count |
| one use of a stream ticket (`tickets`) | one key a ticket | no stream is opened: it needs the log anyway |
"""
