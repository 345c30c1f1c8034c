"""What is deployed agrees with the code: chart, images, compose file. `python -m tests.deploy` runs all of it."""
