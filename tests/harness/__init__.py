"""What the tests of several packages stand on: real servers, found or started."""
