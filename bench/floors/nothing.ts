/** Loads nothing and does nothing: what Node itself takes to start. */
process.stdout.write('ready\n');
