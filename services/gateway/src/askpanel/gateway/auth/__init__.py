"""Who is calling, and as a member of which tenant."""
