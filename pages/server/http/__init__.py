"""What is answered over HTTP: routes, scripts, rows of the runs, recordings; kept compressed, sent at once."""
