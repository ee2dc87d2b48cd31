"""`make screenshots`: every page of the console, made by a browser on a demo that has something to show."""
