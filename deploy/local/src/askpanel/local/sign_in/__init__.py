"""Sign-in of the local stack: as much of Supabase Auth as its clients need, for the demo users only.

This package is part of `askpanel-local`, which no image holds, and it listens on loopback alone: a
production installation signs its people in with Supabase itself.
"""
